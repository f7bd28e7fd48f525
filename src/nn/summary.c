/* What a model is made of: as a table of layers, and printed as PyTorch prints it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/module.h"

/* ---- collecting ---- */

typedef struct survey {
    tp_summary_table *table;
    tp_module **modules; /* that of each row */
    bool *seen;
} survey;

static size_t count_modules(const tp_module *module) {
    size_t count = 1;
    for (int i = 0; i < module->child_count; i++) count += count_modules(module->children[i]);
    return count;
}

/* Adds the rows of module and all below it; false when a path does not fit or memory is out. */
static bool add_rows(survey *s, tp_module *module, const char *path, int depth) {
    tp_summary_table *table = s->table;
    tp_summary_row *row = &table->rows[table->count];
    s->modules[table->count++] = module;
    *row = (tp_summary_row){.path = tp_module_intern(path),
                            .type = module->type,
                            .depth = depth,
                            .leaf = module->child_count == 0,
                            .output.ndim = -1};
    if (!row->path) return false;
    for (int i = 0; i < module->tensor_count; i++) {
        const tp_tensor *x = module->tensors[i].tensor;
        table->parameter_bytes += x->numel * (int64_t)tp_item_size(x->dtype);
        if (module->tensors[i].buffer) continue;
        row->parameters += x->numel;
        if (x->requires_grad) row->trainable += x->numel;
    }
    table->parameters += row->parameters;
    table->trainable += row->trainable;
    for (int i = 0; i < module->child_count; i++) {
        char below[TP_MAX_PATH];
        if (!tp_join_path(below, path, module->children[i]->name) ||
            !add_rows(s, module->children[i], below, depth + 1))
            return false;
    }
    return true;
}

static void note_output(tp_module *module, tp_tensor *x, tp_tensor *y, void *user) {
    survey *s = user;
    if (tp_is_poison(y)) return;
    for (size_t i = 0; i < s->table->count; i++) {
        if (s->modules[i] != module) continue;
        tp_summary_row *row = &s->table->rows[i];
        row->output = tp_shape_copy(y);
        row->output_bytes = y->numel * (int64_t)tp_item_size(y->dtype);
        int64_t work = module->multiply_adds ? module->multiply_adds(module, x, y) : 0;
        row->multiply_adds += work;
        s->table->multiply_adds += work;
        if (row->leaf) s->table->output_bytes += row->output_bytes;
        return;
    }
}

/* Remembers and restores the mode of each module, since parts of a model may have different ones.
 */
static void swap_modes(survey *s, bool evaluate) {
    for (size_t i = 0; i < s->table->count; i++) {
        if (evaluate) s->seen[i] = s->modules[i]->evaluating;
        s->modules[i]->evaluating = evaluate || s->seen[i];
    }
}

static bool run_once(tp_location at, tp_module *module, tp_shape sample, survey *s) {
    tp_module_state *state = tp_module_state_get();
    if (!state) return false;
    tp_dtype dtype = TP_DTYPE_DEFAULT; /* that of the first parameter */
    for (size_t i = 0; i < s->table->count && !dtype; i++)
        if (s->modules[i]->tensor_count) dtype = s->modules[i]->tensors[0].tensor->dtype;
    if (dtype != TP_DTYPE_DEFAULT && !tp_is_float_type(dtype)) dtype = TP_DTYPE_DEFAULT;
    tp_shape shape = {.ndim = sample.ndim + 1, .dims = {1}};
    for (int i = 0; i < sample.ndim; i++) shape.dims[i + 1] = sample.dims[i];
    tp_scope scope = tp_scope_begin();
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_module_observer observer = state->observer;
    void *user = state->observer_user;
    state->observer = note_output;
    state->observer_user = s;
    swap_modes(s, true);
    tp_tensor *y = tp_call_at(at, module, tp_zeros_at(at, (tp_create_args){shape, dtype, false}));
    bool fine = !tp_is_poison(y);
    swap_modes(s, false);
    state->observer = observer;
    state->observer_user = user;
    tp_grad_mode_end(&mode);
    tp_scope_end(&scope);
    return fine;
}

tp_summary_table *tp_summarize_at(tp_location at, tp_module *module, tp_shape sample) {
    if (!tp_module_usable(at, "summary", module)) return NULL;
    if (sample.ndim < 0 || sample.ndim >= TP_MAX_DIMS) {
        tp_fail(at, "summary", TP_ERROR_SHAPE, "a sample of more than 7 dimensions",
                "the shape of one sample, without the batch", NULL);
        return NULL;
    }
    size_t count = count_modules(module);
    survey s = {tp_new(sizeof(tp_summary_table)), tp_new(count * sizeof(tp_module *)),
                tp_new(count)};
    if (s.table) s.table->rows = tp_new(count * sizeof(tp_summary_row));
    bool fine = s.table && s.table->rows && s.modules && s.seen && add_rows(&s, module, "", 0);
    if (!fine) tp_fail_memory(at, "summary", count * sizeof(tp_summary_row));
    fine = fine && run_once(at, module, sample, &s);
    tp_delete(s.modules);
    tp_delete(s.seen);
    if (fine) return s.table;
    tp_summary_free(s.table);
    return NULL;
}

