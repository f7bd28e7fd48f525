/* taper inspect */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"
#include "verbs.h"
#include "weights.h"

typedef struct settings {
    bool stats, values;
    const char *key;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"stats", OPTION_FLAG, NULL,
     "statistics of all elements; else of a sample where a\ntensor has more than 16,384",
     offsetof(settings, stats), 0},
    {"key", OPTION_TEXT, "NAME", "one tensor alone, with a tall histogram and its values",
     offsetof(settings, key), 0},
    {"values", OPTION_FLAG, NULL, "everything of a checkpoint that is no tensor",
     offsetof(settings, values), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0], SAMPLE = 16384 };

void help_inspect(FILE *stream) {
    fputs("usage: taper inspect FILE|RUN [options]\n\n"
          "Shows what is in a file of weights: names, shapes, types, and of each tensor\n"
          "mean, standard deviation and a histogram from its least to its largest value.\n"
          "Files of PyTorch (.pth, .pt), safetensors, NumPy (.npy, .npz) and ONNX, and the\n"
          "checkpoints of runs. Nothing that a file says is run.\n\n"
          "  taper inspect model.pth\n"
          "  taper inspect runs/first/checkpoint.safetensors --stats\n"
          "  taper inspect model.pth --key conv1.weight\n",
          stream);
    options_help(stream, table, OPTIONS);
}

/* ---- histograms ---- */

/* The bins as `width` characters, the fullest one full height. */
static void show_bins(const weights_statistics *s, int width) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char ascii[] = " .:-=+*#@";
    int64_t sums[WEIGHTS_BINS] = {0}, most = 1;
    for (int i = 0; i < WEIGHTS_BINS; i++) sums[i * width / WEIGHTS_BINS] += s->bins[i];
    for (int i = 0; i < width; i++)
        if (sums[i] > most) most = sums[i];
    for (int i = 0; i < width; i++) {
        int level = (int)ceil(8.0 * (double)sums[i] / (double)most);
        if (shows_blocks())
            fputs(blocks[level], stdout);
        else
            putchar(ascii[level]);
    }
}

/* Rows of eighths, from the top. */
static void show_tall(const weights_statistics *s, int width, int height) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int64_t most = 1;
    for (int i = 0; i < width; i++)
        if (s->bins[i] > most) most = s->bins[i];
    for (int row = height - 1; row >= 0; row--) {
        fputs("  ", stdout);
        for (int i = 0; i < width; i++) {
            int eighths = (int)ceil(8.0 * height * (double)s->bins[i] / (double)most) - 8 * row;
            eighths = eighths < 0 ? 0 : eighths > 8 ? 8 : eighths;
            if (shows_blocks())
                fputs(blocks[eighths], stdout);
            else
                putchar(eighths > 4 ? '#' : eighths > 0 ? '.' : ' ');
        }
        putchar('\n');
    }
}

/* ---- the table ---- */

typedef struct columns {
    int name, shape, bins;
} columns;

static columns measure(const weights *w) {
    enum { FIXED = 2 + 1 + 9 + 10 + 10 + 1, LEAST_BINS = 8, MOST_BINS = 16 };
    columns c = {4, 5, 0};
    char shape[96];
    for (size_t i = 0; i < w->list.count; i++) {
        int name = (int)strlen(w->list.items[i].name);
        int length = (int)strlen(weights_shape_text(shape, w->list.items[i].tensor));
        if (name > c.name) c.name = name;
        if (length > c.shape) c.shape = length;
    }
    int room = terminal_width() - FIXED;
    if (c.shape > 18) c.shape = 18;
    if (c.name > room - c.shape - LEAST_BINS) c.name = room - c.shape - LEAST_BINS;
    if (c.name < 12) c.name = 12;
    c.bins = room - c.shape - c.name;
    if (c.bins > MOST_BINS) c.bins = MOST_BINS;
    if (c.bins < LEAST_BINS) c.bins = LEAST_BINS;
    return c;
}

