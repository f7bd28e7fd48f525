/* taper bench: how fast this machine trains. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "precision.h"
#include "report.h"
#include "run_folder.h"
#include "verbs.h"

typedef struct settings {
    int64_t threads;
    double seconds;
    const char *model, *precision;
    int64_t batch_size;
    bool json;
} settings;

static const option bench_options[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"threads", OPTION_COUNT, "N", "threads (the better of one and all processors)",
     offsetof(settings, threads), 1},
    {"seconds", OPTION_NUMBER, "X", "time for each measurement (0.5)", offsetof(settings, seconds),
     0},
    {"model", OPTION_TEXT, "NAME|LAYERS", "measure this one on 28 x 28 pictures instead",
     offsetof(settings, model), 0},
    {"batch-size", OPTION_COUNT, "N", "of --model (32)", offsetof(settings, batch_size), 1},
    PRECISION_OPTION(offsetof(settings, precision)),
    {"json", OPTION_FLAG, NULL, "a line of JSON for each workload instead of the table",
     offsetof(settings, json), 0},
};
enum { OPTIONS = sizeof bench_options / sizeof bench_options[0] };

void help_bench(FILE *stream) {
    fputs(
        "usage: taper bench [options]\n\n"
        "Times training steps (forward, loss, backward, update) on random data: the median of many,\n"
        "and the arithmetic that this is. Six operations for each weight and picture: two of the\n"
        "forward, four of the backward pass. `make bench` sets the like against PyTorch.\n\n"
        "  taper bench\n"
        "  taper bench --model \"flatten linear:512 relu linear:10\" --batch-size 128\n",
        stream);
    options_help(stream, bench_options, OPTIONS);
}

typedef struct workload {
    const char *name, *layers;
    int64_t shape[3];
    int64_t batch;
    const char *optimizer;
    double momentum;
} workload;

static const workload workloads[] = {
    {"logistic regression, sgd", "flatten linear:10", {1, 28, 28}, 32, "sgd", 0},
    {"784-128-64-10, sgd",
     "flatten linear:128 relu linear:64 relu linear:10",
     {1, 28, 28},
     10,
     "sgd",
     0},
    {"784-128-64-10, momentum",
     "flatten linear:128 relu linear:64 relu linear:10",
     {1, 28, 28},
     32,
     "sgd",
     0.9},
    {"784-128-64-10, adam",
     "flatten linear:128 relu linear:64 relu linear:10",
     {1, 28, 28},
     128,
     "adam",
     0},
    {"12288-128-64-10, sgd",
     "flatten linear:128 relu linear:64 relu linear:10",
     {3, 64, 64},
     32,
     "sgd",
     0},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0], MOST = 100000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct trainer {
    tp_module *model;
    tp_optim *optim;
    tp_tensor *x, *y;
} trainer;

static bool step(trainer *t) {
    bool fine = false;
    TP_SCOPE {
        tp_tensor *loss = tp_cross_entropy(tp_call(t->model, t->x), t->y);
        tp_zero_grad(t->optim);
        tp_backward(loss);
        fine = tp_step(t->optim);
    }
    return fine;
}

/* Operations of a step for one sample: see the help. */
static double operations(tp_module *model, tp_shape sample) {
    tp_summary_table *table = tp_summarize(model, sample);
    double sum = 0;
    bool first = true;
    for (size_t i = 0; table && i < table->count; i++) {
        if (table->rows[i].multiply_adds == 0) continue;
        sum += (first ? 4 : 6) * (double)table->rows[i].multiply_adds;
        first = false;
    }
    tp_summary_free(table);
    return sum;
}

/* The median time of a step, in seconds; 0 after an error. */
static double median_step(trainer *t, double budget) {
    enum { WARM = 20 };
    double *times = malloc(sizeof *times * MOST);
    bool fine = times != NULL;
    for (int i = 0; fine && i < WARM; i++) fine = step(t);
    int count = 0;
    for (double end = now() + budget; fine && count < MOST && (now() < end || count < 3); count++) {
        double start = now();
        fine = step(t);
        times[count] = now() - start;
    }
    if (fine) qsort(times, (size_t)count, sizeof *times, by_size);
    double median = fine ? times[count / 2] : 0;
    free(times);
    return median;
}

static bool start(const workload *w, trainer *t) {
    tp_shape sample = tp_shape_make(3, w->shape);
    job j = job_defaults();
    j.model = w->layers, j.optimizer = w->optimizer, j.momentum = w->momentum;
    tp_manual_seed(0);
    t->model = job_model(&j, sample, 10);
    t->optim = t->model ? job_optim(&j, t->model) : NULL;
    if (!t->optim) return false;
    TP_SCOPE {
        t->x = tp_keep(tp_rand(tp_shape(w->batch, w->shape[0], w->shape[1], w->shape[2])));
        t->y = tp_keep(tp_randint(0, 10, tp_shape(w->batch)));
    }
    return true;
}

static bool measure(const settings *s, const workload *w) {
    trainer t = {0};
    bool fine = start(w, &t);
    int all = tp_get_num_threads(), best_threads = 0;
    double best = 0;
    int tries[] = {s->threads > 0 ? (int)s->threads : 1, all};
    for (int i = 0; fine && i < (s->threads > 0 || all == 1 ? 1 : 2); i++) {
        tp_set_num_threads(tries[i]);
        double median = median_step(&t, s->seconds);
        fine = median > 0;
        if (fine && (best == 0 || median < best)) best = median, best_threads = tries[i];
    }
    tp_set_num_threads(all);
    if (fine) {
        double work = operations(t.model, tp_shape_make(3, w->shape));
        double rate = work * (double)w->batch / best * 1e-9;
        if (s->json)
            printf("{\"workload\": \"%s\", \"batch_size\": %lld, \"threads\": %d,"
                   " \"precision\": \"%s\", \"step_us\": %.3f, \"gflops\": %.3f}\n",
                   w->name, (long long)w->batch, best_threads, precision_name(), best * 1e6, rate);
        else
            printf("%-26s %6lld %8d %12.1f %12.0f %14.0f %10.1f\n", w->name, (long long)w->batch,
                   best_threads, best * 1e6, 1 / best, (double)w->batch / best, rate);
        fflush(stdout);
    }
    tp_optim_free(t.optim);
    tp_module_free(t.model);
    if (t.x) tp_free(t.x);
    if (t.y) tp_free(t.y);
    return fine;
}

int cmd_bench(int argc, char **argv) {
    settings s = {.seconds = 0.5, .batch_size = 32};
    positional rest;
    if (!options_read(bench_options, OPTIONS, "bench", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count) {
        fprintf(stderr, "taper bench: what is \"%s\"? Layers go behind --model.\n", rest.text[0]);
        return EXIT_USAGE;
    }
    if (!precision_check("bench", s.precision)) return EXIT_USAGE;
    precision_use("bench", s.precision);
    if (!s.json) {
        printf("instruction set %s, products in %s; median time of a training step\n\n",
               tp_cpu_capability(), precision_name());
        printf("%-26s %6s %8s %12s %12s %14s %10s\n", "workload", "batch", "threads", "step, us",
               "steps/s", "pictures/s", "GFLOP/s");
    }
    bool fine = true;
    if (s.model) {
        workload w = {"your model, adam", s.model, {1, 28, 28}, s.batch_size, "adam", 0};
        fine = measure(&s, &w);
    }
    for (int i = 0; fine && !s.model && i < WORKLOADS; i++) fine = measure(&s, &workloads[i]);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
