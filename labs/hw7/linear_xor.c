/* hw7.13: Linear activations collapse to one linear map and cannot learn XOR */
#include <math.h>

#include "lab.h"

static const float xor_x[] = {0, 0, 0, 1, 1, 0, 1, 1}, xor_y[] = {0, 1, 1, 0};

/* Trains on the four rows; returns the last loss, and fills the curve and the outputs. */
static double train(tp_module *net, double lr, int steps, double *curve, double *output) {
    tp_optim *optim = tp_adam(net, .lr = lr);
    double last = 0;
    for (int i = 0; i < steps; i++) {
        TP_SCOPE {
            tp_tensor *x = tp_from_data(xor_x, tp_shape(4, 2)),
                      *y = tp_from_data(xor_y, tp_shape(4, 1));
            tp_tensor *out = tp_call(net, x), *loss = tp_mse_loss(out, y);
            tp_zero_grad(optim);
            tp_backward(loss);
            tp_step(optim);
            curve[i] = last = tp_item(loss);
            for (int k = 0; k < 4; k++) output[k] = tp_get(out, k, 0);
        }
    }
    tp_optim_free(optim);
    return last;
}

/* The largest difference between the network and the one linear map W = W3 W2 W1, b = W3 (W2 b1 + b2) + b3, on random inputs. */
static double collapse(lab *l, tp_module *net) {
    double difference = 0;
    TP_NO_GRAD {
        TP_SCOPE {
            tp_tensor *w1 = tp_get_tensor(net, "0.weight"), *b1 = tp_get_tensor(net, "0.bias");
            tp_tensor *w2 = tp_get_tensor(net, "1.weight"), *b2 = tp_get_tensor(net, "1.bias");
            tp_tensor *w3 = tp_get_tensor(net, "2.weight"), *b3 = tp_get_tensor(net, "2.bias");
            tp_tensor *w = tp_matmul(w3, tp_matmul(w2, w1));
            tp_tensor *b = tp_add(tp_matmul(w3, tp_add(tp_matmul(w2, b1), b2)), b3);
            lab_print(l, "W", w);
            lab_print(l, "b", b);
            tp_tensor *x = tp_randn(tp_shape(1000, 2));
            tp_tensor *one = tp_add(tp_matmul(x, tp_t(w)), b);
            difference = tp_item(tp_max(tp_abs(tp_sub(tp_call(net, x), one))));
        }
    }
    return difference;
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.13",
                       "Linear activations collapse to one linear map and cannot learn XOR", NULL);
    enum { STEPS = 1000 };
    double linear_curve[STEPS], relu_curve[STEPS], linear_out[4], relu_out[4];
    tp_module *linear =
        tp_nn_sequential(tp_nn_linear(2, 8), tp_nn_linear(8, 8), tp_nn_linear(8, 1));

    lab_section(l, "Three linear layers are one");
    lab_say(
        l,
        "`W3 (W2 (W1 x + b1) + b2) + b3 = (W3 W2 W1) x + (W3 (W2 b1 + b2) + b3)`: however many layers, the map is "
        "`W x + b`. Computed for a random network 2-8-8-1:");
    double difference = collapse(l, linear);
    lab_say(
        l,
        "On 1000 random inputs the network and this one map differ by at most %.2g: nothing but rounding.",
        difference);

    lab_section(l, "XOR");
    tp_module *relu = tp_nn_sequential(tp_nn_linear(2, 8), tp_nn_relu(), tp_nn_linear(8, 8),
                                       tp_nn_relu(), tp_nn_linear(8, 1));
    double loss = train(linear, 0.02, STEPS, linear_curve, linear_out);
    double relu_loss = train(relu, 0.02, STEPS, relu_curve, relu_out);
    const char *cells[4 * 4];
    for (int k = 0; k < 4; k++) {
        cells[4 * k] = lab_text(l, "%.0f %.0f", xor_x[2 * k], xor_x[2 * k + 1]);
        cells[4 * k + 1] = lab_text(l, "%.0f", xor_y[k]);
        cells[4 * k + 2] = lab_text(l, "%.3f", linear_out[k]);
        cells[4 * k + 3] = lab_text(l, "%.3f", relu_out[k]);
    }
    lab_table(l, (const char *const[]){"x", "XOR", "linear", "with ReLU"}, 4, cells, 4);
    tp_figure *f = tp_figure_new("Mean squared error on XOR", .x_label = "step");
    tp_plot_line(f, NULL, linear_curve, STEPS, .label = "linear");
    tp_plot_line(f, NULL, relu_curve, STEPS, .label = "with ReLU");
    lab_figure(l, f, "xor", "The linear network stops at 1/4");
    lab_result(l, "Loss, linear", "%.4f", loss);
    lab_result(l, "Loss, with ReLU", "%.2g", relu_loss);
    lab_say(
        l,
        "The best that `W x + b` can do is to answer 1/2 everywhere, with a mean squared error of 1/4: for any linear "
        "map f(0,0) + f(1,1) = f(0,1) + f(1,0), while XOR wants 0 on the left and 2 on the right. With a ReLU between "
        "the layers the same sizes learn it.");
    tp_module_free(linear);
    tp_module_free(relu);
    return lab_end(l) || difference > 1e-4 || fabs(loss - 0.25) > 0.01 || relu_loss > 0.01;
}
