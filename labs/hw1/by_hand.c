/* hw1.3, hw1.4, hw1.5: A network with forward, backward and update written by hand */
#include "lab.h"

/* 784-128-10 with sigmoid. Only tensor operations: no recording, no modules, no losses, none of the library's updates. */
typedef struct weights {
    tp_tensor *w1, *b1, *w2, *b2; /* (784, 128), (128), (128, 10), (10) */
} weights;

static weights start(void) {
    return (weights){tp_keep(tp_randn(tp_shape(784, 128))), tp_keep(tp_zeros(tp_shape(128))),
                     tp_keep(tp_randn(tp_shape(128, 10))), tp_keep(tp_zeros(tp_shape(10)))};
}

/* a1 = sigmoid(x W1 + b1), the probabilities p = softmax(a1 W2 + b2) */
static tp_tensor *forward(const weights *w, tp_tensor *x, tp_tensor **a1) {
    *a1 = tp_sigmoid(tp_add(tp_matmul(x, w->w1), w->b1));
    return tp_softmax(tp_add(tp_matmul(*a1, w->w2), w->b2), 1);
}

/* -mean of t log p over the batch */
static tp_tensor *loss_of(tp_tensor *p, tp_tensor *t) {
    return tp_div(tp_neg(tp_sum(tp_mul(t, tp_log(tp_add(p, 1e-9))))), (double)tp_size(p, 0));
}

/* The chain rule from the loss back to each weight, and a step down. d2 = dL/dz2 = (p - t) / N, d1 = d2 W2' * a1 (1 - a1). */
static void learn(weights *w, tp_tensor *x, tp_tensor *t, tp_tensor *p, tp_tensor *a1,
                  double rate) {
    tp_tensor *d2 = tp_div(tp_sub(p, t), (double)tp_size(x, 0));
    tp_tensor *d1 = tp_mul(tp_matmul(d2, tp_t(w->w2)), tp_mul(a1, tp_sub(1, a1)));
    tp_sub_(w->w2, tp_mul(tp_matmul(tp_t(a1), d2), rate));
    tp_sub_(w->b2, tp_mul(tp_sum(d2, .dims = tp_dims(0)), rate));
    tp_sub_(w->w1, tp_mul(tp_matmul(tp_t(x), d1), rate));
    tp_sub_(w->b1, tp_mul(tp_sum(d1, .dims = tp_dims(0)), rate));
}

/* Mean loss over a set in order; learns on the way where rate > 0. *accuracy in percent. */
static double pass(weights *w, tp_loader *set, double rate, double *accuracy) {
    tp_batch b;
    double sum = 0, right = 0, n = (double)tp_loader_samples(set);
    while (tp_next(set, &b)) {
        tp_tensor *x = tp_reshape(b.x, tp_shape(b.size, 784)), *a1, *p = forward(w, x, &a1);
        tp_tensor *t = tp_to(tp_one_hot(b.y, 10), TP_FLOAT32);
        sum += tp_item(loss_of(p, t)) * (double)b.size;
        right += tp_item(tp_sum(tp_eq(tp_argmax(p, 1), b.y)));
        if (rate > 0) learn(w, x, t, p, a1, rate);
    }
    *accuracy = 100 * right / n;
    return sum / n;
}

enum { EPOCHS = 16, RATES = 3 };
static const double rates[RATES] = {0.01, 0.1, 1};

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw1.3",
                       "A network with forward, backward and update written by hand", NULL);
    int epochs = l->quick ? 2 : EPOCHS;
    tp_loader *train = tp_loader_new(lab_digits(l, "train"), .batch_size = 32); /* in order */
    tp_loader *test = tp_loader_new(lab_digits(l, "test"), .batch_size = 500);
    lab_say(
        l,
        "784-128-10, sigmoid, N(0, 1) weights, batches of 32 in order, %d epochs, with rates of 0.01 (the assignment's), 0.1 "
        "and 1 from the same start.",
        epochs);
    tp_figure *loss = tp_figure_new("Loss on the test set", .x_label = "epoch");
    tp_figure *right =
        tp_figure_new("Accuracy on the test set", .x_label = "epoch", .y_label = "%");
    const char *cells[RATES * 5];
    double epoch[EPOCHS], last[RATES];
    for (int i = 0; i < EPOCHS; i++) epoch[i] = i + 1;
    for (int r = 0; r < RATES; r++) {
        tp_manual_seed(l->seed);
        weights w = start();
        double tl[EPOCHS], ta[EPOCHS], vl[EPOCHS], va[EPOCHS], begun = lab_clock();
        for (int i = 0; i < epochs; i++) {
            tl[i] = pass(&w, train, rates[r], &ta[i]);
            vl[i] = pass(&w, test, 0, &va[i]);
        }
        last[r] = va[epochs - 1];
        const char *row[] = {lab_text(l, "%g", rates[r]), lab_text(l, "%.4f", tl[epochs - 1]),
                             lab_text(l, "%.2f %%", ta[epochs - 1]),
                             lab_text(l, "%.2f %%", last[r]),
                             lab_text(l, "%.1f s", lab_clock() - begun)};
        for (int i = 0; i < 5; i++) cells[5 * r + i] = row[i];
        tp_plot_line(loss, epoch, vl, (size_t)epochs, .label = lab_text(l, "rate %g", rates[r]));
        tp_plot_line(right, epoch, va, (size_t)epochs, .label = lab_text(l, "rate %g", rates[r]));
        if (r ==
            0) { /* train beside test for the assignment's own rate, and the weights as a dictionary */
            tp_plot_line(loss, epoch, tl, (size_t)epochs, .label = "rate 0.01, training");
            tp_plot_line(right, epoch, ta, (size_t)epochs, .label = "rate 0.01, training");
            tp_named_tensor items[] = {{"W1", w.w1}, {"W2", w.w2}, {"b1", w.b1}, {"b2", w.b2}};
            tp_save_tensors(lab_file(l, "weights.pth"), items, 4);
        }
        tp_free(w.w1), tp_free(w.b1), tp_free(w.w2), tp_free(w.b2);
    }
    lab_table(l,
              (const char *const[]){"rate", "training loss", "training accuracy", "test accuracy",
                                    "time"},
              5, cells, RATES);
    lab_figure(l, loss, "loss", NULL);
    lab_figure(l, right, "accuracy", NULL);
    lab_result(l, "Test accuracy, rate 0.01", "%.2f %%", last[0]);
    lab_result(l, "Best rate of the three", "%g",
               last[1] > last[0] ? (last[2] > last[1] ? rates[2] : rates[1]) : rates[0]);
    lab_say(
        l,
        "After %d epochs the rates 0.01, 0.1 and 1 reach %.2f, %.2f and %.2f %%. Weights from N(0, 1) saturate most sigmoids at "
        "the start, where their derivative a (1 - a) is nearly 0: small rates crawl there.",
        epochs, last[0], last[1], last[2]);
    tp_loader_free(train);
    tp_loader_free(test);
    return lab_end(l);
}
