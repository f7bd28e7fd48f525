/* .pth files that we write are read back: values, shared elements, names that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/clean.h"
#include "support/folder.h"

static const char *in_folder(const char *name) {
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void test_round_trip(void **state) {
    (void)state;
    static const int64_t wholes[] = {0,
                                     1,
                                     255,
                                     256,
                                     65536,
                                     INT32_MAX,
                                     INT32_MAX + 1LL,
                                     -1,
                                     -2,
                                     INT32_MIN,
                                     INT32_MIN - 1LL,
                                     INT64_MIN,
                                     INT64_MAX};
    enum { WHOLES = sizeof wholes / sizeof *wholes };
    TP_SCOPE {
        tp_values *values = tp_values_new();
        tp_value *d = tp_value_dict(values), *list = tp_value_list(values);
        tp_tensor *x = tp_reshape(tp_arange(6, .dtype = TP_FLOAT32), tp_shape(2, 3));
        for (int i = 0; i < WHOLES; i++) tp_value_append(list, tp_value_of_int(values, wholes[i]));
        tp_value_set(d, "wholes", list);
        tp_value_set(d, "third", tp_value_of_float(values, 1.0 / 3));
        tp_value_set(d, "yes", tp_value_of_bool(values, true));
        tp_value_set(d, "nothing", tp_value_of_none(values));
        tp_value_set(d, "text", tp_value_of_str(values, "h\xC3\xA9"));
        tp_value_set(d, "x", tp_value_of_tensor(values, x));
        tp_value_set(d, "tied", tp_value_of_tensor(values, x));
        tp_value_set(d, "turned", tp_value_of_tensor(values, tp_t(x)));
        tp_value_set(d, "empty",
                     tp_value_of_tensor(values, tp_zeros(tp_shape(0, 3), .dtype = TP_INT64)));
        tp_value_set(d, "text", tp_value_of_str(values, "again"));
        assert_true(tp_save_values(in_folder("a.pth"), d));
        tp_values_free(values);

        tp_tensor_file *file = tp_load_tensors(in_folder("a.pth"));
        const tp_value *root = tp_tensor_file_value(file);
        assert_int_equal(tp_value_count(root), 9);
        for (int i = 0; i < WHOLES; i++)
            assert_int_equal(tp_value_int(tp_value_item(tp_value_get(root, "wholes"), (size_t)i)),
                             wholes[i]);
        assert_true(tp_value_float(tp_value_get(root, "third")) == 1.0 / 3);
        assert_true(tp_value_bool(tp_value_get(root, "yes")));
        assert_int_equal(tp_value_kind_of(tp_value_get(root, "nothing")), TP_VALUE_NONE);
        assert_string_equal(tp_value_str(tp_value_get(root, "text")), "again");
        tp_tensor *y = tp_value_tensor(tp_value_get(root, "turned"));
        assert_true(tp_size(y, 0) == 3 && tp_get(y, 2, 1) == 5);
        assert_ptr_equal(tp_data(tp_tensor_file_get(file, "x")),
                         tp_data(tp_tensor_file_get(file, "tied")));
        assert_int_equal((uintptr_t)tp_data(tp_tensor_file_get(file, "x")) % 64, 0);
        assert_int_equal(tp_size(tp_tensor_file_get(file, "empty"), 1), 3);
        tp_tensor_file_close(file);
    }
}

static void test_models(void **state) {
    (void)state;
    static const char *const names[] = {"m.pth", "m.pt", "m.npz", "m.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        TP_SCOPE {
            tp_module *a = tp_nn_sequential(tp_nn_linear(3, 2), tp_nn_relu(), tp_nn_linear(2, 1));
            tp_module *b = tp_nn_sequential(tp_nn_linear(3, 2), tp_nn_relu(), tp_nn_linear(2, 1));
            tp_tensor *x = tp_ones(tp_shape(1, 3));
            assert_true(tp_save(in_folder(names[i]), a));
            assert_true(tp_load(in_folder(names[i]), b));
            assert_true(tp_item(tp_call(a, x)) == tp_item(tp_call(b, x)));
            tp_module_free(a);
            tp_module_free(b);
        }
}

/* ---- loading into a model ---- */

static tp_module *two_layers(int64_t out) {
    return tp_nn_sequential(tp_nn_linear(3, 2), tp_nn_relu(), tp_nn_linear(2, out));
}

/* {"epoch": 3, key: state of a model, each name behind prefix} */
static void write_checkpoint(const char *path, const char *key, const char *prefix,
                             tp_module *model) {
    tp_values *values = tp_values_new();
    tp_value *d = tp_value_dict(values), *inner = tp_value_dict(values);
    tp_named_list state = tp_state_dict(model);
    for (size_t i = 0; i < state.count; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", prefix, state.items[i].name);
        tp_value_set(inner, name, tp_value_of_tensor(values, state.items[i].tensor));
    }
    tp_value_set(d, "epoch", tp_value_of_int(values, 3));
    tp_value_set(d, key, inner);
    tp_value_set(d, "optimizer", tp_value_dict(values));
    assert_true(tp_save_values(path, d));
    tp_values_free(values);
}

