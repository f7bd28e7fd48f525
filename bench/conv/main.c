/* Speed of single convolutions in three directions, beside oneDNN's where this was built with it.
 *
 * usage: conv [--json FILE] [--rounds N] [--only TEXT] [--direction forward|input|weight] [--small]
 *
 * Ours read and write NCHW as the networks have it; oneDNN works in the layouts that it likes best, with everything prepared
 * and the fastest of its algorithms: what it costs to get there is not counted. Forward has a bias. The two take turns for
 * many rounds, with one thread and with two; times are the best ones. --small leaves out the large pictures of VGG16. */
#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common.h"
#include "../peak.h"
#include "backend/backend.h"
#include "peer.h"

typedef struct layer {
    const char *name;
    int images, in, out, size, kernel, stride, padding; /* square */
    bool large;                                         /* forward only, and not with --small */
} layer;

/* Every convolution of the networks, those of one shape once. */
static const layer layers[] = {
    {"dogs 3-6 k5 s2 at 64", 32, 3, 6, 64, 5, 2, 0, false},
    {"dogs 6-10 k5 s2 at 30", 32, 6, 10, 30, 5, 2, 0, false},
    {"ConvNet 1-8 k5 at 28", 32, 1, 8, 28, 5, 1, 2, false},
    {"ConvNet3 1-16 k5 at 28", 32, 1, 16, 28, 5, 1, 2, false},
    {"ConvNet3 16-32 k5 at 14", 32, 16, 32, 14, 5, 1, 2, false},
    {"ConvNet3 32-64 k5 at 7", 32, 32, 64, 7, 5, 1, 2, false},
    {"ConvNet4 1-64 k3 at 28", 32, 1, 64, 28, 3, 1, 1, false},
    {"ConvNet4 64-64 k3 at 28", 32, 64, 64, 28, 3, 1, 1, false},
    {"ConvNet4 64-128 k3 at 14", 32, 64, 128, 14, 3, 1, 1, false},
    {"ConvNet4 128-128 k3 at 14", 32, 128, 128, 14, 3, 1, 1, false},
    {"ConvNet4 128-256 k3 at 7", 32, 128, 256, 7, 3, 1, 1, false},
    {"ConvNet4 256-256 k3 at 7", 32, 256, 256, 7, 3, 1, 1, false},
    {"ResNet18 3-64 k7 s2 at 64", 16, 3, 64, 64, 7, 2, 3, false},
    {"ResNet18 64-64 k3 at 16", 16, 64, 64, 16, 3, 1, 1, false},
    {"ResNet18 64-128 k3 s2 at 16", 16, 64, 128, 16, 3, 2, 1, false},
    {"ResNet18 64-128 k1 s2 at 16", 16, 64, 128, 16, 1, 2, 0, false},
    {"ResNet18 128-128 k3 at 8", 16, 128, 128, 8, 3, 1, 1, false},
    {"ResNet18 128-256 k3 s2 at 8", 16, 128, 256, 8, 3, 2, 1, false},
    {"ResNet18 128-256 k1 s2 at 8", 16, 128, 256, 8, 1, 2, 0, false},
    {"ResNet18 256-256 k3 at 4", 16, 256, 256, 4, 3, 1, 1, false},
    {"ResNet18 256-512 k3 s2 at 4", 16, 256, 512, 4, 3, 2, 1, false},
    {"ResNet18 256-512 k1 s2 at 4", 16, 256, 512, 4, 1, 2, 0, false},
    {"ResNet18 512-512 k3 at 2", 16, 512, 512, 2, 3, 1, 1, false},
    {"VGG16 3-64 k3 at 224", 1, 3, 64, 224, 3, 1, 1, false},
    {"VGG16 64-64 k3 at 224", 1, 64, 64, 224, 3, 1, 1, false},
    {"VGG16 64-128 k3 at 112", 1, 64, 128, 112, 3, 1, 1, false},
    {"VGG16 128-128 k3 at 112", 1, 128, 128, 112, 3, 1, 1, false},
    {"VGG16 128-256 k3 at 56", 1, 128, 256, 56, 3, 1, 1, false},
    {"VGG16 256-256 k3 at 56", 1, 256, 256, 56, 3, 1, 1, false},
    {"VGG16 256-512 k3 at 28", 1, 256, 512, 28, 3, 1, 1, false},
    {"VGG16 512-512 k3 at 28", 1, 512, 512, 28, 3, 1, 1, false},
    {"VGG16 512-512 k3 at 14", 1, 512, 512, 14, 3, 1, 1, false},
    {"VGG16 batch 8 3-64 k3 at 224", 8, 3, 64, 224, 3, 1, 1, true},
    {"VGG16 batch 8 64-64 k3 at 224", 8, 64, 64, 224, 3, 1, 1, true},
    {"VGG16 batch 8 128-128 k3 at 112", 8, 128, 128, 112, 3, 1, 1, true},
    {"VGG16 batch 8 256-256 k3 at 56", 8, 256, 256, 56, 3, 1, 1, true},
    {"VGG16 batch 8 512-512 k3 at 28", 8, 512, 512, 28, 3, 1, 1, true},
    {"VGG16 batch 8 512-512 k3 at 14", 8, 512, 512, 14, 3, 1, 1, true},
    {"ResNet18 batch 1 3-64 k7 s2 at 224", 1, 3, 64, 224, 7, 2, 3, true},
    {"ResNet18 batch 1 64-64 k3 at 56", 1, 64, 64, 56, 3, 1, 1, true},
    {"ResNet18 batch 1 64-128 k3 s2 at 56", 1, 64, 128, 56, 3, 2, 1, true},
    {"ResNet18 batch 1 128-128 k3 at 28", 1, 128, 128, 28, 3, 1, 1, true},
    {"ResNet18 batch 1 128-256 k3 s2 at 28", 1, 128, 256, 28, 3, 2, 1, true},
    {"ResNet18 batch 1 256-256 k3 at 14", 1, 256, 256, 14, 3, 1, 1, true},
    {"ResNet18 batch 1 256-512 k3 s2 at 14", 1, 256, 512, 14, 3, 2, 1, true},
    {"ResNet18 batch 1 512-512 k3 at 7", 1, 512, 512, 7, 3, 1, 1, true},
};
enum { LAYERS = sizeof layers / sizeof layers[0] };
static const char *const directions[TP_CONV_COUNT] = {"forward", "input", "weight"};

