/* Reading indices and moving whole rows by them. */
#include <string.h>

#include "backend/backend.h"
#include "ops/index.h"
#include "ops/loop.h"

/* ---- indices ---- */

/* The first one out of range, or -1. */
static int64_t find_bad(const int64_t *index, int64_t count, int64_t low, int64_t size) {
    for (int64_t i = 0; i < count; i++)
        if (index[i] < low || index[i] >= size) return i;
    return -1;
}

static bool any_negative(const int64_t *index, int64_t count) {
    int64_t signs = 0;
    for (int64_t i = 0; i < count; i++) signs |= index[i];
    return signs < 0;
}

/* "(1, 3)": where element number i of x stands. */
static const char *place_text(const tp_tensor *x, int64_t i) {
    tp_shape place = {.ndim = x->ndim};
    for (int d = x->ndim - 1; d >= 0; d--) {
        place.dims[d] = i % x->shape[d];
        i /= x->shape[d];
    }
    return tp_shape_text(place);
}

tp_tensor *tp_index_values(tp_location at, const char *op, tp_tensor *index, int64_t size,
                           bool negative) {
    if (index->dtype != TP_INT64 && index->dtype != TP_INT32) {
        bool mask = index->dtype == TP_BOOL;
        tp_fail(at, op, TP_ERROR_DTYPE, tp_text("an index %s", tp_tensor_text(index)),
                "int64 or int32", mask ? "tp_masked_select() and tp_index() take masks" : NULL);
        return NULL;
    }
    tp_tensor *values = index;
    if (index->dtype != TP_INT64 || !index->contiguous) {
        values = tp_make(at, op, TP_INT64, index->ndim, index->shape);
        if (values->poison) return NULL;
        tp_copy_elements(values, index);
    }
    int64_t count = values->numel, *data = (int64_t *)(void *)values->data;
    int64_t bad = find_bad(data, count, negative ? -size : 0, size);
    if (bad >= 0) {
        tp_fail(
            at, op, TP_ERROR_INDEX,
            tp_text("index %lld at position %s", (long long)data[bad], place_text(values, bad)),
            size ? tp_text("%lld to %lld", negative ? (long long)-size : 0LL, (long long)size - 1)
                 : "no index: there are no elements",
            !negative && data[bad] < 0 && data[bad] >= -size
                ? "negative indices do not count from the end here"
                : NULL);
        return NULL;
    }
    if (!negative || !any_negative(data, count)) return values;
    if (values == index) {
        values = tp_make(at, op, TP_INT64, index->ndim, index->shape);
        if (values->poison) return NULL;
    }
    int64_t *wrapped = (int64_t *)(void *)values->data;
    for (int64_t i = 0; i < count; i++) wrapped[i] = data[i] < 0 ? data[i] + size : data[i];
    return values;
}

/* ---- rows ---- */

enum { GRAIN_BYTES = 1 << 17 }; /* of rows that are worth another thread */

typedef struct take_task {
    const tp_rows *rows;
    const int64_t *index;
    char *out;
    const char *x;
    size_t bytes; /* of one inner stretch */
} take_task;

#define TAKE_ONE(type)                                           \
    do {                                                         \
        type *out = (type *)(void *)task->out;                   \
        const type *x = (const type *)(const void *)task->x;     \
        for (; i < end; i++) {                                   \
            out[i] = x[outer * rows->size + task->index[place]]; \
            if (++place == rows->count) place = 0, outer++;      \
        }                                                        \
    } while (0)

/* Rows [begin, end) of the result, out of outer * count. */
static void take_range(void *arg, int64_t begin, int64_t end) {
    const take_task *task = arg;
    const tp_rows *rows = task->rows;
    int64_t i = begin, outer = begin / rows->count, place = begin % rows->count;
    if (task->bytes == 4) {
        TAKE_ONE(uint32_t);
    } else if (task->bytes == 8) {
        TAKE_ONE(uint64_t);
    } else if (task->bytes == 1) {
        TAKE_ONE(uint8_t);
    }
    for (; i < end; i++) {
        memcpy(task->out + (size_t)i * task->bytes,
               task->x + (size_t)(outer * rows->size + task->index[place]) * task->bytes,
               task->bytes);
        if (++place == rows->count) place = 0, outer++;
    }
}

void tp_rows_take(const tp_rows *rows, tp_tensor *out, const tp_tensor *x, const int64_t *index) {
    if (out->numel == 0) return;
    take_task task = {.rows = rows,
                      .index = index,
                      .out = out->data,
                      .x = x->data,
                      .bytes = (size_t)rows->inner * tp_item_size(x->dtype)};
    int64_t total = rows->outer * rows->count, bytes = (int64_t)task.bytes;
    if (total * bytes < 2 * GRAIN_BYTES) {
        take_range(&task, 0, total);
        return;
    }
    int64_t grain = bytes < GRAIN_BYTES ? GRAIN_BYTES / bytes : 1;
    tp_parallel_for(tp_context_pool(tp_ctx()), total, grain, take_range, &task);
}

#define ADD_ONE(type)                                                       \
    do {                                                                    \
        type *to = (type *)(void *)x->data;                                 \
        const type *from = (const type *)(const void *)source->data;        \
        for (int64_t o = 0; o < rows->outer; o++)                           \
            for (int64_t i = 0; i < rows->count; i++)                       \
                to[o * rows->size + index[i]] += from[o * rows->count + i]; \
    } while (0)

void tp_rows_add(const tp_rows *rows, tp_tensor *x, const tp_tensor *source, const int64_t *index) {
    if (source->numel == 0) return;
    if (rows->inner == 1 && x->dtype == TP_FLOAT32) {
        ADD_ONE(float);
        return;
    }
    if (rows->inner == 1 && x->dtype == TP_FLOAT64) {
        ADD_ONE(double);
        return;
    }
    tp_loop_fn add = tp_ctx()->kernels->binary[TP_BINARY_add][x->dtype];
    const int64_t stride[3] = {1, 1, 1};
    const double p[2] = {1, 0};
    size_t bytes = (size_t)rows->inner * tp_item_size(x->dtype);
    for (int64_t o = 0; o < rows->outer; o++) {
        for (int64_t i = 0; i < rows->count; i++) {
            char *to = x->data + (size_t)(o * rows->size + index[i]) * bytes;
            char *from = source->data + (size_t)(o * rows->count + i) * bytes;
            add(rows->inner, (void *const[]){to, to, from}, stride, p);
        }
    }
}