/* A name in exactly `width` columns; the end of a long one tells more than its beginning. */
static void show_name(const char *name, int width) {
    int length = (int)strlen(name);
    if (length <= width)
        printf("%-*s", width, name);
    else
        printf("%s%s", shows_blocks() ? "…" : "~", name + length - width + 1);
}

/* A shape in exactly `width` columns; of a long one the beginning. */
static void show_shape(const tp_tensor *x, int width) {
    char shape[96];
    bool cut = (int)strlen(weights_shape_text(shape, x)) > width;
    printf("%-*.*s%s", cut ? width - 3 : width, cut ? width - 3 : width, shape, cut ? "..." : "");
}

static void show_row(const weights *w, size_t i, const columns *c, int64_t most, bool *sampled) {
    const tp_named_tensor *item = &w->list.items[i];
    weights_statistics s;
    weights_look(&s, item->tensor, most);
    *sampled = *sampled || s.sampled;
    printf("  ");
    show_name(item->name, c->name);
    putchar(' ');
    show_shape(item->tensor, c->shape);
    printf(" %-8.8s", weights_type(w, i));
    if (s.nan || s.infinite) {
        printf(" %" PRId64 " NaN, %" PRId64 " Inf of %" PRId64 "\n", s.nan, s.infinite, s.count);
        return;
    }
    if (s.finite) {
        printf(" %9.3g %9.3g ", s.mean, s.deviation);
        if (s.finite > 1) show_bins(&s, c->bins);
    }
    putchar('\n');
}

static void show_table(const weights *w, bool all) {
    if (!w->list.count) return;
    columns c = measure(w);
    bool sampled = false;
    printf("\n  %-*s %-*s %-8s %9s %9s %s\n", c.name, "name", c.shape, "shape", "type", "mean",
           "deviation", "values");
    for (size_t i = 0; i < w->list.count; i++) show_row(w, i, &c, all ? 0 : SAMPLE, &sampled);
    if (sampled)
        printf(
            "\n  Statistics of large tensors are those of a sample; --stats looks at everything.\n");
}

/* ---- what stands around the tensors ---- */

static void show_head(const weights *w) {
    int64_t elements = 0;
    char bytes[16];
    for (size_t i = 0; i < w->list.count; i++) elements += tp_numel(w->list.items[i].tensor);
    printf("%s: %s, %s, %zu tensor%s with %" PRId64 " elements\n", w->path, weights_format(w),
           weights_bytes_text(bytes, w->bytes), w->list.count, w->list.count == 1 ? "" : "s",
           elements);
}

static void show_metadata(const weights *w) {
    size_t count;
    const tp_metadata *pairs = tp_tensor_file_metadata_list(w->file, &count);
    if (count) printf("\n  metadata\n");
    for (size_t i = 0; i < count; i++) {
        int room = terminal_width() - 7 - (int)strlen(pairs[i].key);
        int length = (int)strcspn(pairs[i].value, "\n");
        bool cut = pairs[i].value[length] || length > room;
        if (length > room - 3) length = room > 3 ? (cut ? room - 3 : length) : 0;
        printf("    %s: %.*s%s\n", pairs[i].key, length, pairs[i].value, cut ? "..." : "");
    }
}

static bool holds_tensors(const tp_value *value) {
    if (tp_value_tensor(value)) return true;
    for (size_t i = 0; i < tp_value_count(value); i++)
        if (holds_tensors(tp_value_item(value, i))) return true;
    return false;
}

/* A value on one line; longer ones are cut at the width of the terminal unless `whole`. */
static void show_value(const char *name, const tp_value *value, bool whole) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return;
    tp_value_print(value, stream);
    fclose(stream);
    size_t room = (size_t)(terminal_width() > 20 ? terminal_width() : 20) - 6;
    size_t used = strlen(name) + 2;
    bool cut = !whole && used + size > room;
    size_t length = !cut ? size : room > used + 3 ? room - used - 3 : 0;
    while (cut && length && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    printf("    %s: %.*s%s\n", name, (int)length, text, cut ? "..." : "");
    free(text);
}

