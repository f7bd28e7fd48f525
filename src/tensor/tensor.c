#include "tensor/tensor.h"

#include <string.h>

#include "autograd/lazy.h"
#include "autograd/node.h"
#include "base/alloc.h"
#include "tensor/scope.h"

/* ---- poison and life ---- */

/* Read only and the same for everybody: what went wrong stands in the context. */
static const tp_tensor poison = {.life = TP_ALIVE,
                                 .dtype = TP_FLOAT32,
                                 .contiguous = true,
                                 .poison = true,
                                 .refs = 1,
                                 .data_refs = 1};

tp_tensor *tp_poison(void) { return (tp_tensor *)(uintptr_t)&poison; }

bool tp_usable(tp_location at, const char *op, const tp_tensor *x) {
    if (!x) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL where a tensor is needed", NULL, NULL);
        return false;
    }
    if (tp_poisoned(x)) return false; /* reported when it was made */
    if (x->life == TP_ALIVE || (x->life == TP_HELD && tp_ctx()->tape.walking)) return true;
    tp_fail(at, op, TP_ERROR_DEAD, "a tensor that is gone", NULL,
            "tp_keep() it, or tp_escape() it before its TP_SCOPE or step ends");
    return false;
}

bool tp_is_poison(const tp_tensor *x) { return tp_poisoned(x); }

bool tp_is_alive(const tp_tensor *x) { return x && x->life == TP_ALIVE && !x->poison; }

/* ---- making ---- */

static tp_tensor *header_new(void) {
    tp_tensor *x = tp_block_allocate(sizeof *x);
    if (!x) return NULL;
    /* What follows `shape` is set below or by the maker; sizes and strides beyond ndim are never read. */
    memset(x, 0, offsetof(tp_tensor, shape));
    x->node = NULL;
    x->output = 0;
    x->grad = NULL;
    x->has_grad = false;
    x->lazy = NULL;
    x->lazy_allowed = false;
    x->name = NULL;
    x->life = TP_ALIVE;
    x->refs = x->data_refs = 1;
    tp_ctx()->heap.stats.live_tensors++;
    return x;
}

/* Checks a shape and counts its elements; -1 after reporting. */
static int64_t checked_numel(tp_location at, const char *op, int ndim, const int64_t *shape,
                             size_t item) {
    if (ndim < 0 || ndim > TP_MAX_DIMS) {
        tp_fail(at, op, TP_ERROR_SHAPE, "more than 8 dimensions", "at most 8", NULL);
        return -1;
    }
    int64_t numel = 1;
    bool overflow = false, empty = false;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0) {
            tp_fail(at, op, TP_ERROR_SHAPE,
                    tp_text("size %lld at dimension %d", (long long)shape[i], i),
                    "sizes of at least 0", NULL);
            return -1;
        }
        empty |= shape[i] == 0;
        overflow |= __builtin_mul_overflow(numel, shape[i] ? shape[i] : 1, &numel);
    }
    if (empty) return 0;
    if (overflow || numel > INT64_MAX / 16 / (int64_t)item) {
        tp_shape s = {.ndim = ndim};
        memcpy(s.dims, shape, sizeof(int64_t) * (size_t)ndim);
        tp_fail(at, op, TP_ERROR_MEMORY, tp_text("a tensor of shape %s", tp_shape_text(s)), NULL,
                NULL);
        return -1;
    }
    return numel;
}

void tp_contiguous_strides(int ndim, const int64_t *shape, int64_t *stride) {
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        stride[i] = step;
        /* Where a size is 0 the others may be so large that this runs over; nobody follows such strides. */
        step = (int64_t)((uint64_t)step * (uint64_t)(shape[i] > 1 ? shape[i] : 1));
    }
}

bool tp_strides_contiguous(int ndim, const int64_t *shape, const int64_t *stride) {
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        if (shape[i] == 0) return true;
        if (shape[i] != 1 && stride[i] != step) return false;
        step = (int64_t)((uint64_t)step * (uint64_t)shape[i]);
    }
    return true;
}

tp_tensor *tp_make(tp_location at, const char *op, tp_dtype dtype, int ndim, const int64_t *shape) {
    size_t item = tp_item_size(dtype);
    int64_t numel = checked_numel(at, op, ndim, shape, item);
    if (numel < 0) return tp_poison();
    tp_tensor *x = header_new();
    tp_storage *storage = x ? tp_storage_new((size_t)numel * item) : NULL;
    if (!storage) {
        if (x) tp_block_release(x, sizeof *x), tp_ctx()->heap.stats.live_tensors--;
        return tp_fail_memory(at, op, (size_t)numel * item);
    }
    x->dtype = dtype;
    x->ndim = ndim;
    x->contiguous = true;
    x->numel = numel;
    x->storage = storage;
    x->data = storage->data;
    for (int i = 0; i < ndim; i++) x->shape[i] = shape[i];
    tp_contiguous_strides(ndim, shape, x->stride);
    tp_scope_add(x);
    return x;
}

tp_tensor *tp_make_over(tp_location at, const char *op, tp_storage *storage, void *data,
                        tp_dtype dtype, tp_shape shape) {
    int64_t numel = checked_numel(at, op, shape.ndim, shape.dims, tp_item_size(dtype));
    tp_tensor *x = numel < 0 ? NULL : header_new();
    if (!x) {
        tp_storage_release(storage);
        return numel < 0 ? tp_poison() : tp_fail_memory(at, op, sizeof *x);
    }
    x->dtype = dtype;
    x->ndim = shape.ndim;
    x->contiguous = true;
    x->numel = numel;
    x->storage = storage;
    x->data = data;
    for (int i = 0; i < shape.ndim; i++) x->shape[i] = shape.dims[i];
    tp_contiguous_strides(shape.ndim, shape.dims, x->stride);
    tp_scope_add(x);
    return x;
}

