/* Element-wise functions of one tensor: everything here follows from unary.def. */
#include "ops/elementwise.h"

enum { FLOATS, NUMBERS, ALL };

static void unary_backward(tp_node *node, tp_tensor *const *grads);
static tp_tensor *unary_apply(tp_unary_kind kind, tp_tensor *x, double p0, double p1);

/* For each line: how to run it on a sample, the samples, and the descriptor. */
#define PARAMETERS(p0, p1) p0, p1
#define UNARY(name, types, forward, gradient, saves, lowest, highest, parameters, ...)      \
    static tp_tensor *name##_apply(tp_tensor *const *inputs, int variant) {                 \
        (void)variant;                                                                      \
        return unary_apply(TP_UNARY_##name, inputs[0], PARAMETERS parameters);              \
    }                                                                                       \
    static const tp_op_sample name##_samples[] = {                                          \
        {.inputs = 1, .shape = {TP_SHAPE_OF(3, 7)}, .low = (lowest), .high = (highest)},    \
        {.inputs = 1, .shape = {TP_SHAPE_OF(2, 0, 3)}, .low = (lowest), .high = (highest)}, \
        {.inputs = 1, .shape = {TP_SHAPE_SCALAR}, .low = (lowest), .high = (highest)},      \
        {0}};                                                                               \
    const tp_op tp_op_##name = {#name, unary_backward, NULL, name##_apply, name##_samples};
#define PREDICATE(name, forward)                                                               \
    static tp_tensor *name##_apply(tp_tensor *const *inputs, int variant) {                    \
        (void)variant;                                                                         \
        return unary_apply(TP_UNARY_##name, inputs[0], 0, 0);                                  \
    }                                                                                          \
    static const tp_op_sample name##_samples[] = {{.inputs = 1, .shape = {TP_SHAPE_OF(3, 7)}}, \
                                                  {.inputs = 1, .shape = {TP_SHAPE_OF(0)}},    \
                                                  {0}};                                        \
    const tp_op tp_op_##name = {#name, NULL, "its values are true and false", name##_apply,    \
                                name##_samples};
#include "ops/unary.def"

typedef struct unary_facts {
    const tp_op *op;
    uint8_t types, saves;
    bool question;
} unary_facts;

static const unary_facts facts[TP_UNARY_COUNT] = {
#define UNARY(name, types, forward, gradient, saves, ...) \
    {&tp_op_##name, types, TP_SAVES_##saves, false},
#define PREDICATE(name, forward) {&tp_op_##name, ALL, TP_SAVES_NONE, true},
#include "ops/unary.def"
};

static void unary_backward(tp_node *node, tp_tensor *const *grads) {
    tp_unary_kind kind = (tp_unary_kind)node->integer[0];
    tp_saves saves = facts[kind].saves;
    tp_tensor *saved = saves ? tp_saved(node, 0) : NULL;
    if (saves && !saved) return;
    tp_tensor *gx = tp_make_like(node->at, facts[kind].op->name, grads[0]);
    if (!gx->poison) {
        tp_tensor *x = saves == TP_SAVES_X ? saved : NULL, *y = saves == TP_SAVES_Y ? saved : NULL;
        tp_loop_run(tp_ctx()->kernels->unary_grad[kind][tp_float_index(gx->dtype)], 4,
                    (tp_tensor *[]){gx, grads[0], x, y}, node->number);
    }
    tp_send(node, 0, gx);
}

tp_tensor *tp_unary_slope(tp_location at, tp_unary_kind kind, tp_tensor *g, tp_tensor *x, double p0,
                          double p1) {
    tp_tensor *gx = tp_make_like(at, facts[kind].op->name, x);
    if (gx->poison) return gx;
    tp_loop_run(tp_ctx()->kernels->unary_grad[kind][tp_float_index(gx->dtype)], 4,
                (tp_tensor *[]){gx, g, x, NULL}, (const double[]){p0, p1});
    return gx;
}

/* x in a type that the function takes, or NULL (reported) */
static tp_tensor *accepted(tp_location at, tp_unary_kind kind, tp_tensor *x) {
    const unary_facts *f = &facts[kind];
    if (tp_ctx()->kernels->unary[kind][x->dtype]) return x;
    if (kind == TP_UNARY_square) { /* of bool: PyTorch counts it as a power */
        x = tp_cast(at, f->op->name, x, TP_INT64);
        return x->poison ? NULL : x;
    }
    if (f->types != FLOATS) {
        tp_fail(at, f->op->name, TP_ERROR_DTYPE, tp_tensor_text(x), "a number type",
                "convert it with tp_to()");
        return NULL;
    }
    x = tp_cast(at, f->op->name, x, tp_ctx()->default_dtype);
    return x->poison ? NULL : x;
}

tp_tensor *tp_unary(tp_location at, tp_unary_kind kind, tp_tensor *x, double p0, double p1) {
    const unary_facts *f = &facts[kind];
    TP_CHECK(at, f->op->name, x);
    if (!(x = accepted(at, kind, x))) return tp_poison();
    tp_tensor *out = tp_make(at, f->op->name, f->question ? TP_BOOL : x->dtype, x->ndim, x->shape);
    if (out->poison) return out;
    tp_loop_run(tp_ctx()->kernels->unary[kind][x->dtype], 2, (tp_tensor *[]){out, x},
                (const double[]){p0, p1});
    if (f->question) return out;
    tp_node *node = tp_record(at, f->op, out, 1, &x);
    if (!node) return out;
    node->integer[0] = kind;
    node->number[0] = p0, node->number[1] = p1;
    if (f->saves) tp_save(node, f->saves == TP_SAVES_X ? x : out);
    return out;
}

tp_tensor *tp_unary_inplace(tp_location at, tp_unary_kind kind, tp_tensor *x, double p0,
                            double p1) {
    const char *op = facts[kind].op->name;
    TP_CHECK(at, op, x);
    tp_loop_fn kernel = tp_ctx()->kernels->unary[kind][x->dtype];
    if (!kernel || facts[kind].question)
        return tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(x), "a type that can hold the result",
                       "convert it with tp_to()");
    if (!tp_edit(at, op, x, 0, NULL)) return tp_poison();
    tp_loop_run(kernel, 2, (tp_tensor *[]){x, x}, (const double[]){p0, p1});
    return x;
}

static tp_tensor *unary_apply(tp_unary_kind kind, tp_tensor *x, double p0, double p1) {
    return tp_unary(TP_HERE, kind, x, p0, p1);
}

/* The public functions of those without parameters */
#define UNARY(name, ...)                                              \
    tp_tensor *tp_##name##_at(tp_location at, tp_tensor *x) {         \
        return tp_unary(at, TP_UNARY_##name, x, 0, 0);                \
    }                                                                 \
    tp_tensor *tp_##name##_inplace_at(tp_location at, tp_tensor *x) { \
        return tp_unary_inplace(at, TP_UNARY_##name, x, 0, 0);        \
    }
#define UNARY_WITH(name, ...)
#define PREDICATE(name, ...)                                  \
    tp_tensor *tp_##name##_at(tp_location at, tp_tensor *x) { \
        return tp_unary(at, TP_UNARY_##name, x, 0, 0);        \
    }
#include "ops/unary.def"
