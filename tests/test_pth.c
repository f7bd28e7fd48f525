/* .pth files that we write are read back: values, shared elements, names that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/clean.h"

static char folder[] = "/tmp/taper_pth_XXXXXX";

static const char *in_folder(const char *name) {
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
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
        CLEAN_TEST(test_round_trip),
        CLEAN_TEST(test_models),
        CLEAN_TEST(test_refused),
    };
    return cmocka_run_group_tests_name("pth", tests, make_folder, remove_folder);
}
