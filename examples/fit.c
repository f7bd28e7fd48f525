/* ** The same with tp_fit: validation, early stopping, a progress bar, a checkpoint; then save and load. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

static tp_module *network(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                            tp_nn_linear(128, 10));
}

int main(int argc, char **argv) {
    int epochs = argc > 1 ? atoi(argv[1]) : 5;
    tp_manual_seed(1);
    tp_dataset *parts[2];
    tp_random_split(tp_digits("train", .count = 10000), (double[]){0.9, 0.1}, 2, parts, .seed = 1);
    tp_loader *train = tp_loader_new(parts[0], .batch_size = 32, .shuffle = true, .seed = 1);
    tp_loader *valid = tp_loader_new(parts[1], .batch_size = 500);
    tp_module *net = network();
    tp_optim *opt = tp_adam(net);

    tp_history h = tp_fit(net, train, .valid = valid, .optim = opt, .epochs = epochs, .patience = 2,
                          .restore_best = true, .progress = TP_PROGRESS_AUTO);
    printf("%s; best epoch %lld, validation loss %.4f\n", tp_stop_text(h.stop),
           (long long)h.best_epoch, h.best_loss);
    tp_history_free(&h);

    tp_save("digits.safetensors", net); /* PyTorch's keys: 1.weight, 1.bias, 3.weight, 3.bias */
    tp_module *copy = network();
    tp_load("digits.safetensors", copy);
    tp_evaluation e = tp_evaluate(copy, valid);
    printf("loaded again: accuracy %.2f %%\n", 100 * e.accuracy);
    remove("digits.safetensors");

    tp_optim_free(opt);
    tp_module_free(net);
    tp_module_free(copy);
    tp_loader_free(train);
    tp_loader_free(valid);
    return 0;
}
