/* The frame around each record of an event file (TFRecord): length, its checksum, the bytes, their checksum. */
#ifndef TP_IO_RECORDS_H
#define TP_IO_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TP_RECORD_HEAD = 12, TP_RECORD_TAIL = 4 };

/* CRC32C (Castagnoli, polynomial 0x1EDC6F41, reflected) turned and shifted, so that a checksum of data that holds checksums stays
 * one: ((crc >> 15) | (crc << 17)) + 0xa282ead8. */
uint32_t tp_masked_crc32c(const void *data, size_t bytes);

/* What stands before and behind a record of `bytes` bytes. */
void tp_record_head(unsigned char head[TP_RECORD_HEAD], size_t bytes);
void tp_record_tail(unsigned char tail[TP_RECORD_TAIL], const void *data, size_t bytes);

typedef enum tp_record_state {
    TP_RECORD_FINE,
    TP_RECORD_END,       /* nothing more */
    TP_RECORD_TRUNCATED, /* the bytes end inside a record */
    TP_RECORD_BAD        /* a checksum is wrong: *why says which */
} tp_record_state;
/* The record at *offset; moves *offset behind it. */
tp_record_state tp_record_next(const unsigned char *data, size_t size, size_t *offset,
                               const unsigned char **record, size_t *bytes, const char **why);

#endif
