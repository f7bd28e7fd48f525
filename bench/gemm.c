/* Speed of matrix products, as a share of what this machine's multiply-add units do on registers
 * alone.
 *
 * usage: gemm [--json FILE] [--rounds N] [--only TEXT] [--large] [--cpu-time]
 *
 * --large adds shapes that take seconds. --cpu-time takes the processor time of the calling thread
 * where one thread works, for machines so busy that no run is left alone.
 *
 * The machine may be shared and its clock may move, so that the shapes take turns for many rounds,
 * each between two measurements of the peak. Times are the best ones; shares and gains are what a
 * quarter of the visits exceed. Operands are warm: they are as near as they get from one step of
 * training to the next. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/backend.h"
#include "common.h"
#include "peak.h"

enum { MAX_ROUNDS = 1000 };

typedef struct shape {
    const char *name;
    int64_t m, n, k;
    const char *layout; /* as BLAS says it: is a, is b transposed */
    bool large;
    bool chosen;
    double best[2]; /* seconds, by threads - 1 */
    int visits;
    double share[MAX_ROUNDS], gain[MAX_ROUNDS]; /* of each visit: of the peak, and of two threads */
} shape;

#define SHAPE(text, rows, cols, depth, form) \
    { .name = text, .m = rows, .n = cols, .k = depth, .layout = form }
#define LARGE(text, rows, cols, depth, form) \
    { .name = text, .m = rows, .n = cols, .k = depth, .layout = form, .large = true }
static shape shapes[] = {
    SHAPE("4x4x4", 4, 4, 4, "NN"),
    SHAPE("linear 10->64 forward, 1", 1, 10, 64, "NT"),
    SHAPE("linear 64->10 forward, 10", 10, 10, 64, "NT"),
    SHAPE("linear 64->10 forward, 32", 32, 10, 64, "NT"),
    SHAPE("linear 64->10 weights, 32", 10, 64, 32, "TN"),
    SHAPE("linear 64->10 input, 32", 32, 64, 10, "NN"),
    SHAPE("linear 128->64 forward, 10", 10, 64, 128, "NT"),
    SHAPE("linear 128->64 forward, 32", 32, 64, 128, "NT"),
    SHAPE("linear 128->64 weights, 32", 64, 128, 32, "TN"),
    SHAPE("linear 128->64 input, 32", 32, 128, 64, "NN"),
    SHAPE("linear 784->128 forward, 10", 10, 128, 784, "NT"),
    SHAPE("linear 784->128 input, 10", 10, 784, 128, "NN"),
    SHAPE("linear 784->128 weights, 10", 128, 784, 10, "TN"),
    SHAPE("linear 784->128 forward, 32", 32, 128, 784, "NT"),
    SHAPE("linear 784->128 input, 32", 32, 784, 128, "NN"),
    SHAPE("linear 784->128 weights, 32", 128, 784, 32, "TN"),
    SHAPE("linear 12288->128 forward, 10", 10, 128, 12288, "NT"),
    SHAPE("linear 12288->128 weights, 10", 128, 12288, 10, "TN"),
    SHAPE("linear 12288->128 forward, 32", 32, 128, 12288, "NT"),
    SHAPE("linear 12288->128 weights, 32", 128, 12288, 32, "TN"),
    SHAPE("linear 784->512 forward, 100", 100, 512, 784, "NT"),
    SHAPE("linear 784->512 input, 100", 100, 784, 512, "NN"),
    SHAPE("linear 784->512 weights, 100", 512, 784, 100, "TN"),
    SHAPE("128 cubed", 128, 128, 128, "NN"),
    SHAPE("256 cubed", 256, 256, 256, "NN"),
    SHAPE("512 cubed", 512, 512, 512, "NN"),
    SHAPE("1024 cubed", 1024, 1024, 1024, "NN"),
    SHAPE("1024 cubed", 1024, 1024, 1024, "NT"),
    SHAPE("1024 cubed", 1024, 1024, 1024, "TN"),
    SHAPE("matrix vector", 4096, 1, 256, "NN"),
    SHAPE("vector matrix", 1, 256, 4096, "NN"),
    LARGE("linear 784->256 forward, 60000", 60000, 256, 784, "NT"),
    LARGE("linear 784->256 input, 60000", 60000, 784, 256, "NN"),
    LARGE("linear 784->256 weights, 60000", 256, 784, 60000, "TN"),
    LARGE("linear 256->1 forward, 60000", 60000, 1, 256, "NT"),
    LARGE("linear 256->1 input, 60000", 60000, 256, 1, "NN"),
    LARGE("linear 256->1 weights, 60000", 1, 256, 60000, "TN"),
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static clockid_t clock_of[2] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC}; /* for one thread, for two */

