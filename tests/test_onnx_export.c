/* ONNX export: what is written is read again and computes the same, for every model by name and every layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#ifdef TP_HAVE_PROTOBUF

#include "support/nothing_left.h"

static char path[64];

/* Largest difference, relative to the largest value. */
static double difference(tp_tensor *a, tp_tensor *b) {
    if (!tp_same_shape(a, b)) return INFINITY;
    double most = tp_item(tp_max(tp_abs(a)));
    double apart = tp_item(tp_max(tp_abs(tp_sub(a, b))));
    return apart == 0 ? 0 : apart / most;
}

/* Whether the file's parameters are net's; what the export had to add (the ones of a norm without weight) is called number_N. */
static bool same_keys(tp_module *net, tp_module *again) {
    tp_named_list all = tp_state_dict(net), there = tp_state_dict(again);
    int64_t added = 0;
    for (size_t i = 0; i < there.count; i++) {
        bool found = strncmp(there.items[i].name, "number_", 7) == 0;
        if (found) added += tp_numel(there.items[i].tensor);
        for (size_t k = 0; k < all.count; k++)
            found = found || strcmp(all.items[k].name, there.items[i].name) == 0;
        if (!found) printf("a key of its own: %s\n", there.items[i].name);
        if (!found) return false;
    }
    return tp_parameter_count(net) == tp_parameter_count(again) - added;
}

/* Saves net, loads it, and compares outputs on a batch of another size. */
static bool round_trip(tp_module *net, tp_shape sample) {
    if (!net || !tp_onnx_save(path, net, sample)) return false;
    tp_module *again = tp_onnx_load(path);
    if (!again) return false;
    bool fine = same_keys(net, again), training = tp_is_training(net);
    TP_SCOPE
        TP_NO_GRAD {
            tp_shape shape = {.ndim = sample.ndim + 1, .dims = {4}};
            for (int d = 0; d < sample.ndim; d++) shape.dims[d + 1] = sample.dims[d];
            tp_tensor *x = tp_rand(shape);
            tp_eval(net);
            double apart = difference(tp_call(net, x), tp_call(again, x));
            if (!(apart < 1e-5)) printf("outputs differ by %g\n", apart);
            fine = fine && apart < 1e-5;
        }
    if (training) tp_train(net);
    tp_module_free(again);
    return fine;
}

static bool layers_fine(const char *text, tp_shape sample) {
    tp_manual_seed(3);
    tp_module *net = tp_nn_from_text(text, sample);
    bool fine = round_trip(net, sample);
    tp_module_free(net);
    if (!fine) printf("%s: %s %s\n", text, noted.op, noted.got);
    note_errors();
    return fine;
}

