/* *  Every kind of figure, in one report: plots.html, and each alone as SVG and PNG. */
#include <math.h>
#include <stdio.h>
#include <taper/taper.h>

enum { N = 60 };

static tp_figure *curves(void) {
    double loss[N], valid[N], low[N], high[N];
    for (int i = 0; i < N; i++) {
        loss[i] = 2.3 * exp(-i / 12.0) + 0.02;
        valid[i] = 2.2 * exp(-i / 10.0) + 0.12 + i * 0.003;
        low[i] = 0.85 * valid[i], high[i] = 1.15 * valid[i];
    }
    tp_figure *f = tp_figure_new("Loss of three seeds", .x_label = "epoch", .y_label = "mean loss");
    tp_plot_line(f, NULL, loss, N, .label = "training");
    tp_plot_line(f, NULL, valid, N, .label = "validation, with its spread", .low = low,
                 .high = high);
    tp_plot_vertical(f, 24, .label = "best epoch: 24");
    return f;
}

static tp_figure *scatter(void) {
    tp_figure *f = tp_figure_new("Learning rate and accuracy", .x_label = "learning rate",
                                 .y_label = "accuracy (%)", .x_scale = TP_AXIS_LOG);
    double lr[] = {1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1};
    double sgd[] = {31, 52, 74, 85, 91, 94, 95.5}, adam[] = {93, 95.6, 97.4, 97, 94, 70, 11};
    tp_plot_scatter(f, lr, sgd, 7, .label = "SGD");
    tp_plot_scatter(f, lr, adam, 7, .label = "Adam");
    return f;
}

static tp_figure *bars(void) {
    static const char *const names[] = {"Linear", "MLP", "LeNet", "ResNet"};
    tp_figure *f = tp_figure_new("Test accuracy", .y_label = "accuracy (%)");
    tp_plot_bars(f, names, ((double[]){92.1, 97.9, 99.1, 99.5}), 4, .label = "MNIST");
    tp_plot_bars(f, names, ((double[]){84.2, 88.7, 91.0, 93.4}), 4, .label = "Fashion-MNIST");
    return f;
}

int main(void) {
    tp_manual_seed(1);
    tp_figure *all[7] = {curves(), scatter(), bars()};
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(12, 12));
        all[3] = tp_figure_new("Products of random rows");
        tp_plot_heat_map(all[3], tp_matmul(x, tp_transpose(x, 0, 1)));
        all[4] = tp_figure_new("Normal numbers", .x_label = "value", .y_label = "how many");
        tp_plot_histogram(all[4], tp_randn(tp_shape(5000)));
        tp_batch batch;
        static const char *const captions[] = {"#0", "#1", "#2", "#3", "#4", "#5"};
        tp_dataset *digits = tp_digits("test", .count = 6);
        if (tp_dataset_batch(digits, ((int64_t[]){0, 1, 2, 3, 4, 5}), 6, &batch)) {
            all[5] = tp_figure_new("Digits");
            tp_plot_images(all[5], batch.x, .captions = captions);
        }
        tp_dataset_free(digits);
        all[6] = tp_figure_new("XOR by perceptrons");
        tp_tensor *w = tp_from_data(((float[]){-1, 1, 1, -1}), tp_shape(2, 2));
        tp_plot_network(all[6], tp_list(w, tp_ones(tp_shape(1, 2))));
    }
    tp_report *report = tp_report_new("Figures", .subtitle = "one of each kind");
    tp_report_section(report, "Plots");
    for (int i = 0; i < 7; i++) {
        char path[32];
        tp_report_figure(report, all[i]);
        snprintf(path, sizeof path, "plots-%d.svg", i);
        tp_plot_save(all[i], path);
        snprintf(path, sizeof path, "plots-%d.png", i);
        tp_plot_save(all[i], path);
    }
    tp_report_write(report, "plots.html");
    tp_plot_show(all[0], stdout, .no_colour = true);
    tp_report_free(report);
    for (int i = 0; i < 7; i++) tp_figure_free(all[i]);
    return 0;
}
