/* IDX files: bytes in any number of dimensions behind a small header. */
#ifndef TP_VISION_IDX_H
#define TP_VISION_IDX_H

#include <stdio.h>
#include <taper/data.h>

enum { TP_IDX_MAX_DIMS = 4 };

typedef struct tp_idx {
    int ndim;
    int64_t dims[TP_IDX_MAX_DIMS];
    int64_t count;  /* of bytes */
    uint8_t *bytes; /* tp_idx_free ends it */
} tp_idx;

/* Reads a file, plain or gzipped, that must have `ndim` dimensions. False after an error: FILE,
 * FORMAT or MEMORY. */
bool tp_idx_read(tp_location at, const char *op, const char *path, int ndim, tp_idx *out);
void tp_idx_free(tp_idx *idx);

/* A data set of two files. `classes` names the labels, of which there are class_count (0: as many
 * as occur). */
tp_dataset *tp_idx_open(tp_location at, const char *op, const char *pictures, const char *labels,
                        const char *name, const char *const *classes, int class_count);

/* A gzipped file as a stream. NULL where it cannot be read or this build has no zlib, with the
 * reason. */
typedef struct tp_gzip tp_gzip;
tp_gzip *tp_gzip_open(const char *path, tp_why *why);
/* How many bytes came: fewer than asked at the end; -1 for damage, with the reason. */
int64_t tp_gzip_read(tp_gzip *gzip, void *out, int64_t count, tp_why *why);
void tp_gzip_close(tp_gzip *gzip);

#endif
