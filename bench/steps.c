/* Times one training step of each workload; bench/compare.py sets it against PyTorch.
 *
 *     bench_steps THREADS [--only NAME,...] [--budget SECONDS] [--precision bf16|both] [--list] [--serve]
 *
 * One JSON line a measurement: {"workload", "variant", "threads", "median_us", "p10_us", "p90_us", "n"}. --serve reads lines
 * `workload/variant [seconds]` and answers each with one such line, so that two programs can take turns on one machine.
 * --precision both measures each workload three times in float32 and three times in bf16, in turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <time.h>

#include "common.h"

enum { MAX_TIMES = 200000, WARM = 20 };

/* ---- data ---- */

enum { BATCHES = 32 };

typedef struct batches {
    int count;
    tp_tensor *x[BATCHES], *y[BATCHES];
} batches;

/* Random bytes / 255, as images come, and labels. */
static batches make_batches(int count, int64_t size, int64_t features, int64_t classes) {
    batches b = {.count = count};
    for (int i = 0; i < count; i++) {
        tp_tensor *bytes = tp_randint(0, 256, tp_shape(size, features), .dtype = TP_FLOAT32);
        b.x[i] = tp_keep(tp_div(bytes, 255));
        b.y[i] = tp_keep(tp_randint(0, classes, tp_shape(size)));
    }
    return b;
}

/* ---- workloads: `start` builds one, `step` does one training step ---- */

typedef struct state {
    tp_module *model, *other;
    tp_optim *optim, *other_optim;
    batches data;
    tp_loader *loader;
    tp_tensor *x, *y, *real, *fake;
    tp_tensor *w1, *b1, *w2, *b2, *one_hot[BATCHES];
    int64_t i;
} state;

static tp_module *mlp(int64_t in) {
    return tp_nn_sequential(tp_nn_linear(in, 128), tp_nn_relu(), tp_nn_linear(128, 64),
                            tp_nn_relu(), tp_nn_linear(64, 10));
}

static void classifier_step(state *s) {
    TP_SCOPE {
        int k = (int)(s->i++ % s->data.count);
        tp_tensor *loss = tp_cross_entropy(tp_call(s->model, s->data.x[k]), s->data.y[k]);
        tp_zero_grad(s->optim);
        tp_backward(loss);
        tp_step(s->optim);
    }
}

static void start_mlp_b10(state *s) {
    s->model = mlp(784);
    s->optim = tp_sgd(s->model, .lr = 0.01);
    s->data = make_batches(BATCHES, 10, 784, 10);
}

static void start_mlp_b32(state *s) {
    s->model = mlp(784);
    s->optim = tp_sgd(s->model, .lr = 0.001, .momentum = 0.9);
    s->data = make_batches(BATCHES, 32, 784, 10);
}

static void start_dogs_b10(state *s) {
    s->model = mlp(12288);
    s->optim = tp_sgd(s->model, .lr = 0.01);
    s->data = make_batches(8, 10, 12288, 10);
}

static void start_dogs_b32(state *s) {
    s->model = mlp(12288);
    s->optim = tp_sgd(s->model, .lr = 0.01);
    s->data = make_batches(8, 32, 12288, 10);
}

/* With the loader: 60,000 images of bytes, shuffled, gathered and scaled. */
static void start_loader(state *s, int64_t batch) {
    tp_tensor *x = tp_randint(0, 256, tp_shape(60000, 1, 28, 28), .dtype = TP_UINT8);
    tp_tensor *y = tp_randint(0, 10, tp_shape(60000));
    tp_dataset *images = tp_tensor_dataset(x, y);
    images->pictures = true; /* bytes that the loader makes floats of */
    s->loader =
        tp_loader_new(images, .batch_size = batch, .shuffle = true, .drop_last = true, .seed = 1);
}

static tp_module *image_mlp(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                            tp_nn_linear(128, 64), tp_nn_relu(), tp_nn_linear(64, 10));
}

static void start_mlp_b10_loader(state *s) {
    s->model = image_mlp();
    s->optim = tp_sgd(s->model, .lr = 0.01);
    start_loader(s, 10);
}

