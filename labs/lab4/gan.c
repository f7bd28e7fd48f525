/* lab4.4: A GAN that draws one digit */
#include <stdio.h>
#include <stdlib.h>

#include "samples.h"

enum { BATCH = 100, NOISE = 100 };
typedef struct gan {
    tp_module *d, *g; /* discriminator, generator */
    tp_optim *d_optim, *g_optim;
} gan;

/* 784-512-256-128-1 and its mirror image; dropout in the discriminator as an option. */
static gan build(double dropout, double lr) {
    gan n = {0};
    n.d = tp_nn_sequential(tp_nn_linear(784, 512), tp_nn_leaky_relu(.negative_slope = 0.2),
                           tp_nn_dropout(dropout), tp_nn_linear(512, 256),
                           tp_nn_leaky_relu(.negative_slope = 0.2), tp_nn_dropout(dropout),
                           tp_nn_linear(256, 128), tp_nn_leaky_relu(.negative_slope = 0.2),
                           tp_nn_linear(128, 1), tp_nn_sigmoid());
    n.g = tp_nn_sequential(tp_nn_linear(NOISE, 128), tp_nn_leaky_relu(.negative_slope = 0.2),
                           tp_nn_linear(128, 256), tp_nn_leaky_relu(.negative_slope = 0.2),
                           tp_nn_linear(256, 512), tp_nn_leaky_relu(.negative_slope = 0.2),
                           tp_nn_linear(512, 784), tp_nn_sigmoid());
    n.d_optim = tp_adam(n.d, .lr = lr);
    n.g_optim = tp_adam(n.g, .lr = lr);
    return n;
}

static void end(gan *n) {
    tp_optim_free(n->d_optim), tp_optim_free(n->g_optim);
    tp_module_free(n->d), tp_module_free(n->g);
}

/* (count, 784) made of as many vectors of noise. */
static tp_tensor *draw(gan *n, int64_t count) {
    return tp_call(n->g, tp_randn(tp_shape(count, NOISE)));
}

static double descend(tp_optim *optim, tp_tensor *loss) {
    tp_zero_grad(optim);
    tp_backward(loss);
    tp_step(optim);
    return tp_item(loss);
}

/* The discriminator is to say 1 to real images and 0 to fake ones, which are detached: the generator is not to learn from this. */
static double train_discriminator(gan *n, tp_tensor *real) {
    tp_tensor *ones = tp_ones(tp_shape(BATCH, 1)), *zeros = tp_zeros(tp_shape(BATCH, 1));
    tp_tensor *x = tp_index_select(real, 0, tp_randint(0, tp_size(real, 0), tp_shape(BATCH)));
    tp_tensor *fake = tp_detach(draw(n, BATCH));
    tp_tensor *loss = tp_add(tp_binary_cross_entropy(tp_call(n->d, x), ones),
                             tp_binary_cross_entropy(tp_call(n->d, fake), zeros));
    return descend(n->d_optim, loss);
}

/* The generator learns to be taken for real. */
static double train_generator(gan *n) {
    tp_tensor *ones = tp_ones(tp_shape(BATCH, 1));
    return descend(n->g_optim, tp_binary_cross_entropy(tp_call(n->d, draw(n, BATCH)), ones));
}

/* Rounds of n1 steps of the one and n2 of the other, until all are done or the generator has collapsed. */
static bool train(lab *l, gan *n, tp_tensor *real, int n1, int n2, track *t) {
    for (int round = 0; round < t->rounds; round++) {
        for (int i = 0; i < n1; i++)
            TP_SCOPE { t->d_loss[round] = train_discriminator(n, real); }
        for (int i = 0; i < n2; i++)
            TP_SCOPE { t->g_loss[round] = train_generator(n); }
        TP_SCOPE {
            TP_NO_GRAD {
                tp_tensor *samples = draw(n, 200);
                track_add(t, round, diversity(samples));
                if (round % (t->rounds < 4 ? 1 : t->rounds / 4) == 0)
                    show_samples(l, samples, round);
            }
        }
        if (collapsed(t, round)) return false;
    }
    return true;
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "lab4.4", "A GAN that draws one digit",
                       "digit rounds n1 n2 lr dropout restarts");
    int digit = atoi(lab_option(l, "digit", "3")), restarts = atoi(lab_option(l, "restarts", "0"));
    int rounds = atoi(lab_option(l, "rounds", l->quick ? "4" : "200"));
    int n1 = atoi(lab_option(l, "n1", l->quick ? "20" : "50"));
    int n2 = atoi(lab_option(l, "n2", l->quick ? "20" : "50"));
    double lr = atof(lab_option(l, "lr", "1e-4")), dropout = atof(lab_option(l, "dropout", "0.3"));
    tp_tensor *real = images_of(lab_digits(l, "train"), digit);
    lab_say(
        l,
        "Digit %d, %lld real images. %d rounds of %d discriminator and %d generator steps, batches of %d real and %d fake, Adam with rate %g each, dropout %g.",
        digit, (long long)tp_size(real, 0), rounds, n1, n2, BATCH, BATCH, lr, dropout);
    track t = track_new(rounds, diversity(real));
    gan n = build(dropout, lr);
    while (!train(l, &n, real, n1, n2, &t)) {
        say_collapsed(l, &t, restarts > 0);
        if (restarts-- <= 0) break;
        end(&n);
        tp_manual_seed(++l->seed);
        n = build(dropout, lr);
        track_restart(&t);
    }
    TP_SCOPE {
        tp_tensor *samples = NULL;
        TP_NO_GRAD { samples = draw(&n, 1000); }
        judge(l, &t, samples, digit);
    }
    track_free(&t);
    tp_free(real);
    end(&n);
    return lab_end(l);
}
