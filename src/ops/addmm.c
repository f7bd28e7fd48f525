/* addmm: beta input + alpha a b in one product. */
#include <math.h>
#include <taper/ops/matmul.h>

#include "autograd/node.h"
#include "ops/elementwise.h"
#include "ops/loop.h"
#include "ops/product.h"

static tp_matrix matrix_of(const tp_tensor *x) {
    return (tp_matrix){.data = x->data, .row = x->stride[0], .col = x->stride[1]};
}

static tp_matrix transpose_of(const tp_tensor *x) {
    return (tp_matrix){.data = x->data, .row = x->stride[1], .col = x->stride[0]};
}

/* The gradient of a (i = 1) or b (i = 2): alpha g b^T, alpha a^T g. */
static bool send_factor(tp_node *node, int i, const tp_tensor *g) {
    tp_tensor *other = tp_saved(node, (int)node->integer[3 - i]);
    if (!other) return false;
    bool direct;
    double beta;
    tp_tensor *target = tp_product_target(node, i, &beta, &direct);
    if (!target) {
        tp_send(node, i, tp_poison());
        return false;
    }
    tp_product p = {.dtype = g->dtype,
                    .m = target->shape[0],
                    .n = target->shape[1],
                    .k = g->shape[i == 1],
                    .alpha = node->number[1],
                    .beta = beta,
                    .a = i == 1 ? matrix_of(g) : transpose_of(other),
                    .b = i == 1 ? transpose_of(other) : matrix_of(g),
                    .c = matrix_of(target)};
    if (!tp_product_run(&p)) {
        tp_send(node, i, tp_fail_memory(node->at, "addmm", 0));
        return false;
    }
    if (!direct) tp_send(node, i, target);
    return true;
}

static void addmm_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *g = grads[0];
    if (tp_needs(node, 0)) {
        tp_tensor *scaled = g;
        if (node->number[0] != 1) {
            scaled = tp_make_like(node->at, "addmm", g);
            if (!scaled->poison) {
                tp_fill_elements(scaled, 0);
                tp_accumulate(scaled, g, node->number[0]);
            }
        }
        tp_send_unbroadcast(node, 0, scaled);
    }
    for (int i = 1; i <= 2; i++)
        if (tp_needs(node, i) && !send_factor(node, i, g)) return;
}

static tp_tensor *addmm_apply(tp_tensor *const *inputs, int variant) {
    return tp_addmm(inputs[0], inputs[1], inputs[2],
                    variant == 0   ? 1
                    : variant == 1 ? 0.5
                                   : 0,
                    variant == 0 ? 1 : -2);
}

