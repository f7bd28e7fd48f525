#include "ops/loop.h"

#include <string.h>

#include "autograd/node.h"

/* ---- broadcasting ---- */

bool tp_broadcast(tp_location at, const char *op, int n, tp_tensor *const *inputs,
                  tp_shape *shape) {
    *shape = (tp_shape){0};
    for (int i = 0; i < n; i++)
        if (inputs[i]->ndim > shape->ndim) shape->ndim = inputs[i]->ndim;
    for (int d = 0; d < shape->ndim; d++) shape->dims[d] = 1;
    for (int i = 0; i < n; i++) {
        const tp_tensor *x = inputs[i];
        int shift = shape->ndim - x->ndim;
        for (int d = 0; d < x->ndim; d++) {
            int64_t *size = &shape->dims[d + shift];
            if (x->shape[d] == *size || x->shape[d] == 1) continue;
            if (*size == 1) {
                *size = x->shape[d];
                continue;
            }
            const char *first = i > 1 ? "the earlier operands" : tp_tensor_text(inputs[0]);
            tp_fail(at, op, TP_ERROR_SHAPE, tp_text("%s and %s", first, tp_tensor_text(x)),
                    tp_text("equal sizes, or 1, at dimension %d from the end (%lld against %lld)",
                            shape->ndim - d - shift, (long long)*size, (long long)x->shape[d]),
                    NULL);
            return false;
        }
    }
    return true;
}

/* ---- iterating ---- */

enum { GRAIN = 1 << 14 }; /* elements that are worth another thread */

typedef struct loop {
    tp_loop_fn kernel;
    const double *p;
    int operands, ndim;
    int64_t shape[TP_MAX_DIMS]; /* merged where neighbours run on */
    int64_t stride[TP_MAX_DIMS][TP_MAX_OPERANDS];
    size_t item[TP_MAX_OPERANDS];
    char *data[TP_MAX_OPERANDS];
} loop;

static bool mergeable(const loop *l, int outer, int inner) {
    for (int i = 0; i < l->operands; i++)
        if (l->stride[outer][i] != l->stride[inner][i] * l->shape[inner]) return false;
    return true;
}

/* Leaves out dimensions of size 1 and merges those that run on in every operand. */
static void merge(loop *l) {
    int kept = 0;
    for (int d = 0; d < l->ndim; d++) {
        if (l->shape[d] == 1) continue;
        l->shape[kept] = l->shape[d];
        memcpy(l->stride[kept], l->stride[d], sizeof l->stride[d]);
        if (kept > 0 && mergeable(l, kept - 1, kept)) {
            l->shape[kept - 1] *= l->shape[kept];
            memcpy(l->stride[kept - 1], l->stride[kept], sizeof l->stride[kept]);
        } else {
            kept++;
        }
    }
    if (kept == 0) {
        l->shape[0] = 1;
        memset(l->stride[0], 0, sizeof l->stride[0]);
        kept = 1;
    }
    l->ndim = kept;
}

static void prepare(loop *l, tp_tensor *const *operand) {
    const tp_tensor *out = operand[0];
    l->ndim = out->ndim;
    for (int d = 0; d < out->ndim; d++) l->shape[d] = out->shape[d];
    for (int i = 0; i < l->operands; i++) {
        const tp_tensor *x = operand[i];
        l->data[i] = x ? x->data : NULL;
        l->item[i] = x ? tp_item_size(x->dtype) : 0;
        int shift = x ? out->ndim - x->ndim : out->ndim;
        for (int d = 0; d < out->ndim; d++)
            l->stride[d][i] = d < shift || x->shape[d - shift] == 1 ? 0 : x->stride[d - shift];
    }
    merge(l);
}

/* Stretches [begin, end) of the innermost dimension when it is the only one. */
static void run_flat(void *arg, int64_t begin, int64_t end) {
    const loop *l = arg;
    void *pointer[TP_MAX_OPERANDS];
    for (int i = 0; i < l->operands; i++)
        pointer[i] = l->data[i] ? l->data[i] + begin * l->stride[0][i] * (int64_t)l->item[i] : NULL;
    l->kernel(end - begin, pointer, l->stride[0], l->p);
}

