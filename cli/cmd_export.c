/* taper export */
#include <string.h>
#include <sys/stat.h>

#include "report.h"
#include "run_folder.h"
#include "verbs.h"

typedef struct settings {
    job job;
    const char *shape, *onnx, *c, *function, *calibrate;
    int64_t count;
    bool int8;
} settings;

static const option table[] = {
    {"What to write", OPTION_HEADING, NULL, NULL, 0, 0},
    {"onnx", OPTION_TEXT, "FILE", "ONNX, opset 17, for batches of any size",
     offsetof(settings, onnx), 0},
    {"c", OPTION_TEXT, "FILE", "one file of C99 without library, allocation or input and output",
     offsetof(settings, c), 0},
    {"function", OPTION_TEXT, "NAME", "how the C function begins: NAME_run (model)",
     offsetof(settings, function), 0},
    {"int8", OPTION_FLAG, NULL,
     "C in whole numbers of 8 bits: about a fourth of the size; needs\ntypical inputs, see --calibrate",
     offsetof(settings, int8), 0},
    {"calibrate", OPTION_TEXT, "NAME|DIR",
     "data whose first training pictures show how large numbers get:\ndigits, mnist, fashion, kmnist, or a folder with IDX files (the\ndata of the run)",
     offsetof(settings, calibrate), 0},
    {"calibrate-count", OPTION_COUNT, "N", "how many of them (64)", offsetof(settings, count), 1},
    {"Model", OPTION_HEADING, NULL, NULL, 0, 0},
    {"model", OPTION_TEXT, "NAME|LAYERS", "a name of `taper help models`, or layers written out",
     offsetof(settings, job.model), 0},
    {"shape", OPTION_TEXT, "AxBxC", "of one sample (that of the run, the file or the named model)",
     offsetof(settings, shape), 0},
    {"seed", OPTION_COUNT, "N", "of weights that are not loaded (0)", offsetof(settings, job.seed),
     0},
    {"quiet", OPTION_FLAG, NULL, "print nothing but errors", offsetof(settings, job.quiet), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_export(FILE *stream) {
    fputs(
        "usage: taper export RUN|FILE|NAME|LAYERS --onnx FILE | --c FILE [options]\n"
        "\n"
        "Writes a network for other programs: as ONNX, which most of them read, or as one file of\n"
        "C99 for machines on which nothing else is to be installed. The network is one that was\n"
        "trained (the folder of a run, or a file of weights), an .onnx file, a name, or layers\n"
        "written out.\n"
        "\n"
        "  taper export runs/digits-mlp --onnx digits.onnx\n"
        "  taper export runs/digits-mlp --c digits.c --function digits\n"
        "  taper export runs/digits-mlp --c digits.c --int8 --calibrate digits\n"
        "  taper export resnet18.onnx --c resnet18.c\n"
        "\n"
        "The C file has one function, void digits_run(const float *input, float *output), and a\n"
        "program that checks it:\n"
        "\n"
        "  cc -std=c99 -O2 -DTAPER_SELF_TEST digits.c -o check && ./check\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* ---- the model ---- */

static bool ends_in(const char *text, const char *end) {
    size_t length = strlen(text), more = strlen(end);
    return length >= more && strcmp(text + length - more, end) == 0;
}

/* The shape of one sample of an .onnx file's input, where all its sizes are known. */
static bool shape_of_file(const char *path, tp_shape *shape) {
    tp_onnx_model *model = tp_onnx_inspect(path);
    if (!model) return false;
    bool known = model->input_count == 1 && model->inputs[0].shape.ndim > 0;
    for (int d = 1; known && d < model->inputs[0].shape.ndim; d++)
        known = model->inputs[0].shape.dims[d] > 0;
    if (known)
        *shape =
            tp_shape_make((size_t)model->inputs[0].shape.ndim - 1, model->inputs[0].shape.dims + 1);
    tp_onnx_model_free(model);
    return known;
}

/* The model and the shape of one sample. NULL after a sentence. */
static tp_module *open_model(settings *s, const char *what, tp_shape *shape) {
    struct stat info;
    bool there = what && stat(what, &info) == 0, known = shape->ndim > 0;
    tp_module *model;
    if (there && ends_in(what, ".onnx")) {
        if (!known) known = shape_of_file(what, shape);
        model = tp_onnx_load(what);
    } else {
        if (what && !there) s->job.model = what;
        tp_manual_seed((uint64_t)s->job.seed);
        const tp_model_info *named = there ? NULL : job_model_info(s->job.model);
        model = there ? run_load_model(&s->job, what) : job_model(&s->job, *shape, 0);
        if (!known)
            *shape = there && s->job.sample.ndim ? s->job.sample : named ? named->sample : *shape;
        known = shape->ndim > 0;
    }
    if (!model || known) return model;
    report_failure("say what one sample looks like: --shape 1x28x28.");
    tp_module_free(model);
    return NULL;
}

/* ---- writing ---- */

static tp_tensor *calibration(const settings *s) {
    job j = s->job;
    if (s->calibrate) j.data = s->calibrate;
    if (!j.data) {
        report_failure("--int8 needs typical inputs: --calibrate digits.");
        return NULL;
    }
    tp_dataset *data = job_open_split(&j, "train");
    if (!data) return NULL;
    int64_t count = tp_dataset_size(data) < s->count ? tp_dataset_size(data) : s->count;
    tp_loader *loader = tp_loader_new(data, .batch_size = count);
    tp_batch batch;
    tp_tensor *x = loader && tp_next(loader, &batch) ? tp_keep(tp_to(batch.x, TP_FLOAT32)) : NULL;
    tp_loader_free(loader);
    return x;
}

static bool write_c(const settings *s, tp_module *model, tp_shape shape) {
    tp_tensor *typical = s->int8 ? calibration(s) : NULL;
    if (s->int8 && !typical) return false;
    bool fine = tp_export_c(s->c, model, shape, .name = s->function, .int8 = s->int8,
                            .calibration = typical);
    tp_free(typical);
    if (fine && !s->job.quiet)
        printf("%s: void %s_run(const float *input, float *output)\n", s->c,
               s->function ? s->function : "model");
    return fine;
}

static bool run(settings *s, const char *what) {
    tp_shape shape = {0};
    if (s->shape && !job_read_shape(s->shape, &shape)) {
        report_failure("--shape is sizes with x between them, such as 1x28x28.");
        return false;
    }
    tp_module *model = open_model(s, what, &shape);
    bool fine = model != NULL;
    if (fine && s->onnx) {
        fine = tp_onnx_save(s->onnx, model, shape);
        if (fine && !s->job.quiet)
            printf("%s: ONNX, opset 17, %lld parameters\n", s->onnx,
                   (long long)tp_parameter_count(model));
    }
    if (fine && s->c) fine = write_c(s, model, shape);
    tp_module_free(model);
    return fine;
}

int cmd_export(int argc, char **argv) {
    settings s = {.count = 64};
    positional rest;
    if (!options_read(table, OPTIONS, "export", argc, argv, &s, &rest)) return EXIT_USAGE;
    const char *wrong = NULL;
    if (rest.count > 1) wrong = "one network at a time; layers need quotes around them";
    if (rest.count == 0 && !s.job.model)
        wrong = "which network? For instance: taper export runs/digits-mlp --onnx digits.onnx";
    else if (!s.onnx && !s.c)
        wrong = "--onnx FILE or --c FILE says what to write";
    else if (s.int8 && !s.c)
        wrong = "--int8 goes with --c";
    if (wrong) {
        fprintf(stderr, "taper export: %s.\n", wrong);
        return EXIT_USAGE;
    }
    if (s.calibrate && !job_check_data("export", s.calibrate)) return EXIT_USAGE;
    bool fine = run(&s, rest.count ? rest.text[0] : NULL);
    job_release(&s.job);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
