/* lab4.4: A GAN that draws one digit */
#include <stdio.h>
#include <stdlib.h>

#include "samples.h"

enum { BATCH = 100, NOISE = 100, GRID = 16 };
typedef struct gan {
    tp_module *d, *g;
    tp_optim *d_optim, *g_optim;
    tp_tensor *real, *fake; /* what the discriminator is to say: ones and zeros, (100, 1) */
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
    n.real = tp_keep(tp_ones(tp_shape(BATCH, 1)));
    n.fake = tp_keep(tp_zeros(tp_shape(BATCH, 1)));
    return n;
}

static tp_tensor *draw(gan *n, int64_t count) {
    return tp_call(n->g, tp_randn(tp_shape(count, NOISE)));
}

/* The discriminator learns to tell real from fake; fakes are detached: the generator is not to learn from this. */
static double train_discriminator(gan *n, tp_tensor *x) {
    tp_tensor *loss =
        tp_add(tp_binary_cross_entropy(tp_call(n->d, x), n->real),
               tp_binary_cross_entropy(tp_call(n->d, tp_detach(draw(n, BATCH))), n->fake));
    tp_zero_grad(n->d_optim);
    tp_backward(loss);
    tp_step(n->d_optim);
    return tp_item(loss);
}

/* The generator learns to be taken for real. */
static double train_generator(gan *n) {
    tp_tensor *loss = tp_binary_cross_entropy(tp_call(n->d, draw(n, BATCH)), n->real);
    tp_zero_grad(n->g_optim);
    tp_backward(loss);
    tp_step(n->g_optim);
    return tp_item(loss);
}

static void show(lab *l, gan *n, int round) {
    TP_SCOPE {
        TP_NO_GRAD {
            tp_figure *f = tp_figure_new(lab_text(l, "Round %d", round));
            tp_plot_images(f, tp_reshape(draw(n, GRID), tp_shape(GRID, 28, 28)), .columns = 8);
            lab_figure(l, f, lab_text(l, "round-%03d", round), NULL);
        }
    }
}

static void end(gan *n) {
    tp_optim_free(n->d_optim), tp_optim_free(n->g_optim);
    tp_module_free(n->d), tp_module_free(n->g);
    tp_free(n->real), tp_free(n->fake);
}

/* One round: so many steps of the discriminator, then so many of the generator; the last losses. */
static void train_round(gan *n, tp_tensor *real, int n1, int n2, double *d_loss, double *g_loss) {
    for (int i = 0; i < n1; i++) {
        TP_SCOPE {
            tp_tensor *pick = tp_randint(0, tp_size(real, 0), tp_shape(BATCH));
            *d_loss = train_discriminator(n, tp_index_select(real, 0, pick));
        }
    }
    for (int i = 0; i < n2; i++) {
        TP_SCOPE { *g_loss = train_generator(n); }
    }
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
    gan n = build(dropout, lr);
    track t = track_new(rounds, diversity(real));
    for (int round = 0; round < rounds; round++) {
        train_round(&n, real, n1, n2, &t.d_loss[round], &t.g_loss[round]);
        TP_SCOPE {
            TP_NO_GRAD { track_add(&t, round, diversity(draw(&n, 200))); }
        }
        if (round % (rounds / 4 > 0 ? rounds / 4 : 1) == 0) show(l, &n, round);
        if (!collapsed(&t, round)) continue;
        lab_say(
            l,
            "Round %d: samples differ from one another %.0f %% as much as real images do: **mode collapse**. %s",
            round, 100 * t.diversity[round],
            restarts ? "Again, with another seed."
                     : "`--restarts N` would begin again with another seed.");
        if (restarts-- <= 0) break;
        end(&n);
        tp_manual_seed(++l->seed);
        n = build(dropout, lr);
        t.best = 0, round = -1;
    }
    show(l, &n, t.count);
    track_plot(l, &t);
    double share = 0;
    TP_SCOPE {
        tp_tensor *samples = NULL;
        TP_NO_GRAD { samples = draw(&n, 1000); }
        share = share_accepted(l, samples, digit);
    }
    lab_result(l, "Accepted as the digit", "%.0f %%", 100 * share);
    lab_result(l, "Diversity", "%.0f %% of real images'", 100 * t.diversity[t.count - 1]);
    lab_say(
        l,
        "Of 1000 samples a classifier of real digits takes %.0f %% for a %d with a confidence above 0.9; the pictures above are for the eye.",
        100 * share, digit);
    track_free(&t);
    tp_free(real);
    end(&n);
    return lab_end(l);
}
