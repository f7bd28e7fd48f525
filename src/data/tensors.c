/* Samples that lie in tensors. */
#include "data/dataset.h"
#include "ops/loop.h"
#include "tensor/tensor.h"

typedef struct tensor_dataset {
    tp_dataset base;
    tp_dataset_source source;
    tp_tensor *x, *y; /* views of the user's bytes, owned here */
} tensor_dataset;

static bool tensor_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    (void)dataset, (void)index, (void)x, (void)y, (void)why;
    return false; /* everything lies in a row: see tp_gather */
}

static void tensor_release(tp_dataset *dataset) {
    tensor_dataset *set = (tensor_dataset *)dataset;
    tp_free(set->x);
    tp_free(set->y);
}

/* The same bytes under a header of our own, so that the user's may go. A copy where they do not lie
 * in a row. */
static tp_tensor *hold_bytes(tp_location at, tp_tensor *x) {
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *dense = tp_dense(at, "tensor_dataset", x);
    if (dense == x) dense = tp_make_view(at, "tensor_dataset", x, tp_shape_copy(x), x->stride, 0);
    tp_grad_mode_end(&mode);
    return tp_is_poison(dense) ? NULL : tp_own(dense);
}

static tp_shape sample_shape(const tp_tensor *x) {
    tp_shape shape = {.ndim = x->ndim - 1};
    for (int i = 1; i < x->ndim; i++) shape.dims[i - 1] = x->shape[i];
    return shape;
}

static bool fits(tp_location at, const tp_tensor *x, const tp_tensor *y) {
    if (x->ndim > 0 && (!y || (y->ndim > 0 && y->shape[0] == x->shape[0]))) return true;
    tp_fail(at, "tensor_dataset", TP_ERROR_SHAPE,
            y ? tp_text("x %s and y %s", tp_tensor_text(x), tp_tensor_text(y)) : tp_tensor_text(x),
            y ? "x (N, ...) and y (N, ...)" : "(N, ...)", NULL);
    return false;
}

tp_dataset *tp_tensor_dataset_at(tp_location at, tp_tensor *x, tp_tensor *y) {
    if (!tp_usable(at, "tensor_dataset", x) || (y && !tp_usable(at, "tensor_dataset", y)) ||
        !fits(at, x, y))
        return NULL;
    tensor_dataset *set = tp_dataset_new_at(at, sizeof *set, tensor_get);
    if (!set) return NULL;
    set->base.release = tensor_release;
    set->x = hold_bytes(at, x);
    set->y = y ? hold_bytes(at, y) : NULL;
    if (!set->x || (y && !set->y)) {
        tp_dataset_free(&set->base);
        return NULL;
    }
    static const uint8_t nothing; /* where there are no elements */
    set->base.name = "tensors";
    set->base.size = x->shape[0];
    set->base.x_shape = sample_shape(x);
    set->base.x_dtype = x->dtype;
    set->source.x = set->x->data ? (const uint8_t *)set->x->data : &nothing;
    if (y) {
        set->base.y_shape = sample_shape(y);
        set->base.y_dtype = set->source.y_stored = y->dtype;
        set->source.y = set->y->data ? (const uint8_t *)set->y->data : &nothing;
    }
    set->base.source = &set->source;
    return &set->base;
}
