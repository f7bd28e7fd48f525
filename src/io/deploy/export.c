/* The file as a whole: comment, functions, arrays, the one public function, and the self-test. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "base/alloc.h"
#include "io/deploy/deploy.h"
#include "io/file.h"
#include "io/graph/module.h"

/* ---- checks ---- */

static bool refuse(tp_location at, const char *got, const char *want) {
    tp_fail(at, "export_c", TP_ERROR_ARGUMENT, got, want, NULL);
    return false;
}

static bool is_identifier(const char *name) {
    if (!isalpha((unsigned char)name[0]) && name[0] != '_') return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_') return false;
    return strlen(name) < 64;
}

static bool check(tp_location at, tp_export_c_args *args) {
    if (!args->path) return refuse(at, "path NULL", "the path of a file");
    if (!args->name) args->name = "model";
    if (!is_identifier(args->name)) return refuse(at, args->name, "a name that C takes");
    return true;
}

/* ---- what the model gives for one input, for the self-test ---- */

typedef struct sample {
    float *input, *output;
    int64_t inputs, outputs;
} sample;

static bool run_sample(tp_deploy *d, sample *s) {
    const tp_export_c_args *args = d->args;
    tp_shape shape = {.ndim = args->sample.ndim + 1, .dims = {1}};
    for (int i = 0; i < args->sample.ndim; i++) shape.dims[i + 1] = args->sample.dims[i];
    tp_tensor *x = args->int8 ? tp_narrow_at(d->at, args->calibration, 0, 0, 1)
                              : tp_rand_at(d->at, (tp_random_args){.shape = shape});
    x = tp_to_at(d->at, x, TP_FLOAT32);
    if (tp_is_poison(x)) return false;
    tp_tensor *y = tp_to_at(d->at, tp_trace_evaluate(d->at, args->module, x), TP_FLOAT32);
    if (tp_is_poison(y)) return false;
    s->inputs = x->numel;
    s->outputs = y->numel;
    s->input = tp_new((size_t)s->inputs * sizeof(float) + 1);
    s->output = tp_new((size_t)s->outputs * sizeof(float) + 1);
    return s->input && s->output && tp_copy_out_at(d->at, x, s->input) &&
           tp_copy_out_at(d->at, y, s->output);
}

/* ---- parts of the file ---- */

static void print_head(FILE *to, const tp_deploy *d, const sample *s) {
    const char *name = d->args->name;
    int64_t room = d->room * 4 + d->bytes;
    fprintf(
        to,
        "/* A network as C99, written by taper %s%s.\n"
        " *\n"
        " *     void %s_run(const float *input, float *output);\n"
        " *\n"
        " * takes %lld numbers, %s in reading order, and gives %lld. It needs no library, allocates nothing and is not to be\n"
        " * run by two threads at once: %lld bytes of static memory hold what is in between. Compiled with -DTAPER_SELF_TEST\n"
        " * it is a program that checks itself. */\n\n",
        tp_version(), d->args->int8 ? ", in whole numbers of 8 bits" : "", name,
        (long long)s->inputs, tp_shape_text(d->args->sample), (long long)s->outputs,
        (long long)room);
    fprintf(to, "enum { %s_inputs = %lld, %s_outputs = %lld };\n", name, (long long)s->inputs, name,
            (long long)s->outputs);
    fprintf(to, "void %s_run(const float *input, float *output);\n\n", name);
}

/* Buffers are there where something lies in them: an unused one would be a warning. */
static void print_run(FILE *to, const tp_deploy *d, const char *body) {
    fprintf(to, "\nvoid %s_run(const float *input, float *output) {\n", d->args->name);
    if (d->room) fprintf(to, "    static float work[%lld];\n", (long long)d->room);
    if (d->bytes) fprintf(to, "    static signed char whole[%lld];\n", (long long)d->bytes);
    fprintf(to, "%s}\n", body);
}

