/* gather, scatter, scatter_add: one index for each element. */
#include <taper/ops/index.h>
#include <taper/ops/shape.h>

#include "ops/index.h"
#include "ops/loop.h"
#include "ops/shape.h"

/* ---- the walk over the index ---- */

/* For each place of the index: picked + its value along dim, and the same place of `plain`. Strides in elements; dim's own
 * stride in `picked` is apart. */
typedef struct walk {
    int ndim;
    const int64_t *shape; /* of the index */
    int64_t picked[TP_MAX_DIMS], plain[TP_MAX_DIMS];
    int64_t along; /* picked's stride along dim */
    const int64_t *index;
} walk;

static walk walk_of(const tp_tensor *index, int dim, const tp_tensor *picked,
                    const tp_tensor *plain) {
    walk w = {.ndim = index->ndim, .shape = index->shape};
    w.index = (const int64_t *)(const void *)index->data;
    for (int d = 0; d < index->ndim; d++) {
        w.picked[d] = d == dim ? 0 : picked->stride[d];
        w.plain[d] = plain ? plain->stride[d] : 0;
    }
    w.along = index->ndim ? picked->stride[dim] : 1;
    return w;
}

/* STEP moves one element: *p is the picked one, *q the plain one. */
#define DEFINE_WALK(name, type, STEP)                                                          \
    static void name(const walk *w, type *picked, type *plain) {                               \
        int last = w->ndim - 1;                                                                \
        int64_t place[TP_MAX_DIMS] = {0}, n = w->ndim ? w->shape[last] : 1;                    \
        int64_t step_p = w->ndim ? w->picked[last] : 0, step_q = w->ndim ? w->plain[last] : 0; \
        const int64_t *index = w->index;                                                       \
        for (;;) {                                                                             \
            int64_t base_p = 0, base_q = 0;                                                    \
            for (int d = 0; d < last; d++) {                                                   \
                base_p += place[d] * w->picked[d];                                             \
                base_q += place[d] * w->plain[d];                                              \
            }                                                                                  \
            for (int64_t j = 0; j < n; j++) {                                                  \
                type *p = picked + base_p + j * step_p + *index++ * w->along;                  \
                type *q = plain + base_q + j * step_q;                                         \
                STEP;                                                                          \
            }                                                                                  \
            int d = last - 1;                                                                  \
            while (d >= 0 && ++place[d] == w->shape[d]) place[d--] = 0;                        \
            if (d < 0) return;                                                                 \
        }                                                                                      \
    }
DEFINE_WALK(gather_1, uint8_t, *q = *p)
DEFINE_WALK(gather_4, uint32_t, *q = *p)
DEFINE_WALK(gather_8, uint64_t, *q = *p)
DEFINE_WALK(scatter_1, uint8_t, *p = *q)
DEFINE_WALK(scatter_4, uint32_t, *p = *q)
DEFINE_WALK(scatter_8, uint64_t, *p = *q)
DEFINE_WALK(add_bool, uint8_t, *p |= *q)
DEFINE_WALK(add_uint8, uint8_t, *p = (uint8_t)(*p + *q))
DEFINE_WALK(add_int32, uint32_t, *p += *q)
DEFINE_WALK(add_int64, uint64_t, *p += *q)
DEFINE_WALK(add_float32, float, *p += *q)
DEFINE_WALK(add_float64, double, *p += *q)

static void run_gather(const walk *w, size_t item, void *picked, void *plain) {
    if (item == 4)
        gather_4(w, picked, plain);
    else if (item == 8)
        gather_8(w, picked, plain);
    else
        gather_1(w, picked, plain);
}

static void run_scatter(const walk *w, size_t item, void *picked, void *plain) {
    if (item == 4)
        scatter_4(w, picked, plain);
    else if (item == 8)
        scatter_8(w, picked, plain);
    else
        scatter_1(w, picked, plain);
}

static void run_add(const walk *w, tp_dtype dtype, void *picked, void *plain) {
    switch (dtype) {
    case TP_FLOAT32: add_float32(w, picked, plain); break;
    case TP_FLOAT64: add_float64(w, picked, plain); break;
    case TP_INT64: add_int64(w, picked, plain); break;
    case TP_INT32: add_int32(w, picked, plain); break;
    case TP_BOOL: add_bool(w, picked, plain); break;
    default: add_uint8(w, picked, plain); break;
    }
}

/* plain (in the index's shape) from picked */
static void gather_into(tp_tensor *plain, const tp_tensor *picked, const tp_tensor *index,
                        int dim) {
    if (index->numel == 0) return;
    walk w = walk_of(index, dim, picked, plain);
    run_gather(&w, tp_item_size(picked->dtype), picked->data, plain->data);
}