/* Rows [begin, end): all dimensions but the last, in reading order. */
static void run_rows(void *arg, int64_t begin, int64_t end) {
    const loop *l = arg;
    int last = l->ndim - 1;
    int64_t index[TP_MAX_DIMS];
    int64_t rest = begin;
    void *pointer[TP_MAX_OPERANDS];
    for (int d = last - 1; d >= 0; d--) {
        index[d] = rest % l->shape[d];
        rest /= l->shape[d];
    }
    for (int i = 0; i < l->operands; i++) {
        int64_t offset = 0;
        for (int d = 0; d < last; d++) offset += index[d] * l->stride[d][i];
        pointer[i] = l->data[i] ? l->data[i] + offset * (int64_t)l->item[i] : NULL;
    }
    for (int64_t row = begin; row < end; row++) {
        l->kernel(l->shape[last], pointer, l->stride[last], l->p);
        for (int d = last - 1; d >= 0; d--) {
            bool wrap = ++index[d] == l->shape[d];
            for (int i = 0; i < l->operands; i++) {
                int64_t step = wrap ? l->stride[d][i] * (1 - l->shape[d]) : l->stride[d][i];
                if (l->data[i]) pointer[i] = (char *)pointer[i] + step * (int64_t)l->item[i];
            }
            if (!wrap) break;
            index[d] = 0;
        }
    }
}

static void run(const loop *l) {
    int last = l->ndim - 1;
    int64_t rows = 1;
    for (int d = 0; d < last; d++) rows *= l->shape[d];
    if (rows * l->shape[last] < 2 * GRAIN) {
        if (last == 0)
            run_flat((void *)(uintptr_t)l, 0, l->shape[0]);
        else
            run_rows((void *)(uintptr_t)l, 0, rows);
        return;
    }
    tp_pool *pool = tp_context_pool(tp_ctx());
    if (last == 0) {
        tp_parallel_for(pool, l->shape[0], tp_even_grain(l->shape[0], GRAIN), run_flat,
                        (void *)(uintptr_t)l);
    } else {
        int64_t grain = (GRAIN + l->shape[last] - 1) / l->shape[last];
        tp_parallel_for(pool, rows, tp_even_grain(rows, grain), run_rows, (void *)(uintptr_t)l);
    }
}

/* Everything contiguous with as many elements, or one: by far the most calls. */
static bool is_flat(int operands, tp_tensor *const *operand) {
    const tp_tensor *out = operand[0];
    if (!out->contiguous) return false;
    for (int i = 1; i < operands; i++) {
        const tp_tensor *x = operand[i];
        if (x && x->numel != 1 && !(x->contiguous && x->numel == out->numel)) return false;
    }
    return true;
}

void tp_loop_run(tp_loop_fn kernel, int operands, tp_tensor *const *operand, const double *p) {
    const tp_tensor *out = operand[0];
    if (out->numel == 0) return;
    loop l;
    l.kernel = kernel;
    l.p = p;
    l.operands = operands;
    if (!is_flat(operands, operand)) {
        prepare(&l, operand);
    } else {
        l.ndim = 1;
        l.shape[0] = out->numel;
        for (int i = 0; i < operands; i++) {
            const tp_tensor *x = operand[i];
            l.data[i] = x ? x->data : NULL;
            l.item[i] = x ? tp_item_size(x->dtype) : 0;
            l.stride[0][i] = x && (x->numel > 1 || out->numel == 1) ? 1 : 0;
        }
    }
    run(&l);
}

/* ---- types ---- */

static int category(tp_dtype dtype) { return dtype == TP_BOOL ? 0 : dtype < TP_FLOAT32 ? 1 : 2; }

tp_dtype tp_result_type(int n, tp_tensor *const *inputs) {
    tp_dtype sized = TP_DTYPE_DEFAULT, scalar = TP_DTYPE_DEFAULT;
    for (int i = 0; i < n; i++) {
        tp_dtype *into = inputs[i]->ndim ? &sized : &scalar;
        *into = *into ? tp_promote_types(*into, inputs[i]->dtype) : inputs[i]->dtype;
    }
    if (!sized) return scalar;
    if (!scalar || category(scalar) <= category(sized)) return sized;
    return tp_promote_types(sized, scalar);
}