typedef struct result {
    double ours[2], peers[2]; /* best seconds, by threads - 1; 0: not measured */
} result;

static struct {
    const tp_kernels *kernels;
    tp_pool *pools[2];
    double peak; /* operations a second of one core */
    int rounds;
} bench;

static tp_conv_shape shape_of(const layer *l) {
    return square_conv(l->images, l->in, l->out, l->size, l->kernel, l->stride, l->padding);
}

static void keep_least(double *best, double seconds) {
    if (*best == 0 || seconds < *best) *best = seconds;
}

/* How many threads of this process run or want to; 0 where the system does not say. */
static int running_threads(void) {
    int running = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        char path[300], state = 0;
        snprintf(path, sizeof path, "/proc/self/task/%s/stat", task->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fscanf(file, "%*[^)]) %c", &state) == 1 && state == 'R') running++;
        fclose(file);
    }
    if (tasks) closedir(tasks);
    return running;
}

/* The peer's threads spin for some milliseconds after they worked, on the processor that our second thread needs: waits until
 * nobody but the caller runs. */
static void let_spinners_sleep(void) {
    enum { MOST = 200 };
    for (int i = 0; i < MOST; i++) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        if (running_threads() == 1) return;
    }
}

static void one_round(const tp_conv_args *args, tp_conv_kind kind, peer *const *others, int repeat,
                      result *r) {
    for (int t = 0; t < 2; t++) {
        double start = 0;
        for (int i = 0; i <= repeat; i++) { /* the first one warms the caches */
            if (i == 1) start = now();
            if (!tp_conv_run(bench.kernels, bench.pools[t], kind, 0, args)) exit(1);
        }
        keep_least(&r->ours[t], (now() - start) / repeat);
        if (!others[t]) continue;
        for (int i = 0; i <= repeat; i++) {
            if (i == 1) start = now();
            peer_run(others[t]);
        }
        keep_least(&r->peers[t], (now() - start) / repeat);
        if (t == 1) let_spinners_sleep();
    }
}

static result measure(const layer *l, tp_conv_kind kind) {
    tp_conv_shape s = shape_of(l);
    float *x = filled(s.images * s.in_channels * s.in_h * s.in_w);
    float *w = filled(s.out_channels * s.in_channels * s.kernel_h * s.kernel_w);
    float *y = filled(s.images * s.out_channels * s.out_h * s.out_w);
    float *bias = filled(s.out_channels);
    tp_conv_args args = {.shape = s, .x = x, .weight = w, .y = y};
    args.result = kind == TP_CONV_FORWARD ? y : kind == TP_CONV_GRAD_INPUT ? x : w;
    if (kind == TP_CONV_FORWARD) args.bias = bias;
    peer *others[2] = {peer_new(&s, kind, 1), peer_new(&s, kind, 2)};
    int repeat = (int)(2e8 / (conv_operations(&s) + 1e6)) + 1;
    result r = {{0}, {0}};
    for (int i = 0; i < bench.rounds; i++) one_round(&args, kind, others, repeat, &r);
    peer_free(others[0]);
    peer_free(others[1]);
    let_spinners_sleep();
    free(x), free(w), free(y), free(bias);
    return r;
}

static double peak_rate(tp_cpu_level level) {
    double best = 0;
    for (int i = 0; i < 20; i++) {
        double start = now(), done = run_peak(level), rate = done / (now() - start);
        if (rate > best) best = rate;
    }
    return best;
}