static void show_values(const weights *w, bool whole) {
    const tp_value *root = tp_tensor_file_value(w->file);
    bool begun = false;
    for (size_t i = 0; i < tp_value_count(root); i++) {
        const tp_value *value = tp_value_item(root, i);
        const char *name = tp_value_str(tp_value_key(root, i));
        char number[24];
        if (holds_tensors(value) && !(whole && !tp_value_tensor(value))) continue;
        snprintf(number, sizeof number, "%zu", i);
        if (!begun) printf("\n  values\n");
        begun = true;
        show_value(name ? name : number, value, whole);
    }
}

static void show_onnx_values(const char *title, const tp_onnx_value *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        printf("    %-8s%s (", title, values[i].name);
        for (int k = 0; k < values[i].shape.ndim; k++)
            printf(values[i].shape.dims[k] < 0 ? "%s?" : "%s%lld", k ? ", " : "",
                   (long long)values[i].shape.dims[k]);
        printf(") %s\n", values[i].dtype ? tp_dtype_name(values[i].dtype) : "");
    }
}

static void show_graph(const tp_onnx_model *m) {
    size_t problems = 0;
    for (size_t i = 0; i < m->node_count; i++) problems += m->nodes[i].problem != NULL;
    printf("\n  graph %s: opset %" PRId64 ", %zu nodes, by %s %s\n", m->name, m->opset,
           m->node_count, m->producer, m->producer_version);
    show_onnx_values("input", m->inputs, m->input_count);
    show_onnx_values("output", m->outputs, m->output_count);
    for (size_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].problem)
            printf("    cannot run %s %s: %s\n", m->nodes[i].op, m->nodes[i].name,
                   m->nodes[i].problem);
    if (!problems) printf("    every node can be run\n");
}

/* ---- one tensor ---- */

static int show_one(const weights *w, const char *key) {
    size_t i = 0;
    while (i < w->list.count && strcmp(w->list.items[i].name, key) != 0) i++;
    if (i == w->list.count)
        return report_failure("there is no tensor \"%s\" in %s; `taper inspect %s` lists them.",
                              key, w->path, w->path);
    tp_tensor *x = w->list.items[i].tensor;
    weights_statistics s;
    char shape[96];
    weights_look(&s, x, 0);
    printf("%s: %s %s, %" PRId64 " elements\n\n", key, weights_shape_text(shape, x),
           weights_type(w, i), tp_numel(x));
    if (s.count)
        printf("  %" PRId64 " zeros, %" PRId64 " NaN, %" PRId64 " infinite\n", s.zero, s.nan,
               s.infinite);
    if (s.finite) {
        printf("  mean %.6g, deviation %.6g, from %.6g to %.6g\n\n", s.mean, s.deviation, s.least,
               s.most);
        show_tall(&s, WEIGHTS_BINS, 6);
        printf("  %-*.6g%.6g\n\n", WEIGHTS_BINS - 8, s.least, s.most);
    }
    tp_set_printoptions(
        (tp_print_options){.threshold = 100, .edgeitems = 2, .linewidth = terminal_width()});
    tp_print(x);
    return EXIT_FINE;
}

int cmd_inspect(int argc, char **argv) {
    settings s = {0};
    positional rest;
    if (!options_read(table, OPTIONS, "inspect", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count != 1) {
        fprintf(stderr, "taper inspect: one file is needed: taper inspect model.pth\n");
        return EXIT_USAGE;
    }
    weights w;
    if (!weights_open(&w, rest.text[0])) return EXIT_FAILED;
    int status = EXIT_FINE;
    if (s.key) {
        status = show_one(&w, s.key);
    } else {
        show_head(&w);
        if (w.onnx) show_graph(w.onnx);
        show_metadata(&w);
        show_values(&w, s.values);
        show_table(&w, s.stats);
    }
    weights_close(&w);
    return status;
}