/* ---- copying ---- */

void tp_copy_elements(tp_tensor *to, tp_tensor *from) {
    if (to->numel == 0) return;
    if (to->dtype == from->dtype && to->contiguous && from->contiguous &&
        to->numel == from->numel && to->numel < GRAIN) {
        memcpy(to->data, from->data, (size_t)to->numel * tp_item_size(to->dtype));
        return;
    }
    tp_loop_run(tp_ctx()->kernels->cast[to->dtype][from->dtype], 2, (tp_tensor *[]){to, from},
                NULL);
}

void tp_accumulate(tp_tensor *to, tp_tensor *from, double scale) {
    tp_loop_run(tp_ctx()->kernels->axpy[tp_float_index(to->dtype)], 2, (tp_tensor *[]){to, from},
                &scale);
}

void tp_scale_into(tp_tensor *to, tp_tensor *from, double scale) {
    tp_tensor factor = {.life = TP_ALIVE, .dtype = to->dtype, .contiguous = true, .numel = 1};
    float narrow = (float)scale;
    factor.data = to->dtype == TP_FLOAT32 ? (char *)&narrow : (char *)&scale;
    tp_loop_run(tp_ctx()->kernels->binary[TP_BINARY_mul][to->dtype], 3,
                (tp_tensor *[]){to, from, &factor}, NULL);
}

void tp_scale_elements(tp_tensor *x, double scale) { tp_scale_into(x, x, scale); }

void tp_fill_elements(tp_tensor *x, double value) {
    if (x->numel == 0) return;
    if (value == 0 && x->contiguous && x->numel < GRAIN) {
        memset(x->data, 0, (size_t)x->numel * tp_item_size(x->dtype));
        return;
    }
    tp_tensor one = {.life = TP_ALIVE,
                     .dtype = TP_FLOAT64,
                     .contiguous = true,
                     .numel = 1,
                     .data = (char *)&value};
    tp_loop_run(tp_ctx()->kernels->cast[x->dtype][TP_FLOAT64], 2, (tp_tensor *[]){x, &one}, NULL);
}

static void cast_backward(tp_node *node, tp_tensor *const *grads) {
    tp_send(node, 0, tp_cast(node->at, "to", grads[0], node->inputs[0]->dtype));
}

static tp_tensor *cast_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1)
        return tp_dense(
            TP_HERE, "contiguous",
            tp_make_view(TP_HERE, "t", inputs[0], tp_shape(3, 2), (int64_t[]){1, 3}, 0));
    return tp_cast(TP_HERE, "to", tp_cast(TP_HERE, "to", inputs[0], TP_FLOAT32), TP_FLOAT64);
}

static void copy_backward(tp_node *node, tp_tensor *const *grads) { tp_send(node, 0, grads[0]); }

static const tp_op_sample cast_samples[] = {
    {.inputs = 1, .shape = {TP_SHAPE_OF(4)}, .low = 0.1, .high = 0.2}, {0}};
const tp_op tp_op_to = {"to", cast_backward, NULL, cast_apply, cast_samples};
const tp_op tp_op_contiguous = {"contiguous", copy_backward, NULL, NULL, NULL};

tp_tensor *tp_cast(tp_location at, const char *op, tp_tensor *x, tp_dtype dtype) {
    if (x->dtype == dtype) return x;
    tp_tensor *out = tp_make(at, op, dtype, x->ndim, x->shape);
    if (out->poison) return out;
    tp_copy_elements(out, x);
    if (tp_is_float_type(dtype) && tp_is_float_type(x->dtype)) tp_record(at, &tp_op_to, out, 1, &x);
    return out;
}

tp_tensor *tp_dense(tp_location at, const char *op, tp_tensor *x) {
    if (x->contiguous) return x;
    tp_tensor *out = tp_make_like(at, op, x);
    if (out->poison) return out;
    tp_copy_elements(out, x);
    tp_record(at, &tp_op_contiguous, out, 1, &x);
    return out;
}