static void print_test(FILE *to, const tp_deploy *d, const sample *s) {
    fprintf(to,
            "\n#ifdef TAPER_SELF_TEST\n#include <stdio.h>\n\n"
            "static const float test_input[%lld] = {",
            (long long)s->inputs);
    tp_deploy_print_floats(to, s->input, s->inputs);
    fprintf(to, "};\nstatic const float test_output[%lld] = {", (long long)s->outputs);
    tp_deploy_print_floats(to, s->output, s->outputs);
    fprintf(
        to,
        "};\n\n"
        "/* Other compilers and processors round differently: a small part of the largest output is allowed. */\n"
        "int main(void) {\n"
        "    static float output[%s_outputs];\n"
        "    float most = 0, apart = 0;\n"
        "    int i;\n"
        "    %s_run(test_input, output);\n"
        "    for (i = 0; i < %s_outputs; i++) {\n"
        "        float want = test_output[i] < 0 ? -test_output[i] : test_output[i];\n"
        "        float differs = output[i] - test_output[i];\n"
        "        differs = differs < 0 ? -differs : differs;\n"
        "        most = want > most ? want : most;\n"
        "        apart = differs > apart || differs != differs ? differs : apart;\n"
        "    }\n"
        "    printf(\"largest output %%g, largest difference %%g\\n\", (double)most, (double)apart);\n"
        "    return !(apart <= %sf * most);\n"
        "}\n#endif\n",
        d->args->name, d->args->name, d->args->name, d->args->int8 ? "0.1" : "0.0001");
}

/* ---- the whole ---- */

static bool write_file(const tp_deploy *d, const sample *s, const char *data, const char *body) {
    tp_file_writer writer;
    if (!tp_file_write_begin(&writer, d->at, "export_c", d->args->path)) return false;
    print_head(writer.stream, d, s);
    tp_deploy_functions(writer.stream,
                        tp_deploy_needs(d->functions | tp_deploy_unary_needs(d->unaries)));
    tp_deploy_unary_write(writer.stream, d->unaries);
    fputs(data, writer.stream);
    print_run(writer.stream, d, body);
    print_test(writer.stream, d, s);
    if (ferror(writer.stream)) writer.error = EIO;
    return tp_file_write_end(&writer);
}

/* Arrays and calls grow in memory until all of the file is known. */
static bool make_file(tp_deploy *d, const sample *s) {
    char *data = NULL, *body = NULL;
    size_t data_size = 0, body_size = 0;
    d->data = open_memstream(&data, &data_size);
    d->body = open_memstream(&body, &body_size);
    bool fine = d->data && d->body && tp_deploy_steps(d);
    bool memory = d->data && d->body && !ferror(d->data) && !ferror(d->body);
    if (d->data) memory = fclose(d->data) == 0 && memory;
    if (d->body) memory = fclose(d->body) == 0 && memory;
    if (!memory && !d->failed) tp_fail_memory(d->at, "export_c", data_size);
    fine = fine && memory && write_file(d, s, data, body);
    free(data);
    free(body);
    return fine;
}

bool tp_export_c_at(tp_location at, tp_export_c_args args) {
    if (!check(at, &args)) return false;
    tp_graph *graph = tp_trace_module(&(tp_trace_args){.at = at,
                                                       .op = "export_c",
                                                       .module = args.module,
                                                       .sample = args.sample,
                                                       .batch = 1,
                                                       .whole = true});
    if (!graph) return false;
    tp_deploy d = {.at = at, .args = &args, .graph = graph};
    sample s = {0};
    struct tp_generator generator = tp_ctx()->generator;
    bool fine = tp_deploy_plan(&d) && (!args.int8 || tp_deploy_calibrate(&d));
    if (fine)
        TP_SCOPE
            /* without recording batch norm would be folded into the weights, which rounds elsewhere */
            TP_ENABLE_GRAD { fine = run_sample(&d, &s); }
    tp_ctx()->generator = generator;
    fine = fine && make_file(&d, &s);
    tp_delete(s.input);
    tp_delete(s.output);
    tp_delete(d.root);
    tp_delete(d.offset);
    tp_delete(d.scale);
    tp_delete(d.array);
    tp_graph_end(graph);
    return fine;
}
