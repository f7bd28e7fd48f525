/* tp3.3, tp3.4: MNIST split at random, and an MLP with a progress bar */
#include "lab.h"

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "tp3.4", "MNIST split at random, and an MLP with a progress bar",
                       NULL);
    lab_section(l, "The data");
    tp_dataset *parts[2];
    tp_random_split(lab_digits(l, "train"), (double[]){0.8, 0.2}, 2, parts, .seed = l->seed);
    lab_say(
        l,
        "%lld images to train on, %lld for validation, chosen by a generator of its own with seed %llu: the same "
        "split in each run, whatever else draws random numbers.",
        (long long)tp_dataset_size(parts[0]), (long long)tp_dataset_size(parts[1]),
        (unsigned long long)l->seed);
    tp_loader *train = tp_loader_new(parts[0], .batch_size = 32, .shuffle = true, .seed = l->seed);
    tp_loader *valid = tp_loader_new(parts[1], .batch_size = 500);
    tp_loader *test = tp_loader_new(lab_digits(l, "test"), .batch_size = 500);

    lab_section(l, "The network");
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                                      tp_nn_linear(128, 64), tp_nn_relu(), tp_nn_linear(64, 10));
    tp_optim *optim = tp_sgd(net, .lr = 0.001, .momentum = 0.9);
    lab_say(l, "784-128-64-10, %lld parameters; SGD with rate 0.001 and momentum 0.9.",
            (long long)tp_parameter_count(net));
    /* the bar carries the running loss and accuracy */
    tp_history h = tp_fit(net, train, .valid = valid, .optim = optim, .epochs = l->quick ? 1 : 2,
                          .progress = TP_PROGRESS_AUTO);
    lab_curves(l, &h, "mlp", NULL);
    tp_evaluation e = tp_evaluate(net, test);
    lab_result(l, "Test accuracy", "%.2f %%", 100 * e.accuracy);
    lab_result(l, "Test loss", "%.4f", e.loss);
    lab_result(l, "Training time", "%.1f s", h.seconds);
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(valid);
    tp_loader_free(test);
    return lab_end(l);
}
