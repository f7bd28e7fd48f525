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
    {"model", OPTION_TEXT, "NAME|LAYERS",
     "a name of `taper help models`, or layers written out (mlp)", offsetof(settings, job.model),
     0},
    {"shape", OPTION_TEXT, "AxBxC",
     "of one sample (that of the run or of the named model, or 1x28x28)", offsetof(settings, shape),
     0},
    {"batch-size", OPTION_COUNT, "N", "samples a step, for the memory (32)",
     offsetof(settings, job.batch_size), 1},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_summary(FILE *stream) {
    fputs(
        "usage: taper summary [RUN|FILE|NAME|LAYERS] [options]\n\n"
        "Shows a network layer by layer: shape of its output for one sample, parameters,\n"
        "multiply-adds; below, bytes, and the memory that evaluation and training will need. The network is one that was trained (the folder of a run, or a file\n"
        "of weights), a name, or layers written out.\n\n"
        "  taper summary runs/digits-mlp\n"
        "  taper summary vgg16\n"
        "  taper summary resnet18:classes=10,small --shape 3x32x32\n"
        "  taper summary \"flatten linear:256 relu linear:10\"\n"
        "  taper summary \"linear:32 tanh linear:1\" --shape 8\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* The shape that is asked for, else that of the trained model, else that which the named model was published for. */
static tp_shape shape_of(const settings *s, tp_shape asked) {
    const tp_model_info *info = job_model_info(s->job.model);
    if (asked.ndim) return asked;
    if (s->job.sample.ndim) return s->job.sample;
    return info ? info->sample : tp_shape(1, 28, 28);
}

int cmd_summary(int argc, char **argv) {
    settings s = {0};
    positional rest;
    if (!options_read(table, OPTIONS, "summary", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count > 1) {
        fprintf(stderr, "taper summary: one network at a time; layers need quotes around them.\n");
        return EXIT_USAGE;
    }
    tp_shape asked = {0};
    if (s.shape && !job_read_shape(s.shape, &asked)) {
        fprintf(stderr, "taper summary: --shape is sizes with x between them, such as 1x28x28.\n");
        return EXIT_USAGE;
    }
    struct stat info;
    bool trained = rest.count == 1 && stat(rest.text[0], &info) == 0;
    if (rest.count == 1 && !trained) s.job.model = rest.text[0];
    if (!trained && !s.job.model) s.job.model = "mlp";
    s.job.no_init = true;
    tp_module *model = trained ? run_load_model(&s.job, rest.text[0]) : job_model(&s.job, asked, 0);
    bool fine =
        model && tp_summary(model, shape_of(&s, asked), stdout, .batch_size = s.job.batch_size);
    tp_module_free(model);
    job_release(&s.job);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
