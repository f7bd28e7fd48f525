/* Models as C: the file compiles without a warning, gives the library's bits in float, and comes close in whole numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#include "support/nothing_left.h"

static char folder[64];

static const char *in_folder(const char *name) {
    static char path[4][200];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static const char *compiler(void) {
    const char *cc = getenv("CC");
    return cc && cc[0] ? cc : "cc";
}

/* Runs a command; its exit status. */
static int run(const char *format, ...) TP_PRINTF(1, 2);
static int run(const char *format, ...) {
    char command[1000];
    va_list list;
    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    return system(command);
}

#define FLAGS "-std=c99 -O1 -Wall -Wextra -Wpedantic -Wshadow -Werror"

typedef void (*run_fn)(const float *input, float *output);

/* The function of net.c, compiled and loaded. */
static run_fn load(void **library) {
    static int number;
    char name[32];
    snprintf(name, sizeof name, "net%d.so", number++);
    const char *so = in_folder(name);
    assert_int_equal(run("%s " FLAGS " -shared -fPIC -o %s %s", compiler(), so, in_folder("net.c")),
                     0);
    *library = dlopen(so, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(*library);
    run_fn function;
    void *symbol = dlsym(*library, "net_run");
    assert_non_null(symbol);
    memcpy(&function, &symbol, sizeof function);
    return function;
}

static bool self_test_passes(void) {
    const char *program = in_folder("self_test");
    int built =
        run("%s " FLAGS " -DTAPER_SELF_TEST -o %s %s", compiler(), program, in_folder("net.c"));
    return built == 0 && run("%s > %s", program, in_folder("said")) == 0;
}

/* How far the library's results are from those of the exported function. */
typedef struct distance {
    bool same; /* bit for bit */
    double largest, difference;
} distance;

/* x: (N, sample...) */
static void compare(tp_module *net, tp_tensor *x, run_fn function, distance *d) {
    tp_tensor *y = tp_call(net, x);
    int64_t images = tp_size(x, 0), in = tp_numel(x) / images, out = tp_numel(y) / images;
    float *want = malloc((size_t)(images * out) * sizeof *want),
          *got = malloc((size_t)out * sizeof *got);
    assert_true(want && got && tp_copy_out(y, want));
    for (int64_t i = 0; i < images; i++) {
        function((const float *)tp_data(x) + i * in, got);
        for (int64_t k = 0; k < out; k++) {
            float a = want[i * out + k], b = got[k];
            d->same = d->same && (memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)));
            d->largest = fmax(d->largest, fabs((double)a));
            d->difference = fmax(d->difference, fabs((double)a - (double)b));
        }
    }
    free(want);
    free(got);
}

/* The largest difference of outputs over several inputs, together and one by one, recorded or not, at any number of threads, relative
 * to the largest output; -1 where the bits are the same. */
static double apart(tp_module *net, tp_shape sample, int images, run_fn function) {
    distance d = {.same = true};
    tp_shape shape = {.ndim = sample.ndim + 1, .dims = {images}};
    for (int i = 0; i < sample.ndim; i++) shape.dims[i + 1] = sample.dims[i];
    int before = tp_get_num_threads();
    for (int threads = 1; threads <= 3; threads++)
        TP_SCOPE {
            tp_set_num_threads(threads);
            tp_tensor *x = tp_sub(tp_mul(tp_rand(shape), 2.0), 0.5);
            TP_NO_GRAD
                compare(net, x, function, &d);
            TP_ENABLE_GRAD compare(net, tp_narrow(x, 0, 0, 1), function, &d);
            TP_NO_GRAD
                compare(net, tp_narrow(x, 0, images - 1, 1), function, &d);
        }
    tp_set_num_threads(before);
    return d.same ? -1 : d.difference / d.largest;
}

/* Running means and variances that are not 0 and 1, and biases that matter. */
static void stir(tp_module *net) {
    tp_named_list list = tp_state_dict(net);
    TP_NO_GRAD
        for (size_t i = 0; i < list.count; i++) {
            tp_tensor *x = list.items[i].tensor;
            bool variance = strstr(list.items[i].name, "running_var") != NULL;
            bool mean = strstr(list.items[i].name, "running_mean") != NULL;
            for (int64_t k = 0; (variance || mean) && k < tp_numel(x); k++)
                tp_data_float(x)[k] += (float)(k % 5) * 0.125F;
        }
}

