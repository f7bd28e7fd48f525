/* lab4.3: Hidden sizes, depths and activations compared */
#include "lab.h"

static const struct {
    const char *name, *layers;
} networks[] = {
    {"16 hidden", "flatten linear:16 leaky_relu linear:1 sigmoid"},
    {"64 hidden", "flatten linear:64 leaky_relu linear:1 sigmoid"},
    {"256 hidden", "flatten linear:256 leaky_relu linear:1 sigmoid"},
    {"1024 hidden", "flatten linear:1024 leaky_relu linear:1 sigmoid"},
    {"no hidden layer", "flatten linear:1 sigmoid"},
    {"256, 64", "flatten linear:256 leaky_relu linear:64 leaky_relu linear:1 sigmoid"},
    {"256, 64, 16",
     "flatten linear:256 leaky_relu linear:64 leaky_relu linear:16 leaky_relu linear:1 sigmoid"},
    {"256, ReLU", "flatten linear:256 relu linear:1 sigmoid"},
    {"256, tanh", "flatten linear:256 tanh linear:1 sigmoid"},
    {"256, sigmoid", "flatten linear:256 sigmoid linear:1 sigmoid"},
};
enum { NETWORKS = sizeof networks / sizeof networks[0], DIGIT = 3 };

/* The first n samples in one batch, kept: x (n, 1, 28, 28), y (n, 1), 1 where it is the digit. */
static void whole(tp_dataset *set, int64_t n, tp_tensor **x, tp_tensor **y) {
    tp_loader *loader = tp_loader_new(set, .batch_size = n);
    tp_batch b;
    tp_next(loader, &b);
    *x = tp_keep(tp_clone(b.x));
    *y = tp_keep(tp_unsqueeze(tp_to(tp_eq(b.y, DIGIT), TP_FLOAT32), 1));
    tp_loader_free(loader);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "lab4.3", "Hidden sizes, depths and activations compared", NULL);
    int steps = l->quick ? 10 : 50;
    int64_t n = l->quick ? 2000 : 20000;
    tp_tensor *x, *y, *tx, *ty;
    whole(lab_digits(l, "train"), n, &x, &y);
    whole(lab_digits(l, "test"), l->quick ? 1000 : 10000, &tx, &ty);
    lab_say(
        l,
        "Is it a %d? %lld training images in each of %d steps, Adam with rate 0.01, the same seed for every network.",
        DIGIT, (long long)n, steps);
    const char *cells[NETWORKS * 5], *names[NETWORKS];
    double errors[NETWORKS];
    int best = 0;
    for (int k = 0; k < NETWORKS; k++) {
        tp_manual_seed(l->seed);
        tp_module *net = tp_nn_from_text(networks[k].layers, tp_shape(1, 28, 28));
        tp_optim *optim = tp_adam(net, .lr = 0.01);
        double start = lab_clock(), loss_value = 0;
        for (int i = 0; i < steps; i++) {
            TP_SCOPE {
                tp_tensor *loss = tp_binary_cross_entropy(tp_call(net, x), y);
                tp_zero_grad(optim);
                tp_backward(loss);
                tp_step(optim);
                loss_value = tp_item(loss);
            }
        }
        double seconds = lab_clock() - start;
        TP_SCOPE {
            TP_NO_GRAD { errors[k] = 100 * (1 - tp_binary_accuracy(tp_call(net, tx), ty, 0.5)); }
        }
        best = errors[k] < errors[best] ? k : best;
        names[k] = networks[k].name;
        cells[5 * k] = names[k];
        cells[5 * k + 1] = lab_text(l, "%lld", (long long)tp_parameter_count(net));
        cells[5 * k + 2] = lab_text(l, "%.4f", loss_value);
        cells[5 * k + 3] = lab_text(l, "%.2f %%", 100 - errors[k]);
        cells[5 * k + 4] = lab_text(l, "%.2f s", seconds);
        tp_optim_free(optim);
        tp_module_free(net);
    }
    lab_table(
        l, (const char *const[]){"network", "parameters", "training loss", "test accuracy", "time"},
        5, cells, NETWORKS);
    tp_figure *f = tp_figure_new("Test error", .y_label = "%");
    tp_plot_bars(f, names, errors, NETWORKS);
    lab_figure(l, f, "errors", "Lower is better");
    lab_result(l, "Best network", "%s", names[best]);
    lab_say(
        l,
        "From 16 to 1024 hidden neurons the error goes from %.2f to %.2f %%; without a hidden layer it is %.2f %%. Two and three "
        "hidden layers give %.2f and %.2f %%, against %.2f %% of one. With 256 hidden neurons LeakyReLU, ReLU, tanh and "
        "sigmoid give %.2f, %.2f, %.2f and %.2f %%.",
        errors[0], errors[3], errors[4], errors[5], errors[6], errors[2], errors[2], errors[7],
        errors[8], errors[9]);
    tp_free(x), tp_free(y), tp_free(tx), tp_free(ty);
    return lab_end(l);
}