static void print_row(const layer *l, tp_conv_kind kind, const result *r) {
    tp_conv_shape s = shape_of(l);
    double work = conv_operations(&s);
    printf("%-38s %-8s %9.1f %7.1f %5.1f%% %9.1f %5.2fx", l->name, directions[kind],
           r->ours[0] * 1e6, work / r->ours[0] * 1e-9, 100 * work / r->ours[0] / bench.peak,
           r->ours[1] * 1e6, r->ours[0] / r->ours[1]);
    if (r->peers[0] > 0)
        printf(" %9.1f %9.1f %6.2f %6.2f", r->peers[0] * 1e6, r->peers[1] * 1e6,
               r->peers[0] / r->ours[0], r->peers[1] / r->ours[1]);
    printf("\n");
    fflush(stdout);
}

static void write_row(FILE *json, const char *separator, const layer *l, tp_conv_kind kind,
                      const result *r) {
    tp_conv_shape s = shape_of(l);
    fprintf(
        json,
        "%s  {\"name\": \"%s\", \"images\": %d, \"direction\": \"%s\", \"flops\": %.0f, \"seconds\": [%.4g, %.4g], "
        "\"onednn_seconds\": [%.4g, %.4g]}",
        separator, l->name, l->images, directions[kind], conv_operations(&s), r->ours[0],
        r->ours[1], r->peers[0], r->peers[1]);
}

typedef struct choice {
    const char *only, *direction, *json;
    bool small;
} choice;

static bool chosen(const choice *c, const layer *l, int kind) {
    if (l->large && (c->small || kind != TP_CONV_FORWARD)) return false;
    if (c->small && strncmp(l->name, "VGG16", 5) == 0) return false;
    if (c->direction && strcmp(c->direction, directions[kind]) != 0) return false;
    return !c->only || strstr(l->name, c->only);
}

static void run_all(const choice *c, FILE *json) {
    double sum[2] = {0}, worst[2] = {0};
    int count = 0;
    printf("%-38s %-8s %9s %7s %6s %9s %6s %9s %9s %6s %6s\n", bench.kernels->name, "", "1: us",
           "GFLOP/s", "peak", "2: us", "gain", "oneDNN 1", "2: us", "speed1", "speed2");
    for (int i = 0; i < LAYERS; i++) {
        for (int kind = 0; kind < TP_CONV_COUNT; kind++) {
            if (!chosen(c, &layers[i], kind)) continue;
            result r = measure(&layers[i], (tp_conv_kind)kind);
            print_row(&layers[i], (tp_conv_kind)kind, &r);
            if (json) write_row(json, count ? ",\n" : "\n", &layers[i], (tp_conv_kind)kind, &r);
            count++;
            for (int t = 0; t < 2 && r.peers[t] > 0; t++) {
                double ratio = r.peers[t] / r.ours[t];
                sum[t] += log(ratio);
                if (worst[t] == 0 || ratio < worst[t]) worst[t] = ratio;
            }
        }
    }
    printf("one core's peak: %.1f GFLOP/s\n", bench.peak * 1e-9);
    if (count && worst[0] > 0)
        printf(
            "oneDNN's time over ours: geometric mean %.2f and %.2f, least %.2f and %.2f (1 and 2 threads)\n",
            exp(sum[0] / count), exp(sum[1] / count), worst[0], worst[1]);
}

static bool read_options(int argc, char **argv, choice *c) {
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--small") == 0)
            c->small = true;
        else if (strcmp(argv[i], "--json") == 0 && more)
            c->json = argv[++i];
        else if (strcmp(argv[i], "--only") == 0 && more)
            c->only = argv[++i];
        else if (strcmp(argv[i], "--direction") == 0 && more)
            c->direction = argv[++i];
        else if (strcmp(argv[i], "--rounds") == 0 && more && atoi(argv[i + 1]) > 0)
            bench.rounds = atoi(argv[++i]);
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv) {
    choice c = {0};
    bench.rounds = 7;
    if (!read_options(argc, argv, &c)) {
        fprintf(stderr, "usage: conv [--json FILE] [--rounds N] [--only TEXT] [--direction "
                        "forward|input|weight] [--small]\n");
        return 2;
    }
    const char *problem;
    tp_cpu_level level = tp_cpu_choose(&problem);
    if (problem) fprintf(stderr, "conv: %s\n", problem);
    bench.kernels = tp_kernels_choose(level);
    for (int t = 0; t < 2; t++)
        if (!(bench.pools[t] = tp_pool_new(t + 1, NULL))) return 1;
    bench.peak = peak_rate(level);
    if (!peer_here()) printf("built without oneDNN (Debian: libdnnl-dev): ours alone\n");
    FILE *json = c.json ? fopen(c.json, "w") : NULL;
    if (c.json && !json) {
        perror(c.json);
        return 1;
    }
    if (json)
        fprintf(json, "{\"isa\": \"%s\", \"peak_gflops\": %.1f, \"layers\": [", bench.kernels->name,
                bench.peak * 1e-9);
    run_all(&c, json);
    if (json) fprintf(json, "\n]}\n");
    for (int t = 0; t < 2; t++) tp_pool_free(bench.pools[t]);
    if (json && fclose(json) != 0) {
        perror(c.json);
        return 1;
    }
    return 0;
}