/* Seconds of one product, from as many as take half a millisecond. */
static double time_shape(const tp_kernels *kernels, tp_pool *pool, int extra,
                         const tp_gemm_args *args) {
    double work = 2.0 * (double)args->m * (double)args->n * (double)args->k;
    int repeat = (int)(5e7 / (work + 2e4)) + 1;
    if (!kernels->gemm[0](pool, args)) exit(1); /* warms the caches */
    double start = seconds_of(clock_of[extra]);
    for (int i = 0; i < repeat; i++) {
        if (!kernels->gemm[0](pool, args)) exit(1);
    }
    return (seconds_of(clock_of[extra]) - start) / repeat;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static tp_gemm_args arguments(const shape *s) {
    bool ta = s->layout[0] == 'T', tb = s->layout[1] == 'T';
    tp_gemm_args args = {.m = s->m, .n = s->n, .k = s->k, .c_row = s->n, .alpha = 1};
    args.a = filled(s->m * s->k);
    args.b = filled(s->k * s->n);
    args.c = filled(s->m * s->n);
    args.a_row = ta ? 1 : s->k, args.a_col = ta ? s->m : 1;
    args.b_row = tb ? 1 : s->n, args.b_col = tb ? s->k : 1;
    return args;
}

static double operations(const shape *s) {
    return 2.0 * (double)s->m * (double)s->n * (double)s->k;
}

static double peak_rate(tp_cpu_level level) {
    double start = seconds_of(clock_of[0]), done = run_peak(level);
    return done / (seconds_of(clock_of[0]) - start);
}

/* One visit to a shape. The clock may differ from one visit to the next, so that the peak is taken
 * before and after. */
static void visit(const tp_kernels *kernels, tp_cpu_level level, tp_pool *const *pools, shape *s,
                  const tp_gemm_args *args, double *peak) {
    double before = peak_rate(level);
    double seconds[2];
    for (int t = 0; t < 2; t++) {
        seconds[t] = time_shape(kernels, pools[t], t, args);
        if (s->visits == 0 || seconds[t] < s->best[t]) s->best[t] = seconds[t];
        if (t == 0) {
            double after = peak_rate(level), high = before > after ? before : after;
            s->share[s->visits] = operations(s) / seconds[0] / high;
            if (high > *peak) *peak = high;
        }
    }
    s->gain[s->visits++] = seconds[0] / seconds[1];
}

/* All of the shapes in turn, again and again. Returns the highest peak in operations a second. */
static double measure(const tp_kernels *kernels, tp_cpu_level level, tp_pool *const *pools,
                      int rounds) {
    tp_gemm_args args[SHAPES];
    for (int i = 0; i < SHAPES; i++) {
        if (shapes[i].chosen) args[i] = arguments(&shapes[i]);
    }
    double peak = 0;
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < SHAPES; i++) {
            if (shapes[i].chosen && (!shapes[i].large || r < 3))
                visit(kernels, level, pools, &shapes[i], &args[i], &peak);
        }
    }
    for (int i = 0; i < SHAPES; i++) {
        shape *s = &shapes[i];
        if (!s->chosen) continue;
        qsort(s->share, (size_t)s->visits, sizeof *s->share, by_size);
        qsort(s->gain, (size_t)s->visits, sizeof *s->gain, by_size);
        free((void *)args[i].a);
        free((void *)args[i].b);
        free(args[i].c);
    }
    return peak;
}

