/* matmul and its special cases: one forward and one backward for all of them. */
#include <taper/ops/matmul.h>

#include "autograd/node.h"
#include "ops/product.h"

/* How two operands meet: vectors are matrices of one row or one column, the rest of the dimensions is a batch. */
typedef struct geometry {
    bool row, column; /* a, b is a vector */
    int batch_dims;
    int64_t batch[TP_MAX_DIMS];
    int64_t m, n, k;
} geometry;

static bool batches_fit(const tp_tensor *a, const tp_tensor *b, geometry *g) {
    int na = a->ndim > 2 ? a->ndim - 2 : 0, nb = b->ndim > 2 ? b->ndim - 2 : 0;
    g->batch_dims = na > nb ? na : nb;
    for (int d = 0; d < g->batch_dims; d++) {
        int ia = d - (g->batch_dims - na), ib = d - (g->batch_dims - nb);
        int64_t sa = ia < 0 ? 1 : a->shape[ia], sb = ib < 0 ? 1 : b->shape[ib];
        if (sa != sb && sa != 1 && sb != 1) return false;
        g->batch[d] = sa == 1 ? sb : sa;
    }
    return true;
}

/* False where a and b, of at least one dimension, do not fit. */
static bool geometry_of(const tp_tensor *a, const tp_tensor *b, geometry *g) {
    g->row = a->ndim == 1;
    g->column = b->ndim == 1;
    g->m = g->row ? 1 : a->shape[a->ndim - 2];
    g->k = a->shape[a->ndim - 1];
    g->n = g->column ? 1 : b->shape[b->ndim - 1];
    if (g->k != (g->column ? b->shape[0] : b->shape[b->ndim - 2])) return false;
    return batches_fit(a, b, g);
}

/* Strides of x in the batch of g; a batch dimension that x lacks or repeats has stride 0. */
static void batch_strides(const tp_tensor *x, const geometry *g, int own, tp_matrix *out) {
    for (int d = 0; d < g->batch_dims; d++) {
        int i = d - (g->batch_dims - own);
        out->batch[d] = i < 0 || (x->shape[i] == 1 && g->batch[d] != 1) ? 0 : x->stride[i];
    }
}

static tp_matrix matrix_a(const tp_tensor *x, const geometry *g) {
    tp_matrix a = {.data = x->data, .col = x->stride[x->ndim - 1]};
    a.row = g->row ? 0 : x->stride[x->ndim - 2];
    batch_strides(x, g, x->ndim > 2 ? x->ndim - 2 : 0, &a);
    return a;
}

static tp_matrix matrix_b(const tp_tensor *x, const geometry *g) {
    tp_matrix b = {.data = x->data};
    b.row = x->stride[g->column ? 0 : x->ndim - 2];
    b.col = g->column ? 1 : x->stride[x->ndim - 1];
    batch_strides(x, g, x->ndim > 2 ? x->ndim - 2 : 0, &b);
    return b;
}

/* The result and its gradient: (batch, m, n) without the dimensions of vectors. */
static tp_matrix matrix_c(const tp_tensor *x, const geometry *g) {
    tp_matrix c = {.data = x->data, .row = 0, .col = 1};
    int d = g->batch_dims;
    if (!g->row) c.row = x->stride[d++];
    if (!g->column) c.col = x->stride[d];
    batch_strides(x, g, g->batch_dims, &c);
    return c;
}

static tp_matrix transposed(tp_matrix x) {
    int64_t row = x.row;
    x.row = x.col;
    x.col = row;
    return x;
}

/* ---- backward ---- */

/* da = g b^T, db = a^T g, each summed over the batch dimensions along which its operand was repeated. */
static void product_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *a = node->inputs[0], *b = node->inputs[1], *g = grads[0];
    geometry shape;
    geometry_of(a, b, &shape);
    for (int i = 0; i < 2; i++) {
        if (!tp_needs(node, i)) continue;
        tp_tensor *other = tp_saved(node, (int)node->integer[1 - i]);
        if (!other) return;
        bool direct;
        double beta;
        tp_tensor *target = tp_product_target(node, i, &beta, &direct);
        if (!target) {
            tp_send(node, i, tp_poison());
            return;
        }
        tp_product p = {
            .dtype = g->dtype, .batch_dims = shape.batch_dims, .alpha = 1, .beta = beta};
        for (int d = 0; d < shape.batch_dims; d++) p.batch[d] = shape.batch[d];
        if (i == 0) {
            p.m = shape.m, p.n = shape.k, p.k = shape.n;
            p.a = matrix_c(g, &shape);
            p.b = transposed(matrix_b(other, &shape));
            p.c = matrix_a(target, &shape);
        } else {
            p.m = shape.k, p.n = shape.n, p.k = shape.m;
            p.a = transposed(matrix_a(other, &shape));
            p.b = matrix_c(g, &shape);
            p.c = matrix_b(target, &shape);
        }
        if (!tp_product_run(&p)) {
            tp_send(node, i, tp_fail_memory(node->at, node->op->name, 0));
            return;
        }
        if (!direct) tp_send(node, i, target);
    }
}

/* ---- forward ---- */