static bool same_bits_of(tp_module *net, tp_shape sample, int images, const char *what) {
    assert_non_null(net);
    stir(net);
    tp_eval(net);
    bool fine = tp_export_c(in_folder("net.c"), net, sample, .name = "net");
    double difference = 0;
    if (fine) {
        void *library = NULL;
        run_fn function = load(&library);
        difference = apart(net, sample, images, function);
        dlclose(library);
        fine = difference < 0 && self_test_passes();
    }
    if (!fine) printf("%s: %g %s %s %s\n", what, difference, noted.op, noted.got, noted.want);
    note_errors();
    tp_module_free(net);
    return fine;
}

static bool same_bits(tp_module *net, tp_shape sample, const char *what) {
    return same_bits_of(net, sample, 5, what);
}

/* Whether a word stands in one of the texts, as a layer. */
static bool has_word(const char *const *texts, size_t count, const char *usage) {
    size_t length = strcspn(usage, ":[");
    for (size_t i = 0; i < count; i++)
        for (const char *at = texts[i]; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
            const char *word = at + strspn(at, "(");
            if (strcspn(word, " :)") == length && strncmp(word, usage, length) == 0) return true;
        }
    return false;
}

static void test_bits_of_layers(void **state) {
    (void)state;
    static const char *const texts[] = {
        "flatten linear:3",
        "flatten linear:128 relu linear:64 relu linear:10 softmax",
        "flatten linear:900 tanh linear:33 sigmoid linear:7 leaky_relu:0.2 linear:2 log_softmax",
        "conv:6,k=3,p=1 bn relu maxpool:2 flatten linear:4",
        "conv:6,k=3,s=2,p=1,g=3 relu6 conv:4,k=2,d=2 flatten linear:4 softmax",
        "maxpool:3,s=2,p=1,ceil=1 depthwise:3,p=1 hardswish conv:8,k=1 hardsigmoid adaptive_avgpool:1 flatten",
        "avgpool:3,s=2,p=1 conv:5,k=3 relu adaptive_maxpool:1 flatten",
        "conv:5,k=1 sigmoid flatten",
        "conv:5,k=1 tanh maxpool:2 sigmoid conv:2 bn tanh flatten",
        "conv:4,k=3,p=1 (conv:4,k=3,p=1 bn relu conv:4,k=3,p=1 bn)+ relu dropout2d:0.2 flatten linear:2",
        "conv_transpose:4,k=3,s=2,p=1,op=1 gelu conv_transpose:2,k=2,s=3 bn silu flatten identity linear:3",
        "elu:0.5 selu conv:6 prelu:6 mish softplus:2 flatten linear:40 softsign linear:9 logsigmoid",
        "hardtanh:-0.3,0.4 conv:4 prelu step avgpool:2 flatten dropout:0.5 linear:3 elu softplus",
        "zero_pad:2 conv:4,k=3 reflect_pad:3 lrn:3 replicate_pad:1 circular_pad:2 bn softmax",
        "instancenorm:1 conv:6 groupnorm:3 layernorm conv:4 instancenorm groupnorm:1 log_softmax",
        "adaptive_avgpool:7 conv:4 adaptive_maxpool:5 flatten layernorm linear:2",
        "upsample:2 conv:4 pixel_shuffle:2 upsample:1.5,mode=bilinear lrn:5,alpha=0.5,beta=0.6,k=2",
    };
    size_t count = sizeof texts / sizeof *texts;
    for (size_t i = 0; tp_layer_text_usage(i); i++)
        if (!has_word(texts, count, tp_layer_text_usage(i)))
            fail_msg("no text has %s", tp_layer_text_usage(i));
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        tp_manual_seed(5);
        tp_shape sample = tp_shape(3, 12, 10);
        failed += !same_bits(tp_nn_from_text(texts[i], sample), sample, texts[i]);
    }
    assert_int_equal(failed, 0);
}

