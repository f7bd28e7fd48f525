/* npy and npz: what is written is byte for byte what NumPy writes, and is read back. (What NumPy wrote is read by test_files.) */
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

static size_t read_bytes(const char *path, unsigned char *out, size_t room) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(out, 1, room, file);
    fclose(file);
    return size;
}

static void write_bytes(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool same(const tp_tensor *a, const tp_tensor *b) {
    if (!tp_same_shape(a, b) || tp_dtype_of(a) != tp_dtype_of(b)) return false;
    size_t bytes = (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a));
    void *x = malloc(bytes + 1), *y = malloc(bytes + 1);
    bool equal = tp_copy_out(a, x) && tp_copy_out(b, y) && memcmp(x, y, bytes) == 0;
    free(x);
    free(y);
    return equal;
}

static void test_bytes_are_numpys(void **state) {
    (void)state;
    golden_file *golden = golden_load("files");
    static const char *const names[] = {"npy/bool",         "npy/uint8",     "npy/int32",
                                        "npy/int64",        "npy/little_f4", "npy/little_f8",
                                        "npy/shape_scalar", "npy/shape_0",   "npy/shape_2x0x3",
                                        "npy/shape_5",      "npy/shape_1x1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        golden_case *c = golden_need_case(golden, names[i]);
        const char *text = golden_text(c, "file");
        unsigned char bytes[512];
        char digits[1024];
        TP_SCOPE { assert_true(tp_npy_write(in_folder("a.npy"), from_golden(&c->tensors[0], 0))); }
        size_t size = read_bytes(in_folder("a.npy"), bytes, sizeof bytes), used = 0;
        assert_int_equal(size, golden_integer(c, "bytes", 0));
        for (size_t k = 0; k < size; k++)
            used += (size_t)sprintf(digits + used,
                                    (k + 1) % 48 || k + 1 == size ? "%02x" : "%02x\n", bytes[k]);
        assert_string_equal(digits, text);
    }
    golden_free(golden);
}

static void test_round_trip(void **state) {
    (void)state;
    static const tp_dtype dtypes[] = {TP_BOOL,  TP_UINT8,   TP_INT32,
                                      TP_INT64, TP_FLOAT32, TP_FLOAT64};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        TP_SCOPE {
            tp_tensor *x = tp_reshape(tp_arange(24, .dtype = dtypes[i]), tp_shape(2, 3, 4));
            tp_tensor *turned = tp_transpose(x, 0, 2);
            assert_true(tp_npy_write(in_folder("b.npy"), turned));
            tp_tensor *y = tp_npy_read(in_folder("b.npy"));
            assert_true(same(turned, y));
            for (int compressed = 0; compressed < 2; compressed++) {
                tp_named_tensor items[] = {
                    {"turned", turned}, {"x", x}, {"none", tp_empty(tp_shape(0, 2))}};
                assert_true(tp_npz_write(in_folder("b.npz"), items, 3, .compressed = compressed));
                assert_true(same(tp_npz_read(in_folder("b.npz"), "turned"), turned));
                assert_true(same(tp_npz_read(in_folder("b.npz"), "x.npy"), x));
                tp_tensor_file *file = tp_load_tensors(in_folder("b.npz"));
                assert_int_equal(tp_tensor_file_list(file).count, 3);
                assert_string_equal(tp_tensor_file_list(file).items[0].name, "turned");
                assert_true(same(tp_tensor_file_get(file, "none"), items[2].tensor));
                tp_tensor_file_close(file);
            }
        }
}

