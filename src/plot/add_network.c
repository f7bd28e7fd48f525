/* A network in a figure: its weights and biases as numbers, layer after layer. */
#include "base/fail.h"
#include "plot/figure.h"
#include "tensor/tensor.h"

enum { MOST_NEURONS = 256 };
static const char op[] = "plot_network";

static bool refuse(tp_location at, const char *got, const char *want) {
    tp_fail(at, op, TP_ERROR_ARGUMENT, got, want,
            "a heat map or a histogram shows the weights of large layers");
    return false;
}

/* Whether weights (outputs, inputs) and a bias (outputs) go on where `inputs` neurons ended; 0: any number of them. */
static bool fits(tp_location at, const tp_tensor *w, const tp_tensor *b, int64_t inputs) {
    if (w->ndim != 2 || !w->numel || (inputs && w->shape[1] != inputs)) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(w),
                inputs ? tp_text("weights (outputs, %lld)", (long long)inputs)
                       : "weights (outputs, inputs)",
                "the inputs of a layer are the outputs of the one before");
        return false;
    }
    if (w->shape[0] > MOST_NEURONS || w->shape[1] > MOST_NEURONS)
        return refuse(at, tp_tensor_text(w), tp_text("at most %d neurons a layer", MOST_NEURONS));
    if (!b || (b->ndim == 1 && b->shape[0] == w->shape[0])) return true;
    tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(b),
            tp_text("a bias of %lld", (long long)w->shape[0]), NULL);
    return false;
}

static bool read_layer(tp_location at, const tp_network_args *args, tp_network_layer *layers,
                       int64_t k) {
    tp_figure *figure = args->figure;
    const tp_tensor *w = args->weights.items[k];
    const tp_tensor *b = args->biases.count ? args->biases.items[k] : NULL;
    layers[k].weights = tp_figure_tensor(at, op, figure, w);
    layers[k].biases = args->biases.count ? tp_figure_tensor(at, op, figure, b) : NULL;
    if (!layers[k].weights || (args->biases.count && !layers[k].biases)) return false;
    if (!fits(at, w, b, k ? (int64_t)layers[k - 1].outputs : 0)) return false;
    layers[k].outputs = (size_t)w->shape[0], layers[k].inputs = (size_t)w->shape[1];
    return true;
}

/* The given names, or x1, x2, ...; a single one has no number. */
static const char *const *name(const tp_network_args *args, tp_location at,
                               const char *const *given, char letter, size_t count, bool *fine) {
    char text[MOST_NEURONS][8];
    const char *names[MOST_NEURONS];
    for (size_t i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], count > 1 ? "%c%d" : "%c", letter, (int)i + 1);
        names[i] = text[i];
    }
    return tp_figure_names(at, args->figure, given ? given : names, count, fine);
}

bool tp_plot_network_at(tp_location at, tp_network_args args) {
    tp_figure *figure = args.figure;
    int64_t count = args.weights.count;
    if (!figure) return false;
    if (count <= 0 || !args.weights.items) return refuse(at, "no weights", "one tensor a layer");
    if (args.biases.count && args.biases.count != count)
        return refuse(at, tp_text("%lld biases", (long long)args.biases.count),
                      tp_text("none, or %lld, one a layer", (long long)count));
    if (!tp_figure_become(at, op, figure, TP_PLOT_NETWORK, true)) return false;
    tp_network_layer *layers = tp_figure_hold(at, figure, (size_t)count * sizeof *layers);
    if (!layers) return false;
    for (int64_t k = 0; k < count; k++)
        if (!read_layer(at, &args, layers, k)) return false;
    bool fine = true;
    figure->names = name(&args, at, args.inputs, 'x', layers[0].inputs, &fine);
    figure->columns = name(&args, at, args.outputs, 'y', layers[count - 1].outputs, &fine);
    if (!fine) return false;
    figure->layers = layers;
    figure->layer_count = (size_t)count;
    return true;
}
