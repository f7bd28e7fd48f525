/* hw7.14: Adversarial examples by the sign of the gradient */
#include <stdio.h>

#include "lab.h"

enum { STEPS = 7, SHOWN = 6 };
static const double epsilons[STEPS] = {0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3};

/* The fast gradient sign method (Goodfellow and others, 2014): every pixel moves by epsilon in the direction in which the loss
 * grows, and stays between 0 and 1. */
static tp_tensor *attack(tp_module *net, tp_tensor *x, tp_tensor *y, double epsilon) {
    tp_tensor *input = tp_requires_grad(tp_clone(x));
    tp_backward(tp_cross_entropy(tp_call(net, input), y));
    tp_tensor *out = NULL;
    TP_NO_GRAD { out = tp_clamp(tp_add(x, tp_mul(tp_sign(tp_grad(input)), epsilon)), 0, 1); }
    return out;
}

static double accuracy_under(tp_module *net, tp_loader *test, double epsilon) {
    tp_batch b;
    double right = 0;
    while (tp_next(test, &b))
        right += tp_accuracy(tp_call(net, attack(net, b.x, b.y, epsilon)), b.y) * (double)b.size;
    return 100 * right / (double)tp_loader_samples(test);
}

/* Original, perturbation, result of the first digits that are right before and wrong after. */
static void show(lab *l, tp_module *net, tp_dataset *digits, double epsilon) {
    tp_tensor *pictures[3 * SHOWN];
    const char *captions[3 * SHOWN];
    bool marked[3 * SHOWN] = {false};
    int count = 0;
    TP_SCOPE {
        for (int64_t i = 0; i < tp_dataset_size(digits) && count < SHOWN; i++) {
            tp_batch b;
            tp_dataset_batch(digits, &i, 1, &b);
            tp_tensor *after = attack(net, b.x, b.y, epsilon);
            int before_class = (int)tp_item(tp_argmax(tp_call(net, b.x)));
            int after_class = (int)tp_item(tp_argmax(tp_call(net, after)));
            if (before_class != (int)tp_item(b.y) || after_class == before_class) continue;
            tp_tensor *change = tp_add(tp_div(tp_sub(after, b.x), 2 * epsilon), 0.5);
            pictures[3 * count] = tp_reshape(b.x, tp_shape(28, 28));
            pictures[3 * count + 1] = tp_reshape(change, tp_shape(28, 28));
            pictures[3 * count + 2] = tp_reshape(after, tp_shape(28, 28));
            captions[3 * count] = lab_text(l, "%d", before_class);
            captions[3 * count + 1] = lab_text(l, "change");
            captions[3 * count + 2] = lab_text(l, "%d", after_class);
            marked[3 * count++ + 2] = true;
        }
        if (count > 0) {
            tp_tensor_list list = tp_list_of(pictures, (size_t)(3 * count));
            tp_figure *f = tp_figure_new("Original, perturbation, adversarial image");
            tp_plot_images(f, tp_stack(list, 0), .captions = captions, .marked = marked,
                           .columns = 6);
            lab_figure(l, f, "examples",
                       lab_text(l,
                                "Predictions below each picture; epsilon %.2f. In the perturbation "
                                "white is +epsilon, black -epsilon",
                                epsilon));
        }
    }
}

int main(int argc, char **argv) {
    lab *l =
        lab_begin(argc, argv, "hw7.14", "Adversarial examples by the sign of the gradient", NULL);
    tp_loader *train =
        tp_loader_new(lab_digits(l, "train"), .batch_size = 32, .shuffle = true, .seed = l->seed);
    tp_dataset *digits = tp_dataset_keep(lab_digits(l, "test"));
    tp_loader *test = tp_loader_new(digits, .batch_size = 500);
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                                      tp_nn_linear(128, 64), tp_nn_relu(), tp_nn_linear(64, 10));
    tp_optim *optim = tp_adam(net);
    tp_history h =
        tp_fit(net, train, .optim = optim, .epochs = l->quick ? 1 : 5, .progress = lab_progress(l));
    tp_history_free(&h);
    tp_eval(net);
    tp_freeze(net, NULL); /* only the gradient with regard to the picture is wanted from now on */

    lab_section(l, "Accuracy against epsilon");
    double accuracy[STEPS];
    const char *cells[2 * STEPS];
    for (int i = 0; i < STEPS; i++) {
        accuracy[i] = accuracy_under(net, test, epsilons[i]);
        cells[2 * i] = lab_text(l, "%.2f", epsilons[i]);
        cells[2 * i + 1] = lab_text(l, "%.2f %%", accuracy[i]);
    }
    lab_table(l, (const char *const[]){"epsilon", "accuracy"}, 2, cells, STEPS);
    tp_figure *f = tp_figure_new("Accuracy under attack", .x_label = "epsilon", .y_label = "%",
                                 .y_min = 0, .y_max = 100);
    tp_plot_line(f, epsilons, accuracy, STEPS);
    lab_figure(l, f, "accuracy", "On the whole test set");
    lab_result(l, "Accuracy, untouched", "%.2f %%", accuracy[0]);
    lab_result(l, "Accuracy at epsilon 0.1", "%.2f %%", accuracy[3]);
    lab_say(
        l,
        "A change of each pixel by a tenth of its range, hardly seen, takes accuracy from %.1f to %.1f %%: in 784 "
        "dimensions many small steps, all in the worst direction, add up.",
        accuracy[0], accuracy[3]);

    lab_section(l, "Examples");
    show(l, net, digits, 0.1);
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(test);
    tp_dataset_free(digits);
    return lab_end(l) || accuracy[3] > accuracy[0] - 10;
}
