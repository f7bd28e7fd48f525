#include "support/op_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tp_shape shape_option(const golden_case *c, const char *key) {
    int64_t values[TP_MAX_DIMS];
    int count = golden_list(c, key, values, TP_MAX_DIMS);
    return tp_shape_make(count < 0 ? 0 : (size_t)count, values);
}

/* y, y0, dx, ...: what the op gives and not what it takes */
static bool is_result(const char *key) {
    return key[0] == 'y' || (key[0] == 'd' && key[1] != '\0');
}

static tp_tensor *input_of(const golden_tensor *t, tp_dtype dtype, bool spread) {
    tp_tensor *x = from_golden(t, dtype);
    if (spread) x = scattered(x);
    if (tp_dtype_is_floating(tp_dtype_of(x))) tp_requires_grad(x);
    return x;
}

static void check_gradients(const op_call *call, const char **keys, int k, const char *tag,
                            tp_dtype dtype, double tolerance, bool last) {
    char key[48];
    snprintf(key, sizeof key, "dy%s", tag);
    const golden_tensor *dy = golden_find(call->c, key);
    if (!dy) return;
    for (int i = 0; i < call->n; i++) tp_clear_grad(call->in[i]);
    assert_true(tp_backward(call->out[k], from_golden(dy, dtype), .retain_graph = !last));
    for (int i = 0; i < call->n; i++) {
        snprintf(key, sizeof key, "d%s%s", keys[i], tag);
        const golden_tensor *want = golden_find(call->c, key);
        if (want && !tp_grad(call->in[i])) fail_msg("%s: no %s", call->c->name, key);
        if (want)
            assert_true(same_as_golden(want, tp_grad(call->in[i]),
                                       tolerance > 0 ? tolerance : 1e-12, tolerance, key));
    }
}

static void run_case(const golden_case *c, const op_case *op, tp_dtype dtype, double tolerance,
                     bool spread) {
    TP_SCOPE {
        op_call call = {.c = c};
        const char *keys[OP_CASE_INPUTS];
        for (int i = 0; i < c->n_tensors; i++) {
            if (is_result(c->tensors[i].key)) continue;
            keys[call.n] = c->tensors[i].key;
            call.in[call.n++] = input_of(&c->tensors[i], dtype, spread);
        }
        int64_t results = op->call(&call);
        bool refused = results < 0 || (results > 0 && tp_is_poison(call.out[0]));
        if (golden_integer(c, "error", 0)) {
            if (!refused) fail_msg("%s: no error", c->name);
            assert_int_equal(take_error().count, 1);
            continue;
        }
        if (refused) fail_msg("%s: %s", c->name, take_error().text);
        bool several = golden_find(c, "y") == NULL;
        for (int k = 0; k < results; k++) {
            char tag[8] = "", key[16];
            if (several) snprintf(tag, sizeof tag, "%d", k);
            snprintf(key, sizeof key, "y%s", tag);
            assert_true(
                same_as_golden(golden_need(c, key), call.out[k], tolerance, tolerance, key));
            check_gradients(&call, keys, k, tag, dtype, tolerance, k + 1 == results);
        }
        char next[16];
        snprintf(next, sizeof next, "y%d", (int)results);
        assert_null(golden_find(c, next)); /* all of them */
        assert_int_equal(take_error().count, 0);
    }
}

int run_op_cases(const char *family, const op_case *table, size_t count) {
    return run_op_cases_close(family, table, count, 0, 0);
}

int run_op_cases_close(const char *family, const op_case *table, size_t count, double tolerance64,
                       double tolerance32) {
    golden_file *file = golden_load(family);
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "")) != NULL;) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(golden_word(c, "op", ""), table[i].name) != 0) continue;
            run_case(c, &table[i], TP_FLOAT64, tolerance64, false);
            run_case(c, &table[i], TP_FLOAT64, tolerance64, true);
            run_case(c, &table[i], TP_FLOAT32, tolerance32, false);
            run_case(c, &table[i], TP_FLOAT32, tolerance32, true);
            cases++;
        }
    }
    golden_free(file);
    return cases;
}
