/* hw7.6, hw7.7, hw7.8, hw7.9: Dog breeds with an MLP */
#include <math.h>

#include "lab.h"

typedef struct setting {
    const char *name, *reported;
    double lr;
    int64_t batch, patience;
} setting;
/* Edition A stops when validation loss falls by less than 1e-4 once, edition B when it does so three epochs in a row. */
static const setting settings[] = {
    {"A, lr 1e-5", "20.72 %", 1e-5, 10, 1},
    {"A, lr 2e-5", "21.62 %", 2e-5, 10, 1},
    {"A, lr 1e-4", "23.78 %, 57 epochs", 1e-4, 10, 1},
    {"B, lr 1e-3", "21.98 %", 1e-3, 32, 3},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static tp_module *mlp(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(12288, 128), tp_nn_relu(),
                            tp_nn_linear(128, 64), tp_nn_relu(), tp_nn_linear(64, 10));
}

/* Batches of a partition with pixels from -2 to 2: where they are all positive, 0 to 1, the first layer learns far more slowly. */
static tp_loader *batches(tp_dataset *set, int64_t size, bool shuffle, uint64_t seed) {
    return tp_loader_new(set, .batch_size = size, .shuffle = shuffle, .seed = seed,
                         .mean = {0.5, 0.5, 0.5}, .std = {0.25, 0.25, 0.25});
}

/* Weights without the biases: the parameters of more than one dimension. */
static int64_t count_weights(tp_module *net) {
    int64_t count = 0;
    tp_named_list list = tp_parameters(net);
    for (size_t i = 0; i < list.count; i++)
        if (tp_ndim(list.items[i].tensor) > 1) count += tp_numel(list.items[i].tensor);
    return count;
}

/* 7.9: both pairs of curves against the epoch, from what was recorded after each. */
static void plot(lab *l, const tp_history *h, const char *name) {
    double train[100], valid[100];
    for (int accuracy = 0; accuracy < 2; accuracy++) {
        for (size_t i = 0; i < h->count; i++) {
            const tp_epoch *e = &h->epochs[i];
            train[i] = accuracy ? 100 * e->train_accuracy : e->train_loss;
            valid[i] = accuracy ? 100 * e->valid_accuracy : e->valid_loss;
        }
        tp_figure *f = tp_figure_new(lab_text(l, "%s: %s", name, accuracy ? "accuracy" : "loss"),
                                     .x_label = "epoch", .y_label = accuracy ? "%" : NULL);
        tp_plot_line(f, NULL, train, h->count, .label = "train");
        tp_plot_line(f, NULL, valid, h->count, .label = "valid");
        lab_figure(l, f, lab_text(l, "%s-%s", name, accuracy ? "accuracy" : "loss"), NULL);
    }
}

/* When learning stopped being useful. */
static void say_use(lab *l, const tp_history *h, const char *name) {
    if (h->best_epoch == 0) return;
    const tp_epoch *best = &h->epochs[h->best_epoch - 1], *last = &h->epochs[h->count - 1];
    lab_say(
        l,
        "%s: validation loss was lowest, %.4f, after epoch %d of %zu. What followed took training loss from %.4f to %.4f and "
        "validation accuracy from %.1f to %.1f %%: where only the first still moves, learning is of no use.",
        name, best->valid_loss, (int)h->best_epoch, h->count, best->train_loss, last->train_loss,
        100 * best->valid_accuracy, 100 * last->valid_accuracy);
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.6", "Dog breeds with an MLP", NULL);
    const char *folder = lab_folder(l, "dogs");
    if (!folder) return lab_end(l);
    const char *csv = lab_text(l, "%s/dogs.csv", folder);
    tp_dataset *train = tp_dataset_keep(tp_image_csv(csv, .partition = "train"));
    tp_loader *valid = batches(tp_image_csv(csv, .partition = "valid"), 256, false, 0);
    tp_loader *test = batches(tp_image_csv(csv, .partition = "test"), 256, false, 0);

    lab_section(l, "The network");
    tp_module *net = mlp();
    int64_t weights = count_weights(net);
    lab_result(l, "Weights", "%lld", (long long)weights);
    lab_say(
        l,
        "12288 = 3 * 64 * 64 inputs: 12288 * 128 + 128 * 64 + 64 * 10 = %lld weights, and 128 + 64 + 10 biases, which the "
        "question leaves out.",
        (long long)weights);
    tp_module_free(net);

    lab_section(l, "Training");
    const char *cells[SETTINGS * 5];
    for (int i = 0; i < SETTINGS; i++) {
        const setting *s = &settings[i];
        tp_manual_seed(l->seed);
        net = mlp();
        tp_optim *optim = tp_sgd(net, .lr = s->lr);
        tp_loader *loader = batches(train, s->batch, true, l->seed);
        tp_history h =
            tp_fit(net, loader, .valid = valid, .optim = optim, .epochs = l->quick ? 1 : 100,
                   .max_steps = l->quick ? 50 : 0, .patience = s->patience, .min_delta = 1e-4,
                   .rule = TP_STOP_RULE_PREVIOUS, .progress = lab_progress(l));
        tp_evaluation e = tp_evaluate(net, test);
        plot(l, &h, s->name);
        say_use(l, &h, s->name);
        const char *row[] = {s->name, lab_text(l, "%zu", h.count),
                             lab_text(l, "%.2f %%", 100 * e.accuracy),
                             lab_text(l, "%.0f s", h.seconds), s->reported};
        for (int k = 0; k < 5; k++) cells[5 * i + k] = row[k];
        lab_result(l, s->name, "%s", row[2]);
        tp_history_free(&h);
        tp_optim_free(optim);
        tp_module_free(net);
        tp_loader_free(loader);
    }
    lab_table(l, (const char *const[]){"edition", "epochs", "test accuracy", "time", "reported"}, 5,
              cells, SETTINGS);
    tp_loader_free(valid);
    tp_loader_free(test);
    tp_dataset_free(train);
    return lab_end(l) || weights != 1581696;
}