void tp_summary_free(tp_summary_table *table) {
    if (!table) return;
    tp_delete(table->rows);
    tp_delete(table);
}

/* ---- printing ---- */

/* "109,386" */
static const char *grouped(int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    size_t length = strlen(digits), out = 0;
    char text[32];
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = 0;
    return tp_text("%s", text);
}

static const char *bytes_text(int64_t bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 4) value /= 1024, unit++;
    return tp_text(unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* "(N, 128)": the one sample of the run stands for a batch of N. */
static const char *output_text(tp_shape shape) {
    if (shape.ndim < 0) return "did not run";
    if (shape.ndim == 0 || shape.dims[0] != 1) return tp_shape_text(shape);
    const char *text = tp_shape_text(shape);
    return tp_text("(N%s", text + 2); /* behind "(1" */
}

static int label_width(const tp_summary_row *row) {
    const char *dot = strrchr(row->path, '.');
    return 2 * row->depth + (int)strlen(dot ? dot + 1 : row->path) + 1 + (int)strlen(row->type);
}

static void print_row(FILE *stream, const tp_summary_row *row, int width) {
    const char *dot = strrchr(row->path, '.');
    const char *name = dot ? dot + 1 : row->path;
    int used =
        fprintf(stream, "%*s%s%s%s", 2 * row->depth, "", name, name[0] ? " " : "", row->type);
    bool more = row->parameters || row->multiply_adds;
    fprintf(stream, "%*s  %-*s", used < width ? width - used : 0, "", more ? 20 : 0,
            output_text(row->output));
    if (more) fprintf(stream, " %14s", grouped(row->parameters));
    if (row->multiply_adds) fprintf(stream, " %16s", grouped(row->multiply_adds));
    fputc('\n', stream);
}

static void print_memory(tp_location at, const tp_summary_args *args) {
    int64_t samples = args->batch_size ? args->batch_size : 32;
    tp_memory_forecast memory = tp_predict_memory_at(
        at, (tp_predict_memory_args){args->module, args->sample, .batch_size = samples});
    if (memory.inference < 0) return;
    fprintf(args->stream, "memory         %s to evaluate a batch of %" PRId64,
            bytes_text(memory.inference), samples);
    if (memory.training >= 0)
        fprintf(args->stream, ", %s to train on it with Adam", bytes_text(memory.training));
    fputc('\n', args->stream);
}

bool tp_summary_at(tp_location at, tp_summary_args args) {
    tp_summary_table *table = tp_summarize_at(at, args.module, args.sample);
    if (!table) return false;
    FILE *stream = args.stream;
    int width = 5;
    for (size_t i = 0; i < table->count; i++)
        if (label_width(&table->rows[i]) > width) width = label_width(&table->rows[i]);
    fprintf(stream, "%-*s  %-20s %14s %16s\n", width, "layer", "output", "parameters",
            "multiply-adds");
    for (int i = 0; i < width + 54; i++) fputc('-', stream);
    fputc('\n', stream);
    for (size_t i = 0; i < table->count; i++) print_row(stream, &table->rows[i], width);
    for (int i = 0; i < width + 54; i++) fputc('-', stream);
    fprintf(stream, "\nparameters     %s, %s trained, %s\n", grouped(table->parameters),
            table->trainable == table->parameters ? "all" : grouped(table->trainable),
            bytes_text(table->parameter_bytes));
    fprintf(stream, "multiply-adds  %s a sample\n", grouped(table->multiply_adds));
    fprintf(stream, "outputs        %s a sample\n", bytes_text(table->output_bytes));
    tp_summary_free(table);
    print_memory(at, &args);
    return !ferror(stream);
}

static void print_module(const tp_module *module, FILE *stream, int depth) {
    char options[256] = "";
    if (module->describe) module->describe(module, options, sizeof options);
    fprintf(stream, "%s(%s", module->type, options);
    if (module->child_count) fputc('\n', stream);
    for (int i = 0; i < module->child_count; i++) {
        fprintf(stream, "%*s(%s): ", 2 * depth + 2, "", module->children[i]->name);
        print_module(module->children[i], stream, depth + 1);
        fputc('\n', stream);
    }
    if (module->child_count) fprintf(stream, "%*s", 2 * depth, "");
    fputc(')', stream);
}

void tp_print_module_at(tp_location at, const tp_module *module, FILE *stream) {
    if (!tp_module_usable(at, "print_module", module)) return;
    print_module(module, stream, 0);
    fputc('\n', stream);
}