static void start_mlp_b32_loader(state *s) {
    s->model = image_mlp();
    s->optim = tp_sgd(s->model, .lr = 0.001, .momentum = 0.9);
    start_loader(s, 32);
}

static void loader_step(state *s) {
    tp_batch b;
    while (!tp_next(s->loader, &b)) {}
    tp_tensor *loss = tp_cross_entropy(tp_call(s->model, b.x), b.y);
    tp_zero_grad(s->optim);
    tp_backward(loss);
    tp_step(s->optim);
}

/* ---- convolutional networks ---- */

/* Random pictures for a model by name. */
static void start_pictures(state *s, const char *model, int count, int64_t batch, tp_shape sample) {
    s->model = tp_model_by_name(model, .num_classes = 10);
    int64_t pixels = sample.dims[0] * sample.dims[1] * sample.dims[2];
    s->data = make_batches(count, batch, pixels, 10);
    for (int i = 0; i < count; i++) {
        tp_tensor *rows = s->data.x[i];
        s->data.x[i] = tp_keep(tp_clone(
            tp_reshape(rows, tp_shape(batch, sample.dims[0], sample.dims[1], sample.dims[2]))));
        tp_free(rows);
    }
}

static void start_dogs_cnn(state *s) {
    start_pictures(s, "dogs_cnn", 8, 32, tp_shape(3, 64, 64));
    s->optim = tp_sgd(s->model, .lr = 0.01);
}

static void start_convnet(state *s) {
    start_pictures(s, "convnet", BATCHES, 32, tp_shape(1, 28, 28));
    s->optim = tp_adam(s->model);
}

static void start_convnet_loader(state *s) {
    s->model = tp_model_by_name("convnet");
    s->optim = tp_adam(s->model);
    start_loader(s, 32);
}

static void start_convnet3(state *s) {
    start_pictures(s, "convnet3", BATCHES, 32, tp_shape(1, 28, 28));
    s->optim = tp_adam(s->model);
}

static void start_convnet4(state *s) {
    start_pictures(s, "convnet4", 8, 32, tp_shape(1, 28, 28));
    s->optim = tp_adam(s->model);
}

static void start_resnet18(state *s) {
    start_pictures(s, "resnet18", 4, 16, tp_shape(3, 64, 64));
    s->optim = tp_sgd(s->model, .lr = 0.01);
}

/* Inference of pictures of 224x224. */
static void start_inference(state *s, const char *model, int64_t batch) {
    s->model = tp_model_by_name(model);
    s->x = tp_keep(tp_randn(tp_shape(batch, 3, 224, 224)));
    tp_eval(s->model);
}

static void start_vgg16_b1(state *s) { start_inference(s, "vgg16", 1); }
static void start_vgg16_b8(state *s) { start_inference(s, "vgg16", 8); }
static void start_resnet18_b1(state *s) { start_inference(s, "resnet18", 1); }

static void inference_step(state *s) {
    TP_SCOPE {
        TP_NO_GRAD { tp_call(s->model, s->x); }
    }
}

/* The fourth lab's pair: discriminator and generator, one step of each. */
static void start_gan(state *s) {
    s->model = tp_nn_sequential(tp_nn_linear(784, 512), tp_nn_leaky_relu(.negative_slope = 0.2),
                                tp_nn_linear(512, 256), tp_nn_leaky_relu(.negative_slope = 0.2),
                                tp_nn_linear(256, 128), tp_nn_leaky_relu(.negative_slope = 0.2),
                                tp_nn_linear(128, 1), tp_nn_sigmoid());
    s->other = tp_nn_sequential(tp_nn_linear(100, 128), tp_nn_leaky_relu(.negative_slope = 0.2),
                                tp_nn_linear(128, 256), tp_nn_leaky_relu(.negative_slope = 0.2),
                                tp_nn_linear(256, 512), tp_nn_leaky_relu(.negative_slope = 0.2),
                                tp_nn_linear(512, 784), tp_nn_sigmoid());
    s->optim = tp_adam(s->model, .lr = 1e-4);
    s->other_optim = tp_adam(s->other, .lr = 1e-4);
    s->data = make_batches(8, 100, 784, 10);
    s->real = tp_keep(tp_ones(tp_shape(100, 1)));
    s->fake = tp_keep(tp_zeros(tp_shape(100, 1)));
    s->y = tp_keep(tp_cat(tp_list(s->real, s->fake), 0));
}

