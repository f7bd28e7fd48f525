/* What was run and where, the table of layers, time and memory. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <taper/memory.h>
#include <taper/runtime.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "data/loader.h"
#include "train/curves.h"
#include "train/report.h"

const char *tp_grouped_text(int64_t value) {
    char digits[24], text[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)value), out = 0;
    for (int i = 0; i < length; i++) {
        if (i > (digits[0] == '-') && (length - i) % 3 == 0) text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = 0;
    return tp_text("%s", text);
}

static const char *bytes_text(double bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    int unit = 0;
    while (bytes >= 1024 && unit < 3) bytes /= 1024, unit++;
    return tp_text(unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* "2 min 5 s" */
static const char *seconds_text(double seconds) {
    if (seconds < 60) return tp_text("%.*f s", seconds < 10 ? 2 : 1, seconds);
    long long whole = llround(seconds);
    if (whole < 3600) return tp_text("%lld min %lld s", whole / 60, whole % 60);
    return tp_text("%lld h %lld min", whole / 3600, whole / 60 % 60);
}

/* ---- what was run ---- */

static void add_data(tp_report *report, const char *name, tp_loader *loader) {
    if (!loader) return;
    const tp_dataset *dataset = loader->args.dataset;
    tp_report_fact(report, name, "%s: %s samples in batches of %lld", dataset->name,
                   tp_grouped_text(tp_loader_samples(loader)), (long long)loader->args.batch_size);
}

/* The processor as the system names it; the machine's kind elsewhere. */
static void processor_text(char *text, size_t size) {
    struct utsname system;
    snprintf(text, size, "%s", uname(&system) == 0 ? system.machine : "unknown");
    FILE *stream = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (stream && fgets(line, sizeof line, stream)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(text, size, "%s", colon + 2);
        break;
    }
    if (stream) fclose(stream);
}

static void add_machine(tp_report *report) {
    char processor[256], date[64] = "";
    processor_text(processor, sizeof processor);
    tp_report_fact(report, "Machine", "%s, %d thread%s, %s", processor, tp_get_num_threads(),
                   tp_get_num_threads() == 1 ? "" : "s", tp_cpu_capability());
    tp_report_fact(report, "Version", "Taper %s", tp_version());
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local)) strftime(date, sizeof date, "%Y-%m-%d %H:%M", &local);
    tp_report_fact(report, "Written", "%s", date);
}

bool tp_report_add_facts(tp_location at, const tp_train_report_args *args) {
    tp_report *r = args->report;
    const tp_history *h = args->history;
    if (!tp_report_section(r, "Run")) return false;
    if (args->command) tp_report_fact(r, "Command", "`%s`", args->command);
    add_data(r, "Training data", args->train);
    add_data(r, "Validation data", args->valid);
    add_data(r, "Test data", args->test);
    if (args->module)
        tp_report_fact(r, "Model", "%s, %s parameters", tp_module_type_at(at, args->module),
                       tp_grouped_text(tp_parameter_count_at(at, args->module)));
    if (args->optim)
        tp_report_fact(r, "Optimiser", "%s, learning rate %g at the start",
                       tp_optim_name(args->optim),
                       h->count ? h->epochs[0].lr : tp_optim_lr(args->optim, 0));
    if (args->has_seed) tp_report_fact(r, "Seed", "%llu", (unsigned long long)args->seed);
    tp_report_fact(r, "End", "%s after %zu epoch%s, %s steps", tp_stop_text(h->stop), h->count,
                   h->count == 1 ? "" : "s", tp_grouped_text(h->steps));
    add_machine(r);
    return true;
}

/* ---- layers ---- */

enum { LAYER_COLUMNS = 5 };

static void layer_cells(const tp_summary_row *row, char *texts[LAYER_COLUMNS], size_t size) {
    const char *shape = row->output.ndim < 0 ? "did not run" : tp_shape_text(row->output);
    snprintf(texts[0], size, "%s", row->path[0] ? row->path : "(whole)");
    snprintf(texts[1], size, "%s", row->type);
    /* the one sample of the summary stands for a batch of N */
    if (row->output.ndim > 0 && row->output.dims[0] == 1)
        snprintf(texts[2], size, "(N%s", shape + 2);
    else
        snprintf(texts[2], size, "%s", shape);
    snprintf(texts[3], size, "%s", row->parameters ? tp_grouped_text(row->parameters) : "");
    snprintf(texts[4], size, "%s", row->multiply_adds ? tp_grouped_text(row->multiply_adds) : "");
}

static bool add_layer_table(tp_location at, tp_report *report, const tp_summary_table *table) {
    static const char *const names[LAYER_COLUMNS] = {"Layer", "Kind", "Output", "Parameters",
                                                     "Multiply-adds"};
    enum { CELL = 64 };
    size_t rows = table->count + 1, count = rows * LAYER_COLUMNS;
    char *texts = tp_new(count * CELL);
    const char **cells = tp_new(count * sizeof *cells);
    bool fine = texts && cells;
    for (size_t i = 0; fine && i < count; i++) cells[i] = texts + i * CELL;
    for (size_t i = 0; fine && i < rows; i++) {
        char *row[LAYER_COLUMNS];
        for (size_t k = 0; k < LAYER_COLUMNS; k++) row[k] = texts + (i * LAYER_COLUMNS + k) * CELL;
        tp_summary_row total = {.path = "Sum",
                                .type = "",
                                .parameters = table->parameters,
                                .multiply_adds = table->multiply_adds};
        layer_cells(i < table->count ? &table->rows[i] : &total, row, CELL);
        if (i == table->count) row[2][0] = 0;
    }
    if (fine)
        fine = tp_report_table_at(at, (tp_report_table_args){.report = report,
                                                             .names = names,
                                                             .columns = LAYER_COLUMNS,
                                                             .cells = cells,
                                                             .rows = rows,
                                                             .last_is_total = true});
    else
        tp_fail_memory(at, "train_report", count * CELL);
    tp_delete(texts);
    tp_delete(cells);
    return fine;
}

bool tp_report_add_layers(tp_location at, const tp_train_report_args *args) {
    tp_loader *loader = args->train ? args->train : tp_report_test_loader(args);
    if (!args->module || !loader) return true;
    tp_summary_table *table = tp_summarize_at(at, args->module, loader->args.dataset->x_shape);
    if (!table) return false;
    bool fine =
        tp_report_section(args->report, "Model") && add_layer_table(at, args->report, table);
    tp_summary_free(table);
    return fine;
}

/* ---- time and memory ---- */

bool tp_report_add_costs(tp_location at, const tp_train_report_args *args) {
    tp_report *r = args->report;
    const tp_history *h = args->history;
    (void)at;
    double in_epochs = 0;
    for (size_t i = 0; i < h->count; i++) in_epochs += h->epochs[i].seconds;
    if (!tp_report_section(r, "Time and memory")) return false;
    tp_report_fact(r, "Whole run", "%s", seconds_text(h->seconds));
    if (h->count)
        tp_report_fact(r, "An epoch", "%s on average", seconds_text(in_epochs / (double)h->count));
    if (args->train && in_epochs > 0)
        tp_report_fact(r, "Throughput", "%s samples a second, validation included",
                       tp_grouped_text(llround(
                           (double)h->count * (double)tp_loader_samples(args->train) / in_epochs)));
    tp_report_fact(r, "Most memory in tensors", "%s",
                   bytes_text((double)tp_memory_get_stats().peak_bytes));
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        tp_report_fact(r, "Most memory of the process", "%s",
                       bytes_text((double)usage.ru_maxrss * 1024));
    return true;
}