/* What a quarter of the visits exceed: the machine's other work takes away, luck adds little. */
static double upper_quartile(const double *sorted, int count) { return sorted[count * 3 / 4]; }

static void print_table(const char *isa, double peak) {
    printf("%-32s %-6s %15s %9s %6s %9s %7s %6s\n", isa, "layout", "1 thread: us", "GFLOP/s",
           "peak", "2: us", "GFLOP/s", "gain");
    for (int i = 0; i < SHAPES; i++) {
        const shape *s = &shapes[i];
        if (!s->chosen) continue;
        double rate[2] = {operations(s) / s->best[0], operations(s) / s->best[1]};
        double share = upper_quartile(s->share, s->visits),
               gain = upper_quartile(s->gain, s->visits);
        printf("%-32s %-6s %15.3f %9.1f %5.1f%% %9.3f %7.1f %5.2fx\n", s->name, s->layout,
               s->best[0] * 1e6, rate[0] * 1e-9, 100 * share, s->best[1] * 1e6, rate[1] * 1e-9,
               gain);
    }
    printf("one core's peak: %.1f GFLOP/s\n", peak * 1e-9);
}

static void write_json(const char *path, const char *isa, double peak) {
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    fprintf(f, "{\"isa\": \"%s\", \"peak_gflops\": %.1f, \"shapes\": [", isa, peak * 1e-9);
    const char *separator = "\n";
    for (int i = 0; i < SHAPES; i++) {
        const shape *s = &shapes[i];
        if (!s->chosen) continue;
        fprintf(f,
                "%s  {\"name\": \"%s\", \"layout\": \"%s\", \"m\": %lld, \"n\": %lld, \"k\": %lld",
                separator, s->name, s->layout, (long long)s->m, (long long)s->n, (long long)s->k);
        for (int t = 0; t < 2; t++) fprintf(f, ", \"seconds_%d\": %.4g", t + 1, s->best[t]);
        fprintf(f, ", \"share_of_peak\": %.3f, \"gain_of_two_threads\": %.3f",
                upper_quartile(s->share, s->visits), upper_quartile(s->gain, s->visits));
        fprintf(f, "}");
        separator = ",\n";
    }
    fprintf(f, "\n]}\n");
    if (fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv) {
    const char *json = NULL, *only = NULL;
    int rounds = 40;
    bool large = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            json = argv[++i];
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0 &&
                 atoi(argv[i + 1]) <= MAX_ROUNDS)
            rounds = atoi(argv[++i]);
        else if (strcmp(argv[i], "--large") == 0)
            large = true;
        else if (strcmp(argv[i], "--cpu-time") == 0)
            clock_of[0] = CLOCK_THREAD_CPUTIME_ID;
        else {
            fprintf(
                stderr,
                "usage: gemm [--json FILE] [--rounds N] [--only TEXT] [--large] [--cpu-time]\n");
            return 2;
        }
    }
    const char *problem;
    tp_cpu_level level = tp_cpu_choose(&problem);
    if (problem) fprintf(stderr, "gemm: %s\n", problem);
    const tp_kernels *kernels = tp_kernels_choose(level);
    tp_pool *pools[2] = {tp_pool_new(1, NULL), tp_pool_new(2, NULL)};
    if (!pools[0] || !pools[1]) return 1;
    for (int i = 0; i < SHAPES; i++)
        shapes[i].chosen = (large || !shapes[i].large) && (!only || strstr(shapes[i].name, only));
    double peak = measure(kernels, level, pools, rounds);
    print_table(kernels->name, peak);
    if (json) write_json(json, kernels->name, peak);
    for (int t = 0; t < 2; t++) tp_pool_free(pools[t]);
    return 0;
}
