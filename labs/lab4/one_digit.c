/* lab4.1, lab4.2: Is it my digit? */
#include "lab.h"

static const int my_digit = 3; /* the digit, chosen in this one place */

static tp_module *classifier(void) {
    return tp_nn_sequential(tp_nn_linear(784, 256), tp_nn_leaky_relu(), tp_nn_linear(256, 1),
                            tp_nn_sigmoid());
}

/* All images of a set at once: x (N, 784), labels (N) int64; both are kept. */
static void whole(tp_dataset *set, int64_t count, tp_tensor **x, tp_tensor **labels) {
    int64_t n = tp_dataset_size(set) < count ? tp_dataset_size(set) : count;
    tp_loader *loader = tp_loader_new(set, .batch_size = n);
    tp_batch b;
    tp_next(loader, &b);
    *x = tp_keep(tp_clone(tp_reshape(b.x, tp_shape(n, 784))));
    *labels = tp_keep(tp_clone(b.y));
    tp_loader_free(loader);
}

/* 1 where the label is that digit, (N, 1). */
static tp_tensor *targets(tp_tensor *labels, int digit) {
    return tp_unsqueeze(tp_to(tp_eq(labels, digit), TP_FLOAT32), 1);
}

/* The whole set in every step. */
static tp_module *train(tp_tensor *x, tp_tensor *labels, int digit, int steps, double *losses) {
    tp_module *net = classifier();
    tp_optim *optim = tp_adam(net, .lr = 0.01);
    for (int i = 0; i < steps; i++) {
        TP_SCOPE {
            tp_tensor *loss = tp_binary_cross_entropy(tp_call(net, x), targets(labels, digit));
            tp_zero_grad(optim);
            tp_backward(loss);
            tp_step(optim);
            losses[i] = tp_item(loss);
        }
    }
    tp_optim_free(optim);
    return net;
}

/* How many of each digit are under the condition, (10) int64. */
static tp_tensor *by_digit(tp_tensor *labels, tp_tensor *condition) {
    return tp_bincount(tp_masked_select(labels, condition), .minlength = 10);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "lab4.1", "Is it my digit?", NULL);
    enum { STEPS = 50 };
    int steps = l->quick ? 15 : STEPS;
    double losses[STEPS];
    tp_tensor *x, *labels, *tx, *tl, *scores[10];
    whole(lab_digits(l, "train"), l->quick ? 2000 : 60000, &x, &labels);
    whole(lab_digits(l, "test"), l->quick ? 1000 : 10000, &tx, &tl);
    lab_say(
        l,
        "784-256-1 with LeakyReLU and sigmoid, binary cross-entropy, Adam with rate 0.01, all %lld images in each of %d "
        "steps. The digit is %d; for the question below a classifier is trained for each of the others too.",
        (long long)tp_size(x, 0), steps, my_digit);

    double start = lab_clock(), mine[STEPS];
    for (int digit = 0; digit < 10; digit++) {
        tp_module *net = train(x, labels, digit, steps, losses);
        for (int i = 0; i < steps && digit == my_digit; i++) mine[i] = losses[i];
        TP_NO_GRAD { scores[digit] = tp_keep(tp_select(tp_call(net, tx), 1, 0)); }
        tp_module_free(net);
    }
    double seconds = (lab_clock() - start) / 10;
    tp_figure *f = tp_figure_new("Binary cross-entropy", .x_label = "step");
    tp_plot_line(f, NULL, mine, (size_t)steps);
    lab_figure(l, f, "loss", "On all training images");

    lab_section(l, "How good it is");
    tp_tensor *said = tp_ge(scores[my_digit], 0.5), *is = tp_eq(tl, my_digit);
    double hits = tp_item(tp_sum(tp_logical_and(said, is))), positives = tp_item(tp_sum(said));
    double wanted = tp_item(tp_sum(is)), all = (double)tp_size(tl, 0);
    tp_tensor *false_positive = tp_logical_and(said, tp_logical_not(is));
    tp_tensor *false_negative = tp_logical_and(is, tp_logical_not(said));
    double wrong = tp_item(tp_sum(false_positive)) + tp_item(tp_sum(false_negative));
    lab_result(l, "Accuracy", "%.2f %%", 100 * (1 - wrong / all));
    lab_result(l, "Precision", "%.2f %%", positives > 0 ? 100 * hits / positives : 0);
    lab_result(l, "Recall", "%.2f %%", 100 * hits / wanted);
    lab_result(l, "Last training loss", "%.4f", mine[steps - 1]);
    lab_say(
        l,
        "Time of %d steps: %.1f s. Saying `no` to everything would be right in %.1f %%: precision (of those taken for a "
        "%d, the share that is) and recall (of the %ds, the share found) say more than accuracy.",
        steps, seconds, 100 * (1 - wanted / all), my_digit, my_digit);

    lab_section(l, "Where it errs");
    /* a missed digit is put to the account of the other digit whose classifier answers loudest */
    tp_tensor *each = tp_stack(tp_list_of(scores, 10), 0);
    tp_fill_(tp_select(each, 0, my_digit), -1);
    tp_tensor *positive = by_digit(tl, false_positive),
              *negative = by_digit(tp_argmax(each, 0), false_negative);
    const char *cells[9 * 3];
    for (int digit = 0, row = 0; digit < 10; digit++) {
        if (digit == my_digit) continue;
        cells[3 * row] = lab_text(l, "%d", digit);
        cells[3 * row + 1] = lab_text(l, "%.0f", tp_get(positive, digit));
        cells[3 * row++ + 2] = lab_text(l, "%.0f", tp_get(negative, digit));
    }
    lab_table(l,
              (const char *const[]){"digit", "taken for mine (false positive)",
                                    "mine, looks like it (false negative)"},
              3, cells, 9);
    for (int i = 0; i < 10; i++) tp_free(scores[i]);
    tp_free(x), tp_free(labels), tp_free(tx), tp_free(tl);
    return lab_end(l) || 1 - wrong / all < 0.9;
}
