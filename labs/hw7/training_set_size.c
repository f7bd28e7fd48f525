/* hw7.3, hw7.4: Training time and accuracy against the size of the training set */
#include "lab.h"

enum { SIZES = 4 };
static const double sizes[SIZES] = {500, 1000, 1500, 2000};

/* 100 epochs on so many images of each digit; the loss of every epoch goes into h. */
static double train(lab *l, tp_dataset *all, int64_t per_class, tp_module *net, tp_history *h) {
    tp_loader *loader =
        tp_loader_new(tp_balanced_subset(all, .per_class = per_class, .seed = l->seed),
                      .batch_size = 10, .shuffle = true, .seed = l->seed);
    tp_optim *optim = tp_sgd(net, .lr = 0.01);
    double start = lab_clock();
    *h = tp_fit(net, loader, .optim = optim, .epochs = l->quick ? 5 : 100);
    double seconds = lab_clock() - start;
    tp_optim_free(optim);
    tp_loader_free(loader);
    return seconds;
}

/* The line a + b x through the points by least squares. */
static void fit_line(const double *x, const double *y, int n, double *a, double *b) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < n; i++) sx += x[i], sy += y[i], sxx += x[i] * x[i], sxy += x[i] * y[i];
    *b = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    *a = (sy - *b * sx) / n;
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.3",
                       "Training time and accuracy against the size of the training set", NULL);
    tp_dataset *all = tp_dataset_keep(lab_digits(l, "train"));
    /* 1000 test images, the ten digits equally often */
    tp_loader *test = tp_loader_new(tp_balanced_subset(lab_digits(l, "test"), .per_class = 100),
                                    .batch_size = 500);
    double seconds[SIZES], accuracy[SIZES];
    const char *cells[SIZES * 4];
    tp_figure *losses = tp_figure_new("Training loss", .x_label = "epoch", .y_scale = TP_AXIS_LOG);

    lab_section(l, "Four training sets");
    for (int i = 0; i < SIZES; i++) {
        tp_manual_seed(l->seed); /* the same network to begin with */
        tp_module *net =
            tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                             tp_nn_linear(128, 64), tp_nn_relu(), tp_nn_linear(64, 10));
        tp_history h;
        seconds[i] = train(l, all, (int64_t)sizes[i] / 10, net, &h);
        tp_evaluation e = tp_evaluate(net, test);
        accuracy[i] = 100 * e.accuracy;
        double loss[100];
        for (size_t k = 0; k < h.count; k++) loss[k] = h.epochs[k].train_loss;
        tp_plot_line(losses, NULL, loss, h.count, .label = lab_text(l, "%.0f images", sizes[i]));
        cells[4 * i] = lab_text(l, "%.0f", sizes[i]);
        cells[4 * i + 1] = lab_text(l, "%.2f s", seconds[i]);
        cells[4 * i + 2] = lab_text(l, "%.2g", loss[h.count - 1]);
        cells[4 * i + 3] = lab_text(l, "%.2f %%", accuracy[i]);
        tp_history_free(&h);
        tp_module_free(net);
    }
    const char *const names[] = {"images", "time of all epochs", "last training loss",
                                 "test accuracy"};
    lab_table(l, names, 4, cells, SIZES);
    lab_figure(l, losses, "losses", "Loss of every epoch");

    lab_section(l, "Time");
    double a, b;
    fit_line(sizes, seconds, SIZES, &a, &b);
    tp_figure *time = tp_figure_new("Training time", .x_label = "training images", .y_label = "s");
    tp_plot_scatter(time, sizes, seconds, SIZES, .label = "measured");
    double ends[2] = {0, 2200}, line[2] = {a, a + b * 2200};
    tp_plot_line(time, ends, line, 2, .label = "line through them");
    lab_figure(l, time, "time", "Time of all epochs against the number of images");
    lab_say(
        l,
        "Time grows in proportion to the number of images: %.3g s for each thousand. 60,000 images would take "
        "about %.0f s. (The assignment's authors measured 80 s for 1000 images on a Tesla T4, and expected 80 "
        "minutes for 60,000.)",
        1000 * b, a + b * 60000);
    lab_result(l, "Four runs together", "%.1f s",
               seconds[0] + seconds[1] + seconds[2] + seconds[3]);
    lab_result(l, "60,000 images, extrapolated", "%.0f s", a + b * 60000);

    lab_section(l, "Accuracy");
    tp_figure *figure =
        tp_figure_new("Test accuracy", .x_label = "training images", .y_label = "%");
    tp_plot_line(figure, sizes, accuracy, SIZES);
    lab_figure(l, figure, "accuracy", "Accuracy on 1000 test images");
    lab_say(
        l,
        "From %.0f to %.0f images accuracy %s by %.2f points, from %.0f to %.0f by %.2f: each further image "
        "tells the network less that is new.",
        sizes[0], sizes[1], accuracy[1] >= accuracy[0] ? "rises" : "falls",
        accuracy[1] - accuracy[0], sizes[2], sizes[3], accuracy[3] - accuracy[2]);
    tp_loader_free(test);
    tp_dataset_free(all);
    return lab_end(l);
}
