/* Inside of a model: the filters of its first layer, and what layers make of one sample. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <taper/ops/shape.h>

#include "base/alloc.h"
#include "base/context.h"
#include "base/fail.h"
#include "data/loader.h"
#include "train/modes.h"
#include "train/report.h"

enum { MOST_FILTERS = 64, MOST_MAPS = 32, MOST_LAYERS = 4 };

/* ---- filters ---- */

/* The weight of the first layer that has one of at least two dimensions; NULL where there is none. */
static tp_tensor *first_weight(tp_location at, tp_module *module) {
    tp_named_list list = tp_parameters_at(at, module);
    for (size_t i = 0; i < list.count; i++)
        if (tp_ndim(list.items[i].tensor) >= 2) return list.items[i].tensor;
    return NULL;
}

/* The weight as pictures (N, C, H, W), C 1 or 3: filters of a convolution; rows of a linear layer whose input is a picture. NULL
 * where it is neither. The tensor belongs to the innermost scope. */
static tp_tensor *weight_pictures(tp_tensor *weight, tp_shape sample) {
    int64_t n = tp_size(weight, 0) < MOST_FILTERS ? tp_size(weight, 0) : MOST_FILTERS;
    weight = tp_narrow(tp_detach(weight), 0, 0, n);
    if (tp_ndim(weight) == 4) {
        if (tp_size(weight, 2) * tp_size(weight, 3) < 4) return NULL;
        bool colour = tp_size(weight, 1) == 3;
        return colour || tp_size(weight, 1) == 1 ? weight : tp_narrow(weight, 1, 0, 1);
    }
    if (tp_ndim(weight) != 2 || sample.ndim != 3) return NULL;
    int64_t area = sample.dims[1] * sample.dims[2];
    if (area < 4 || (sample.dims[0] != 1 && sample.dims[0] != 3)) return NULL;
    if (tp_size(weight, 1) != sample.dims[0] * area) return NULL;
    return tp_reshape(weight, tp_shape(n, sample.dims[0], sample.dims[1], sample.dims[2]));
}

static bool add_filters(tp_location at, const tp_train_report_args *args, tp_shape sample) {
    tp_tensor *weight = first_weight(at, args->module);
    tp_tensor *pictures = weight ? weight_pictures(weight, sample) : NULL;
    if (!weight || !pictures) return true;
    bool convolution = tp_ndim(weight) == 4, all = tp_size(weight, 1) > 3 && convolution;
    tp_report_subsection(args->report, convolution ? "Filters of the first convolution"
                                                   : "Weights of the first layer");
    tp_report_text(args->report,
                   "%lld of %lld%s, each between its own lowest (black) and highest"
                   " (white) value.",
                   (long long)tp_size(pictures, 0), (long long)tp_size(weight, 0),
                   all            ? ", of each the part for the first channel"
                   : !convolution ? " units, as pictures of what they look for"
                                  : "");
    tp_figure *figure = tp_figure_new_at(at, (tp_figure_args){.width = 1000});
    bool fine =
        tp_plot_images_at(at, (tp_images_args){.figure = figure,
                                               .images = pictures,
                                               .scale_each = true,
                                               .size = convolution ? 48 : 74}) &&
        tp_report_figure_at(
            at, (tp_report_figure_args){.report = args->report, .figure = figure, .wide = true});
    tp_figure_free(figure);
    return fine;
}

/* ---- activations ---- */

/* What a layer gave, once it ran. */
typedef struct layer_view {
    const char *path, *type;
    tp_tensor *value; /* of the layer */
} layer_view;

/* One picture each of up to MOST_MAPS channels of (1, C, H, W). */
static bool add_maps(tp_location at, const tp_train_report_args *args, const layer_view *view) {
    tp_tensor *maps = tp_select(tp_detach(view->value), 0, 0);
    int64_t n = tp_size(maps, 0) < MOST_MAPS ? tp_size(maps, 0) : MOST_MAPS;
    maps = tp_narrow(maps, 0, 0, n);
    char title[128], caption[128];
    snprintf(title, sizeof title, "%.60s: %.40s", view->path, view->type);
    snprintf(caption, sizeof caption, "%lld of %lld channels of %lld x %lld", (long long)n,
             (long long)tp_size(view->value, 1), (long long)tp_size(view->value, 2),
             (long long)tp_size(view->value, 3));
    tp_figure *figure = tp_figure_new_at(at, (tp_figure_args){.title = title});
    bool fine =
        tp_plot_images_at(
            at,
            (tp_images_args){.figure = figure, .images = maps, .columns = 8, .scale_each = true}) &&
        tp_report_figure_at(at, (tp_report_figure_args){
                                    .report = args->report, .figure = figure, .caption = caption});
    tp_figure_free(figure);
    return fine;
}