/* One step of the generator; the discriminator's own gradients are not needed in it. */
static void generator_step(state *s) {
    TP_SCOPE {
        tp_freeze(s->model, NULL);
        tp_tensor *loss = tp_binary_cross_entropy(
            tp_call(s->model, tp_call(s->other, tp_randn(tp_shape(100, 100)))), s->real);
        tp_zero_grad(s->other_optim);
        tp_backward(loss);
        tp_step(s->other_optim);
        tp_unfreeze(s->model, NULL);
    }
}

/* Real and fake images judged in one pass of 200. */
static void gan_joined_step(state *s) {
    TP_SCOPE {
        int k = (int)(s->i++ % s->data.count);
        tp_tensor *made = NULL;
        TP_NO_GRAD { made = tp_call(s->other, tp_randn(tp_shape(100, 100))); }
        tp_tensor *both = tp_cat(tp_list(s->data.x[k], made), 0);
        tp_tensor *loss = tp_binary_cross_entropy(tp_call(s->model, both), s->y);
        tp_zero_grad(s->optim);
        tp_backward(tp_mul(loss, 2)); /* the sum of the two means */
        tp_step(s->optim);
    }
    generator_step(s);
}

static void gan_step(state *s) {
    TP_SCOPE {
        int k = (int)(s->i++ % s->data.count);
        tp_tensor *made = NULL;
        TP_NO_GRAD { made = tp_call(s->other, tp_randn(tp_shape(100, 100))); }
        tp_tensor *loss = tp_add(tp_binary_cross_entropy(tp_call(s->model, s->data.x[k]), s->real),
                                 tp_binary_cross_entropy(tp_call(s->model, made), s->fake));
        tp_zero_grad(s->optim);
        tp_backward(loss);
        tp_step(s->optim);
    }
    generator_step(s);
}

/* Is it my digit? All 60,000 images in one step. */
static void start_one_digit(state *s) {
    s->model = tp_nn_sequential(tp_nn_linear(784, 256), tp_nn_leaky_relu(), tp_nn_linear(256, 1),
                                tp_nn_sigmoid());
    s->optim = tp_adam(s->model);
    s->x = tp_keep(tp_rand(tp_shape(60000, 784)));
    s->y = tp_keep(tp_randint(0, 2, tp_shape(60000, 1), .dtype = TP_FLOAT32));
}

static void one_digit_step(state *s) {
    TP_SCOPE {
        tp_tensor *loss = tp_binary_cross_entropy(tp_call(s->model, s->x), s->y);
        tp_zero_grad(s->optim);
        tp_backward(loss);
        tp_step(s->optim);
    }
}

/* 784-128-10 with forward, backward and update written by hand in tensor operations. */
static void start_manual(state *s) {
    s->data = make_batches(BATCHES, 32, 784, 10);
    for (int i = 0; i < BATCHES; i++)
        s->one_hot[i] = tp_keep(tp_to(tp_one_hot(s->data.y[i], 10), TP_FLOAT32));
    s->w1 = tp_keep(tp_mul(tp_randn(tp_shape(784, 128)), 0.05));
    s->b1 = tp_keep(tp_zeros(tp_shape(128)));
    s->w2 = tp_keep(tp_mul(tp_randn(tp_shape(128, 10)), 0.05));
    s->b2 = tp_keep(tp_zeros(tp_shape(10)));
}

