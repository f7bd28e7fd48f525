/* hw7.1, hw7.2: An MLP on MNIST: train an epoch, evaluate, run */
#include "lab.h"

/* One pass over the training set; returns the mean loss. */
static double train_one_epoch(tp_module *net, tp_loader *train, tp_optim *optim) {
    tp_batch b;
    double sum = 0;
    tp_train(net);
    while (tp_next(train, &b)) {
        tp_tensor *loss = tp_cross_entropy(tp_call(net, b.x), b.y);
        tp_zero_grad(optim);
        tp_backward(loss);
        tp_step(optim);
        sum += tp_item(loss) * (double)b.size;
    }
    return sum / (double)tp_loader_samples(train);
}

/* Mean loss over a set; *accuracy receives the share of right answers. Nothing is recorded. */
static double evaluate(tp_module *net, tp_loader *set, double *accuracy) {
    tp_batch b;
    double sum = 0, right = 0;
    tp_eval(net);
    TP_NO_GRAD {
        while (tp_next(set, &b)) {
            tp_tensor *output = tp_call(net, b.x);
            sum += tp_item(tp_cross_entropy(output, b.y)) * (double)b.size;
            right += tp_accuracy(output, b.y) * (double)b.size;
        }
    }
    *accuracy = right / (double)tp_loader_samples(set);
    return sum / (double)tp_loader_samples(set);
}

enum { MOST_EPOCHS = 100 };
typedef struct curve {
    double epoch[MOST_EPOCHS], train[MOST_EPOCHS], valid[MOST_EPOCHS], accuracy[MOST_EPOCHS];
} curve;

/* Trains, validates after each epoch, and tests at the end; returns the test accuracy. */
static double run(lab *l, tp_module *net, tp_loader *train, tp_loader *valid, tp_loader *test,
                  int epochs, curve *c) {
    tp_optim *optim = tp_sgd(net, .lr = 0.01);
    for (int i = 0; i < epochs; i++) {
        c->epoch[i] = i + 1;
        c->train[i] = train_one_epoch(net, train, optim);
        c->valid[i] = evaluate(net, valid, &c->accuracy[i]);
        if (i < 3 || (i + 1) % 10 == 0)
            lab_say(l, "epoch %d: training loss %.4f, validation loss %.4f, accuracy %.2f %%",
                    i + 1, c->train[i], c->valid[i], 100 * c->accuracy[i]);
    }
    double accuracy, loss = evaluate(net, test, &accuracy);
    lab_say(l, "Test: loss %.4f, accuracy %.2f %%.", loss, 100 * accuracy);
    tp_optim_free(optim);
    return accuracy;
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.2", "An MLP on MNIST: train an epoch, evaluate, run", NULL);
    int epochs = l->quick ? 2 : MOST_EPOCHS;
    tp_dataset *parts[2];
    tp_random_split(lab_digits(l, "train"), (double[]){0.9, 0.1}, 2, parts, .seed = l->seed);
    tp_loader *train = tp_loader_new(parts[0], .batch_size = 10, .shuffle = true, .seed = l->seed);
    tp_loader *valid = tp_loader_new(parts[1], .batch_size = 500);
    tp_loader *test = tp_loader_new(lab_digits(l, "test"), .batch_size = 500);
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                                      tp_nn_linear(128, 64), tp_nn_relu(), tp_nn_linear(64, 10));
    lab_say(
        l,
        "784-128-64-10 with ReLU: %lld parameters. SGD, learning rate 0.01, batches of 10, %d epochs.",
        (long long)tp_parameter_count(net), epochs);

    lab_section(l, "Training");
    curve c = {0};
    double start = lab_clock(), accuracy = run(l, net, train, valid, test, epochs, &c);
    lab_result(l, "Test accuracy", "%.2f %%", 100 * accuracy);
    lab_result(l, "Training time", "%.1f s", lab_clock() - start);

    tp_figure *loss = tp_figure_new("Loss", .x_label = "epoch");
    tp_plot_line(loss, c.epoch, c.train, (size_t)epochs, .label = "training");
    tp_plot_line(loss, c.epoch, c.valid, (size_t)epochs, .label = "validation");
    lab_figure(l, loss, "loss", "Mean cross-entropy after each epoch");
    int best = 0;
    for (int i = 1; i < epochs; i++) best = c.valid[i] < c.valid[best] ? i : best;
    lab_say(l, "Validation loss is lowest after epoch %d of %d (%.4f). %s", best + 1, epochs,
            c.valid[best],
            best + 1 < epochs
                ? "What follows only makes the training loss smaller: the network learns "
                  "its training set by heart."
                : "It was still falling: more epochs would help.");

    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(valid);
    tp_loader_free(test);
    return lab_end(l);
}
