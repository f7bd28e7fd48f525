/* Interpolation, pixels and channels, embeddings, gates: against PyTorch, their layers, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/op_cases.h"

/* ---- reference vectors ---- */

static int64_t one(op_call *k, tp_tensor *y) {
    k->out[0] = y;
    return 1;
}

/* One number, or two parted by a comma. */
static int numbers_option(const golden_case *c, const char *key, double out[2]) {
    const char *word = golden_word(c, key, NULL);
    char *end;
    if (!word) return 0;
    out[0] = out[1] = strtod(word, &end);
    if (*end != ',') return 1;
    out[1] = strtod(end + 1, NULL);
    return 2;
}

static int64_t call_interpolate(op_call *k) {
    static const char *const modes[] = {"nearest", "linear", "bilinear", "bicubic"};
    tp_interpolate_args args = {.x = k->in[0],
                                .align_corners = golden_integer(k->c, "align", 0) != 0};
    double size[2] = {0, 0}, scale[2] = {0, 0};
    while (strcmp(modes[args.mode], golden_word(k->c, "mode", "nearest")) != 0)
        args.mode = (tp_interpolate_mode)(args.mode + 1);
    int sizes = numbers_option(k->c, "size", size), scales = numbers_option(k->c, "scale", scale);
    if (sizes == 1) args.size = (int64_t)size[0];
    if (scales == 1) args.scale = scale[0];
    for (int d = 0; d < 2; d++) {
        if (sizes == 2) args.size_hw[d] = (int64_t)size[d];
        if (scales == 2) args.scale_hw[d] = scale[d];
    }
    return one(k, tp_interpolate_at(TP_HERE, args));
}
static int64_t call_pixel_shuffle(op_call *k) {
    return one(k, tp_pixel_shuffle(k->in[0], golden_integer(k->c, "factor", 0)));
}
static int64_t call_pixel_unshuffle(op_call *k) {
    return one(k, tp_pixel_unshuffle(k->in[0], golden_integer(k->c, "factor", 0)));
}
static int64_t call_embedding(op_call *k) {
    return one(k, tp_embedding(k->in[0], k->in[1],
                               .has_padding = golden_word(k->c, "padding", NULL) != NULL,
                               .padding_idx = golden_integer(k->c, "padding", 0)));
}
static int64_t call_embedding_start(op_call *k) {
    tp_manual_seed((uint64_t)golden_integer(k->c, "seed", 0));
    const golden_tensor *want = golden_need(k->c, "weight");
    tp_module *layer = tp_nn_embedding(want->shape[0], want->shape[1], .has_padding = true,
                                       .padding_idx = golden_integer(k->c, "padding", 0));
    assert_true(same_as_golden(want, tp_get_tensor(layer, "weight"), 1e-6, 1e-6, "weight"));
    tp_module_free(layer);
    return 0;
}
static int64_t call_prelu(op_call *k) { return one(k, tp_prelu(k->in[0], k->in[1])); }
static int64_t call_glu(op_call *k) {
    return one(k, tp_glu(k->in[0], (int)golden_integer(k->c, "dim", 0)));
}

static int64_t call_conv_block(op_call *k) {
    bool tanh = strcmp(golden_word(k->c, "activation", "relu"), "tanh") == 0;
    bool norm = golden_integer(k->c, "norm", 0) != 0;
    return one(
        k, tp_conv_block(.conv = {k->in[0], k->in[1], k->in[2], .padding = 1}, .batch_norm = norm,
                         .norm = {.weight = norm ? k->in[3] : NULL,
                                  .bias = norm ? k->in[4] : NULL,
                                  .training = true},
                         .activation = tanh ? TP_ACTIVATION_TANH : TP_ACTIVATION_RELU,
                         .max_pool = {.kernel = golden_integer(k->c, "kernel", 0), .stride = 2}));
}

static const op_case table[] = {
    {"interpolate", call_interpolate},
    {"pixel_shuffle", call_pixel_shuffle},
    {"pixel_unshuffle", call_pixel_unshuffle},
    {"embedding", call_embedding},
    {"embedding_start", call_embedding_start},
    {"conv_block", call_conv_block},
    {"prelu", call_prelu},
    {"glu", call_glu},
};

static void test_vectors(void **state) {
    (void)state;
    size_t count = sizeof table / sizeof table[0];
    assert_true(run_op_cases_close("layer_ops", table, count, 1e-12, 1e-5) >= 33);
}

/* ---- layers ---- */

static void check_layer(tp_module *layer, tp_tensor *x, tp_tensor *want, const char *text) {
    char described[128];
    assert_non_null(layer);
    assert_true(tp_equal(tp_call(layer, x), want));
    layer->describe(layer, described, sizeof described);
    assert_string_equal(described, text);
    tp_module_free(layer);
}

