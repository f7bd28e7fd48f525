/* What data sets are inside, and how samples become the bytes of a batch. Nothing here that a
 * worker thread runs touches tensors, the context or the allocator. */
#ifndef TP_DATA_DATASET_H
#define TP_DATA_DATASET_H

#include <taper/data.h>

#include "base/context.h"
#include "base/fail.h"

enum { TP_DATASET_ALIVE = 0x5a7a5e70, TP_DATASET_ENDED = 0x5a7adead };

/* Ways past `get`, for data sets that have all samples in memory or take them from another one. */
typedef struct tp_dataset_source {
    tp_dataset *base; /* sample i is sample indices[i] of this one; NULL where not a subset */
    const int64_t *indices;
    const uint8_t *x, *y; /* all samples in a row; NULL: through get */
    tp_dtype y_stored;    /* uint8 labels are handed out as int64 */
    /* Makes sure that these samples are there; may be called by several threads at a time. NULL:
     * they are. */
    bool (*prepare)(const tp_dataset *dataset, int64_t index, tp_why *why);
} tp_dataset_source;

/* True where it can be used; else NULL, ended or not described in full, reported. */
bool tp_dataset_usable(tp_location at, const char *op, const tp_dataset *dataset);
/* The same where NULL stands for a constructor that has reported its failure: silent then. */
static inline bool tp_dataset_given(tp_location at, const char *op, const tp_dataset *dataset) {
    return dataset && tp_dataset_usable(at, op, dataset);
}
void tp_dataset_use(tp_dataset *dataset);
void tp_dataset_leave(tp_dataset *dataset);
/* Ends what a failed constructor was given and nobody uses. */
void tp_dataset_refuse(tp_dataset *dataset);
/* The dtype of x, the default resolved. */
static inline tp_dtype tp_dataset_x_dtype(const tp_dataset *dataset) {
    return dataset->x_dtype ? dataset->x_dtype : TP_FLOAT32;
}
bool tp_dataset_has_labels(const tp_dataset *dataset);
/* Forgets the handles of those that ended; tp_shutdown calls this. */
void tp_datasets_forget(void);

/* How to turn samples into a batch; plain data that worker threads share. */
typedef struct tp_gather_plan {
    const tp_dataset *dataset;
    void (*bytes_to_float)(float *out, const uint8_t *x, int64_t n, float scale, float shift);
    bool convert;   /* pictures become floats */
    int channels;   /* with a scale and shift each */
    uint32_t epoch; /* that samples are made for; 0 outside of a loader */
    float scale[TP_MAX_CHANNELS], shift[TP_MAX_CHANNELS];
    int64_t x_count;           /* elements of one x */
    size_t x_bytes, y_bytes;   /* of one sample as delivered */
    size_t scratch_bytes;      /* that tp_gather needs */
    tp_dtype x_dtype, y_dtype; /* as delivered; y_dtype 0 where there is no y */
} tp_gather_plan;

/* Fills in a plan; false after an error. */
bool tp_gather_prepare(tp_location at, const char *op, tp_gather_plan *plan,
                       const tp_dataset *dataset, const tp_picture_args *pictures);
/* Writes the samples of those numbers to x and y, either of which may be NULL. False with a reason.
 * `scratch` holds plan->scratch_bytes and belongs to the calling thread. */
bool tp_gather(const tp_gather_plan *plan, const int64_t *indices, int64_t count, void *x, void *y,
               void *scratch, tp_why *why);
/* Asks the processor to fetch the bytes of samples that will be wanted soon. */
void tp_gather_announce(const tp_gather_plan *plan, const int64_t *indices, int64_t count);
/* (n) + the shape of one sample */
tp_shape tp_batch_shape(int64_t n, tp_shape sample);

#endif
