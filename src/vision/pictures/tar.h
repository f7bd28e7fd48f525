/* Walking through a tar archive as it comes out of a stream. Nothing is written to disk. */
#ifndef TP_VISION_PICTURES_TAR_H
#define TP_VISION_PICTURES_TAR_H

#include "vision/idx.h"

typedef struct tp_tar {
    tp_gzip *stream;
    char name[101]; /* of the file, without its folders */
    int64_t size;   /* of its contents, which come next out of the stream */
    int64_t left;   /* bytes up to the next header */
} tp_tar;

/* On to the next file. False at the end, or with a reason for damage. */
bool tp_tar_next(tp_tar *tar, tp_why *why);
/* The caller has read so many bytes of the contents. */
void tp_tar_taken(tp_tar *tar, int64_t bytes);

#endif
