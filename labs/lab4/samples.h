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

static inline void track_restart(track *t) { t->best = 0, t->count = 0; }

static inline void say_collapsed(lab *l, const track *t, bool again) {
    lab_say(
        l,
        "Round %d: samples differ from one another %.0f %% as much as real images do: **mode collapse**. %s",
        t->count - 1, 100 * t->diversity[t->count - 1],
        again ? "Again, with another seed."
              : "`--restarts N` would begin again with another seed.");
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

/* A grid of the first 16 of samples (N, 784). */
static inline void show_samples(lab *l, tp_tensor *samples, int round) {
    tp_figure *f = tp_figure_new(lab_text(l, "Round %d", round));
    tp_tensor *shown = tp_slice(samples, 0, 0, 16, 1);
    tp_plot_images(f, tp_reshape(shown, tp_shape(16, 28, 28)), .columns = 8);
    lab_figure(l, f, lab_text(l, "round-%03d", round), NULL);
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
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 256), tp_nn_relu(),
                                      tp_nn_linear(256, 10));
    tp_optim *optim = tp_adam(net);
    tp_history h = tp_fit(net, train, .optim = optim, .epochs = l->quick ? 1 : 4,
                          .max_steps = l->quick ? 200 : 0);
    tp_history_free(&h);
    double share = 0;
    TP_SCOPE {
        TP_NO_GRAD {
            tp_tensor *p = tp_select(tp_softmax(tp_call(net, samples), 1), 1, digit);
            share = tp_item(tp_mean(tp_to(tp_gt(p, 0.9), TP_FLOAT32)));
        }
    }
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
    return share;
}

/* What has become of it: pictures, curves, and the share that is accepted. */
static inline void judge(lab *l, const track *t, tp_tensor *samples, int digit) {
    show_samples(l, samples, t->count);
    track_plot(l, t);
    double share = share_accepted(l, samples, digit);
    lab_result(l, "Accepted as the digit", "%.0f %%", 100 * share);
    lab_result(l, "Diversity", "%.0f %% of real images'", 100 * t->diversity[t->count - 1]);
    lab_say(
        l,
        "Of 1000 samples a classifier of real digits takes %.0f %% for a %d with a confidence above 0.9; the pictures above are for the eye.",
        100 * share, digit);
}

#endif
