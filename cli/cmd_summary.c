/* taper summary */
#include <string.h>
#include <sys/stat.h>

#include "report.h"
#include "run_folder.h"
#include "verbs.h"

typedef struct settings {
    job job;
    const char *shape;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"model", OPTION_TEXT, "NAME|LAYERS", "mlp, logistic, or layers written out (mlp)",
     offsetof(settings, job.model), 0},
    {"shape", OPTION_TEXT, "AxBxC", "of one sample (1x28x28)", offsetof(settings, shape), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_summary(FILE *stream) {
    fputs(
        "usage: taper summary [RUN|FILE|NAME|LAYERS] [options]\n\n"
        "Shows a network layer by layer: shape of its output for one sample, parameters,\n"
        "multiply-adds, bytes. The network is one that was trained (the folder of a run, or a file\n"
        "of weights), a name, or layers written out.\n\n"
        "  taper summary runs/digits-mlp\n"
        "  taper summary mlp\n"
        "  taper summary \"flatten linear:256 relu linear:10\"\n"
        "  taper summary \"linear:32 tanh linear:1\" --shape 8\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* "1x28x28"; false where it is no shape. */
static bool read_shape(const char *text, tp_shape *shape) {
    int64_t dims[TP_MAX_DIMS];
    int count = 0;
    while (*text && count < TP_MAX_DIMS) {
        int used = 0;
        long long size;
        if (sscanf(text, "%lld%n", &size, &used) != 1 || size < 1) return false;
        dims[count++] = size;
        text += used;
        if (*text == 'x' && text[1]) text++;
    }
    *shape = tp_shape_make(count, dims);
    return count > 0 && !*text;
}

int cmd_summary(int argc, char **argv) {
    settings s = {0};
    positional rest;
    if (!options_read(table, OPTIONS, "summary", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count > 1) {
        fprintf(stderr, "taper summary: one network at a time; layers need quotes around them.\n");
        return EXIT_USAGE;
    }
    tp_shape shape = tp_shape(1, 28, 28);
    if (s.shape && !read_shape(s.shape, &shape)) {
        fprintf(stderr, "taper summary: --shape is sizes with x between them, such as 1x28x28.\n");
        return EXIT_USAGE;
    }
    struct stat info;
    bool trained = rest.count == 1 && stat(rest.text[0], &info) == 0;
    if (rest.count == 1 && !trained) s.job.model = rest.text[0];
    if (!trained && !s.job.model) s.job.model = "mlp";
    tp_module *model =
        trained ? run_load_model(&s.job, rest.text[0]) : job_model(&s.job, shape, 10);
    bool fine = model && tp_summary(model, shape, stdout);
    tp_module_free(model);
    job_release(&s.job);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