static bool same_output(tp_module *a, tp_module *b) {
    bool same = false;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(1, 3));
        same = tp_get(tp_call(a, x), 0, 0) == tp_get(tp_call(b, x), 0, 0);
    }
    return same;
}

static void test_state_is_found(void **state) {
    (void)state;
    static const struct form {
        const char *key, *prefix;
    } forms[] = {{"state_dict", ""}, {"model", ""}, {"weights_of_mine", ""}, {"net", "module."}};
    tp_module *a = two_layers(1);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        tp_module *b = two_layers(1);
        write_checkpoint(in_folder("c.pth"), forms[i].key, forms[i].prefix, a);
        assert_false(same_output(a, b));
        assert_true(tp_load(in_folder("c.pth"), b));
        assert_true(same_output(a, b));
        tp_module_free(b);
    }
    tp_module *b = two_layers(1);
    write_checkpoint(in_folder("d.pth"), "state_dict", "backbone.", a);
    assert_false(tp_load(in_folder("d.pth"), b));
    assert_true(had_error(TP_ERROR_STATE, "load_state", __LINE__ - 1));
    assert_false(tp_load(in_folder("d.pth"), b, .prefix = "ema."));
    assert_true(had_error(TP_ERROR_STATE, "load", __LINE__ - 1));
    assert_true(tp_load(in_folder("d.pth"), b, .prefix = "state_dict.backbone."));
    assert_true(same_output(a, b));
    assert_true(tp_checkpoint_save(in_folder("run.safetensors"), .module = a));
    tp_module *c = two_layers(1);
    assert_true(tp_load(in_folder("run.safetensors"), c, .partial = true));
    assert_true(same_output(a, c));
    tp_module_free(a);
    tp_module_free(b);
    tp_module_free(c);
}

/* A body with a new head: what fits is loaded, and the report tells the rest. */
static void test_fine_tuning(void **state) {
    (void)state;
    tp_module *old = two_layers(1), *new = two_layers(4);
    tp_sequential_append(new, tp_nn_linear(4, 2));
    tp_load_report report;
    assert_true(tp_save(in_folder("old.pth"), old));
    assert_false(tp_load(in_folder("old.pth"), new, .report = &report));
    assert_true(had_error(TP_ERROR_STATE, "load_state", __LINE__ - 1));
    assert_int_equal(report.loaded, 0);
    assert_int_equal(report.missing_count, 2);
    assert_string_equal(report.missing[0], "3.weight");
    assert_int_equal(report.unexpected_count, 0);
    assert_int_equal(report.mismatched_count, 2);
    assert_string_equal(report.mismatched[0], "2.weight (1, 2) for (4, 2)");
    tp_load_report_free(&report);
    assert_true(tp_load(in_folder("old.pth"), new, .partial = true, .skip_mismatched = true,
                        .report = &report));
    assert_int_equal(report.loaded, 2);
    assert_int_equal(report.mismatched_count, 2);
    tp_load_report_free(&report);
    assert_true(tp_get(tp_get_tensor(new, "0.weight"), 1, 2) ==
                tp_get(tp_get_tensor(old, "0.weight"), 1, 2));
    assert_false(tp_load(in_folder("old.pth"), new, .partial = true));
    assert_true(had_error(TP_ERROR_STATE, "load_state", __LINE__ - 1));
    tp_module_free(old);
    tp_module_free(new);
}

static void test_refused(void **state) {
    (void)state;
    TP_SCOPE {
        tp_values *values = tp_values_new();
        tp_value *list = tp_value_list(values);
        tp_value_append(list, list);
        assert_false(tp_save_values(in_folder("b.pth"), list));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_values", __LINE__ - 1));
        assert_false(tp_save_values(NULL, tp_value_list(values)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_values", __LINE__ - 1));
        tp_values_free(values);
        tp_named_tensor items[] = {{"a", tp_ones(tp_shape(1))}, {"a", tp_ones(tp_shape(1))}};
        assert_false(tp_save_tensors(in_folder("b.pth"), items, 2));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        items[0].name = "\xFF";
        assert_false(tp_save_tensors(in_folder("b.pth"), items, 1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        assert_false(tp_save_tensors(in_folder("b.npy"), items, 1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        assert_int_not_equal(access(in_folder("b.pth"), F_OK), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_round_trip),  CLEAN_TEST(test_models),  CLEAN_TEST(test_state_is_found),
        CLEAN_TEST(test_fine_tuning), CLEAN_TEST(test_refused),
    };
    return cmocka_run_group_tests_name("pth", tests, make_folder, remove_folder);
}