/* Sizes at which the library takes one kernel or the other, and cuts sums into blocks. */
static void test_bits_of_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t sample[3];
        int images;
    } cases[] = {
        {"conv:40,k=3,p=1 relu conv:40,k=3,p=1 relu maxpool:2 conv:24,k=3,p=1 bn relu maxpool:2",
         {3, 19, 13},
         5},
        {"conv:300,k=1 conv:12,k=3,p=1 conv:300,k=1 conv:13,k=3,p=1,s=2 tanh", {3, 7, 7}, 5},
        {"conv:2400,k=1 conv:6,k=1 conv:100,k=1 conv:12,k=5,p=2 conv:5,k=3", {2, 5, 7}, 5},
        {"conv:16,k=5,p=2 conv:24,k=5,p=4,d=2 conv:12,k=5,s=2,p=1 conv:8,k=5,s=3,p=5",
         {4, 19, 21},
         3},
        {"conv:36,k=3,p=1,g=3 conv:60,k=3,s=2,p=2,g=2 depthwise:3,p=1 depthwise:5,s=2,p=2 relu "
         "conv:30,k=3,d=3,p=3,g=6",
         {6, 9, 11},
         5},
        {"conv:40,k=1,s=2 conv:33,k=3,d=2,p=2 conv:1,k=3 conv:20,k=7,p=6", {64, 10, 9}, 4},
        {"conv_transpose:24,k=3,s=2,p=1,op=1 conv_transpose:20,k=5,s=3,p=2 conv_transpose:3,k=4",
         {60, 3, 5},
         4},
        {"conv:300,k=1 conv_transpose:10,k=3,p=1 relu conv_transpose:8,k=2,s=2", {3, 6, 7}, 5},
        {"conv:64,k=3,p=1 relu conv:48,k=3,p=1 conv:40,k=3,s=2,p=1 conv:20,k=2", {8, 4, 3}, 9},
        {"conv:16,k=3,p=1 bn relu (conv:16,k=3,p=1 bn relu conv:16,k=3,p=1 bn)+ relu "
         "conv:32,k=3,s=2,p=1 bn relu (conv:32,k=3,p=1 bn relu conv:32,k=3,p=1 bn)+ relu "
         "adaptive_avgpool:1 flatten linear:10",
         {3, 15, 17},
         3},
        {"flatten linear:1 linear:2 linear:3 linear:4 linear:5 linear:1 linear:801 linear:24 "
         "linear:25 relu linear:33 linear:4 linear:32 linear:3 linear:31 linear:5",
         {1, 1, 1},
         40},
        {"flatten linear:23 linear:800 linear:26 linear:1603 linear:4 linear:799 tanh linear:1",
         {1, 3, 11},
         33},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t *s = cases[i].sample;
        tp_shape sample = tp_shape(s[0], s[1], s[2]);
        tp_manual_seed(5);
        failed += !same_bits_of(tp_nn_from_text(cases[i].text, sample), sample, cases[i].images,
                                cases[i].text);
    }
    assert_int_equal(failed, 0);
}

/* Each layer that needs no setting almost by itself: the file has no function too many, which the compiler would say. */
static void test_layers_alone(void **state) {
    (void)state;
    int failed = 0;
    const char *usage;
    for (size_t i = 0; (usage = tp_layer_text_usage(i)); i++) {
        size_t length = strcspn(usage, ":[");
        if (usage[length] == ':') continue;
        char text[64];
        snprintf(text, sizeof text, "%.*s relu", (int)length, usage); /* some do nothing */
        tp_module *net = tp_nn_from_text(text, tp_shape(4, 3, 5));
        bool fine = tp_export_c(in_folder("net.c"), net, tp_shape(4, 3, 5)) &&
                    run("%s " FLAGS " -O0 -c -o /dev/null %s", compiler(), in_folder("net.c")) == 0;
        if (!fine) printf("%s\n", text);
        failed += !fine;
        tp_module_free(net);
    }
    no_error();
    assert_int_equal(failed, 0);
}

/* Branches that are joined, as in SqueezeNet. */
typedef struct fork {
    tp_module base;
    tp_module *left, *right;
} fork_module;

static tp_tensor *fork_forward(tp_module *m, tp_tensor *x) {
    fork_module *f = (fork_module *)m;
    tp_tensor *y = tp_cat(tp_list(tp_relu(tp_call(f->left, x)), tp_relu(tp_call(f->right, x))), 1);
    return tp_mean(y, .dims = tp_dims(2, 3), .keepdim = true);
}

static tp_tensor *joined_forward(tp_module *m, tp_tensor *x) {
    fork_module *f = (fork_module *)m;
    return tp_flatten(tp_cat(tp_list(tp_relu(tp_call(f->left, x)), tp_call(f->right, x)), 1));
}

static tp_module *fork_new(tp_forward forward) {
    fork_module *f = tp_module_new(fork_module, forward);
    f->left = tp_child(f, "left", tp_nn_conv2d(3, 4, 1));
    f->right = tp_child(f, "right", tp_nn_conv2d(3, 5, 3, .padding = 1));
    return &f->base;
}