static void scatter_into(tp_tensor *picked, const tp_tensor *plain, const tp_tensor *index,
                         int dim) {
    if (index->numel == 0) return;
    walk w = walk_of(index, dim, picked, plain);
    run_scatter(&w, tp_item_size(picked->dtype), picked->data, plain->data);
}

/* One number, or with adding: plain is a scalar where it has no dimensions. */
static void scatter_number(tp_tensor *picked, double value, const tp_tensor *index, int dim) {
    if (index->numel == 0) return;
    char bytes[8];
    tp_tensor one = {
        .life = TP_ALIVE, .dtype = picked->dtype, .contiguous = true, .numel = 1, .data = bytes};
    tp_fill_elements(&one, value);
    walk w = walk_of(index, dim, picked, NULL);
    run_scatter(&w, tp_item_size(picked->dtype), picked->data, bytes);
}

static void add_into(tp_tensor *picked, const tp_tensor *plain, const tp_tensor *index, int dim) {
    if (index->numel == 0) return;
    walk w = walk_of(index, dim, picked, plain);
    run_add(&w, picked->dtype, picked->data, plain->data);
}

/* ---- checks ---- */

/* The index where it is nowhere larger than x except along dim, and than source; its values checked. NULL after reporting. */
static tp_tensor *checked(tp_location at, const char *op, const tp_tensor *x, int dim,
                          tp_tensor *index, const tp_tensor *source) {
    bool fits = index->ndim == x->ndim && (!source || source->ndim == x->ndim);
    for (int d = 0; d < x->ndim && fits && index->numel; d++)
        fits = (d == dim || index->shape[d] <= x->shape[d]) &&
               (!source || index->shape[d] <= source->shape[d]);
    if (!fits) {
        const char *third = source ? tp_text(" and source %s", tp_tensor_text(source)) : "";
        tp_fail(at, op, TP_ERROR_SHAPE,
                tp_text("x %s, index %s%s", tp_tensor_text(x), tp_tensor_text(index), third),
                tp_text("an index of as many dimensions, nowhere larger%s except than x along %d",
                        source ? " than both" : "", dim),
                NULL);
        return NULL;
    }
    if (source && source->dtype != x->dtype) {
        tp_fail(at, op, TP_ERROR_DTYPE,
                tp_text("x %s and source %s", tp_tensor_text(x), tp_tensor_text(source)),
                "one type", "tp_to() converts one of them");
        return NULL;
    }
    return tp_index_values(at, op, index, x->ndim ? x->shape[dim] : 1, false);
}

/* ---- gather ---- */

/* node->integer[0]: dim; saved value 0: the index */
static void gather_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *index = tp_saved(node, 0);
    if (!index) return;
    tp_tensor *gx = tp_make_like(node->at, "gather", node->inputs[0]);
    if (!gx->poison) {
        tp_fill_elements(gx, 0);
        add_into(gx, grads[0], index, (int)node->integer[0]);
    }
    tp_send(node, 0, gx);
}

static tp_tensor *sample_index(tp_shape shape) {
    static const int64_t values[] = {1, 0, 1, 1, 0, 1, 0, 0, 1};
    return tp_from_data(values, shape, TP_INT64);
}

static tp_tensor *gather_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1) return tp_gather(inputs[0], -1, sample_index(tp_shape(3, 3)));
    if (variant == 2)
        return tp_gather(tp_transpose(inputs[0], 0, 1), 0, sample_index(tp_shape(4, 2)));
    return tp_gather(inputs[0], 0, sample_index(tp_shape(4, 2)));
}

static const tp_op_sample gather_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_gather = {.name = "gather",
                            .backward = gather_backward,
                            .apply = gather_apply,
                            .samples = gather_samples};

tp_tensor *tp_gather_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index) {
    TP_CHECK(at, "gather", x);
    TP_CHECK(at, "gather", index);
    int d = tp_wrap_dim(at, "gather", dim, x->ndim);
    if (d < 0) return tp_poison();
    index = checked(at, "gather", x, d, index, NULL);
    if (!index) return tp_poison();
    tp_tensor *out = tp_make(at, "gather", x->dtype, index->ndim, index->shape);
    if (out->poison) return out;
    gather_into(out, x, index, d);
    tp_node *node = tp_record(at, &tp_op_gather, out, 1, &x);
    if (node) {
        node->integer[0] = d;
        tp_save(node, index);
    }
    return out;
}