static void manual_step(state *s) {
    const double lr = 0.1;
    TP_SCOPE {
        int k = (int)(s->i++ % s->data.count);
        tp_tensor *x = s->data.x[k], *t = s->one_hot[k];
        tp_tensor *a1 = tp_sigmoid(tp_addmm(s->b1, x, s->w1, 1, 1));
        tp_tensor *lp = tp_log_softmax(tp_addmm(s->b2, a1, s->w2, 1, 1), 1);
        tp_div(tp_neg(tp_sum(tp_mul(t, lp))), 32);
        tp_tensor *d2 = tp_div(tp_sub(tp_exp(lp), t), 32);
        tp_tensor *d1 = tp_mul(tp_matmul(d2, tp_t(s->w2)), tp_mul(a1, tp_sub(1, a1)));
        tp_addmm_(s->w2, tp_t(a1), d2, 1, -lr);
        tp_sub_(s->b2, tp_mul(tp_sum(d2, .dims = tp_dims(0)), lr));
        tp_addmm_(s->w1, tp_t(x), d1, 1, -lr);
        tp_sub_(s->b1, tp_mul(tp_sum(d1, .dims = tp_dims(0)), lr));
    }
}

/* One op on 4x4 tensors, recorded. */
static void start_op(state *s) {
    s->x = tp_keep(tp_randn(tp_shape(4, 4), .requires_grad = true));
    s->y = tp_keep(tp_randn(tp_shape(4, 4)));
}

enum { CALLS = 100 };

static void add_step(state *s) {
    TP_SCOPE {
        for (int i = 0; i < CALLS; i++) tp_add(s->x, s->y);
    }
}

static void mm_step(state *s) {
    TP_SCOPE {
        for (int i = 0; i < CALLS; i++) tp_mm(s->x, s->y);
    }
}

static void chain_step(state *s) {
    TP_SCOPE {
        tp_tensor *y = s->x;
        for (int i = 0; i < CALLS; i++) y = tp_mul(y, s->y);
        tp_backward(tp_sum(y));
        tp_clear_grad(s->x);
    }
}

typedef struct workload {
    const char *name, *variant;
    void (*start)(state *s);
    void (*step)(state *s);
    int per; /* of the measured thing in one step */
} workload;

static const workload workloads[] = {
    {"mlp_b10", "plain", start_mlp_b10, classifier_step, 1},
    {"mlp_b10", "loader", start_mlp_b10_loader, loader_step, 1},
    {"mlp_b32_momentum", "plain", start_mlp_b32, classifier_step, 1},
    {"mlp_b32_momentum", "loader", start_mlp_b32_loader, loader_step, 1},
    {"dogs_mlp_b10", "plain", start_dogs_b10, classifier_step, 1},
    {"dogs_mlp_b32", "plain", start_dogs_b32, classifier_step, 1},
    {"dogs_cnn_b32", "plain", start_dogs_cnn, classifier_step, 1},
    {"convnet_b32", "plain", start_convnet, classifier_step, 1},
    {"convnet_b32", "loader", start_convnet_loader, loader_step, 1},
    {"convnet3_b32", "plain", start_convnet3, classifier_step, 1},
    {"convnet4_b32", "plain", start_convnet4, classifier_step, 1},
    {"resnet18_b16", "plain", start_resnet18, classifier_step, 1},
    {"vgg16_infer_b1", "plain", start_vgg16_b1, inference_step, 1},
    {"vgg16_infer_b8", "plain", start_vgg16_b8, inference_step, 1},
    {"resnet18_infer_b1", "plain", start_resnet18_b1, inference_step, 1},
    {"gan_b100", "plain", start_gan, gan_step, 1},
    {"gan_b100", "joined", start_gan, gan_joined_step, 1},
    {"one_digit_fullbatch", "plain", start_one_digit, one_digit_step, 1},
    {"manual_b32", "tensor_ops", start_manual, manual_step, 1},
    {"op_4x4", "add", start_op, add_step, CALLS},
    {"op_4x4", "mm", start_op, mm_step, CALLS},
    {"op_4x4", "mul+backward", start_op, chain_step, CALLS},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

/* ---- measuring ---- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct bench {
    int threads;
    double budget;
    state states[WORKLOADS];
    bool started[WORKLOADS];
    double times[MAX_TIMES];
} bench;

/* Steps of one workload for `seconds`, in one line. */
static void measure(bench *b, int k, double seconds) {
    const workload *w = &workloads[k];
    state *s = &b->states[k];
    if (!b->started[k]) {
        tp_manual_seed(0);
        TP_SCOPE { w->start(s); }
        b->started[k] = true;
        double end = now() + seconds / 10;
        for (int i = 0; i < WARM && (i < 3 || now() < end); i++) w->step(s);
    }
    int n = 0;
    double start = now(), end = start + seconds;
    while (n < MAX_TIMES && (start < end || n < 7)) {
        w->step(s);
        double stop = now();
        b->times[n++] = stop - start;
        start = stop;
    }
    qsort(b->times, (size_t)n, sizeof(double), by_size);
    double unit = 1e6 / w->per;
    printf(
        "{\"workload\": \"%s\", \"variant\": \"%s\", \"threads\": %d, \"precision\": \"%s\", \"median_us\": %.4f, \"p10_us\": %.4f, \"p90_us\": %.4f, \"n\": %d}\n",
        w->name, w->variant, b->threads,
        tp_get_float32_matmul_precision() == TP_PRECISION_BF16 ? "bf16" : "float32",
        b->times[n / 2] * unit, b->times[n / 10] * unit, b->times[n * 9 / 10] * unit, n);
    fflush(stdout);
}

/* "name" or "name/variant" among the comma-separated ones of `list`; NULL takes all. */
static bool chosen(const workload *w, const char *list) {
    if (!list) return true;
    char full[128];
    snprintf(full, sizeof full, "%s/%s", w->name, w->variant);
    for (const char *item = list; *item;
         item += strcspn(item, ",") + (item[strcspn(item, ",")] == ',')) {
        size_t length = strcspn(item, ",");
        if ((length == strlen(w->name) && !strncmp(item, w->name, length)) ||
            (length == strlen(full) && !strncmp(item, full, length)))
            return true;
    }
    return false;
}

static void serve(bench *b) {
    char line[256];
    printf("{\"ready\": true, \"threads\": %d, \"cpu\": \"%s\"}\n", b->threads,
           tp_cpu_capability());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char name[128];
        double seconds = b->budget;
        if (sscanf(line, "%127s %lf", name, &seconds) < 1) continue;
        int found = -1;
        for (int k = 0; k < WORKLOADS; k++)
            if (chosen(&workloads[k], name)) found = k;
        if (found >= 0)
            measure(b, found, seconds);
        else
            printf("{\"error\": \"no workload %s\"}\n", name), fflush(stdout);
    }
}

