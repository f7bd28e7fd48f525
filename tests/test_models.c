/* Models by name: keys, shapes and totals, initial values from a seed, and what they compute, against torchvision's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/models.h>
#include <taper/taper.h>
#include <taper/vision.h>

#include "support/clean.h"
#include "support/golden.h"

static golden_file *file;

/* ---- what the constructors make ---- */

/* "conv1.weight 64,3,7,7"; "-" stands for no dimensions. */
static void check_line(const char *line, const tp_named_tensor *mine) {
    char shape[128] = "";
    size_t used = 0;
    for (int i = 0; i < tp_ndim(mine->tensor); i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%lld", i ? "," : "",
                                 (long long)tp_size(mine->tensor, i));
    char text[256];
    int length = snprintf(text, sizeof text, "%s %s", mine->name, shape[0] ? shape : "-");
    if (strncmp(line, text, (size_t)length) || (line[length] && line[length] != '\n'))
        fail_msg("%s where %.60s is wanted", text, line);
}

static void keys_and_shapes_are_torchvisions(void **state) {
    (void)state;
    int seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "keys/")) != NULL; seen++) {
        tp_module *m = tp_model_by_name(c->name + strlen("keys/"), .no_init = true);
        assert_non_null(m);
        assert_int_equal(tp_parameter_count(m), golden_integer(c, "parameters", 0));
        tp_named_list list = tp_state_dict(m);
        const char *line = golden_text(c, "state");
        for (size_t i = 0; i < list.count; i++) {
            if (!line) fail_msg("%s has more tensors than torchvision's", c->name);
            check_line(line, &list.items[i]);
            line = strchr(line, '\n');
            if (line) line++;
        }
        assert_null(line);
        tp_module_free(m);
    }
    assert_int_equal(seen, 17);
}

/* ---- from a seed ---- */

static void digest(const tp_tensor *x, double out[3]) {
    int64_t n = tp_numel(x);
    float *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    tp_copy_out(x, values);
    out[0] = out[1] = out[2] = 0;
    for (int64_t i = 0; i < n; i++) {
        out[0] += values[i];
        out[1] += (double)values[i] * values[i];
        out[2] += (double)values[i] * (double)(i % 1009 + 1);
    }
    free(values);
}

/* The sums may differ by the rounding of single values: by their length times a little. */
static void check_initial_values(const golden_case *c, tp_module *m) {
    const golden_tensor *want = golden_need(c, "digest");
    tp_named_list list = tp_parameters(m);
    assert_int_equal(list.count, want->shape[0]);
    for (size_t i = 0; i < list.count; i++) {
        double got[3];
        digest(list.items[i].tensor, got);
        double length = sqrt(want->values[3 * i + 1]), n = (double)tp_numel(list.items[i].tensor);
        double close = 1e-6 * length * sqrt(n) + 1e-12;
        if (!(fabs(got[0] - want->values[3 * i]) <= close) ||
            !(fabs(got[1] - want->values[3 * i + 1]) <= 1e-5 * length * length + 1e-12) ||
            !(fabs(got[2] - want->values[3 * i + 2]) <= 1009 * close))
            fail_msg("%s: %s has %.9g %.9g %.9g", c->name, list.items[i].name, got[0], got[1],
                     got[2]);
    }
}

/* Whether x is near `want`, in parts of the largest element. */
static void check_output(const golden_case *c, const char *key, const tp_tensor *x) {
    const golden_tensor *want = golden_need(c, key);
    double largest = 0;
    for (size_t i = 0; i < want->count; i++) largest = fmax(largest, fabs(want->values[i]));
    assert_true(same_as_golden(want, x, 0, 2e-4 * largest, c->name));
}

static double gradient_length(tp_module *m) {
    double sum = 0;
    tp_named_list list = tp_parameters(m);
    for (size_t i = 0; i < list.count; i++) {
        double parts[3];
        digest(tp_grad(list.items[i].tensor), parts);
        sum += parts[1];
    }
    return sqrt(sum);
}

