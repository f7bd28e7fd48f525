/* tp3.6, tp3.7: What convolution and max pooling do to a digit */
#include "lab.h"

/* Cross-correlation by its definition: (28, 28) and (k, k). */
static void by_hand(const float *x, const float *w, int k, int stride, float *y, int out) {
    for (int i = 0; i < out; i++)
        for (int j = 0; j < out; j++) {
            double sum = 0;
            for (int a = 0; a < k; a++)
                for (int b = 0; b < k; b++)
                    sum += (double)x[(i * stride + a) * 28 + j * stride + b] * w[a * k + b];
            y[i * out + j] = (float)sum;
        }
}

static void max_by_hand(const float *x, int k, float *y, int out) {
    for (int i = 0; i < out; i++)
        for (int j = 0; j < out; j++) {
            float most = x[i * k * 28 + j * k];
            for (int a = 0; a < k; a++)
                for (int b = 0; b < k; b++) {
                    float v = x[(i * k + a) * 28 + j * k + b];
                    most = v > most ? v : most;
                }
            y[i * out + j] = most;
        }
}

/* The library's result beside the one by hand; returns the largest difference. */
static double compare(lab *l, const char *name, tp_tensor *x, tp_tensor *kernel, tp_tensor *library,
                      const float *hand, int out) {
    tp_tensor *mine = tp_from_data(hand, tp_shape(out, out));
    tp_tensor *theirs = tp_reshape(library, tp_shape(out, out));
    double difference = tp_item(tp_max(tp_abs(tp_sub(mine, theirs))));
    lab_say(l, "%s: the result is %d x %d; library and hand differ by at most %.2g.", name, out,
            out, difference);
    tp_figure *f = tp_figure_new(name, .width = 320);
    tp_plot_image(f, x, .size = 168, .captions = (const char *const[]){"image"});
    lab_figure(l, f, lab_text(l, "%s-image", name), NULL);
    if (kernel) {
        f = tp_figure_new("kernel", .width = 320);
        tp_plot_heat_map(f, kernel);
        lab_figure(l, f, lab_text(l, "%s-kernel", name), NULL);
    }
    f = tp_figure_new("results", .width = 480);
    tp_plot_images(f, tp_stack(tp_list(theirs, mine), 0), .size = 168, .scale_each = true,
                   .captions = (const char *const[]){"library", "by hand"});
    lab_figure(l, f, lab_text(l, "%s-result", name), NULL);
    return difference;
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "tp3.6", "What convolution and max pooling do to a digit", NULL);
    static const float edge[] = {1, -1, 1, -1}; /* 2 x 2: where ink begins and ends along a row */
    float mean[16], y[27 * 27];
    for (int i = 0; i < 16; i++) mean[i] = 1.0F / 16; /* 4 x 4: the mean of a square */
    double worst = 0, d;
    TP_SCOPE {
        tp_batch b;
        tp_dataset *digits = lab_digits(l, "test");
        tp_dataset_batch(digits, &(int64_t){0}, 1, &b);
        tp_dataset_free(digits);
        tp_tensor *image = tp_reshape(b.x, tp_shape(28, 28));
        const float *x = tp_data_float(image);

        lab_section(l, "A 2 x 2 kernel, stride 1");
        tp_tensor *w = tp_from_data(edge, tp_shape(1, 1, 2, 2));
        by_hand(x, edge, 2, 1, y, 27);
        d = compare(l, "2x2 convolution", image, tp_reshape(w, tp_shape(2, 2)), tp_conv2d(b.x, w),
                    y, 27);
        worst = d > worst ? d : worst;

        lab_section(l, "A 4 x 4 kernel, stride 4");
        w = tp_from_data(mean, tp_shape(1, 1, 4, 4));
        by_hand(x, mean, 4, 4, y, 7);
        d = compare(l, "4x4 convolution", image, tp_reshape(w, tp_shape(4, 4)),
                    tp_conv2d(b.x, w, .stride = 4), y, 7);
        worst = d > worst ? d : worst;

        lab_section(l, "4 x 4 max pooling");
        max_by_hand(x, 4, y, 7);
        d = compare(l, "4x4 max pooling", image, NULL, tp_max_pool2d(b.x, 4), y, 7);
        worst = d > worst ? d : worst;
    }
    lab_say(
        l,
        "The first kernel answers to vertical edges; the second blurs and shrinks to a quarter; pooling keeps of each "
        "square only that there is ink, not where: a digit moved by a pixel hardly changes it.");
    lab_result(l, "Largest difference from the results by hand", "%.2g", worst);
    return lab_end(l) || worst > 1e-5;
}