static void test_layers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 4, 4, 6)), *quarter = tp_full(tp_shape(1), 0.25);
        check_layer(tp_nn_upsample(.scale = 2), x, tp_interpolate(x, .scale = 2),
                    "scale_factor=2.0, mode=nearest");
        check_layer(tp_nn_upsample(.size_hw = {3, 5}, .mode = TP_BILINEAR), x,
                    tp_interpolate(x, .size_hw = {3, 5}, .mode = TP_BILINEAR),
                    "size=(3, 5), mode=bilinear");
        check_layer(tp_nn_pixel_shuffle(2), x, tp_pixel_shuffle(x, 2), "upscale_factor=2");
        check_layer(tp_nn_pixel_unshuffle(2), x, tp_pixel_unshuffle(x, 2), "downscale_factor=2");
        check_layer(tp_nn_prelu(1), x, tp_prelu(x, quarter), "num_parameters=1");
        check_layer(tp_nn_glu(1), x, tp_glu(x, 1), "dim=1");
        check_layer(tp_nn_softshrink(0), x, tp_softshrink(x), "0.5");
        check_layer(tp_nn_hardshrink(0.25), x, tp_hardshrink(x, 0.25), "0.25");
        check_layer(tp_nn_celu(), x, tp_celu(x), "alpha=1");
        check_layer(tp_nn_tanhshrink(), x, tp_tanhshrink(x), "");
        assert_int_equal(take_error().count, 0);
    }
}

/* The row of the padding begins as zeros and gets no gradient. */
static void test_embedding_layer(void **state) {
    (void)state;
    char text[64];
    tp_module *layer = tp_nn_embedding(5, 3, .has_padding = true, .padding_idx = -1);
    layer->describe(layer, text, sizeof text);
    assert_string_equal(text, "5, 3, padding_idx=4");
    TP_SCOPE {
        tp_tensor *words = tp_from_data(((int64_t[]){4, 0, 4, 2}), tp_shape(2, 2), TP_INT64);
        tp_tensor *y = tp_call(layer, words);
        assert_true(tp_ndim(y) == 3 && tp_size(y, 2) == 3);
        assert_true(tp_get(y, 0, 0, 1) == 0 && tp_get(y, 0, 1, 1) != 0);
        tp_backward(tp_sum(y));
        tp_tensor *grad = tp_grad(tp_get_tensor(layer, "weight"));
        assert_true(tp_get(grad, 4, 0) == 0 && tp_get(grad, 0, 0) == 1 && tp_get(grad, 1, 0) == 0);
    }
    tp_module_free(layer);
}

static void test_refuses(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(1, 4, 4, 4)), *line = tp_zeros(tp_shape(1, 4, 4));
        assert_true(tp_is_poison(tp_interpolate(x)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_interpolate(x, .size = 2, .scale = 2)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_interpolate(line, .scale = 2, .mode = TP_BILINEAR)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_interpolate(x, .scale = 2, .align_corners = true)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_interpolate(x, .scale = 0.1)));
        assert_true(had_error(TP_ERROR_SHAPE, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_interpolate(tp_zeros(tp_shape(3)), .scale = 2)));
        assert_true(had_error(TP_ERROR_SHAPE, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_interpolate(tp_to(x, TP_UINT8), .scale = 2)));
        assert_true(had_error(TP_ERROR_DTYPE, "interpolate", __LINE__ - 1));
        assert_true(tp_is_poison(tp_pixel_unshuffle(x, 3)));
        assert_true(had_error(TP_ERROR_SHAPE, "pixel_unshuffle", __LINE__ - 1));
        assert_true(tp_is_poison(tp_pixel_shuffle(x, 0)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "pixel_shuffle", __LINE__ - 1));
        assert_true(tp_is_poison(tp_prelu(x, tp_zeros(tp_shape(3)))));
        assert_true(had_error(TP_ERROR_SHAPE, "prelu", __LINE__ - 1));
        assert_null(tp_nn_upsample(.mode = TP_BILINEAR));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_null(tp_nn_embedding(3, 2, .has_padding = true, .padding_idx = 3));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
    }
}

static bool same(const tp_tensor *a, const tp_tensor *b) {
    return tp_same_shape(a, b) &&
           memcmp(tp_data(a), tp_data(b), (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a))) == 0;
}

static void test_same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(3, 7, 33, 35), .requires_grad = true), *first[2];
        for (int threads = 1; threads <= 7; threads += 2) {
            tp_set_num_threads(threads);
            tp_tensor *y = tp_interpolate(x, .scale = 1.7, .mode = TP_BICUBIC);
            tp_clear_grad(x);
            tp_backward(tp_sum(tp_square(y)));
            tp_tensor *now[2] = {y, tp_clone(tp_grad(x))};
            for (int i = 0; i < 2; i++) {
                if (threads == 1) first[i] = now[i];
                assert_true(same(first[i], now[i]));
            }
        }
        tp_set_num_threads(2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_embedding_layer),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_same_bits_at_any_number_of_threads),
    };
    watch_errors();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