static tp_module *seeded_model(const golden_case *c, tp_shape sample, double dropout) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(strchr(c->name, '/') + 1, ","),
             strchr(c->name, '/') + 1);
    tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
    return tp_model_by_name(name, .num_classes = 10, .dropout = dropout, .sample = sample,
                            .width_mult = golden_number(c, "width_mult", 0),
                            .zero_init_residual = golden_integer(c, "zero_init_residual", 0) == 1);
}

static tp_shape sample_of(const golden_case *c) {
    int64_t dims[4];
    int n = golden_list(c, "sample", dims, 4);
    return tp_shape_make((size_t)n, dims);
}

static tp_shape batch_of(int64_t count, tp_shape sample) {
    tp_shape batch = {.ndim = sample.ndim + 1, .dims = {count}};
    for (int i = 0; i < sample.ndim; i++) batch.dims[i + 1] = sample.dims[i];
    return batch;
}

static void check_seeded(const golden_case *c) {
    tp_shape sample = sample_of(c);
    tp_module *m = seeded_model(c, sample, TP_ZERO);
    assert_non_null(m);
    check_initial_values(c, m);
    TP_SCOPE {
        tp_tensor *x = tp_rand(batch_of(2, sample));
        tp_eval(m);
        TP_NO_GRAD { check_output(c, "eval", tp_call(m, x)); }
        tp_train(m);
        tp_tensor *y = tp_call(m, x);
        check_output(c, "train", y);
        float labels[] = {3, 7};
        tp_tensor *target = tp_to(tp_from_data(labels, tp_shape(2)), TP_INT64);
        tp_tensor *loss = tp_cross_entropy(y, target);
        assert_true(same_as_golden(golden_need(c, "loss"), loss, 2e-4, 0, c->name));
        tp_backward(loss);
        double length = gradient_length(m), want = golden_need(c, "grad_norm")->values[0];
        if (!(fabs(length - want) <= 2e-3 * want))
            fail_msg("%s: the gradient's length is %.7g, not %.7g", c->name, length, want);
    }
    tp_module_free(m);
}

static void seeds_give_torchvisions_networks(void **state) {
    (void)state;
    int seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "seeded/")) != NULL; seen++)
        check_seeded(c);
    assert_int_equal(seen, 21);
}

/* ---- printing ---- */

static void structure_prints_as_pytorchs(void **state) {
    (void)state;
    int seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "print/")) != NULL; seen++) {
        tp_module *m = tp_model_by_name(c->name + strlen("print/"), .num_classes = 10);
        char *text = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);
        tp_print_module(m, stream);
        fclose(stream);
        text[size - 1] = 0; /* the newline */
        assert_string_equal(text, golden_text(c, "shown"));
        free(text);
        tp_module_free(m);
    }
    assert_int_equal(seen, 3);
}

/* ---- the listing and the options ---- */

static void every_listed_model_runs(void **state) {
    (void)state;
    const tp_model_info *info;
    size_t count = 0;
    for (; (info = tp_model_listing(count)) != NULL; count++) {
        tp_module *m = tp_model_by_name(info->name, .no_init = true);
        assert_non_null(m);
        tp_eval(m);
        TP_SCOPE {
            tp_tensor *y = tp_call(m, tp_empty(batch_of(0, info->sample))); /* shapes alone */
            assert_int_equal(tp_ndim(y), 2);
            assert_int_equal(tp_size(y, 1), info->num_classes);
        }
        assert_true(strlen(info->text) > 5 && strlen(info->text) < 70);
        tp_module_free(m);
    }
    assert_int_equal(count, 29);
}

static int64_t outputs(tp_module *m, tp_shape sample, int64_t *height) {
    int64_t size = -1;
    assert_non_null(m);
    tp_eval(m);
    TP_SCOPE {
        tp_tensor *y = tp_call(m, tp_empty(batch_of(0, sample)));
        size = tp_size(y, 1);
        tp_module *first = tp_child_get(m, 0);
        if (height) *height = tp_size(tp_call(first, tp_empty(batch_of(0, sample))), 2);
    }
    tp_module_free(m);
    return size;
}

