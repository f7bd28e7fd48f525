/* ** A network and a training loop of one's own on the built-in digits. An argument sets the number of epochs. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

/* Share of the samples that the network gets right. */
static double accuracy(tp_module *net, tp_loader *loader) {
    int64_t right = 0;
    tp_batch b;
    tp_eval(net);
    TP_NO_GRAD {
        while (tp_next(loader, &b))
            right += (int64_t)tp_item(tp_sum(tp_eq(tp_argmax(tp_call(net, b.x), 1), b.y)));
    }
    tp_train(net);
    return (double)right / (double)tp_loader_samples(loader);
}

int main(int argc, char **argv) {
    int epochs = argc > 1 ? atoi(argv[1]) : 3;
    tp_manual_seed(1);
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                                      tp_nn_linear(128, 10));
    tp_optim *opt = tp_sgd(net, .lr = 0.05, .momentum = 0.9);
    tp_loader *train = tp_loader_new(tp_digits("train", .count = 10000), .batch_size = 32,
                                     .shuffle = true, .seed = 1);
    tp_loader *test = tp_loader_new(tp_digits("test", .count = 2000), .batch_size = 500);

    for (int epoch = 1; epoch <= epochs; epoch++) {
        double sum = 0;
        tp_batch b;
        while (tp_next(train, &b)) { /* ends the last step's temporaries */
            tp_tensor *loss = tp_cross_entropy(tp_call(net, b.x), b.y);
            tp_zero_grad(opt);
            tp_backward(loss);
            tp_step(opt);
            sum += tp_item(loss);
        }
        printf("epoch %d  loss %.4f  test accuracy %.2f %%\n", epoch,
               sum / (double)tp_loader_batches(train), 100 * accuracy(net, test));
    }
    tp_optim_free(opt);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(test);
    return 0;
}
