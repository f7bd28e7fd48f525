/* The common way of the element-wise functions of two tensors, and of a tensor and a number. */
#include "ops/binary.h"
#include "ops/noted.h"

/* ---- types ---- */

/* Takes integers, so it is bool that it does not take. b is NULL for a number. */
static bool refuse_bool(tp_location at, const char *op, const tp_tensor *a, const tp_tensor *b) {
    const char *got =
        b ? tp_text("%s and %s", tp_tensor_text(a), tp_tensor_text(b)) : tp_tensor_text(a);
    tp_fail(at, op, TP_ERROR_DTYPE, got, "a number type",
            "convert it with tp_to(); for bool there is tp_logical_xor()");
    return false;
}

bool tp_binary_prepare(tp_location at, const char *op, tp_binary_kind kind, tp_tensor **a,
                       tp_tensor **b) {
    tp_dtype dtype = (*a)->dtype;
    if (TP_UNLIKELY((*b)->dtype != dtype)) dtype = tp_result_type(2, (tp_tensor *[]){*a, *b});
    const tp_loop_fn *kernels = tp_ctx()->kernels->binary[kind];
    if (TP_UNLIKELY(kind == TP_BINARY_sub && ((*a)->dtype == TP_BOOL || (*b)->dtype == TP_BOOL)))
        return refuse_bool(at, op, *a, *b);
    if (TP_UNLIKELY(!kernels[dtype])) {
        if (kernels[TP_INT64]) return refuse_bool(at, op, *a, *b);
        dtype = tp_ctx()->default_dtype;
    }
    if ((*a)->dtype != dtype) *a = tp_cast(at, op, *a, dtype);
    if ((*b)->dtype != dtype) *b = tp_cast(at, op, *b, dtype);
    return !(*a)->poison && !(*b)->poison;
}

tp_dtype tp_number_type(tp_dtype dtype, tp_number number) {
    if (number.is_whole) return dtype == TP_BOOL ? TP_INT64 : dtype;
    return tp_is_float_type(dtype) ? dtype : tp_ctx()->default_dtype;
}

tp_tensor *tp_number_fill(tp_number_tensor *dressed, tp_number number, tp_dtype dtype) {
    int64_t whole = number.is_whole ? number.whole : (int64_t)number.real;
    switch (dtype) {
    case TP_FLOAT64: dressed->value.f64 = number.real; break;
    case TP_FLOAT32: dressed->value.f32 = (float)number.real; break;
    case TP_INT64: dressed->value.i64 = whole; break;
    case TP_INT32: dressed->value.i32 = (int32_t)whole; break;
    case TP_UINT8: dressed->value.u8 = (uint8_t)whole; break;
    default: dressed->value.u8 = number.real != 0;
    }
    tp_tensor *x = &dressed->tensor;
    x->life = TP_ALIVE, x->poison = false;
    x->dtype = dtype;
    x->ndim = 0, x->numel = 1, x->contiguous = true;
    x->data = (char *)&dressed->value;
    return x;
}

/* ---- forward ---- */

tp_tensor *tp_binary_run(tp_location at, const char *op, tp_binary_kind kind, tp_tensor *a,
                         tp_tensor *b, tp_dtype dtype) {
    tp_tensor *out;
    if (tp_shapes_equal(a, b)) {
        out = tp_make(at, op, dtype, a->ndim, a->shape);
    } else {
        tp_shape shape;
        if (!tp_broadcast(at, op, 2, (tp_tensor *[]){a, b}, &shape)) return tp_poison();
        out = tp_make_shape(at, op, dtype, shape);
    }
    if (!out->poison)
        tp_loop_run(tp_ctx()->kernels->binary[kind][a->dtype], 3, (tp_tensor *[]){out, a, b}, NULL);
    return out;
}

