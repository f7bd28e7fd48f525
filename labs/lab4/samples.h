/* What the GAN's pictures are judged by. */
#ifndef LABS_LAB4_SAMPLES_H
#define LABS_LAB4_SAMPLES_H

#include "lab.h"

/* How different pictures are from one another: the mean over the pixels of their standard deviation. */
static inline double diversity(tp_tensor *x) {
    return tp_item(tp_mean(tp_std(x, .dims = tp_dims(0))));
}

/* The images of one digit, (N, 784), kept. */
static inline tp_tensor *images_of(tp_dataset *set, int digit) {
    tp_loader *loader = tp_loader_new(set, .batch_size = tp_dataset_size(set));
    tp_batch b;
    tp_next(loader, &b);
    tp_tensor *which = tp_reshape(tp_nonzero(tp_eq(b.y, digit)), tp_shape(-1));
    tp_tensor *x = tp_keep(tp_reshape(tp_index_select(b.x, 0, which), tp_shape(-1, 784)));
    tp_loader_free(loader);
    return x;
}

/* Share of the samples (N, 784) that a classifier of real digits takes for the digit with a confidence above 0.9. */
static inline double share_accepted(lab *l, tp_tensor *samples, int digit) {
    tp_loader *train =
        tp_loader_new(lab_digits(l, "train"), .batch_size = 64, .shuffle = true, .seed = l->seed);
    tp_module *judge = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 256), tp_nn_relu(),
                                        tp_nn_linear(256, 10));
    tp_optim *optim = tp_adam(judge);
    tp_history h = tp_fit(judge, train, .optim = optim, .epochs = l->quick ? 1 : 4,
                          .max_steps = l->quick ? 200 : 0);
    tp_history_free(&h);
    double share = 0;
    TP_SCOPE {
        TP_NO_GRAD {
            tp_tensor *p = tp_select(tp_softmax(tp_call(judge, samples), 1), 1, digit);
            share = tp_item(tp_mean(tp_to(tp_gt(p, 0.9), TP_FLOAT32)));
        }
    }
    tp_optim_free(optim);
    tp_module_free(judge);
    tp_loader_free(train);
    return share;
}

#endif