static void test_bits_of_models(void **state) {
    (void)state;
    tp_manual_seed(5);
    tp_shape sample = tp_shape(3, 20, 20);
    assert_true(same_bits(fork_new(joined_forward), sample, "fork"));
    tp_module *net = tp_model_by_name("mobilenet_v2", .num_classes = 10, .width_mult = 0.125,
                                      .small_input = true);
    assert_true(same_bits(net, sample, "mobilenet_v2"));
    assert_true(same_bits(fork_new(fork_forward), sample, "mean over dimensions"));
    const tp_model_info *info;
    int tested = 0;
    for (size_t i = 0; (info = tp_model_listing(i)); i++) {
        net = tp_model_by_name(info->name, .sample = info->sample);
        bool small = net && tp_parameter_count(net) < 200 * 1000;
        if (small) assert_true(same_bits(net, info->sample, info->name));
        if (!small) tp_module_free(net);
        tested += small;
    }
    assert_true(tested >= 3);
}

/* What layers are not made of, but modules of one's own may be. */
static tp_tensor *parts_forward(tp_module *m, tp_tensor *x) { /* (N, 3, 20, 20) */
    (void)m;
    tp_tensor *turned = tp_permute(x, tp_dims(0, 2, 3, 1));                   /* (N, 20, 20, 3) */
    tp_tensor *some = tp_slice(turned, 1, 3, 18, 2);                          /* (N, 8, 20, 3) */
    tp_tensor *other = tp_mul(tp_sub(1.5, some), tp_slice(some, 3, 0, 1, 1)); /* broadcast */
    tp_tensor *joined = tp_cat(tp_list(some, tp_div(other, 3.0)), 2);         /* (N, 8, 40, 3) */
    tp_tensor *sums =
        tp_cat(tp_list(tp_sum(joined, .dims = tp_dims(1)), tp_amax(joined, .dims = tp_dims(1)),
                       tp_amin(joined, .dims = tp_dims(1)),
                       tp_mean(tp_square(joined), .dims = tp_dims(1))),
               1);                                                        /* (N, 160, 3) */
    tp_tensor *more = tp_mean(sums, .dims = tp_dims(1), .keepdim = true); /* narrow */
    tp_tensor *odd = tp_pow(tp_abs(tp_sub(sums, more)), 0.3);
    return tp_maximum(tp_sqrt(tp_exp(odd)), tp_minimum(tp_log(tp_add(odd, 1.0)), tp_erf(sums)));
}

static tp_tensor *functions_forward(tp_module *m, tp_tensor *x) {
    (void)m;
    tp_tensor *y = tp_add(tp_celu(x, 0.5), tp_gelu(x, TP_GELU_TANH));
    y = tp_add(y, tp_mul(tp_hardshrink(x, 0.3), tp_softshrink(x, 0.2)));
    y = tp_add(y, tp_mul(tp_tanhshrink(x), tp_threshold(x, 0.1, -3)));
    y = tp_sub(tp_neg(y), tp_rsqrt(tp_add(tp_square(x), 0.25)));
    return tp_add(tp_add(y, tp_pow(x, 3.0)), tp_mul(tp_sign(x), tp_reciprocal(tp_add(x, 4.0))));
}

static void test_bits_of_ones_own(void **state) {
    (void)state;
    tp_shape sample = tp_shape(3, 20, 20);
    static const tp_forward forwards[] = {parts_forward, functions_forward};
    for (int i = 0; i < 2; i++)
        assert_true(same_bits(tp_module_new_at(TP_HERE, sizeof(tp_module), "own", forwards[i]),
                              sample, i ? "functions" : "parts"));
}

/* ---- whole numbers ---- */