/* Where the node finds a, b and y again: slots of saved values in integer[0..2], -1 where not saved. */
enum {
    SIDE = TP_NOTED_SIDE,
    BOTH_TENSORS = TP_BOTH_TENSORS,
    NUMBER_RIGHT = TP_NUMBER_RIGHT,
    NUMBER_LEFT = TP_NUMBER_LEFT
};

static void save(tp_node *node, const tp_binary_op *f, int side, tp_tensor *a, tp_tensor *b,
                 tp_tensor *y) {
    unsigned needs = 0;
    tp_tensor *value[3] = {a, b, y};
    node->integer[SIDE] = side;
    if (tp_binary_needs(node, 0)) needs |= f->for_a;
    if (tp_binary_needs(node, 1)) needs |= f->for_b;
    for (int i = 0; i < 3; i++) {
        node->integer[i] = -1;
        if (!(needs >> i & 1) || !value[i]) continue;
        node->integer[i] = node->n_saved;
        tp_save(node, value[i]);
    }
}

tp_tensor *tp_binary(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_tensor *b) {
    const char *op = f->op->name;
    TP_CHECK(at, op, a);
    TP_CHECK(at, op, b);
    if (!tp_binary_prepare(at, op, f->kind, &a, &b)) return tp_poison();
    tp_tensor *out = tp_binary_run(at, op, f->kind, a, b, a->dtype);
    if (out->poison) return out;
    tp_node *node = tp_record(at, f->op, out, 2, (tp_tensor *[]){a, b});
    if (node) save(node, f, BOTH_TENSORS, a, b, out);
    return out;
}

tp_tensor *tp_binary_number(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_number number,
                            bool left) {
    const char *op = f->op->name;
    TP_CHECK(at, op, a);
    if (a->dtype == TP_BOOL && f->kind == TP_BINARY_sub) {
        refuse_bool(at, op, a, NULL);
        return tp_poison();
    }
    tp_dtype dtype = tp_number_type(a->dtype, number);
    if (!tp_ctx()->kernels->binary[f->kind][dtype]) dtype = tp_ctx()->default_dtype;
    if (a->dtype != dtype && (a = tp_cast(at, op, a, dtype))->poison) return a;
    tp_tensor *out = tp_make_like(at, op, a);
    if (out->poison) return out;
    tp_number_tensor dressed;
    tp_tensor *other = tp_number_fill(&dressed, number, dtype);
    tp_loop_run(tp_ctx()->kernels->binary[f->kind][dtype], 3,
                left ? (tp_tensor *[]){out, other, a} : (tp_tensor *[]){out, a, other}, NULL);
    tp_node *node = tp_record(at, f->op, out, 1, &a);
    if (!node) return out;
    node->number[0] = number.real;
    if (left)
        save(node, f, NUMBER_LEFT, NULL, a, out);
    else
        save(node, f, NUMBER_RIGHT, a, NULL, out);
    return out;
}

/* ---- backward ---- */

bool tp_binary_needs(const tp_node *node, int which) {
    int64_t side = node->integer[SIDE];
    return side == BOTH_TENSORS ? tp_needs(node, which) : which == (side == NUMBER_LEFT);
}

tp_tensor *tp_binary_value(tp_node *node, int which) {
    if (node->integer[which] >= 0) return tp_saved(node, (int)node->integer[which]);
    tp_tensor *number = tp_make(node->at, node->op->name, node->inputs[0]->dtype, 0, NULL);
    if (!number->poison) tp_fill_elements(number, node->number[0]);
    return number;
}

void tp_binary_send(tp_node *node, int which, tp_tensor *grad) {
    tp_send_unbroadcast(node, node->integer[SIDE] == BOTH_TENSORS ? which : 0, grad);
}

/* ---- in place ---- */

bool tp_edit(tp_location at, const char *op, tp_tensor *x, int n, tp_tensor *const *inputs) {
    bool recorded = x->node != NULL;
    for (int i = 0; i < n; i++) recorded = recorded || tp_differentiable(inputs[i]);
    if (recorded && tp_is_grad_enabled()) {
        tp_fail(
            at, op, TP_ERROR_GRAPH,
            tp_text("an edit in place of %s, which a gradient flows through", tp_tensor_text(x)),
            "a tensor outside of the recorded graph",
            "in-place operations are not recorded: use the form that returns a new tensor, or TP_NO_GRAD");
        return false;
    }
    return tp_begin_edit(at, op, x);
}

