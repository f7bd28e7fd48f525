/* The confusion matrix, scores by class, and the mistakes of which the model was surest. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "data/loader.h"
#include "train/report.h"

/* The names of all classes, NULL when out of memory (reported). Ended by tp_delete() of the block. */
typedef struct class_names {
    const char **names;
    char *texts;
} class_names;

static class_names name_classes(tp_location at, const tp_dataset *dataset, int64_t count) {
    enum { NAME = 48 };
    class_names out = {tp_new((size_t)count * sizeof *out.names), tp_new((size_t)count * NAME)};
    if (!out.names || !out.texts) {
        tp_delete(out.names);
        tp_delete(out.texts);
        tp_fail_memory(at, "train_report", (size_t)count * NAME);
        return (class_names){NULL, NULL};
    }
    for (int64_t i = 0; i < count; i++) {
        out.names[i] = out.texts + i * NAME;
        snprintf(out.texts + i * NAME, NAME, "%s", tp_class_name_at(at, dataset, i));
    }
    return out;
}

static void end_names(class_names *names) {
    tp_delete(names->names);
    tp_delete(names->texts);
}

/* ---- matrix ---- */

static bool add_matrix(tp_location at, const tp_train_report_args *args, const tp_verdict *verdict,
                       const char *const *names) {
    double classes = (double)tp_size(verdict->confusion, 0);
    tp_figure *figure =
        tp_figure_new_at(at, (tp_figure_args){.title = "Confusion matrix",
                                              .x_label = "taken for",
                                              .y_label = "is",
                                              .width = classes > 12 ? 40 + 36 * classes : 440});
    bool fine =
        tp_plot_heat_map_at(at, (tp_heat_map_args){.figure = figure,
                                                   .values = verdict->confusion,
                                                   .rows = names,
                                                   .columns = names,
                                                   .shade_rows = true}) &&
        tp_report_figure_at(
            at, (tp_report_figure_args){.report = args->report,
                                        .figure = figure,
                                        .caption = "Rows are the labels. Shades go with the root"
                                                   " of a row's shares, so that single mistakes"
                                                   " can be seen."});
    tp_figure_free(figure);
    return fine;
}

/* ---- scores ---- */

enum { SCORE_COLUMNS = 5, SCORE_CELL = 48 };

static void score_cells(char *texts, const char *name, tp_class_scores scores) {
    snprintf(texts, SCORE_CELL, "%s", name);
    snprintf(texts + SCORE_CELL, SCORE_CELL, "%.2f %%", 100 * scores.precision);
    snprintf(texts + 2 * SCORE_CELL, SCORE_CELL, "%.2f %%", 100 * scores.recall);
    snprintf(texts + 3 * SCORE_CELL, SCORE_CELL, "%.2f %%", 100 * scores.f1);
    snprintf(texts + 4 * SCORE_CELL, SCORE_CELL, "%lld", (long long)scores.support);
}

static bool add_scores(tp_location at, const tp_train_report_args *args, const tp_verdict *verdict,
                       const char *const *names) {
    static const char *const columns[SCORE_COLUMNS] = {"Class", "Precision", "Recall", "F1",
                                                       "Samples"};
    size_t classes = (size_t)tp_size(verdict->confusion, 0), rows = classes + 1;
    char *texts = tp_new(rows * SCORE_COLUMNS * SCORE_CELL);
    const char **cells = tp_new(rows * SCORE_COLUMNS * sizeof *cells);
    bool fine = texts && cells;
    for (size_t i = 0; fine && i < rows * SCORE_COLUMNS; i++) cells[i] = texts + i * SCORE_CELL;
    for (size_t i = 0; fine && i < rows; i++)
        score_cells(texts + i * SCORE_COLUMNS * SCORE_CELL, i < classes ? names[i] : "Mean",
                    tp_class_scores_at(at, verdict->confusion, i < classes ? (int64_t)i : -1));
    if (fine)
        fine = tp_report_table_at(at, (tp_report_table_args){.report = args->report,
                                                             .names = columns,
                                                             .columns = SCORE_COLUMNS,
                                                             .cells = cells,
                                                             .rows = rows,
                                                             .last_is_total = true});
    else
        tp_fail_memory(at, "train_report", rows * SCORE_COLUMNS * SCORE_CELL);
    tp_delete(texts);
    tp_delete(cells);
    return fine;
}

