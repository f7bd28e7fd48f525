/* hw7.11: Dog breeds with two convolutions */
#include "lab.h"

/* Batches of a partition with pixels from -2 to 2: where they are all positive, 0 to 1, the first layer learns far more slowly. */
static tp_loader *batches(tp_dataset *set, int64_t size, bool shuffle, uint64_t seed) {
    return tp_loader_new(set, .batch_size = size, .shuffle = shuffle, .seed = seed,
                         .mean = {0.5, 0.5, 0.5}, .std = {0.25, 0.25, 0.25});
}

int main(int argc, char **argv) {
    lab *l = lab_begin(argc, argv, "hw7.11", "Dog breeds with two convolutions", NULL);
    const char *folder = lab_folder(l, "dogs");
    if (!folder) return lab_end(l);
    const char *csv = lab_text(l, "%s/dogs.csv", folder);
    tp_loader *train = batches(tp_image_csv(csv, .partition = "train"), 32, true, l->seed);
    tp_loader *valid = batches(tp_image_csv(csv, .partition = "valid"), 256, false, 0);
    tp_loader *test = batches(tp_image_csv(csv, .partition = "test"), 256, false, 0);
    tp_module *net = tp_nn_sequential(tp_nn_conv2d(3, 6, 5, .stride = 2), tp_nn_relu(),
                                      tp_nn_conv2d(6, 10, 5, .stride = 2), tp_nn_relu(),
                                      tp_nn_flatten(), tp_nn_linear(10 * 13 * 13, 10));

    lab_section(l, "Its weights");
    int64_t weights = 0;
    tp_named_list list = tp_parameters(net);
    for (size_t i = 0; i < list.count; i++) {
        tp_tensor *p = list.items[i].tensor;
        if (tp_ndim(p) > 1) weights += tp_numel(p); /* without the biases */
    }
    lab_say(
        l,
        "64 x 64 pixels become (64 - 5) / 2 + 1 = 30, then (30 - 5) / 2 + 1 = 13 in each direction. Weights: 6 * 3 * 5 * 5 + "
        "10 * 6 * 5 * 5 + 10 * 13 * 13 * 10 = %lld, %.0f times fewer than the MLP's 1,581,696.",
        (long long)weights, 1581696.0 / (double)weights);
    lab_result(l, "Weights", "%lld", (long long)weights);

    lab_section(l, "Training");
    tp_optim *optim = tp_sgd(net, .lr = 1e-3);
    tp_history h = tp_fit(net, train, .valid = valid, .optim = optim, .epochs = l->quick ? 1 : 100,
                          .max_steps = l->quick ? 50 : 0, .patience = 3, .min_delta = 1e-4,
                          .rule = TP_STOP_RULE_PREVIOUS, .progress = lab_progress(l));
    lab_curves(l, &h, "cnn", NULL);
    tp_evaluation e = tp_evaluate(net, test);
    lab_result(l, "Test accuracy", "%.2f %%", 100 * e.accuracy);
    lab_say(l, "%zu epochs in %.0f s. The assignment's authors report 26.13 %% after 65 epochs.",
            h.count, h.seconds);

    lab_section(l, "What the first layer sees");
    tp_figure *f = tp_figure_new("The six kernels of the first layer");
    tp_plot_images(f, tp_get_tensor(net, "0.weight"), .columns = 6, .scale_each = true);
    lab_figure(l, f, "kernels", "5 x 5 pixels in red, green and blue");
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_module_free(net);
    tp_loader_free(train);
    tp_loader_free(valid);
    tp_loader_free(test);
    return lab_end(l) || weights != 450 + 1500 + 16900;
}