/* ---- scatter, scatter_add ---- */

/* The gradient of source: what went to the places that its elements went to, 0 beyond the index. */
static void send_source(tp_node *node, tp_tensor *g, const tp_tensor *index) {
    tp_tensor *gs = tp_make_like(node->at, node->op->name, node->inputs[1]);
    if (!gs->poison) {
        if (gs->numel != index->numel) tp_fill_elements(gs, 0);
        gather_into(gs, g, index, (int)node->integer[0]);
    }
    tp_send(node, 1, gs);
}

static void scatter_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *index = tp_saved(node, 0);
    if (!index) return;
    if (tp_needs(node, 0)) {
        tp_tensor *gx = tp_make_like(node->at, "scatter", grads[0]);
        if (!gx->poison) {
            tp_copy_elements(gx, grads[0]);
            scatter_number(gx, 0, index, (int)node->integer[0]);
        }
        tp_send(node, 0, gx);
    }
    if (node->n_inputs > 1 && tp_needs(node, 1)) send_source(node, grads[0], index);
}

static void scatter_add_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *index = tp_saved(node, 0);
    if (!index) return;
    tp_send(node, 0, grads[0]);
    if (tp_needs(node, 1)) send_source(node, grads[0], index);
}

static tp_tensor *scatter_apply(tp_tensor *const *inputs, int variant) {
    static const int64_t once[] = {2, 0, 1, 0, 2, 1};
    tp_tensor *index = tp_from_data(once, tp_shape(2, 3), TP_INT64);
    if (variant == 1) return tp_scatter_value(inputs[0], -1, index, 2);
    return tp_scatter(inputs[0], 1, index, inputs[1]);
}

static const tp_op_sample scatter_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(2, 4)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_scatter = {.name = "scatter",
                             .backward = scatter_backward,
                             .apply = scatter_apply,
                             .samples = scatter_samples};

static tp_tensor *scatter_add_apply(tp_tensor *const *inputs, int variant) {
    return tp_scatter_add(inputs[0], variant, sample_index(tp_shape(3, 3)), inputs[1]);
}

static const tp_op_sample scatter_add_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(3, 3)}, 0, 0, 0},
    {1, 2, {TP_SHAPE_OF(3, 2), TP_SHAPE_OF(4, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_scatter_add = {.name = "scatter_add",
                                 .backward = scatter_add_backward,
                                 .apply = scatter_add_apply,
                                 .samples = scatter_add_samples};

/* A copy of x to write to, with its index checked; poison after reporting. */
static tp_tensor *prepare(tp_location at, const tp_op *op, tp_tensor *x, int *dim,
                          tp_tensor **index, tp_tensor *source) {
    TP_CHECK(at, op->name, x);
    TP_CHECK(at, op->name, *index);
    *dim = tp_wrap_dim(at, op->name, *dim, x->ndim);
    if (*dim < 0) return tp_poison();
    *index = checked(at, op->name, x, *dim, *index, source);
    if (!*index) return tp_poison();
    tp_tensor *out = tp_make_like(at, op->name, x);
    if (!out->poison) tp_copy_elements(out, x);
    return out;
}

static void record(tp_location at, const tp_op *op, tp_tensor *out, int n, tp_tensor *const *inputs,
                   int dim, tp_tensor *index) {
    tp_node *node = tp_record(at, op, out, n, inputs);
    if (!node) return;
    node->integer[0] = dim;
    tp_save(node, index);
}

tp_tensor *tp_scatter_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                         tp_tensor *source) {
    TP_CHECK(at, "scatter", source);
    tp_tensor *out = prepare(at, &tp_op_scatter, x, &dim, &index, source);
    if (out->poison) return out;
    scatter_into(out, source, index, dim);
    record(at, &tp_op_scatter, out, 2, (tp_tensor *[]){x, source}, dim, index);
    return out;
}

tp_tensor *tp_scatter_value_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                               double value) {
    tp_tensor *out = prepare(at, &tp_op_scatter, x, &dim, &index, NULL);
    if (out->poison) return out;
    scatter_number(out, value, index, dim);
    record(at, &tp_op_scatter, out, 1, &x, dim, index);
    return out;
}

tp_tensor *tp_scatter_add_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                             tp_tensor *source) {
    TP_CHECK(at, "scatter_add", source);
    tp_tensor *out = prepare(at, &tp_op_scatter_add, x, &dim, &index, source);
    if (out->poison) return out;
    add_into(out, source, index, dim);
    record(at, &tp_op_scatter_add, out, 2, (tp_tensor *[]){x, source}, dim, index);
    return out;
}
