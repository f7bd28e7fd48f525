/* Products and convolutions in float32 and in bfloat16, in turns: where --precision bf16 is faster, and by how much.
 *
 * usage: precision [--rounds N] [--only TEXT]
 *
 * The bfloat16 kernels are run as they are, whether or not the rules of docs/precision.md would choose them; a star marks those
 * that are chosen. Times are the best ones of all rounds, on one thread. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/bf16.h"
#include "common.h"

typedef struct product {
    const char *name;
    int64_t m, n, k;
    const char *layout; /* as BLAS says it: is a, is b transposed */
} product;

static const product products[] = {
    {"ConvNet 1568-500 forward, 32", 32, 500, 1568, "NT"},
    {"ConvNet 1568-500 input, 32", 32, 1568, 500, "NN"},
    {"ConvNet 1568-500 weight, 32", 500, 1568, 32, "TN"},
    {"784-128 forward, 32", 32, 128, 784, "NT"},
    {"784-512 forward, 100", 100, 512, 784, "NT"},
    {"784-512 input, 100", 100, 784, 512, "NN"},
    {"784-512 weight, 100", 512, 784, 100, "TN"},
    {"256-512 forward, 200", 200, 512, 256, "NT"},
    {"2048-2048 forward, 256", 256, 2048, 2048, "NT"},
    {"2048-2048 input, 256", 256, 2048, 2048, "NN"},
    {"2048-2048 weight, 256", 2048, 2048, 256, "TN"},
    {"784-128 forward, 10", 10, 128, 784, "NT"},
    {"784-128 forward, 16", 16, 128, 784, "NT"},
    {"784-128 input, 16", 16, 784, 128, "NN"},
    {"784-128 forward, 24", 24, 128, 784, "NT"},
    {"784-128 input, 24", 24, 784, 128, "NN"},
    {"784-128 weight, 10", 128, 784, 10, "TN"},
    {"784-128 weight, 16", 128, 784, 16, "TN"},
    {"784-128 weight, 32", 128, 784, 32, "TN"},
    {"128-64 forward, 32", 32, 64, 128, "NT"},
    {"128-64 input, 32", 32, 128, 64, "NN"},
    {"128-64 weight, 32", 64, 128, 32, "TN"},
    {"500-10 forward, 32", 32, 10, 500, "NT"},
    {"500-10 input, 32", 32, 500, 10, "NN"},
    {"500-10 weight, 32", 10, 500, 32, "TN"},
    {"64-16 forward, 1000", 1000, 16, 64, "NT"},
    {"64-32 forward, 1000", 1000, 32, 64, "NT"},
    {"32-32 forward, 1000", 1000, 32, 32, "NT"},
    {"128 cubed", 128, 128, 128, "NN"},
    {"256 cubed", 256, 256, 256, "NN"},
    {"1024 cubed", 1024, 1024, 1024, "NN"},
    {"1024 cubed", 1024, 1024, 1024, "NT"},
    {"1024 cubed", 1024, 1024, 1024, "TN"},
};

typedef struct layer {
    const char *name;
    int images, in, out, size, kernel, stride, padding; /* square */
} layer;

static const layer layers[] = {
    {"dogs 3-6 k5 s2 at 64, 32", 32, 3, 6, 64, 5, 2, 0},
    {"dogs 6-10 k5 s2 at 30, 32", 32, 6, 10, 30, 5, 2, 0},
    {"ConvNet 1-8 k5 at 28, 32", 32, 1, 8, 28, 5, 1, 2},
    {"ConvNet3 16-32 k5 at 14, 32", 32, 16, 32, 14, 5, 1, 2},
    {"ConvNet3 32-64 k5 at 7, 32", 32, 32, 64, 7, 5, 1, 2},
    {"ConvNet4 64-64 k3 at 28, 32", 32, 64, 64, 28, 3, 1, 1},
    {"ConvNet4 128-128 k3 at 14, 32", 32, 128, 128, 14, 3, 1, 1},
    {"ConvNet4 256-256 k3 at 7, 32", 32, 256, 256, 7, 3, 1, 1},
    {"ResNet18 3-64 k7 s2 at 64, 16", 16, 3, 64, 64, 7, 2, 3},
    {"ResNet18 64-128 k3 s2 at 16, 16", 16, 64, 128, 16, 3, 2, 1},
    {"ResNet18 64-128 k1 s2 at 16, 16", 16, 64, 128, 16, 1, 2, 0},
    {"ResNet18 256-512 k3 s2 at 4, 16", 16, 256, 512, 4, 3, 2, 1},
    {"ResNet50 64-256 k1 at 56, 4", 4, 64, 256, 56, 1, 1, 0},
    {"ResNet50 1024-256 k1 at 14, 4", 4, 1024, 256, 14, 1, 1, 0},
    {"AlexNet 3-64 k11 s4 at 224, 4", 4, 3, 64, 224, 11, 4, 2},
    {"AlexNet 64-192 k5 at 27, 4", 4, 64, 192, 27, 5, 1, 2},
    {"ResNet18 3-64 k7 s2 at 224, 1", 1, 3, 64, 224, 7, 2, 3},
    {"ResNet18 64-128 k3 s2 at 56, 1", 1, 64, 128, 56, 3, 2, 1},
    {"ResNet18 64-128 k1 s2 at 56, 1", 1, 64, 128, 56, 1, 2, 0},
    {"ResNet18 256-512 k3 s2 at 14, 1", 1, 256, 512, 14, 3, 2, 1},
    {"ResNet18 512-512 k3 at 2, 16", 16, 512, 512, 2, 3, 1, 1},
    {"256-512 k3 s2 at 4, 1", 1, 256, 512, 4, 3, 2, 1},
    {"VGG16 3-64 k3 at 224, 1", 1, 3, 64, 224, 3, 1, 1},
    {"VGG16 64-64 k3 at 224, 1", 1, 64, 64, 224, 3, 1, 1},
    {"VGG16 128-128 k3 at 112, 1", 1, 128, 128, 112, 3, 1, 1},
    {"VGG16 256-256 k3 at 56, 1", 1, 256, 256, 56, 3, 1, 1},
    {"VGG16 512-512 k3 at 28, 1", 1, 512, 512, 28, 3, 1, 1},
    {"VGG16 512-512 k3 at 14, 1", 1, 512, 512, 14, 3, 1, 1},
};
enum { PRODUCTS = sizeof products / sizeof *products, LAYERS = sizeof layers / sizeof *layers };
static const char *const directions[TP_CONV_COUNT] = {"forward", "input", "weight"};