static const tp_op_sample addmm_samples[] = {
    {0, 3, {TP_SHAPE_OF(3, 2), TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(2), TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(3, 1), TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(1, 2), TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(2), TP_SHAPE_OF(3, 0), TP_SHAPE_OF(0, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_addmm = {
    .name = "addmm", .backward = addmm_backward, .apply = addmm_apply, .samples = addmm_samples};

static bool broadcasts_to(const tp_tensor *x, int64_t rows, int64_t columns) {
    if (x->ndim > 2) return false;
    if (x->ndim >= 1 && x->shape[x->ndim - 1] != columns && x->shape[x->ndim - 1] != 1)
        return false;
    return x->ndim < 2 || x->shape[0] == rows || x->shape[0] == 1;
}

/* Checks shapes, types and factors of both forms. */
static bool addmm_fits(tp_location at, tp_tensor *input, tp_tensor *a, tp_tensor *b, double beta,
                       double alpha) {
    if (a->ndim != 2 || b->ndim != 2 || a->shape[1] != b->shape[0] ||
        !broadcasts_to(input, a->shape[0], b->shape[1])) {
        tp_fail(at, "addmm", TP_ERROR_SHAPE,
                tp_text("input %s, a %s and b %s", tp_tensor_text(input), tp_tensor_text(a),
                        tp_tensor_text(b)),
                "a (n, k), b (k, m), and an input that broadcasts to (n, m)", NULL);
        return false;
    }
    if (!tp_product_types(at, "addmm", a, b) || !tp_product_types(at, "addmm", input, a))
        return false;
    if (tp_is_float_type(a->dtype) || (beta == floor(beta) && alpha == floor(alpha))) return true;
    tp_fail(at, "addmm", TP_ERROR_ARGUMENT, tp_text("beta %g, alpha %g", beta, alpha),
            "whole factors for integers", NULL);
    return false;
}

/* c = beta c + alpha a b */
static bool addmm_into(tp_tensor *c, const tp_tensor *a, const tp_tensor *b, double beta,
                       double alpha) {
    tp_product p = {.dtype = a->dtype,
                    .m = a->shape[0],
                    .n = b->shape[1],
                    .k = a->shape[1],
                    .alpha = alpha,
                    .beta = beta,
                    .a = matrix_of(a),
                    .b = matrix_of(b),
                    .c = matrix_of(c)};
    return tp_product_run(&p);
}

tp_tensor *tp_addmm_at(tp_location at, tp_tensor *input, tp_tensor *a, tp_tensor *b, double beta,
                       double alpha) {
    TP_CHECK(at, "addmm", input);
    TP_CHECK(at, "addmm", a);
    TP_CHECK(at, "addmm", b);
    if (!addmm_fits(at, input, a, b, beta, alpha)) return tp_poison();
    tp_tensor *out = tp_make(at, "addmm", a->dtype, 2, (const int64_t[]){a->shape[0], b->shape[1]});
    if (out->poison) return out;
    if (beta != 0) tp_copy_elements(out, input);
    if (!addmm_into(out, a, b, beta, alpha)) return tp_fail_memory(at, "addmm", 0);
    tp_node *node = tp_record(at, &tp_op_addmm, out, 3, (tp_tensor *[]){input, a, b});
    if (node) {
        node->number[0] = beta;
        node->number[1] = alpha;
        node->integer[1] = node->integer[2] = -1;
        if (tp_needs(node, 2)) node->integer[1] = node->n_saved, tp_save(node, a);
        if (tp_needs(node, 1)) node->integer[2] = node->n_saved, tp_save(node, b);
    }
    return out;
}

/* x += alpha a b grows in x itself where alpha is 1; so alpha goes into a factor that is small beside x, as in a step of descent
 * by hand. */
static tp_tensor *scaled_factor(tp_location at, const tp_tensor *x, tp_tensor *b, double beta,
                                double *alpha) {
    if (!tp_is_float_type(b->dtype) || *alpha == 1 || beta != 1 || b->numel * 2 > x->numel)
        return b;
    tp_tensor *scaled = tp_make_like(at, "addmm", b);
    if (scaled->poison) return scaled;
    tp_scale_into(scaled, b, *alpha);
    *alpha = 1;
    return scaled;
}

tp_tensor *tp_addmm_inplace_at(tp_location at, tp_tensor *x, tp_tensor *a, tp_tensor *b,
                               double beta, double alpha) {
    TP_CHECK(at, "addmm", x);
    TP_CHECK(at, "addmm", a);
    TP_CHECK(at, "addmm", b);
    if (!addmm_fits(at, x, a, b, beta, alpha)) return tp_poison();
    if (x->ndim != 2 || x->shape[0] != a->shape[0] || x->shape[1] != b->shape[1])
        return tp_fail(
            at, "addmm", TP_ERROR_SHAPE, tp_tensor_text(x),
            tp_text("%s to write the result to", tp_shape_text(tp_shape(a->shape[0], b->shape[1]))),
            NULL);
    if (!tp_edit(at, "addmm", x, 3, (tp_tensor *[]){x, a, b})) return tp_poison();
    bool aliased = x->storage && (x->storage == a->storage || x->storage == b->storage);
    if (aliased || (x->shape[1] > 1 && x->stride[1] != 1)) { /* the product cannot grow in x */
        tp_tensor *out = tp_poison();
        TP_NO_GRAD { out = tp_addmm_at(at, x, a, b, beta, alpha); }
        if (out->poison) return out;
        tp_copy_elements(x, out);
        tp_free(out);
        return x;
    }
    tp_scope scope = tp_scope_begin();
    b = scaled_factor(at, x, b, beta, &alpha);
    bool done = !b->poison && addmm_into(x, a, b, beta, alpha);
    tp_scope_end(&scope);
    return done ? x : tp_fail_memory(at, "addmm", 0);
}