/* The units of (1, F) as a block of cells. */
static bool add_units(tp_location at, const tp_train_report_args *args, const layer_view *view) {
    int64_t count = tp_numel(view->value), columns = 16;
    while (count % columns) columns--;
    if (columns < 4) columns = count < 64 ? count : 0;
    if (!columns) return true;
    char title[128];
    snprintf(title, sizeof title, "%.60s: %.40s", view->path, view->type);
    tp_tensor *cells = tp_reshape(tp_detach(view->value), tp_shape(count / columns, columns));
    tp_figure *figure = tp_figure_new_at(at, (tp_figure_args){.title = title});
    bool fine =
        tp_plot_heat_map_at(
            at, (tp_heat_map_args){.figure = figure, .values = cells, .no_numbers = count > 32}) &&
        tp_report_figure_at(at, (tp_report_figure_args){.report = args->report, .figure = figure});
    tp_figure_free(figure);
    return fine;
}

static bool worth_seeing(const tp_summary_row *row) {
    static const char *const types[] = {"Conv2d",  "ReLU",      "LeakyReLU", "Tanh",
                                        "Sigmoid", "GELU",      "SiLU",      "ELU",
                                        "Linear",  "MaxPool2d", "Conv2dReLU"};
    if (!row->leaf || (row->output.ndim != 4 && row->output.ndim != 2)) return false;
    if (row->output.ndim == 4 && row->output.dims[2] * row->output.dims[3] < 4) return false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(row->type, types[i]) == 0) return true;
    return false;
}

/* Chooses layers from the first on; activations rather than what goes into them. */
static int choose_layers(const tp_summary_table *table, layer_view views[MOST_LAYERS]) {
    int count = 0;
    for (size_t i = 0; i < table->count && count < MOST_LAYERS; i++) {
        const tp_summary_row *row = &table->rows[i];
        if (!worth_seeing(row)) continue;
        bool linear = strcmp(row->type, "Linear") == 0;
        if (linear && i + 1 < table->count && worth_seeing(&table->rows[i + 1])) continue;
        views[count++] = (layer_view){row->path, row->type, NULL};
    }
    return count;
}

static bool show_layers(tp_location at, const tp_train_report_args *args, tp_tensor *x,
                        layer_view *views, int count) {
    for (int i = 0; i < count; i++) (void)tp_capture_at(at, args->module, views[i].path);
    tp_tensor *y = tp_call_at(at, args->module, x);
    bool fine = !tp_is_poison(y);
    for (int i = 0; fine && i < count; i++) {
        views[i].value = tp_capture_at(at, args->module, views[i].path);
        if (!views[i].value) continue;
        fine = tp_ndim(views[i].value) == 4 ? add_maps(at, args, &views[i])
                                            : add_units(at, args, &views[i]);
    }
    for (int i = 0; i < count; i++) tp_capture_end_at(at, args->module, views[i].path);
    return fine;
}

static bool add_activations(tp_location at, const tp_train_report_args *args, tp_loader *loader) {
    tp_dataset *dataset = loader->args.dataset;
    if (args->sample < 0 || args->sample >= dataset->size) return true;
    tp_summary_table *table = tp_summarize_at(at, args->module, dataset->x_shape);
    if (!table) return false;
    layer_view views[MOST_LAYERS];
    int count = choose_layers(table, views);
    tp_batch batch;
    tp_picture_args pictures = {.raw = loader->args.raw};
    memcpy(pictures.mean, loader->args.mean, sizeof pictures.mean);
    memcpy(pictures.std, loader->args.std, sizeof pictures.std);
    bool fine = tp_dataset_batch_at(at, dataset, &args->sample, 1, pictures, &batch);
    if (fine && count) {
        tp_report_subsection(args->report, "Activations");
        tp_report_text(args->report, "What layers make of sample %lld of %s.",
                       (long long)args->sample, dataset->name);
        if (dataset->x_shape.ndim == 3 &&
            (dataset->x_shape.dims[0] == 1 || dataset->x_shape.dims[0] == 3)) {
            tp_figure *figure = tp_figure_new_at(at, (tp_figure_args){.title = "The sample"});
            fine = tp_plot_images_at(
                       at, (tp_images_args){.figure = figure, .images = batch.x, .size = 160}) &&
                   tp_report_figure_at(
                       at, (tp_report_figure_args){.report = args->report, .figure = figure});
            tp_figure_free(figure);
        }
        fine = fine && show_layers(at, args, batch.x, views, count);
    }
    tp_summary_free(table);
    return fine;
}

bool tp_report_add_inside(tp_location at, const tp_train_report_args *args) {
    tp_loader *loader = tp_report_test_loader(args);
    if (!loader) loader = args->train;
    if (!args->module || !loader) return true;
    tp_modes modes;
    if (!tp_modes_save(&modes, at, "train_report", args->module)) return false;
    tp_eval_at(at, args->module);
    bool fine = tp_report_section(args->report, "Inside");
    TP_NO_GRAD
        TP_SCOPE {
            fine = fine && add_filters(at, args, loader->args.dataset->x_shape) &&
                   add_activations(at, args, loader);
        }
    tp_modes_restore(&modes);
    return fine;
}