static void test_layers(void **state) {
    (void)state;
    static const char *const texts[] = {
        "flatten linear:7 relu linear:5 softmax",
        "conv:6,k=3,p=1 bn relu maxpool:2 flatten linear:4",
        "conv:6,k=3,p=same,g=3 relu6 conv:4,k=2,d=2 flatten linear:4",
        "conv_transpose:4,k=3,s=2,p=1,op=1 hardswish avgpool:3,s=2,p=1 flatten linear:4",
        "maxpool:3,s=2,p=1,ceil=1 selu depthwise:3,p=1 hardsigmoid adaptive_avgpool:1 flatten",
        "zero_pad:2 mish reflect_pad:1 softsign replicate_pad:1 logsigmoid adaptive_maxpool:2",
        "conv:3,k=3,p=1 (conv:3,k=3,p=1 bn relu conv:3,k=3,p=1 bn)+ relu dropout2d:0.2 flatten linear:2",
        "flatten linear:9 tanh linear:9 sigmoid linear:9 leaky_relu:0.2 linear:9 elu:0.5",
        "flatten linear:9 gelu linear:9 silu linear:9 softplus linear:9 log_softmax",
        "flatten dropout:0.5 linear:3 step",
        "prelu conv:4,k=3 prelu:4 instancenorm conv:6 instancenorm:1 groupnorm:3 flatten prelu:48 linear:2",
        "circular_pad:2 conv:4,k=3 lrn:3 upsample:2 pixel_shuffle:2 layernorm avgpool:3",
        "adaptive_avgpool:5 conv:3,k=2 relu6 adaptive_maxpool:3 hardtanh:-1,2 flatten linear:3",
        "conv:4,k=1 adaptive_maxpool:4 upsample:1.5,mode=bilinear gelu flatten prelu linear:3",
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        failed += !layers_fine(texts[i], tp_shape(3, 8, 6));
    assert_int_equal(failed, 0);
}

static bool module_fine(const char *what, tp_module *net, tp_shape sample) {
    bool fine = round_trip(net, sample);
    tp_module_free(net);
    if (!fine) printf("%s: %s %s\n", what, noted.op, noted.got);
    note_errors();
    return fine;
}

static void test_more_layers(void **state) {
    (void)state;
    tp_manual_seed(4);
    tp_shape picture = tp_shape(4, 6, 5);
    int failed = 0;
#define FINE(...) failed += !module_fine(#__VA_ARGS__, __VA_ARGS__, picture)
    FINE(tp_nn_layer_norm(tp_shape(6, 5)));
    FINE(tp_nn_layer_norm(tp_shape(5)));
    FINE(tp_nn_group_norm(2, 4));
    FINE(tp_nn_upsample(.scale = 2));
    FINE(tp_nn_upsample(.scale = 1.5, .mode = TP_BILINEAR));
    FINE(tp_nn_upsample(.size_hw = {9, 4}, .mode = TP_BILINEAR, .align_corners = true));
    FINE(tp_nn_upsample(.size = 11, .mode = TP_BICUBIC));
    FINE(tp_nn_pixel_shuffle(2));
    FINE(tp_nn_glu(1));
    FINE(tp_nn_layer_norm(tp_shape(6, 5), .no_affine = true));
    FINE(tp_nn_layer_norm(tp_shape(5), .no_affine = true));
    FINE(tp_nn_instance_norm2d(4, .affine = true, .running_stats = true));
    FINE(tp_nn_celu(0.5));
    FINE(tp_nn_hardshrink(0.25));
    FINE(tp_nn_softshrink(0.25));
    FINE(tp_nn_tanhshrink());
    FINE(tp_nn_threshold(0.3, -2));
    FINE(tp_nn_avg_pool2d(3, .stride = 2, .padding = 1, .divisor_override = 5));
    FINE(tp_nn_lp_pool2d(2, .norm_type = 3));
    FINE(tp_nn_reflection_pad2d(tp_shape(1, 2, 0, 1)));
    FINE(tp_nn_constant_pad2d(tp_shape(1, -1, 0, 2), 0.5));
    FINE(tp_nn_circular_pad2d(tp_shape(1, 2, 0, 3)));
    FINE(tp_nn_circular_pad2d(tp_shape(-1, 2, 1, -2)));
    FINE(tp_nn_adaptive_avg_pool2d(4, 3));
    FINE(tp_nn_adaptive_max_pool2d(1, 2));
#undef FINE
    assert_int_equal(failed, 0);
}

static void test_embedding(void **state) {
    (void)state;
    tp_module *net = tp_nn_sequential(tp_nn_embedding(10, 3), tp_nn_flatten(), tp_nn_linear(12, 2));
    assert_true(tp_onnx_save(path, net, tp_shape(4), .dtype = TP_INT64));
    tp_module *again = tp_onnx_load(path);
    no_error();
    TP_SCOPE
        TP_NO_GRAD {
            tp_tensor *x = tp_randint(0, 10, tp_shape(5, 4));
            assert_true(difference(tp_call(net, x), tp_call(again, x)) < 1e-6);
        }
    tp_module_free(again);
    tp_module_free(net);
    no_error();
}

/* Models whose files are small enough for a test; all of them where TAPER_ALL_MODELS is set. */
static void test_models(void **state) {
    (void)state;
    enum { LARGE = 13 * 1000 * 1000 };
    bool all = getenv("TAPER_ALL_MODELS") != NULL;
    int tested = 0, failed = 0;
    const tp_model_info *info;
    for (size_t i = 0; (info = tp_model_listing(i)); i++) {
        tp_shape sample = info->sample;
        if (sample.ndim == 3 && sample.dims[1] > 64) sample.dims[1] = sample.dims[2] = 64;
        bool large = strstr(info->name, "vgg") || strcmp(info->name, "alexnet") == 0;
        if (large && !all) continue;
        tp_manual_seed(1);
        tp_module *net = tp_model_by_name(info->name, .sample = sample);
        if (!net || (!all && tp_parameter_count(net) > LARGE)) {
            tp_module_free(net);
            if (!net) printf("%s: %s\n", info->name, noted.got);
            continue;
        }
        tested++;
        if (!round_trip(net, sample)) {
            printf("%s: %s %s\n", info->name, noted.op, noted.got);
            failed++;
        }
        note_errors();
        tp_module_free(net);
    }
    printf("%d models tested\n", tested);
    assert_true(tested >= 5);
    assert_int_equal(failed, 0);
}

/* ---- modules of one's own ---- */

typedef struct strange {
    tp_module base;
    tp_tensor *scale; /* (6) */
    tp_module *fc;
} strange;

static tp_tensor *strange_forward(tp_module *m, tp_tensor *x) { /* (N, 4, 6) */
    strange *s = (strange *)m;
    tp_tensor *parts[2];
    tp_split(x, 2, 1, parts, 2);                                     /* (N, 2, 6) */
    tp_tensor *a = tp_mul(tp_add(parts[0], 1.5), s->scale);          /* broadcast */
    tp_tensor *b = tp_sub(2.0, tp_square(parts[1]));                 /* a number on the left */
    tp_tensor *c = tp_cat(tp_list(a, b), 1);                         /* (N, 4, 6) */
    tp_tensor *d = tp_transpose(tp_slice(c, 2, 1, TP_END, 2), 1, 2); /* (N, 3, 4) */
    tp_tensor *e = tp_mean(tp_call(s->fc, d), .dims = tp_dims(1));   /* (N, 5) */
    tp_tensor *f = tp_stack(tp_list(e, tp_clamp(e, -0.5, 0.5)), 1);  /* (N, 2, 5) */
    return tp_softmax(tp_reshape(f, tp_shape(-1, 10)), 1);
}

static tp_module *strange_new(void) {
    strange *s = tp_module_new(strange, strange_forward);
    s->scale = tp_parameter(s, "scale", tp_rand(tp_shape(6)));
    s->fc = tp_child(s, "fc", tp_nn_linear(4, 5));
    return &s->base;
}

static void test_module_of_ones_own(void **state) {
    (void)state;
    tp_module *net = strange_new();
    assert_true(round_trip(net, tp_shape(4, 6)));
    assert_true(tp_is_training(net)); /* as it was before */
    no_error();
    tp_onnx_model *model = tp_onnx_inspect(path);
    assert_non_null(model);
    assert_int_equal(model->opset, 17);
    assert_string_equal(model->producer, "taper");
    assert_string_equal(model->inputs[0].name, "input");
    assert_true(model->inputs[0].shape.dims[0] == -1 && model->inputs[0].shape.dims[1] == 4);
    assert_true(model->outputs[0].shape.dims[0] == -1 && model->outputs[0].shape.dims[1] == 10);
    for (size_t i = 0; i < model->node_count; i++) assert_null(model->nodes[i].problem);
    tp_onnx_model_free(model);
    assert_true(tp_onnx_save(path, net, tp_shape(4, 6), .batch = 3, .input_name = "x"));
    model = tp_onnx_inspect(path);
    assert_string_equal(model->inputs[0].name, "x");
    assert_true(model->inputs[0].shape.dims[0] == 3);
    tp_onnx_model_free(model);
    tp_module_free(net);
    no_error();
}

/* Depends on its input in a way that no gradient shows. */
static tp_tensor *hidden_forward(tp_module *m, tp_tensor *x) {
    (void)m;
    return tp_mul(x, tp_to(tp_gt(x, 0.5), TP_FLOAT32));
}

static tp_tensor *counting_forward(tp_module *m, tp_tensor *x) {
    (void)m;
    return tp_mul(x, (double)tp_size(x, 0));
}

static tp_tensor *sorted_forward(tp_module *m, tp_tensor *x) {
    (void)m;
    return tp_cumsum(x, 1);
}

static void test_refused(void **state) {
    (void)state;
    static const tp_forward forwards[] = {hidden_forward, counting_forward, sorted_forward};
    for (int i = 0; i < 3; i++) {
        tp_module *net = tp_module_new_at(TP_HERE, sizeof(tp_module), "odd", forwards[i]);
        FAILS(UNSUPPORTED, "onnx_save", assert_false(tp_onnx_save(path, net, tp_shape(3))));
        tp_module_free(net);
    }
    tp_module *net = tp_nn_linear(3, 2);
    FAILS(FILE, "onnx_save", assert_false(tp_onnx_save("/nowhere/x.onnx", net, tp_shape(3))));
    FAILS(ARGUMENT, "onnx_save", assert_false(tp_onnx_save(NULL, net, tp_shape(3))));
    tp_module_free(net);
}

/* The user's random numbers go on as if nothing had been. */
static void test_random_stream_is_untouched(void **state) {
    (void)state;
    tp_module *net = tp_nn_linear(3, 2);
    TP_SCOPE {
        tp_manual_seed(9);
        double want = tp_item(tp_rand(tp_shape(1)));
        tp_manual_seed(9);
        assert_true(tp_onnx_save(path, net, tp_shape(3)));
        assert_true(tp_item(tp_rand(tp_shape(1))) == want);
    }
    tp_module_free(net);
    no_error();
}

static int start(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/taper-onnx-XXXXXX");
    int file = mkstemp(path);
    if (file >= 0) close(file);
    return file < 0;
}

static int stop(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {NOTED_TEST(test_layers),
                                       NOTED_TEST(test_more_layers),
                                       NOTED_TEST(test_embedding),
                                       NOTED_TEST(test_models),
                                       NOTED_TEST(test_module_of_ones_own),
                                       NOTED_TEST(test_refused),
                                       NOTED_TEST(test_random_stream_is_untouched)};
    return cmocka_run_group_tests(tests, start, stop);
}

#else

int main(void) {
    printf("without protobuf-c there are no models to write: skipped\n");
    return 77;
}

#endif
