/* taper compare */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_layers.h"
#include "job.h"
#include "options.h"
#include "report.h"
#include "verbs.h"
#include "weights.h"

typedef struct settings {
    double tolerance;
    const char *model, *input, *shape;
    bool layers, all;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"tolerance", OPTION_NUMBER, "X", "differences up to this count as none (0)",
     offsetof(settings, tolerance), 0},
    {"all", OPTION_FLAG, NULL, "every tensor under its whole path, an optimiser's too",
     offsetof(settings, all), 0},
    {"Layer by layer", OPTION_HEADING, NULL, NULL, 0, 0},
    {"layers", OPTION_FLAG, NULL, "run both on one input and compare what each layer gives",
     offsetof(settings, layers), 0},
    {"model", OPTION_TEXT, "NAME|LAYERS",
     "the network, where the files do not say it;\nimplies --layers", offsetof(settings, model), 0},
    {"input", OPTION_TEXT, "FILE", "a batch as .npy (one sample of random numbers, seed 1)",
     offsetof(settings, input), 0},
    {"shape", OPTION_TEXT, "AxBxC", "of one sample where there is no --input (1x28x28)",
     offsetof(settings, shape), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_compare(FILE *stream) {
    fputs("usage: taper compare A B [options]\n\n"
          "Says whether two files of weights hold the same: which tensors only one has,\n"
          "whose shapes differ, and by how much values differ. With --layers both are\n"
          "loaded into a network that runs on one input, and the first layer whose outputs\n"
          "differ is named. Ends with status 0 where nothing differs and 1 where something\n"
          "does.\n\n"
          "  taper compare before.pth after.pth\n"
          "  taper compare model.pth model.safetensors --tolerance 1e-6\n"
          "  taper compare a.pth b.pth --model \"flatten linear:128 relu linear:10\"\n",
          stream);
    options_help(stream, table, OPTIONS);
}

static tp_tensor *find(tp_named_list list, const char *name) {
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.items[i].name, name) == 0) return list.items[i].tensor;
    return NULL;
}

/* Counts and shows the names of one list that the other lacks. */
static size_t show_missing(tp_named_list list, tp_named_list other, const char *path) {
    size_t count = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (find(other, list.items[i].name)) continue;
        if (!count++) printf("only in %s:\n", path);
        if (count <= 10) printf("  %s\n", list.items[i].name);
    }
    if (count > 10) printf("  ... %zu in all\n", count);
    return count;
}

static int name_width(tp_named_list list) {
    int width = 4;
    for (size_t i = 0; i < list.count; i++)
        if ((int)strlen(list.items[i].name) > width) width = (int)strlen(list.items[i].name);
    return width < 36 ? width : 36;
}

/* Compares the tensors that both have, in the order of the first file, so that what differs first stands first. */
static size_t show_differences(tp_named_list a, tp_named_list b, double tolerance) {
    size_t differing = 0, same = 0;
    int width = name_width(a);
    for (size_t i = 0; i < a.count; i++) {
        const char *name = a.items[i].name;
        tp_tensor *x = a.items[i].tensor, *y = find(b, name);
        char shapes[2][96];
        difference d;
        if (!y) continue;
        if (tp_same_shape(x, y) && !difference_of(&d, x, y, tolerance)) {
            same++;
            continue;
        }
        if (!differing++)
            printf("  %-*s %12s %10s %14s\n", width, "name", "differ", "most by", "of the largest");
        if (tp_same_shape(x, y))
            printf("  %-*s %12" PRId64 " %10.3g %14.2g\n", width, name, d.count, d.most,
                   d.relative);
        else
            printf("  %-*s shape %s and %s\n", width, name, weights_shape_text(shapes[0], x),
                   weights_shape_text(shapes[1], y));
        if (differing == 1 && tp_same_shape(x, y)) {
            printf("  %-*s ", width, "");
            difference_show(&d, x);
        }
    }
    printf("%zu tensor%s the same", same, same == 1 ? " is" : "s are");
    if (tolerance > 0) printf(" to %g", tolerance);
    printf(differing ? ", %zu differ\n" : "\n", differing);
    return differing;
}

static int compare_weights(const char *first, const char *second, const settings *s) {
    weights a, b;
    int status = EXIT_FAILED;
    if (!weights_open(&a, first)) return status;
    if (weights_open(&b, second)) {
        tp_named_list x = s->all ? a.list : weights_state(&a, NULL);
        tp_named_list y = s->all ? b.list : weights_state(&b, NULL);
        size_t differing = show_missing(x, y, first) + show_missing(y, x, second);
        differing += show_differences(x, y, s->tolerance);
        status = differing || !x.count ? EXIT_FAILED : EXIT_FINE;
        weights_close(&b);
    }
    weights_close(&a);
    return status;
}

int cmd_compare(int argc, char **argv) {
    settings s = {0};
    positional rest;
    if (!options_read(table, OPTIONS, "compare", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count != 2) {
        fprintf(stderr, "taper compare: two files are needed: taper compare a.pth b.pth\n");
        return EXIT_USAGE;
    }
    if (!s.layers && !s.model && !s.input) return compare_weights(rest.text[0], rest.text[1], &s);
    compare_settings layers = {.model = s.model, .input = s.input, .tolerance = s.tolerance};
    if (s.shape && !job_read_shape(s.shape, &layers.sample)) {
        fprintf(stderr, "taper compare: --shape is sizes with x between them, such as 1x28x28.\n");
        return EXIT_USAGE;
    }
    return compare_layers(rest.text[0], rest.text[1], &layers);
}