static int category(tp_dtype dtype) { return dtype == TP_BOOL ? 0 : dtype < TP_FLOAT32 ? 1 : 2; }

/* Whether a can hold results of that type; reports where not. */
static bool holds(tp_location at, const char *op, tp_tensor *a, tp_dtype dtype) {
    if (category(dtype) <= category(a->dtype)) return true;
    tp_fail(at, op, TP_ERROR_DTYPE,
            tp_text("a result of type %s for %s", tp_dtype_name(dtype), tp_tensor_text(a)),
            "a tensor that can hold the result",
            "convert it with tp_to(), or use the form that returns a new tensor");
    return false;
}

/* Whether writing a element by element may change what is still to be read of b. */
static bool overlaps(const tp_tensor *a, const tp_tensor *b) {
    if (!a->storage || a->storage != b->storage) return false;
    if (a->data != b->data || a->ndim != b->ndim || a->dtype != b->dtype) return true;
    for (int d = 0; d < a->ndim; d++)
        if (a->shape[d] != b->shape[d] || (a->shape[d] > 1 && a->stride[d] != b->stride[d]))
            return true;
    return false;
}

tp_tensor *tp_binary_inplace(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_tensor *b) {
    const char *op = f->op->name;
    TP_CHECK(at, op, a);
    TP_CHECK(at, op, b);
    tp_shape shape;
    if (!tp_broadcast(at, op, 2, (tp_tensor *[]){a, b}, &shape)) return tp_poison();
    tp_tensor *first = a, *second = b;
    TP_NO_GRAD {
        if (!tp_binary_prepare(at, op, f->kind, &first, &second)) return tp_poison();
    }
    if (!holds(at, op, a, first->dtype)) return tp_poison();
    bool grows = shape.ndim != a->ndim;
    for (int d = 0; d < a->ndim && !grows; d++) grows = shape.dims[d] != a->shape[d];
    if (grows)
        return tp_fail(at, op, TP_ERROR_SHAPE,
                       tp_text("%s and %s", tp_tensor_text(a), tp_tensor_text(b)),
                       "a second operand that broadcasts to the shape of the first",
                       "the result in place keeps the shape of the first");
    if (!tp_edit(at, op, a, 1, &b)) return tp_poison();
    TP_SCOPE {
        tp_tensor *out = a;
        if (first != a || overlaps(a, second)) out = tp_make_like(at, op, first);
        if (out->poison) return out;
        tp_loop_run(tp_ctx()->kernels->binary[f->kind][first->dtype], 3,
                    (tp_tensor *[]){out, first, second}, NULL);
        if (out != a) tp_copy_elements(a, out);
    }
    return a;
}

tp_tensor *tp_binary_number_inplace(tp_location at, const tp_binary_op *f, tp_tensor *a,
                                    tp_number number) {
    const char *op = f->op->name;
    TP_CHECK(at, op, a);
    if (a->dtype == TP_BOOL && f->kind == TP_BINARY_sub) {
        refuse_bool(at, op, a, NULL);
        return tp_poison();
    }
    tp_dtype dtype = tp_number_type(a->dtype, number);
    if (!tp_ctx()->kernels->binary[f->kind][dtype]) dtype = tp_ctx()->default_dtype;
    if (!holds(at, op, a, dtype) || !tp_edit(at, op, a, 0, NULL)) return tp_poison();
    tp_number_tensor dressed;
    tp_loop_run(tp_ctx()->kernels->binary[f->kind][dtype], 3,
                (tp_tensor *[]){a, a, tp_number_fill(&dressed, number, dtype)}, NULL);
    return a;
}