bool tp_report_add_test(tp_location at, const tp_train_report_args *args,
                        const tp_verdict *verdict) {
    if (!verdict->samples) return true;
    tp_report *r = args->report;
    const char *part = args->test ? "test" : "validation";
    if (!tp_report_section(r, args->test ? "Test" : "Validation")) return false;
    if (!verdict->classes)
        return tp_report_text(r, "Mean loss over %s %s samples: %.5g.",
                              tp_grouped_text(verdict->samples), part, verdict->loss);
    tp_report_text(r, "%s of %s %s samples are right: %.2f %%. The mean loss is %.4f.",
                   tp_grouped_text(verdict->correct), tp_grouped_text(verdict->samples), part,
                   100 * (double)verdict->correct / (double)verdict->samples, verdict->loss);
    const tp_dataset *dataset = tp_report_test_loader(args)->args.dataset;
    class_names names = name_classes(at, dataset, tp_size(verdict->confusion, 0));
    if (!names.names) return false;
    bool fine =
        add_matrix(at, args, verdict, names.names) && add_scores(at, args, verdict, names.names);
    end_names(&names);
    return fine;
}

/* ---- mistakes ---- */

/* Whether a sample of that shape can be seen. */
static bool can_be_seen(tp_shape shape) {
    if (shape.ndim == 2) return shape.dims[0] > 1 && shape.dims[1] > 1;
    return shape.ndim == 3 && (shape.dims[0] == 1 || shape.dims[0] == 3);
}

static bool add_pictures(tp_location at, const tp_train_report_args *args,
                         const tp_verdict *verdict, tp_tensor *pictures) {
    const tp_dataset *dataset = tp_report_test_loader(args)->args.dataset;
    const char *captions[TP_MISTAKES];
    bool marked[TP_MISTAKES];
    char texts[TP_MISTAKES][128];
    for (int i = 0; i < verdict->mistakes; i++) {
        const tp_mistake *m = &verdict->worst[i];
        char label[48];
        snprintf(label, sizeof label, "%.40s", tp_class_name_at(at, dataset, m->label));
        snprintf(texts[i], sizeof texts[i], "%.40s, %.1f %%\nis %.40s (#%lld)",
                 tp_class_name_at(at, dataset, m->taken), 100 * m->share, label,
                 (long long)m->index);
        captions[i] = texts[i];
        marked[i] = true;
    }
    tp_figure *figure = tp_figure_new_at(at, (tp_figure_args){.title = NULL, .width = 1000});
    bool fine =
        tp_plot_images_at(at, (tp_images_args){.figure = figure,
                                               .images = pictures,
                                               .captions = captions,
                                               .marked = marked,
                                               .size = 86}) &&
        tp_report_figure_at(
            at, (tp_report_figure_args){.report = args->report, .figure = figure, .wide = true});
    tp_figure_free(figure);
    return fine;
}

bool tp_report_add_mistakes(tp_location at, const tp_train_report_args *args,
                            const tp_verdict *verdict) {
    tp_loader *loader = tp_report_test_loader(args);
    if (!verdict->mistakes || !loader || !can_be_seen(loader->args.dataset->x_shape)) return true;
    int64_t indices[TP_MISTAKES];
    for (int i = 0; i < verdict->mistakes; i++) indices[i] = verdict->worst[i].index;
    if (!tp_report_section(args->report, "Mistakes") ||
        !tp_report_text(args->report,
                        "The samples of whose wrong class the model was surest: what it takes them"
                        " for and how sure it is; what they are."))
        return false;
    bool fine = false;
    TP_SCOPE {
        tp_batch batch;
        tp_picture_args raw = {.raw = loader->args.dataset->pictures};
        fine = tp_dataset_batch_at(at, loader->args.dataset, indices, verdict->mistakes, raw,
                                   &batch) &&
               add_pictures(at, args, verdict, batch.x);
    }
    return fine;
}
