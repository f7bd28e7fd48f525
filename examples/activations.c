/* *** What a network sees: the values inside it, captured by path, looked at by a hook, and drawn. Leaves activations.png. */
#include <stdio.h>
#include <taper/taper.h>

/* A hook sees each output of a layer. This one counts how many of its values are 0. */
static tp_tensor *count_zeros(tp_module *layer, tp_tensor *x, tp_tensor *y, void *user) {
    (void)layer, (void)x;
    *(double *)user = tp_item(tp_mean(tp_to(tp_eq(y, 0), TP_FLOAT32)));
    return NULL; /* leave it as it is */
}

static void train(tp_module *net) {
    tp_loader *loader = tp_loader_new(tp_digits("train", .count = 4000), .batch_size = 32,
                                      .shuffle = true, .seed = 1);
    tp_optim *opt = tp_adam(net, .lr = 0.002);
    tp_history h = tp_fit(net, loader, .optim = opt, .epochs = 1);
    tp_history_free(&h);
    tp_optim_free(opt);
    tp_loader_free(loader);
}

int main(void) {
    tp_manual_seed(1);
    tp_module *net = tp_nn_from_text(
        "conv:8,k=5,p=2 relu maxpool:2 conv:16,k=3,p=1 relu maxpool:2 flatten linear:10",
        tp_shape(1, 28, 28));
    train(net);
    tp_eval(net);

    double zeros = 0;
    int hook = tp_add_hook(tp_get_module(net, "4"), count_zeros, &zeros);
    tp_capture(net, "1"); /* from now on this layer keeps its last value */
    tp_figure *figure = tp_figure_new("A digit after the first layer");
    tp_dataset *digits = tp_digits("test", .count = 10);
    TP_SCOPE {
        TP_NO_GRAD {
            tp_batch b;
            tp_dataset_batch(digits, ((int64_t[]){0}), 1, &b);
            tp_tensor *scores = tp_call(net, b.x);
            tp_tensor *maps = tp_select(tp_capture(net, "1"), 0, 0); /* (8, 28, 28) */
            printf("label %.0f, taken for %.0f\n", tp_get(b.y, 0), tp_item(tp_argmax(scores, 1)));
            for (int i = 0; i < 8; i++)
                printf("map %d: mean %.3f, largest %.3f\n", i,
                       tp_item(tp_mean(tp_select(maps, 0, i))),
                       tp_item(tp_max(tp_select(maps, 0, i))));
            tp_plot_images(figure, maps, .columns = 4, .scale_each = true);
            tp_plot_save(figure, "activations.png");
        }
    }
    printf("layer 4 gave %.0f %% zeros\n", 100 * zeros);
    tp_remove_hook(tp_get_module(net, "4"), hook);
    tp_capture_end(net, "1");
    tp_figure_free(figure);
    tp_dataset_free(digits);
    tp_module_free(net);
    return 0;
}