int main(int argc, char **argv) {
    if (argc < 2 || atoi(argv[1]) < 1) {
        fprintf(
            stderr,
            "usage: %s THREADS [--only NAME,...] [--budget SECONDS] [--precision bf16|both] [--list] [--serve]\n",
            argv[0]);
        return 2;
    }
    bench *b = calloc(1, sizeof *b);
    if (!b) return 1;
    b->threads = atoi(argv[1]);
    b->budget = 1.5;
    const char *only = NULL;
    int turns = 1;
    bool list = false, serving = false;
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--only") && i + 1 < argc)
            only = argv[++i];
        else if (!strcmp(argv[i], "--budget") && i + 1 < argc)
            b->budget = atof(argv[++i]);
        else if (!strcmp(argv[i], "--precision") && i + 1 < argc)
            turns = !strcmp(argv[i + 1], "both") ? 6 : 1,
            tp_set_float32_matmul_precision(strcmp(argv[++i], "bf16") ? TP_PRECISION_FLOAT32
                                                                      : TP_PRECISION_BF16);
        else if (!strcmp(argv[i], "--list"))
            list = true;
        else if (!strcmp(argv[i], "--serve"))
            serving = true;
    }
    tp_set_num_threads(b->threads);
    if (serving) serve(b);
    for (int k = 0; !serving && k < WORKLOADS; k++) {
        if (!chosen(&workloads[k], only)) continue;
        if (list) printf("%s/%s\n", workloads[k].name, workloads[k].variant);
        for (int turn = 0; !list && turn < turns; turn++) {
            if (turns > 1)
                tp_set_float32_matmul_precision(turn % 2 ? TP_PRECISION_BF16
                                                         : TP_PRECISION_FLOAT32);
            measure(b, k, b->budget);
        }
    }
    free(b);
    return 0;
}