static struct {
    const tp_kernels *kernels[2]; /* float32, bf16 */
    tp_pool *pool;
    int rounds;
    const char *only;
} bench;

/* What is timed: a product or a convolution, in one precision. */
typedef bool (*run_fn)(int precision, const void *args, int kind);

/* The best times of both precisions, in seconds. */
static void take_turns(run_fn run, const void *args, int kind, double operations, double *best) {
    int repeat = (int)(1e8 / operations) + 1;
    best[0] = best[1] = 0;
    for (int round = 0; round < bench.rounds; round++) {
        for (int precision = 0; precision < 2; precision++) {
            if (!run(precision, args, kind)) exit(1); /* warms the caches */
            double start = now();
            for (int i = 0; i < repeat; i++) run(precision, args, kind);
            double seconds = (now() - start) / repeat;
            if (best[precision] == 0 || seconds < best[precision]) best[precision] = seconds;
        }
    }
}

static void print_line(const char *name, const char *what, const double *best, double operations,
                       bool chosen) {
    printf("%-34s %-8s %10.1f %10.1f %6.2fx %8.0f %8.0f %s\n", name, what, best[0] * 1e6,
           best[1] * 1e6, best[0] / best[1], operations / best[0] * 1e-9,
           operations / best[1] * 1e-9, chosen ? "*" : "");
    fflush(stdout);
}

static bool run_product(int precision, const void *args, int kind) {
    (void)kind;
    if (precision == 0) return bench.kernels[0]->gemm[0](bench.pool, args);
    return bench.kernels[1]->gemm_bf16(bench.pool, args);
}

static void time_product(const product *p) {
    bool ta = p->layout[0] == 'T', tb = p->layout[1] == 'T';
    tp_gemm_args args = {.m = p->m, .n = p->n, .k = p->k, .c_row = p->n, .alpha = 1};
    args.a = filled(p->m * p->k);
    args.b = filled(p->k * p->n);
    args.c = filled(p->m * p->n);
    args.a_row = ta ? 1 : p->k, args.a_col = ta ? p->m : 1;
    args.b_row = tb ? 1 : p->n, args.b_col = tb ? p->k : 1;
    double best[2], operations = 2.0 * (double)p->m * (double)p->n * (double)p->k;
    take_turns(run_product, &args, 0, operations, best);
    print_line(p->name, p->layout, best, operations, tp_gemm_bf16_wins(&args));
    free((void *)args.a);
    free((void *)args.b);
    free(args.c);
}

static bool run_layer(int precision, const void *args, int kind) {
    if (precision == 1) return bench.kernels[1]->conv_bf16[kind](bench.pool, args);
    return tp_conv_run(bench.kernels[0], bench.pool, (tp_conv_kind)kind, 0, args);
}

static void time_layer(const layer *l, int kind) {
    tp_conv_shape s =
        square_conv(l->images, l->in, l->out, l->size, l->kernel, l->stride, l->padding);
    float *x = filled(s.images * s.in_channels * s.in_h * s.in_w);
    float *y = filled(s.images * s.out_channels * s.out_h * s.out_w);
    float *weight = filled(s.out_channels * s.in_channels * s.kernel_h * s.kernel_w);
    tp_conv_args args = {.shape = s, .x = x, .y = y, .weight = weight};
    args.result = kind == TP_CONV_FORWARD ? y : kind == TP_CONV_GRAD_INPUT ? x : weight;
    double best[2], operations = conv_operations(&s);
    take_turns(run_layer, &args, kind, operations, best);
    print_line(l->name, directions[kind], best, operations,
               tp_conv_bf16_wins((tp_conv_kind)kind, &s));
    free(x);
    free(y);
    free(weight);
}

static bool wanted(const char *name) { return !bench.only || strstr(name, bench.only); }

int main(int argc, char **argv) {
    bench.rounds = 5;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0) bench.rounds = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--only") == 0) bench.only = argv[i + 1];
    }
    tp_cpu_level level = tp_cpu_choose(NULL);
    bench.kernels[0] = tp_kernels_choose(level);
    bench.kernels[1] = tp_kernels_bf16(level);
    if (!bench.kernels[1]) {
        printf("precision: no AVX512-BF16 here\n");
        return 0;
    }
    bench.pool = tp_pool_new(1, NULL);
    printf("%-34s %-8s %10s %10s %7s %8s %8s\n", "", "", "float32 us", "bf16 us", "faster",
           "GFLOP/s", "GFLOP/s");
    for (int i = 0; i < PRODUCTS; i++)
        if (wanted(products[i].name)) time_product(&products[i]);
    for (int kind = 0; kind < TP_CONV_COUNT; kind++)
        for (int i = 0; i < LAYERS; i++)
            if (wanted(layers[i].name)) time_layer(&layers[i], kind);
    tp_pool_free(bench.pool);
    return 0;
}
