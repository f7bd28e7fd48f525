/* Printing against PyTorch's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/memory.h>
#include <taper/ops.h>

#include "support/golden.h"
#include "support/tensors.h"

/* The text of x in a buffer of its own. */
static char *text_of(const tp_tensor *x) {
    int length = tp_format(x, NULL, 0);
    assert_true(length >= 0);
    char *text = malloc((size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(tp_format(x, text, (size_t)length + 1), length);
    assert_int_equal(strlen(text), length);
    return text;
}

static void check(const tp_tensor *x, const char *want, const char *what) {
    char *text = text_of(x);
    if (strcmp(text, want) != 0) fail_msg("%s:\n%s\ninstead of\n%s", what, text, want);
    free(text);
}

/* 0, 1, 2, ... times scale, as family_print.py makes them. */
static tp_tensor *made(const golden_case *c) {
    if (!strcmp(c->name, "thousand")) return tp_arange(0, 1000); /* just short of a summary */
    tp_shape shape = {0};
    shape.ndim = golden_list(c, "shape", shape.dims, TP_MAX_DIMS);
    tp_dtype dtype = dtype_of_name(golden_word(c, "dtype", ""));
    tp_tensor *x = tp_zeros(shape, .dtype = dtype);
    double scale = golden_number(c, "scale", 1);
    for (int64_t i = 0; i < tp_numel(x); i++) {
        switch (dtype) {
        case TP_FLOAT32: ((float *)tp_data(x))[i] = (float)i * (float)scale; break;
        case TP_FLOAT64: ((double *)tp_data(x))[i] = (double)i * scale; break;
        case TP_INT64: ((int64_t *)tp_data(x))[i] = i; break;
        case TP_INT32: ((int32_t *)tp_data(x))[i] = (int32_t)i; break;
        case TP_UINT8: ((uint8_t *)tp_data(x))[i] = (uint8_t)(i % 251); break;
        default: ((uint8_t *)tp_data(x))[i] = i % 2 != 0; break;
        }
    }
    return x;
}

/* PyTorch's text with our names of types. */
static char *expected(const golden_case *c) {
    const char *shown = golden_text(c, "shown");
    assert_non_null(shown);
    char *want = malloc(strlen(shown) + 1), *to = want;
    assert_non_null(want);
    for (const char *from = shown; *from;) {
        if (strncmp(from, "torch.", 6) == 0) from += 6;
        *to++ = *from++;
    }
    *to = 0;
    return want;
}

static void test_golden(void **state) {
    (void)state;
    golden_file *file = golden_load("print");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));) {
        TP_SCOPE {
            const golden_tensor *given = golden_find(c, "x");
            tp_tensor *x = given ? from_golden(given, TP_DTYPE_DEFAULT) : made(c);
            if (golden_integer(c, "requires_grad", 0)) tp_requires_grad(x);
            char *want = expected(c);
            check(x, want, c->name);
            if (tp_numel(x) > 1 && !golden_integer(c, "requires_grad", 0))
                check(scattered(x), want, c->name); /* the same however it lies */
            free(want);
            cases++;
        }
    }
    assert_int_equal(cases, 100);
    golden_free(file);
}

static void test_options(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_from_data(((float[]){1.0f / 3, 2, 3, 4, 5, 6, 7, 8}), tp_shape(8));
        tp_set_printoptions((tp_print_options){.precision = 2});
        check(x, "tensor([0.33, 2.00, 3.00, 4.00, 5.00, 6.00, 7.00, 8.00])", "precision");
        tp_set_printoptions((tp_print_options){.threshold = 7, .edgeitems = 2});
        check(x, "tensor([0.3333, 2.0000,  ..., 7.0000, 8.0000])", "threshold");
        tp_set_printoptions((tp_print_options){.linewidth = 30});
        check(x,
              "tensor([0.3333, 2.0000,\n"
              "        3.0000, 4.0000,\n"
              "        5.0000, 6.0000,\n"
              "        7.0000, 8.0000])",
              "linewidth");
        tp_set_printoptions((tp_print_options){0});
        check(x, "tensor([0.3333, 2.0000, 3.0000, 4.0000, 5.0000, 6.0000, 7.0000, 8.0000])",
              "defaults");
    }
}

static void test_graph(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_full(tp_shape(2), 3, .requires_grad = true);
        check(tp_mul(x, x), "tensor([9., 9.], grad_fn=<mul>)", "result");
        check(tp_detach(x), "tensor([3., 3.])", "detached");
    }
}

static tp_tensor *dead(void) {
    tp_tensor *x = NULL;
    TP_SCOPE { x = tp_ones(tp_shape(1)); }
    return x;
}

static void test_special(void **state) {
    (void)state;
    check(NULL, "tensor(<NULL>)", "NULL");
    TP_SCOPE {
        tp_tensor *poison = tp_add(tp_ones(tp_shape(2)), tp_ones(tp_shape(3)));
        int line = __LINE__ - 1;
        char want[1200], error[1024];
        tp_error_format(tp_last_error(), error, sizeof error);
        snprintf(want, sizeof want, "tensor(<poison: %s>)", error);
        check(poison, want, "poison");
        assert_true(had_error(TP_ERROR_SHAPE, "add", line));
        check(poison, "tensor(<poison>)", "poison whose error was cleared");
    }
    check(dead(), "tensor(<dead: tensor used after its scope ended>)", "dead");
    assert_int_equal(take_error().count, 0);
}

/* Small buffers get the beginning and a terminator; tp_fprint adds a newline. */
static void test_buffers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_arange(0, 5);
        char small[8];
        assert_int_equal(tp_format(x, small, sizeof small), 23);
        assert_string_equal(small, "tensor(");
        FILE *stream = tmpfile();
        assert_non_null(stream);
        tp_fprint(stream, x);
        rewind(stream);
        char line[64];
        assert_non_null(fgets(line, sizeof line, stream));
        assert_string_equal(line, "tensor([0, 1, 2, 3, 4])\n");
        fclose(stream);
    }
}

static int setup(void **state) {
    (void)state;
    watch_errors();
    return 0;
}

static int nothing_left(void **state) {
    (void)state;
    tp_scope_end(&(tp_scope){1, true}); /* those that a failed test left open */
    return take_error().count || tp_memory_get_stats().live_bytes ? -1 : 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nothing_left)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_golden), TEST(test_options), TEST(test_graph),
                                       TEST(test_special), TEST(test_buffers)};
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
