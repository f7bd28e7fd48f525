/* *** A convolutional network on the built-in digits, from layers to a confusion matrix. An argument sets the number of
 * epochs. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

static tp_module *network(void) {
    return tp_nn_sequential(/* (N, 1, 28, 28) */
                            tp_nn_conv2d(1, 8, 5, .padding = 2), tp_nn_relu(),
                            tp_nn_max_pool2d(2), /* (N, 8, 14, 14) */
                            tp_nn_conv2d(8, 16, 3, .padding = 1,
                                         .no_bias = true), /* (N, 16, 14, 14) */
                            tp_nn_batch_norm2d(16), tp_nn_relu(), tp_nn_max_pool2d(2),
                            tp_nn_flatten(), /* (N, 784) */
                            tp_nn_dropout(0.25), tp_nn_linear(784, 10));
}

int main(int argc, char **argv) {
    int epochs = argc > 1 ? atoi(argv[1]) : 2;
    tp_manual_seed(1);
    tp_loader *train = tp_loader_new(tp_digits("train", .count = 6000), .batch_size = 32,
                                     .shuffle = true, .seed = 1);
    tp_loader *test = tp_loader_new(tp_digits("test", .count = 1000), .batch_size = 250);
    tp_module *net = network();
    tp_optim *opt = tp_adam(net, .lr = 0.002);
    tp_summary(net, tp_shape(1, 28, 28), stdout);

    /* What a layer would make of a picture can be asked without any data. */
    tp_shape out = tp_conv2d_shape(tp_shape(16, 3, 32, 32), 3, .kernel_hw = {8, 4}, .stride = 2,
                                   .padding_hw = {4, 8});
    printf("\n(16, 3, 32, 32) through an 8x4 kernel: %lld x %lld\n\n", (long long)out.dims[2],
           (long long)out.dims[3]);

    tp_history h = tp_fit(net, train, .valid = test, .optim = opt, .epochs = epochs,
                          .progress = TP_PROGRESS_AUTO);
    tp_history_free(&h);

    TP_SCOPE {
        tp_evaluation e = tp_evaluate(net, test, .confusion = true);
        printf("test accuracy %.2f %%, loss %.4f\n", 100 * e.accuracy, e.loss);
        printf("of the fours, %.0f were taken for nines\n", tp_get(e.confusion, 4, 9));
    }
    tp_optim_free(opt);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(test);
    return 0;
}