static void test_int8(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_dataset *train = tp_digits("train", .count = 2000), *test = tp_digits("test", .count = 300);
    tp_module *net =
        tp_nn_from_text("conv:8,k=3,p=1 relu maxpool:2 conv:16,k=3,p=1 bn relu maxpool:2 "
                        "flatten linear:32 relu linear:10",
                        tp_shape(1, 28, 28));
    tp_optim *opt = tp_adam(net);
    tp_loader *loader = tp_loader_new(train, .batch_size = 50, .shuffle = true, .seed = 1);
    tp_history h = tp_fit(net, loader, .optim = opt, .epochs = 2);
    tp_history_free(&h);
    tp_loader_free(loader);
    tp_optim_free(opt);
    tp_eval(net);
    int64_t index[300];
    for (int i = 0; i < 300; i++) index[i] = i;
    int right = 0, same = 0;
    TP_SCOPE
        TP_NO_GRAD {
            tp_batch b;
            assert_true(tp_dataset_batch(test, index, 300, &b));
            assert_true(tp_export_c(in_folder("net.c"), net, tp_shape(1, 28, 28), .name = "net",
                                    .int8 = true, .calibration = tp_narrow(b.x, 0, 0, 64)));
            no_error();
            void *library = NULL;
            run_fn function = load(&library);
            tp_tensor *best = tp_argmax(tp_call(net, b.x), 1);
            for (int i = 0; i < 300; i++) {
                float y[10];
                int chosen = 0;
                function((const float *)tp_data(b.x) + i * 784, y);
                for (int k = 1; k < 10; k++) chosen = y[k] > y[chosen] ? k : chosen;
                right += chosen == (int)tp_get(b.y, i);
                same += chosen == (int)tp_get(best, i);
            }
            dlclose(library);
        }
    printf("int8: %d of 300 right, %d as in float\n", right, same);
    assert_true(same >= 294 && right > 200);
    assert_true(self_test_passes());
    tp_dataset_free(test);
    tp_module_free(net);
    no_error();
}

/* What stays in floats beside the products, run for the calibration as whole operations of the graph. */
static void test_int8_among_others(void **state) {
    (void)state;
    tp_manual_seed(6);
    tp_shape sample = tp_shape(2, 11, 9);
    tp_module *net = tp_nn_from_text(
        "circular_pad:1 conv:4,k=3 gelu adaptive_avgpool:7 groupnorm:2 upsample:2 prelu "
        "reflect_pad:1 adaptive_maxpool:9 silu conv_transpose:3,k=2,s=2 mish lrn:3 flatten linear:6",
        sample);
    tp_tensor *typical = tp_keep(tp_rand(tp_shape(8, 2, 11, 9)));
    assert_true(tp_export_c(in_folder("net.c"), net, sample, .name = "net", .int8 = true,
                            .calibration = typical));
    assert_true(self_test_passes());
    tp_free(typical);
    tp_module_free(net);
    no_error();
}

/* ---- what is refused ---- */

static tp_tensor *sums_forward(tp_module *m, tp_tensor *x) {
    (void)m;
    return tp_cumsum(x, 1);
}

static void test_refused(void **state) {
    (void)state;
    tp_module *net = tp_nn_linear(3, 2);
    tp_shape sample = tp_shape(3);
    const char *to = in_folder("x.c");
    FAILS(FILE, "export_c", assert_false(tp_export_c("/nowhere/x.c", net, sample)));
    FAILS(ARGUMENT, "export_c", assert_false(tp_export_c(NULL, net, sample)));
    FAILS(ARGUMENT, "export_c", assert_false(tp_export_c(to, net, sample, .name = "a b")));
    FAILS(ARGUMENT, "export_c", assert_false(tp_export_c(to, net, sample, .int8 = true)));
    tp_module *odd = tp_module_new_at(TP_HERE, sizeof(tp_module), "odd", sums_forward);
    FAILS(UNSUPPORTED, "export_c", assert_false(tp_export_c(to, odd, sample)));
    tp_data_float(tp_get_tensor(net, "weight"))[0] = NAN;
    FAILS(UNSUPPORTED, "export_c", assert_false(tp_export_c(to, net, sample)));
    assert_int_not_equal(access(to, F_OK), 0);
    tp_module_free(odd);
    tp_module_free(net);
}

static int start(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/taper-deploy-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    return run("rm -r %s", folder);
}

int main(void) {
    if (run("command -v %s > /dev/null", compiler()) != 0) {
        printf("no C compiler here: skipped\n");
        return 77;
    }
    /* Its order of additions is that of exported C. */
    setenv("TAPER_CPU", "baseline", 1);
    const struct CMUnitTest tests[] = {
        NOTED_TEST(test_bits_of_layers),    NOTED_TEST(test_bits_of_sizes),
        NOTED_TEST(test_layers_alone),      NOTED_TEST(test_bits_of_models),
        NOTED_TEST(test_bits_of_ones_own),  NOTED_TEST(test_int8),
        NOTED_TEST(test_int8_among_others), NOTED_TEST(test_refused)};
    return cmocka_run_group_tests(tests, start, stop);
}
