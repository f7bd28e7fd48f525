/* tp3.8, tp3.9, tp3.10, tp3.11: Four convolutional networks on MNIST */
#include <string.h>

#include "lab.h"

static tp_module *convnet(void) {
    return tp_nn_sequential(tp_nn_conv2d(1, 8, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2),
                            tp_nn_flatten(), tp_nn_linear(1568, 500), tp_nn_relu(),
                            tp_nn_linear(500, 10));
}

static tp_module *convnet2(void) {
    return tp_nn_sequential(tp_nn_conv2d(1, 8, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2),
                            tp_nn_flatten(), tp_nn_dropout(0.5), tp_nn_linear(1568, 500),
                            tp_nn_relu(), tp_nn_linear(500, 10));
}

static tp_module *convnet3(void) {
    return tp_nn_sequential(tp_nn_conv2d(1, 16, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2),
                            tp_nn_conv2d(16, 32, 5, .padding = 2), tp_nn_relu(),
                            tp_nn_max_pool2d(2), tp_nn_conv2d(32, 64, 5, .padding = 2),
                            tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(), tp_nn_dropout(0.5),
                            tp_nn_linear(576, 128), tp_nn_relu(), tp_nn_dropout(0.5),
                            tp_nn_linear(128, 256), tp_nn_relu(), tp_nn_linear(256, 10));
}

/* Two convolutions of 3 x 3, each with batch norm and ReLU. */
static tp_module *block(int64_t in, int64_t out) {
    return tp_nn_sequential(tp_nn_conv2d(in, out, 3, .padding = 1), tp_nn_batch_norm2d(out),
                            tp_nn_relu(), tp_nn_conv2d(out, out, 3, .padding = 1),
                            tp_nn_batch_norm2d(out), tp_nn_relu());
}

static tp_module *convnet4(void) {
    return tp_nn_sequential(block(1, 64), tp_nn_max_pool2d(2), tp_nn_dropout(0.4), block(64, 128),
                            tp_nn_max_pool2d(2), tp_nn_dropout(0.4), block(128, 256),
                            tp_nn_avg_pool2d(7), tp_nn_flatten(), tp_nn_dropout(0.5),
                            tp_nn_linear(256, 10));
}

static const struct {
    const char *name, *lab, *reported;
    tp_module *(*make)(void);
} networks[] = {{"ConvNet", "tp3.8", "98.26 %", convnet},
                {"ConvNet2", "tp3.9", "98.3 %", convnet2},
                {"ConvNet3", "tp3.10", "98.9 %, 30 minutes", convnet3},
                {"ConvNet4", "tp3.11", "99.12 %, 40 minutes", convnet4}};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

/* Trains and tests one; adds its row to the table. */
static void run(lab *l, int which, tp_loader *train, tp_loader *test, const char **row) {
    tp_manual_seed(l->seed);
    tp_module *net = networks[which].make();
    tp_optim *optim = tp_adam(net, .lr = 0.001);
    tp_history h = tp_fit(net, train, .optim = optim, .epochs = l->quick ? 1 : 2,
                          .max_steps = l->quick ? 15 : 0, .progress = TP_PROGRESS_AUTO);
    tp_evaluation e = tp_evaluate(net, test);
    row[0] = networks[which].name;
    row[1] = lab_text(l, "%lld", (long long)tp_parameter_count(net));
    row[2] = lab_text(l, "%.2f %%", 100 * e.accuracy);
    row[3] = lab_text(l, "%.4f", e.loss);
    row[4] = lab_text(l, "%.0f s", h.seconds);
    row[5] = networks[which].reported;
    lab_result(l, networks[which].name, "%s", row[2]);
    if (which == 0) { /* what its first layer has learnt to see */
        tp_figure *f = tp_figure_new("The eight kernels of ConvNet");
        tp_plot_images(f, tp_get_tensor(net, "0.weight"), .columns = 8, .scale_each = true);
        lab_figure(l, f, "kernels", NULL);
    }
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_module_free(net);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "tp3.8", "Four convolutional networks on MNIST", "only");
    const char *only = lab_option(l, "only", NULL); /* ConvNet3 */
    tp_loader *train =
        tp_loader_new(lab_digits(l, "train"), .batch_size = 32, .shuffle = true, .seed = l->seed);
    tp_dataset *digits = lab_digits(l, "test");
    int64_t first[500];
    for (int i = 0; i < 500; i++) first[i] = i;
    tp_loader *test =
        tp_loader_new(l->quick ? tp_subset(digits, first, 500) : digits, .batch_size = 500);
    lab_say(l, "Adam, rate 0.001, batches of 32, %s.", l->quick ? "15 steps" : "2 epochs");
    const char *cells[NETWORKS * 6];
    size_t rows = 0;
    for (int i = 0; i < NETWORKS; i++)
        if (!only || !strcmp(only, networks[i].name)) run(l, i, train, test, cells + 6 * rows++);
    lab_section(l, "Side by side");
    lab_table(
        l, (const char *const[]){"network", "parameters", "accuracy", "loss", "time", "reported"},
        6, cells, rows);
    tp_loader_free(train);
    tp_loader_free(test);
    return lab_end(l);
}