static void options_reach_the_layers(void **state) {
    (void)state;
    int64_t height;
    tp_shape small = tp_shape(1, 32, 32);
    assert_int_equal(
        outputs(tp_resnet18(.num_classes = 7, .sample = small, .no_init = true), small, &height),
        7);
    assert_int_equal(height, 16);
    assert_int_equal(
        outputs(tp_resnet50(.small_input = true, .sample = small, .no_init = true), small, &height),
        1000);
    assert_int_equal(height, 32);
    assert_int_equal(
        outputs(tp_mobilenet_v2(.small_input = true, .no_init = true), tp_shape(3, 32, 32), NULL),
        1000);
    assert_int_equal(
        outputs(tp_vgg11(.num_classes = 2, .no_init = true), tp_shape(3, 64, 64), NULL), 2);
    assert_int_equal(outputs(tp_model_by_name("convnet3", .sample = tp_shape(3, 40, 24)),
                             tp_shape(3, 40, 24), NULL),
                     10);
    tp_module *m = tp_model_by_name("grocery_cnn");
    assert_true(tp_parameter_count(m) < 100000);
    tp_module_free(m);
    m = tp_alexnet(.dropout = 0.25, .no_init = true);
    char options[64];
    tp_module *dropout = tp_get_module(m, "classifier.3");
    dropout->describe(dropout, options, sizeof options);
    assert_non_null(strstr(options, "p=0.25"));
    tp_module_free(m);
}

#define REFUSED(word, ...)                                                             \
    do {                                                                               \
        assert_null(__VA_ARGS__);                                                      \
        seen_error error = take_error();                                               \
        assert_int_equal(error.count, 1);                                              \
        assert_int_equal(error.code, TP_ERROR_ARGUMENT);                               \
        assert_int_equal(error.line, __LINE__);                                        \
        if (!strstr(error.text, word)) fail_msg("no \"%s\" in: %s", word, error.text); \
    } while (0)

static void bad_options_are_refused(void **state) {
    (void)state;
    REFUSED("did you mean \"resnet18\"", tp_model_by_name("resnte18"));
    REFUSED("no name", tp_model_by_name(NULL));
    REFUSED("no model \"\"", tp_model_by_name(""));
    REFUSED("num_classes", tp_resnet18(.num_classes = -1));
    REFUSED("dropout", tp_alexnet(.dropout = 1.5));
    REFUSED("dropout", tp_model_by_name("convnet2", .dropout = NAN));
    REFUSED("width_mult", tp_mobilenet_v2(.width_mult = -2));
    REFUSED("one sample", tp_resnet18(.sample = tp_shape(3, -1, 2)));
    REFUSED("reaches it", tp_model_by_name("convnet", .sample = tp_shape(784)));
}

/* ---- memory ---- */

static void peak_of_evaluation_is_small(void **state) {
    (void)state;
    tp_module *m = tp_vgg11(.num_classes = 10, .no_init = true);
    tp_eval(m);
    size_t peak = 0;
    TP_SCOPE {
        TP_NO_GRAD {
            tp_tensor *x = tp_zeros(tp_shape(4, 3, 64, 64));
            tp_memory_reset_peak();
            size_t before = tp_memory_get_stats().live_bytes;
            tp_call(m, x);
            peak = tp_memory_get_stats().peak_bytes - before;
        }
    }
    tp_module_free(m);
    /* 64 channels of 64 x 64 and, fused or not, what is made of them */
    size_t largest = 4 * 64 * 64 * 64 * sizeof(float);
    assert_in_range(peak, largest, (size_t)(2.6 * (double)largest));
}

static int start(void **state) {
    (void)state;
    file = golden_load("models");
    return 0;
}

static int stop(void **state) {
    (void)state;
    golden_free(file);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(keys_and_shapes_are_torchvisions), CLEAN_TEST(seeds_give_torchvisions_networks),
        CLEAN_TEST(structure_prints_as_pytorchs),     CLEAN_TEST(every_listed_model_runs),
        CLEAN_TEST(options_reach_the_layers),         CLEAN_TEST(bad_options_are_refused),
        CLEAN_TEST(peak_of_evaluation_is_small),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
