/* hw1.1, hw1.2: Derivatives of sigmoid, tanh, softmax and cross-entropy by hand */
#include "lab.h"

static double largest(tp_tensor *a, tp_tensor *b) { return tp_item(tp_max(tp_abs(tp_sub(a, b)))); }

/* What autograd makes of f at x, for a function of each element alone. */
static tp_tensor *by_autograd(tp_tensor *(*f)(tp_tensor *x), tp_tensor *x) {
    tp_tensor *leaf = tp_requires_grad(tp_clone(x));
    tp_backward(tp_sum(f(leaf)));
    return tp_grad(leaf);
}

static tp_tensor *sigmoid(tp_tensor *x) { return tp_sigmoid(x); }
static tp_tensor *tanh_of(tp_tensor *x) { return tp_tanh(x); }

/* s (1 - s) */
static tp_tensor *sigmoid_derivative(tp_tensor *x) {
    tp_tensor *s = tp_div(1, tp_add(1, tp_exp(tp_neg(x))));
    return tp_mul(s, tp_sub(1, s));
}

/* 1 - t^2 */
static tp_tensor *tanh_derivative(tp_tensor *x) {
    tp_tensor *a = tp_exp(x), *b = tp_exp(tp_neg(x));
    return tp_sub(1, tp_square(tp_div(tp_sub(a, b), tp_add(a, b))));
}

/* The Jacobian of each row's softmax, diag(s) - s s^T: (N, C) to (N, C, C). */
static tp_tensor *softmax_jacobian(tp_tensor *x) {
    tp_tensor *e = tp_exp(tp_sub(x, tp_amax(x, .dims = tp_dims(1), .keepdim = true)));
    tp_tensor *s = tp_div(e, tp_sum(e, .dims = tp_dims(1), .keepdim = true));
    tp_tensor *column = tp_unsqueeze(s, 2), *row = tp_unsqueeze(s, 1);
    tp_tensor *diagonal = tp_mul(column, tp_eye(tp_size(x, 1), .dtype = tp_dtype_of(x)));
    return tp_sub(diagonal, tp_matmul(column, row));
}

/* The same, a row of all Jacobians for each backward. */
static tp_tensor *softmax_jacobian_by_autograd(tp_tensor *x) {
    int64_t classes = tp_size(x, 1);
    tp_tensor *rows[16];
    for (int64_t i = 0; i < classes; i++) {
        tp_tensor *leaf = tp_requires_grad(tp_clone(x));
        tp_backward(tp_sum(tp_select(tp_softmax(leaf, 1), 1, i)));
        rows[i] = tp_grad(leaf);
    }
    return tp_stack(tp_list_of(rows, (size_t)classes), 1);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw1.1",
                       "Derivatives of sigmoid, tanh, softmax and cross-entropy by hand", NULL);
    tp_tensor *x = tp_randn(tp_shape(6, 5), .dtype = TP_FLOAT64);
    double d[4];
    lab_section(l, "Sigmoid, tanh, softmax");
    lab_say(
        l,
        "`sigmoid' = s (1 - s)`, `tanh' = 1 - t^2`, and the Jacobian of softmax is `diag(s) - s s'`, one for each row of "
        "the batch. Each is written with tensor operations only and compared with autograd, in float64.");
    d[0] = largest(sigmoid_derivative(x), by_autograd(sigmoid, x));
    d[1] = largest(tanh_derivative(x), by_autograd(tanh_of, x));
    tp_tensor *jacobian = softmax_jacobian(x);
    lab_print(l, "Jacobian of the first row", tp_select(jacobian, 0, 0));
    d[2] = largest(jacobian, softmax_jacobian_by_autograd(x));

    lab_section(l, "Softmax and cross-entropy together");
    lab_say(
        l,
        "With L = -log s_y the chain rule gives dL/dx = J' dL/ds = s - onehot(y): the Jacobian cancels against the 1/s_y.");
    tp_tensor *labels = tp_randint(0, 5, tp_shape(6));
    tp_tensor *leaf = tp_requires_grad(tp_clone(x));
    tp_backward(tp_cross_entropy(leaf, labels, .reduction = TP_REDUCTION_SUM));
    tp_tensor *difference = tp_sub(tp_softmax(x, 1), tp_to(tp_one_hot(labels, 5), TP_FLOAT64));
    lab_print(l, "softmax - onehot, first row", tp_select(difference, 0, 0));
    lab_print(l, "gradient by autograd, first row", tp_select(tp_grad(leaf), 0, 0));
    d[3] = largest(difference, tp_grad(leaf));

    lab_section(l, "Largest differences");
    const char *names[] = {"sigmoid", "tanh", "softmax Jacobians", "softmax + cross-entropy"},
               *cells[8];
    bool fine = true;
    for (int i = 0; i < 4; i++) {
        cells[2 * i] = names[i];
        cells[2 * i + 1] = lab_text(l, "%.1e", d[i]);
        fine = fine && d[i] < 1e-12;
    }
    lab_table(l, (const char *const[]){"derivative", "by hand against autograd"}, 2, cells, 4);
    lab_result(l, "All agree", "%s", fine ? "yes" : "no");
    return lab_end(l) || !fine;
}
