/* *** A function with a backward written by hand, checked against finite differences; and errors that can be handled. */
#include <stdio.h>
#include <taper/taper.h>

/* y = x^3; dy/dx = 3 x^2 */
static tp_tensor *cube_forward(tp_function_context *context, tp_tensor *const *inputs, int n,
                               void *user) {
    (void)n;
    (void)user;
    tp_save_for_backward(context, inputs[0]);
    return tp_pow(inputs[0], 3);
}

static void cube_backward(tp_function_context *context, tp_tensor *grad, tp_tensor **grads, int n,
                          void *user) {
    (void)n;
    (void)user;
    tp_tensor *x = tp_saved_tensor(context, 0);
    grads[0] = tp_mul(grad, tp_mul(tp_square(x), 3));
}

static const tp_function cube = {"cube", cube_forward, cube_backward};

static tp_tensor *apply_cube(tp_tensor *const *inputs, int n, void *user) {
    return tp_function_apply(&cube, inputs, n, user);
}

static void show(const tp_error *error, void *user) {
    (void)user;
    char line[512];
    tp_error_format(error, line, sizeof line);
    printf("reported: %s\n", line);
}

int main(void) {
    tp_tensor *x = tp_randn(tp_shape(3), .dtype = TP_FLOAT64, .requires_grad = true);
    printf("backward is %s\n", tp_gradcheck(apply_cube, &x, 1) ? "right" : "wrong");

    tp_tensor *loss = tp_sum(tp_function_apply(&cube, &x, 1, NULL));
    tp_graph_print(stdout, loss);

    tp_set_error_handler(show, NULL);
    tp_tensor *bad =
        tp_matmul(tp_ones(tp_shape(2, 3)), tp_ones(tp_shape(2, 3))); /* reported, with this line */
    tp_relu(bad);                                                    /* silent: it is poison */
    printf("poison: %s\n", tp_is_poison(bad) ? "yes" : "no");
    return 0;
}