tp_tensor *tp_make_view(tp_location at, const char *op, tp_tensor *x, tp_shape shape,
                        const int64_t *stride, int64_t offset) {
    x->storage->refs++;
    tp_tensor *view = tp_make_over(
        at, op, x->storage, x->data + offset * (int64_t)tp_item_size(x->dtype), x->dtype, shape);
    if (view->poison) return view;
    memcpy(view->stride, stride, sizeof(int64_t) * (size_t)shape.ndim);
    view->contiguous = tp_strides_contiguous(shape.ndim, shape.dims, stride);
    return view;
}

/* ---- ending ---- */

static void release_bytes(tp_tensor *x) {
    tp_storage_release(x->storage);
    x->storage = NULL;
    x->data = NULL;
}

static void destroy(tp_tensor *x) {
    x->life = TP_ENDED;
    if (x->lazy) tp_lazy_drop(x);
    if (x->storage) release_bytes(x);
    tp_tensor *grad = x->grad;
    x->grad = NULL;
    if (x->node) tp_node_forget_output(x);
    if (grad) tp_drop_data(grad);
    tp_ctx()->heap.stats.live_tensors--;
    tp_block_release(x, sizeof *x);
}

void tp_drop(tp_tensor *x) {
    if (--x->refs == 0) destroy(x);
}

void tp_drop_data(tp_tensor *x) {
    if (--x->data_refs == 0 && x->storage && x->refs > 1) release_bytes(x);
    tp_drop(x);
}

/* ---- what a tensor is ---- */

/* Reports a tensor that cannot be asked; poison answers 0 in silence. */
static bool readable(const tp_tensor *x, const char *what) {
    return x && x->life == TP_ALIVE && !x->poison
               ? true
               : tp_usable(TP_MAKE(tp_location, NULL, 0), what, x);
}

int tp_ndim(const tp_tensor *x) { return readable(x, "ndim") ? x->ndim : 0; }

int64_t tp_size(const tp_tensor *x, int dim) {
    if (!readable(x, "size")) return 0;
    int wrapped = tp_wrap_dim(TP_MAKE(tp_location, NULL, 0), "size", dim, x->ndim);
    return wrapped < 0 ? 0 : x->shape[wrapped];
}

int64_t tp_stride(const tp_tensor *x, int dim) {
    if (!readable(x, "stride")) return 0;
    int wrapped = tp_wrap_dim(TP_MAKE(tp_location, NULL, 0), "stride", dim, x->ndim);
    return wrapped < 0 ? 0 : x->stride[wrapped];
}

tp_shape tp_shape_copy(const tp_tensor *x) {
    tp_shape shape = {.ndim = x->ndim};
    for (int i = 0; i < x->ndim; i++) shape.dims[i] = x->shape[i];
    return shape;
}

tp_shape tp_shape_of(const tp_tensor *x) {
    return readable(x, "shape") ? tp_shape_copy(x) : (tp_shape){0};
}

int64_t tp_numel(const tp_tensor *x) { return readable(x, "numel") ? x->numel : 0; }

tp_dtype tp_dtype_of(const tp_tensor *x) {
    return readable(x, "dtype") ? x->dtype : TP_DTYPE_DEFAULT;
}

bool tp_is_contiguous(const tp_tensor *x) { return readable(x, "is_contiguous") && x->contiguous; }

bool tp_shapes_equal(const tp_tensor *a, const tp_tensor *b) {
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

bool tp_same_shape(const tp_tensor *a, const tp_tensor *b) {
    return readable(a, "same_shape") && readable(b, "same_shape") && tp_shapes_equal(a, b);
}

void *tp_data(const tp_tensor *x) {
    if (!readable(x, "data") || !x->numel) return NULL;
    tp_lazy_settle(x->storage); /* the caller may be about to write */
    x->storage->exposed = true;
    return x->data;
}

float *tp_data_float(const tp_tensor *x) {
    if (!readable(x, "data_float")) return NULL;
    if (x->dtype == TP_FLOAT32) return tp_data(x);
    tp_fail(TP_MAKE(tp_location, NULL, 0), "data_float", TP_ERROR_DTYPE, tp_tensor_text(x),
            "float32", NULL);
    return NULL;
}

/* ---- shapes ---- */

tp_shape tp_shape_make(size_t count, const int64_t *dims) {
    tp_shape shape = {.ndim = count > TP_MAX_DIMS ? -1 : (int)count};
    for (int i = 0; i < shape.ndim; i++) shape.dims[i] = dims[i];
    return shape;
}

int64_t tp_shape_numel(tp_shape shape) {
    int64_t numel = 1;
    for (int i = 0; i < shape.ndim; i++)
        if (shape.dims[i] < 0 || __builtin_mul_overflow(numel, shape.dims[i], &numel)) return -1;
    return shape.ndim < 0 ? -1 : numel;
}

int tp_wrap_dim(tp_location at, const char *op, int64_t dim, int ndim) {
    int limit = ndim ? ndim : 1; /* a scalar has dimensions 0 and -1 here, as in PyTorch */
    if (dim >= -limit && dim < limit) return (int)(dim < 0 ? dim + limit : dim);
    tp_fail(at, op, TP_ERROR_INDEX,
            tp_text("dimension %lld of a tensor with %d", (long long)dim, ndim),
            tp_text("%d to %d", -limit, limit - 1), NULL);
    return -1;
}
