/* Downloads: from a list of mirrors, resumed where they broke off, checked, and there as a whole or
 * not at all. */
#ifndef TP_VISION_FETCH_H
#define TP_VISION_FETCH_H

#include <stdio.h>
#include <taper/data.h>

typedef struct tp_fetch_args {
    const char *const *urls; /* tried in this order */
    int count;
    const char *path;   /* where the file goes; its folders are made */
    const char *sha256; /* 64 hexadecimal digits */
    int64_t size;       /* bytes; a mirror that sends more is cut off. 0: unknown */
    int tries;          /* for each mirror that breaks off: 3 */
    int stall_seconds;  /* of silence until a mirror is given up: 20 */
    void (*progress)(const char *file, int64_t done, int64_t total, void *user);
    void *user;
} tp_fetch_args;

/* True where the file is there, checked. Else what every mirror said, in short. What came so far
 * stays in path.part, and the next call goes on from there. */
bool tp_fetch(const tp_fetch_args *args, tp_why *why);

/* ---- the transfer itself, by libcurl ---- */

typedef enum tp_transfer_result {
    TP_TRANSFER_DONE,
    TP_TRANSFER_BROKEN,  /* worth another try from where it is */
    TP_TRANSFER_RESTART, /* worth another try from the beginning */
    TP_TRANSFER_FAILED,  /* this mirror does not have it */
    TP_TRANSFER_STUCK    /* no mirror can help: the disk is full, no libcurl, ... */
} tp_transfer_result;

typedef struct tp_transfer {
    const char *url;
    FILE *file;   /* its position is where the next byte goes */
    int64_t have; /* bytes that are there already */
    const tp_fetch_args *args;
} tp_transfer;

tp_transfer_result tp_transfer_run(tp_transfer *transfer, tp_why *why);

/* ---- SHA-256 (FIPS 180-4) ---- */

typedef struct tp_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
} tp_sha256;

void tp_sha256_begin(tp_sha256 *hash);
void tp_sha256_add(tp_sha256 *hash, const void *bytes, size_t count);
/* 64 hexadecimal digits and a zero. */
void tp_sha256_end(tp_sha256 *hash, char text[65]);

#endif