/* What is read lies in the mapping: writing to it changes neither the file nor another reader's copy. */
static void test_mapped(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *big = tp_ones(tp_shape(1 << 20));
        tp_named_tensor item = {"big", big};
        assert_true(tp_npy_write(in_folder("big.npy"), big));
        assert_true(tp_npz_write(in_folder("big.npz"), &item, 1));
        tp_memory_stats before = tp_memory_get_stats();
        tp_tensor *x = tp_npy_read(in_folder("big.npy"));
        tp_tensor *y = tp_npz_read(in_folder("big.npz"), "big");
        assert_true(tp_memory_get_stats().live_bytes - before.live_bytes < 8192);
        tp_set(x, 5, 100);
        tp_set(y, 5, 100);
        assert_true(tp_get(tp_npy_read(in_folder("big.npy")), 100) == 1);
        assert_true(tp_get(tp_npz_read(in_folder("big.npz"), "big"), 100) == 1);
        assert_true(tp_get(x, 100) == 5 && tp_get(y, 100) == 5);
    }
}

static void test_refused(void **state) {
    (void)state;
    TP_SCOPE {
        tp_named_tensor items[] = {{"a", tp_ones(tp_shape(1))}, {"a", tp_ones(tp_shape(1))}};
        assert_false(tp_npz_write(in_folder("c.npz"), items, 2));
        assert_true(had_error(TP_ERROR_ARGUMENT, "npz_write", __LINE__ - 1));
        assert_true(tp_npz_write(in_folder("c.npz"), items, 1));
        assert_true(tp_is_poison(tp_npz_read(in_folder("c.npz"), "b")));
        assert_true(had_error(TP_ERROR_ARGUMENT, "npz_read", __LINE__ - 1));
        assert_true(tp_is_poison(tp_npy_read(in_folder("c.npz"))));
        assert_true(had_error(TP_ERROR_FORMAT, "npy_read", __LINE__ - 1));
        assert_true(tp_is_poison(tp_npy_read(in_folder("none.npy"))));
        assert_true(had_error(TP_ERROR_FILE, "npy_read", __LINE__ - 1));
        assert_false(tp_npy_write(NULL, items[0].tensor));
        assert_true(had_error(TP_ERROR_ARGUMENT, "npy_write", __LINE__ - 1));
        assert_false(tp_npy_write(in_folder("no/such/folder.npy"), items[0].tensor));
        assert_true(had_error(TP_ERROR_FILE, "npy_write", __LINE__ - 1));
    }
}

/* Headers made by hand: each with a word that its error must have. */
static void test_headers(void **state) {
    (void)state;
    static const struct header {
        const char *text, *reason;
    } headers[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", NULL},
        {"{\"shape\":(2,),\"fortran_order\":True,\"descr\":\"=f4\"}", NULL},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }", NULL},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "needs 3 elements"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
         "counted"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", "no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "no size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,), }",
         "8 dimensions"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "neither True nor False"},
        {"{'descr': '<f4', 'shape': (2,), }", "'fortran_order' is missing"},
        {"{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }", "twice"},
        {"{'descr': '<f4', 'more': 1}", "does not have"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", "after the closing brace"},
        {"{'descr': '<f4' 'fortran_order': False}", "comma"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "<c8"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "Python objects"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "record"},
        {"{'descr", "does not end"},
        {"", "no dictionary"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        unsigned char bytes[256] = "\x93NUMPY\1";
        size_t length = strlen(headers[i].text);
        bytes[8] = (unsigned char)length;
        memcpy(bytes + 10, headers[i].text, length);
        write_bytes(in_folder("h.npy"), bytes, 10 + length + 8);
        TP_SCOPE {
            tp_tensor *x = tp_npy_read(in_folder("h.npy"));
            seen_error error = take_error();
            if (!headers[i].reason != !tp_is_poison(x) ||
                (headers[i].reason && !strstr(error.text, headers[i].reason)))
                fail_msg("%s: %s", headers[i].text, error.text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_bytes_are_numpys), CLEAN_TEST(test_round_trip), CLEAN_TEST(test_mapped),
        CLEAN_TEST(test_refused),          CLEAN_TEST(test_headers),
    };
    return cmocka_run_group_tests_name("numpy", tests, make_folder, remove_folder);
}