static tp_tensor *run(tp_location at, const tp_op *op, tp_tensor *a, tp_tensor *b,
                      const geometry *g) {
    tp_shape shape = {.ndim = g->batch_dims};
    tp_product p = {.dtype = a->dtype,
                    .batch_dims = g->batch_dims,
                    .m = g->m,
                    .n = g->n,
                    .k = g->k,
                    .alpha = 1};
    for (int d = 0; d < g->batch_dims; d++) p.batch[d] = shape.dims[d] = g->batch[d];
    if (!g->row) shape.dims[shape.ndim++] = g->m;
    if (!g->column) shape.dims[shape.ndim++] = g->n;
    tp_tensor *out = tp_make_shape(at, op->name, a->dtype, shape);
    if (out->poison) return out;
    p.a = matrix_a(a, g);
    p.b = matrix_b(b, g);
    p.c = matrix_c(out, g);
    if (!tp_product_run(&p)) return tp_fail_memory(at, op->name, 0);
    tp_node *node = tp_record(at, op, out, 2, (tp_tensor *[]){a, b});
    if (node) {
        /* The slot of each operand's values, which only the other one's gradient needs. */
        node->integer[0] = node->integer[1] = -1;
        if (tp_needs(node, 1)) node->integer[0] = node->n_saved, tp_save(node, a);
        if (tp_needs(node, 0)) node->integer[1] = node->n_saved, tp_save(node, b);
    }
    return out;
}

static tp_tensor *misfit(tp_location at, const char *op, const tp_tensor *a, const tp_tensor *b,
                         const char *want, const char *hint) {
    return tp_fail(at, op, TP_ERROR_SHAPE,
                   tp_text("%s and %s", tp_tensor_text(a), tp_tensor_text(b)), want, hint);
}

/* Checks for the special cases: exactly these numbers of dimensions. */
static tp_tensor *product_of(tp_location at, const tp_op *op, tp_tensor *a, tp_tensor *b,
                             int a_dims, int b_dims, const char *want) {
    TP_CHECK(at, op->name, a);
    TP_CHECK(at, op->name, b);
    geometry g;
    if (a->ndim != a_dims || b->ndim != b_dims || !geometry_of(a, b, &g))
        return misfit(at, op->name, a, b, want, NULL);
    if (a_dims == 3 && a->shape[0] != b->shape[0])
        return misfit(at, op->name, a, b, want, "tp_matmul() broadcasts batches");
    if (!tp_product_types(at, op->name, a, b)) return tp_poison();
    return run(at, op, a, b, &g);
}

/* ---- matmul ---- */

static tp_tensor *matmul_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_matmul(inputs[0], inputs[1]);
}

static const tp_op_sample matmul_samples[] = {
    {0, 2, {TP_SHAPE_OF(5), TP_SHAPE_OF(5)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(4), TP_SHAPE_OF(4, 3)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(4), TP_SHAPE_OF(2, 4, 3)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(2, 4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(2, 1, 3, 4), TP_SHAPE_OF(3, 4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(2, 3, 2, 4), TP_SHAPE_OF(2, 1, 4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(3, 0), TP_SHAPE_OF(0, 4)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0, 2, 3), TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_matmul = {.name = "matmul",
                            .backward = product_backward,
                            .apply = matmul_apply,
                            .samples = matmul_samples};

tp_tensor *tp_matmul_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    TP_CHECK(at, "matmul", a);
    TP_CHECK(at, "matmul", b);
    if (a->ndim == 0 || b->ndim == 0)
        return misfit(at, "matmul", a, b, "at least one dimension each",
                      "tp_mul() multiplies by a scalar");
    geometry g;
    if (!geometry_of(a, b, &g)) {
        bool swapped = a->ndim == 2 && b->ndim == 2 && a->shape[1] == b->shape[1];
        const char *hint = swapped ? "tp_t() transposes the second one" : NULL;
        return misfit(at, "matmul", a, b, "(..., n, k) and (..., k, m)", hint);
    }
    if (!tp_product_types(at, "matmul", a, b)) return tp_poison();
    return run(at, &tp_op_matmul, a, b, &g);
}

/* ---- the special cases ---- */

#define PRODUCT_OP(op, call)                                              \
    static tp_tensor *op##_apply(tp_tensor *const *inputs, int variant) { \
        (void)variant;                                                    \
        return call(inputs[0], inputs[1]);                                \
    }                                                                     \
    const tp_op tp_op_##op = {                                            \
        .name = #op, .backward = product_backward, .apply = op##_apply, .samples = op##_samples}

static const tp_op_sample mm_samples[] = {
    {0, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0},
};
PRODUCT_OP(mm, tp_mm);

tp_tensor *tp_mm_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    return product_of(at, &tp_op_mm, a, b, 2, 2, "(n, k) and (k, m)");
}

static const tp_op_sample bmm_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(2, 4, 2)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0, 3, 4), TP_SHAPE_OF(0, 4, 2)}, 0, 0, 0},
    {0},
};
PRODUCT_OP(bmm, tp_bmm);

tp_tensor *tp_bmm_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    return product_of(at, &tp_op_bmm, a, b, 3, 3, "(b, n, k) and (b, k, m)");
}

static const tp_op_sample mv_samples[] = {
    {0, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(3, 0), TP_SHAPE_OF(0)}, 0, 0, 0},
    {0},
};
PRODUCT_OP(mv, tp_mv);

tp_tensor *tp_mv_at(tp_location at, tp_tensor *matrix, tp_tensor *vector) {
    return product_of(at, &tp_op_mv, matrix, vector, 2, 1, "(n, k) and (k)");
}

static const tp_op_sample dot_samples[] = {
    {0, 2, {TP_SHAPE_OF(6), TP_SHAPE_OF(6)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0), TP_SHAPE_OF(0)}, 0, 0, 0},
    {0},
};
PRODUCT_OP(dot, tp_dot);

tp_tensor *tp_dot_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    return product_of(at, &tp_op_dot, a, b, 1, 1, "(n) and (n)");
}
