/* What the GAN's pictures are judged by, and what is noted of each round. */
#ifndef LABS_LAB4_SAMPLES_H
#define LABS_LAB4_SAMPLES_H

#include <stdlib.h>

#include "lab.h"

/* What is noted of each round, for the curves and for mode collapse. */
typedef struct track {
    double *d_loss, *g_loss;
    double *diversity; /* as a share of that of real images */
    double real, best; /* theirs, and the largest share so far */
    int rounds, count;
} track;

static inline track track_new(int rounds, double real) {
    size_t n = (size_t)(rounds > 0 ? rounds : 1);
    double *all = calloc(3 * n, sizeof *all);
    if (!all) exit(1);
    return (track){
        .d_loss = all, .g_loss = all + n, .diversity = all + 2 * n, .real = real, .rounds = rounds};
}

static inline void track_free(track *t) { free(t->d_loss); }

static inline void track_add(track *t, int round, double diversity) {
    double share = t->diversity[round] = diversity / t->real;
    t->count = round + 1;
    /* the noise of the first rounds is no diversity */
    if (round >= t->rounds / 4 && share > t->best) t->best = share;
}

/* All samples look alike, whatever the noise: diversity has fallen to a third of what it was, or has not come by the last quarter. */
static inline bool collapsed(const track *t, int round) {
    double share = t->diversity[round];
    if (t->best > 0.3 && share < t->best / 3) return true;
    return round == 3 * t->rounds / 4 && t->best < 0.3;
}

static inline void track_plot(lab *l, const track *t) {
    size_t count = (size_t)t->count;
    tp_figure *f = tp_figure_new("Losses", .x_label = "round");
    tp_plot_line(f, NULL, t->d_loss, count, .label = "discriminator");
    tp_plot_line(f, NULL, t->g_loss, count, .label = "generator");
    lab_figure(l, f, "losses", "Neither is to win: then neither learns");
    f = tp_figure_new("Diversity of the samples", .x_label = "round",
                      .y_label = "share of real images'");
    tp_plot_line(f, NULL, t->diversity, count);
    lab_figure(l, f, "diversity", "When it falls, or never comes, the generator has collapsed");
}

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
