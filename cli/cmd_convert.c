/* taper convert */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"
#include "verbs.h"
#include "weights.h"

typedef struct settings {
    bool all, compressed;
    const char *key, *prefix;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"all", OPTION_FLAG, NULL, "every tensor under its whole path, an optimiser's too",
     offsetof(settings, all), 0},
    {"prefix", OPTION_TEXT, "TEXT", "only names that begin so, without it: state_dict.",
     offsetof(settings, prefix), 0},
    {"key", OPTION_TEXT, "NAME", "one tensor alone, which an .npy file takes",
     offsetof(settings, key), 0},
    {"compressed", OPTION_FLAG, NULL, "compress an .npz file", offsetof(settings, compressed), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_convert(FILE *stream) {
    fputs(
        "usage: taper convert FROM TO [options]\n\n"
        "Writes the weights of one file as another: TO ends in .safetensors, .pth, .pt, .npz or\n"
        ".npy; FROM is anything that `taper inspect` opens. Of a checkpoint only the model's own\n"
        "tensors are taken, under the names that the model has for them. Types that Taper lacks\n"
        "become the next larger one: float16 float32, int8 int32.\n\n"
        "  taper convert model.pth model.safetensors\n"
        "  taper convert runs/first/checkpoint.safetensors model.pth\n"
        "  taper convert model.onnx weights.npz --compressed\n"
        "  taper convert model.pth w.npy --key conv1.weight\n",
        stream);
    options_help(stream, table, OPTIONS);
}

static bool ends_in(const char *path, const char *end) {
    size_t length = strlen(path), n = strlen(end);
    return length > n && strcmp(path + length - n, end) == 0;
}

static bool known_end(const char *path) {
    static const char *const ends[] = {".safetensors", ".pth", ".pt", ".pth.tar", ".npz", ".npy"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_in(path, ends[i])) return true;
    fprintf(stderr, "taper convert: %s should end in .safetensors, .pth, .pt, .npz or .npy.\n",
            path);
    return false;
}

/* The list that is to be written; empty after a sentence on stderr. */
static tp_named_list choose(weights *w, const settings *s, tp_named_tensor *one) {
    tp_named_list list = s->all ? w->list : weights_state(w, s->prefix);
    if (!s->key) {
        if (!list.count && !w->list.count) report_failure("%s has no tensors.", w->path);
        return list;
    }
    for (size_t i = 0; i < w->list.count + list.count; i++) {
        *one = i < list.count ? list.items[i] : w->list.items[i - list.count];
        if (strcmp(one->name, s->key) == 0) return (tp_named_list){1, one};
    }
    report_failure("there is no tensor \"%s\" in %s.", s->key, w->path);
    return (tp_named_list){0, NULL};
}

static bool write_list(const char *path, tp_named_list list, const settings *s) {
    static const tp_metadata format = {"format", "pt"};
    if (ends_in(path, ".npz"))
        return tp_npz_write(path, list.items, list.count, .compressed = s->compressed);
    if (!ends_in(path, ".npy")) return tp_save_tensors(path, list.items, list.count, &format, 1);
    if (list.count == 1) return tp_npy_write(path, list.items[0].tensor);
    report_failure("an .npy file holds one tensor, and there are %zu; choose one with --key.",
                   list.count);
    return false;
}

int cmd_convert(int argc, char **argv) {
    settings s = {0};
    positional rest;
    if (!options_read(table, OPTIONS, "convert", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count != 2) {
        fprintf(stderr, "taper convert: two files are needed: taper convert a.pth b.safetensors\n");
        return EXIT_USAGE;
    }
    if (!known_end(rest.text[1])) return EXIT_USAGE;
    weights w;
    if (!weights_open(&w, rest.text[0])) return EXIT_FAILED;
    tp_named_tensor one;
    tp_named_list list = choose(&w, &s, &one);
    bool fine = list.count && write_list(rest.text[1], list, &s);
    if (fine) {
        printf("%s: %zu tensor%s", rest.text[1], list.count, list.count == 1 ? "" : "s");
        size_t left = w.list.count - list.count;
        if (left) printf("; %zu of %s left out, --all takes them too", left, rest.text[0]);
        putchar('\n');
    }
    weights_close(&w);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
