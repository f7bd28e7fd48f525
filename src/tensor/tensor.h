/* What a tensor is inside.
 *
 * A tensor is a header (sizes, strides, place in the graph) over a storage (the bytes). Both are counted where
 * nobody sees it. A header is held by its owner, by the nodes that have it as an input, and by whatever saved
 * it. Its bytes are held by fewer: the owner and those that need the values. So the sum of two large tensors
 * does not keep them in memory although the graph still knows their headers. */
#ifndef TP_TENSOR_TENSOR_H
#define TP_TENSOR_TENSOR_H

#include <taper/autograd.h>
#include <taper/tensor.h>

#include "base/context.h"
#include "base/fail.h"

struct tp_node;

typedef struct tp_storage {
    int refs;
    uint32_t version; /* rises with each in-place edit */
    size_t bytes;
    void *data;
    struct tp_storage *parent;               /* the flat block that data lies in, or NULL */
    void (*deleter)(void *data, void *user); /* for memory of the user's */
    void *user;
    bool external; /* data is not ours: freed by deleter, if at all */
    bool exposed;  /* tp_data() gave a pointer into it to somebody, whose edits nobody counts */
} tp_storage;

typedef enum tp_owner { TP_OWNER_NONE, TP_OWNER_SCOPE, TP_OWNER_USER, TP_OWNER_LIBRARY } tp_owner;

/* HELD: its owner let go, and only the graph still needs it. To the user it is gone; backward may use it. */
enum { TP_ALIVE = 0x7a9e4a11, TP_HELD = 0x7a9e0001, TP_ENDED = 0x0ff0dead };

struct tp_tensor {
    uint32_t life; /* TP_ALIVE, TP_HELD or TP_ENDED */
    tp_dtype dtype;
    int ndim;
    bool contiguous;
    bool requires_grad; /* a leaf that wants one; results have a node instead */
    bool retain_grad;
    bool poison;
    tp_owner owner;
    int16_t scope;              /* depth of the scope that owns it */
    int refs;                   /* owner + graph: who needs the header */
    int data_refs;              /* owner + saved values: who needs the bytes */
    tp_tensor *previous, *next; /* in its scope's list */
    tp_storage *storage;        /* NULL once no one needs the bytes, and for zero elements */
    char *data;                 /* first element */
    int64_t numel;
    int64_t shape[TP_MAX_DIMS];
    int64_t stride[TP_MAX_DIMS]; /* in elements */
    struct tp_node *node;        /* the operation that made it, or NULL for a leaf */
    int output;                  /* which of the node's results it is */
    tp_tensor *grad;             /* its gradient's memory, kept over tp_clear_grad */
    bool has_grad;               /* whether grad holds a gradient now */
    bool used_grad;              /* an optimiser has used it since it was last cleared */
    bool lazy_allowed;           /* its optimiser can use a gradient that waits */
    struct tp_lazy_grad *lazy;   /* a gradient that is still to be computed, see autograd/lazy.h */
    const char *name;            /* of a parameter, for reports; owned by its module */
};

/* ---- making (all return poison and report on failure; the innermost scope owns the result) ---- */

/* Elements not set, contiguous. */
tp_tensor *tp_make(tp_location at, const char *op, tp_dtype dtype, int ndim, const int64_t *shape);
static inline tp_tensor *tp_make_shape(tp_location at, const char *op, tp_dtype dtype,
                                       tp_shape shape) {
    return tp_make(at, op, dtype, shape.ndim, shape.dims);
}
static inline tp_tensor *tp_make_like(tp_location at, const char *op, const tp_tensor *x) {
    return tp_make(at, op, x->dtype, x->ndim, x->shape);
}
/* A view of x's bytes with other sizes, starting `offset` elements after x's first. Not recorded: autograd's
 * tp_record does that. */
tp_tensor *tp_make_view(tp_location at, const char *op, tp_tensor *x, tp_shape shape,
                        const int64_t *stride, int64_t offset);
/* Over bytes that are already there; takes over one count of the storage. */
tp_tensor *tp_make_over(tp_location at, const char *op, tp_storage *storage, void *data,
                        tp_dtype dtype, tp_shape shape);

tp_storage *tp_storage_new(size_t bytes); /* NULL when out of memory */
tp_storage *tp_storage_inside(tp_storage *parent, void *data,
                              size_t bytes); /* part of a flat block; NULL likewise */
tp_storage *tp_storage_external(void *data, size_t bytes, void (*deleter)(void *, void *),
                                void *user);
void tp_storage_release(tp_storage *storage);

/* ---- counting ---- */
static inline void tp_hold(tp_tensor *x) { x->refs++; }                      /* the header */
static inline void tp_hold_data(tp_tensor *x) { x->refs++, x->data_refs++; } /* header and bytes */
void tp_drop(tp_tensor *x);
void tp_drop_data(tp_tensor *x);
/* Takes x out of its scope and makes `owner` its owner. */
void tp_set_owner(tp_tensor *x, tp_owner owner);
/* The library's: like tp_keep, for parameters, buffers and optimiser state; tp_free ends it. */
static inline tp_tensor *tp_own(tp_tensor *x) {
    if (x && !x->poison) tp_set_owner(x, TP_OWNER_LIBRARY);
    return x;
}

/* ---- checking ---- */

/* True where x can be used by op; reports a dead or NULL tensor. Poison is not reported: the caller then returns
 * tp_poison(). Use through TP_CHECK. */
bool tp_usable(tp_location at, const char *op, const tp_tensor *x);
tp_tensor *tp_poison(void);
/* First line of each op: leaves with poison where an input is poison, dead or NULL. */
#define TP_CHECK(at, op, x)                                                                 \
    if (TP_UNLIKELY(!(x) || (x)->life != TP_ALIVE || (x)->poison) && !tp_usable(at, op, x)) \
    return tp_poison()

/* Where dims count from the end; reports INDEX and returns -1 where there is no such dimension. */
int tp_wrap_dim(tp_location at, const char *op, int64_t dim, int ndim);
/* Shapes */
tp_shape tp_shape_copy(const tp_tensor *x);
bool tp_shapes_equal(const tp_tensor *a, const tp_tensor *b);
int64_t tp_shape_numel(tp_shape shape); /* -1 where negative or overflowing */
void tp_contiguous_strides(int ndim, const int64_t *shape, int64_t *stride);
bool tp_strides_contiguous(int ndim, const int64_t *shape, const int64_t *stride);

/* Whether x stands for an error. Asks for life first: of a tensor that has ended nothing else may be read. */
static inline bool tp_poisoned(const tp_tensor *x) { return x && x->life == TP_ALIVE && x->poison; }
static inline size_t tp_item_size(tp_dtype dtype) {
    static const uint8_t sizes[TP_DTYPE_COUNT] = {0, 1, 1, 4, 8, 4, 8};
    return sizes[dtype];
}
static inline bool tp_is_float_type(tp_dtype dtype) { return dtype >= TP_FLOAT32; }
/* 0 for float32, 1 for float64: the index of kernels that exist for both. */
static inline int tp_float_index(tp_dtype dtype) { return dtype == TP_FLOAT64; }

#endif
