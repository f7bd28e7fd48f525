/* Files that PyTorch and NumPy wrote (tests/golden/files.txt): what is in them is read, what would run code is refused, and whatever is
 * damaged is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "io/tensor_file.h"
#include "support/clean.h"

static golden_file *golden;

static int load_golden(void **state) {
    (void)state;
    golden = golden_load("files");
    return 0;
}

static int free_golden(void **state) {
    (void)state;
    golden_free(golden);
    return 0;
}

/* The bytes of a case's file. */
static unsigned char *file_of(const golden_case *c, size_t *size) {
    const char *text = golden_text(c, "file");
    *size = (size_t)golden_integer(c, "bytes", 0);
    unsigned char *bytes = malloc(*size + 1);
    size_t n = 0;
    for (int high = -1; *text; text++) {
        int digit = *text >= 'a' ? *text - 'a' + 10 : *text - '0';
        if (*text == '\n') continue;
        if (high >= 0) bytes[n++] = (unsigned char)(high << 4 | digit);
        high = high >= 0 ? -1 : digit;
    }
    assert_int_equal(n, *size);
    return bytes;
}

static tp_tensor_file *open_bytes(const char *name, const void *bytes, size_t size) {
    tp_mapping *mapping = tp_mapping_copy(TP_HERE, "load_tensors", bytes, size);
    return mapping ? tp_tensor_file_read(TP_HERE, "load_tensors", name, mapping) : NULL;
}

static tp_tensor_file *open_case(const golden_case *c) {
    size_t size;
    unsigned char *bytes = file_of(c, &size);
    tp_tensor_file *file = open_bytes(c->name, bytes, size);
    free(bytes);
    return file;
}

/* Every tensor and number of the case is in the file, and there is no further tensor. */
static void check_contents(const golden_case *c, tp_tensor_file *file) {
    for (int i = 0; i < c->n_tensors; i++) {
        const golden_tensor *want = &c->tensors[i];
        tp_tensor *x = tp_tensor_file_get(file, want->key);
        if (!x) fail_msg("%s: no tensor \"%s\"", c->name, want->key);
        if (!same_as_golden(want, x, 0, 0, want->key)) fail_msg("%s: %s", c->name, want->key);
    }
    assert_int_equal(tp_tensor_file_list(file).count, c->n_tensors);
    const tp_value *root = tp_tensor_file_value(file);
    for (int i = 0; i < c->n_options; i++) {
        const char *key = c->options[i].key;
        if (strcmp(key, "bytes") == 0) continue;
        double got = tp_value_float(tp_value_get(root, key));
        if (!(got == golden_number(c, key, 0))) fail_msg("%s: %s is %g", c->name, key, got);
    }
}

static void check_family(const char *prefix, tp_tensor_format format) {
    int count = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, prefix)) != NULL; count++) {
        tp_tensor_file *file = open_case(c);
        if (!file) fail_msg("%s: %s", c->name, take_error().text);
        assert_int_equal(tp_tensor_file_format(file), format);
        check_contents(c, file);
        tp_tensor_file_close(file);
    }
    assert_true(count > 0);
}

static void test_pytorch(void **state) {
    (void)state;
    check_family("pth/", TP_TENSOR_FORMAT_PTH);
    check_family("legacy/", TP_TENSOR_FORMAT_PTH);
    check_family("pickle/", TP_TENSOR_FORMAT_PTH);
#ifndef TP_HAVE_ZLIB
    (void)state;
#else
    check_family("root/", TP_TENSOR_FORMAT_PTH);
    check_family("npz/", TP_TENSOR_FORMAT_NPZ);
#endif
    check_family("npy/", TP_TENSOR_FORMAT_NPY);
}

/* Values beside tensors, in every protocol. */
static void test_values(void **state) {
    (void)state;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "pth/containers")) != NULL;) {
        tp_tensor_file *file = open_case(c);
        const tp_value *root = tp_tensor_file_value(file);
        size_t size;
        assert_string_equal(tp_value_str(tp_value_get(root, "text")), "h\xC3\xA9");
        assert_string_equal(tp_value_str(tp_value_get(root, "path")), "/a/b");
        assert_string_equal(tp_value_str(tp_value_get(root, "namespace.name")), "x");
        assert_string_equal(tp_value_str(tp_value_get(root, "dtype")), "torch.float32");
        assert_string_equal(tp_value_str(tp_value_get(root, "device")), "cpu");
        assert_memory_equal(tp_value_bytes(tp_value_get(root, "bytes"), &size),
                            "\0\xFF"
                            "ab",
                            4);
        assert_int_equal(size, 4);
        assert_int_equal(tp_value_kind_of(tp_value_get(root, "numbers.8")), TP_VALUE_NONE);
        assert_int_equal(tp_value_kind_of(tp_value_get(root, "tuple.1")), TP_VALUE_TUPLE);
        assert_int_equal(tp_value_int(tp_value_item(tp_value_get(root, "set"), 0)), 4);
        assert_int_equal(tp_value_int(tp_value_get(root, "defaultdict.k.1")), 2);
        assert_null(tp_value_get(root, "numbers.9"));
        tp_tensor_file_close(file);
    }
}

/* Views of one storage share it: a change of one is seen in the other, and not in the file. */
static void test_storage_is_shared(void **state) {
    (void)state;
    for (int legacy = 0; legacy < 2; legacy++) {
        golden_case *c = golden_need_case(golden, legacy ? "legacy/views" : "pth/views,2");
        tp_tensor_file *file = open_case(c);
        tp_set(tp_tensor_file_get(file, "whole"), 99, 3);
        assert_true(tp_get(tp_tensor_file_get(file, "part"), 0, 0) == 99);
        assert_true(tp_get(tp_tensor_file_get(file, "transposed"), 3, 0) == 99);
        assert_false(tp_is_contiguous(tp_tensor_file_get(file, "transposed")));
        assert_int_equal(tp_stride(tp_tensor_file_get(file, "expanded"), 1), 0);
        tp_tensor_file_close(file);
    }
}

static void test_refused(void **state) {
    (void)state;
    int count = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "refused/")) != NULL; count++) {
        assert_null(open_case(c));
        seen_error error = take_error();
        if (error.count != 1 || error.code != TP_ERROR_UNSUPPORTED ||
            !strstr(error.text, golden_word(c, "word", "")))
            fail_msg("%s: %s", c->name, error.text);
    }
    assert_int_equal(count, 6);
}

/* A sound file or one error: never anything else, and nothing is left behind. */
static void open_damaged(const char *name, const unsigned char *bytes, size_t size) {
    tp_tensor_file *file = open_bytes(name, bytes, size);
    seen_error error = take_error();
    if ((file != NULL) == (error.count > 0) || error.count > 1)
        fail_msg("%s: %d errors, file %p: %s", name, error.count, (void *)file, error.text);
    tp_tensor_file_close(file);
}

static void test_damaged(void **state) {
    (void)state;
    static const char *const names[] = {"pth/containers,2", "pth/containers,5", "legacy/views",
                                        "root/deflated",    "npy/fortran,1",    "npz/stored"};
    static const unsigned char values[] = {0, 1, 0x7F, 0x80, 0xFF, '(', 'R', 'h', '.'};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t size;
        unsigned char *bytes = file_of(golden_need_case(golden, names[k]), &size);
        for (size_t cut = 0; cut < size; cut += 1 + size / 300) open_damaged(names[k], bytes, cut);
        for (size_t i = 0; i < size; i++) {
            unsigned char old = bytes[i];
            bytes[i] = values[i % sizeof values];
            open_damaged(names[k], bytes, size);
            bytes[i] = (unsigned char)(old ^ (1 << i % 8));
            open_damaged(names[k], bytes, size);
            bytes[i] = old;
        }
        free(bytes);
    }
}

/* Pickles made by hand to do harm. */
static void test_hostile_pickles(void **state) {
    (void)state;
#define P(text) text, sizeof text - 1
    static const struct hostile {
        const char *bytes;
        size_t size;
        const char *reason;
    } cases[] = {
        {P("\x80\2cos\nsystem\n(X\4\0\0\0trueR."), "os.system"},
        {P("\x80\2ctorch.os\nsystem\n."), "torch.os.system"},
        {P("\x80\4\x8c\10builtins\x8c\7getattr\x93."), "builtins.getattr"},
        {P("\x80\2]q\0h\0a."), "contains itself"},
        {P("\x80\2}q\0X\1\0\0\0ah\0s."), "contains itself"},
        {P("\x80\2"), "ends within"},
        {P("\x80\2(."), "stack is empty"},
        {P("\x80\2NN."), "more than one value"},
        {P("\x80\2R."), "stack is empty"},
        {P("\x80\2t."), "mark is missing"},
        {P("\x80\2}X\1\0\0\0aNX\1\0\0\0aN."), "more than one value"},
        {P("\x80\2}(X\1\0\0\0aNX\1\0\0\0aNu."), "twice"},
        {P("\x80\2X\xFF\xFF\xFF\x7F."), "ends within"},
        {P("\x80\4\x8d\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF."), "ends within"},
        {P("\x80\2X\2\0\0\0\xC3\x28."), "UTF-8"},
        {P("\x80\2h\0."), "memo"},
        {P("\x80\2Nr\xFF\xFF\xFF\x7F."), "too large"},
        {P("\x80\2NQ."), "persistent id"},
        {P("\x80\2\x82\1."), "extension"},
        {P("\x80\5\x97."), "buffer"},
        {P("\x80\2\xFE."), "unknown instruction"},
        {P("\x80\2cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85N\x87R."),
         "without contents"},
        {P("\x80\2ccollections\nOrderedDict\nN\x85R."), "dictionary of something"},
        {P("\x80\2(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
           "0X\3\0\0\0cpuJ\xFF\xFF\xFF\xFFtQ."),
         "without class, key or size"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(open_bytes("hostile.pkl", cases[i].bytes, cases[i].size));
        seen_error error = take_error();
        if (error.count != 1 || !strstr(error.text, cases[i].reason) ||
            !strstr(error.text, "at byte"))
            fail_msg("case %zu: %s", i, error.text);
    }
}

/* A pickle of so many lists, each of which holds the one before twice; its size. */
static size_t doubled(unsigned char *bytes, unsigned char levels) {
    static const unsigned char first[] = {0x80, 2, ']', 'q', 0, '0'};
    memcpy(bytes, first, sizeof first);
    size_t n = sizeof first;
    for (unsigned char i = 0; i < levels; i++) {
        const unsigned char level[] = {']', 'q', i + 1, 'h', i, 'a', 'h', i, 'a', '0'};
        memcpy(bytes + n, level, sizeof level);
        n += sizeof level;
    }
    bytes[n++] = 'h', bytes[n++] = levels, bytes[n++] = '.';
    return n;
}

/* Lists in lists, and lists that double each other. */
static void test_depth_and_repetition(void **state) {
    (void)state;
    unsigned char deep[2 + 3000 + 1], wide[2 + 4 + 40 * 10 + 3];
    size_t n = 0;
    deep[n++] = 0x80, deep[n++] = 2;
    while (n < 1000) deep[n++] = ']';
    for (size_t i = 0; i < 997; i++) deep[n++] = 'a';
    deep[n++] = '.';
    assert_null(open_bytes("deep.pkl", deep, n));
    assert_non_null(strstr(take_error().text, "nested more than 64"));
    n = doubled(wide, 40);
    assert_null(open_bytes("wide.pkl", wide, n));
    assert_non_null(strstr(take_error().text, "repeat each other"));
    /* sharing that the size of the file accounts for, and a little more than that */
    n = doubled(wide, 12);
    tp_tensor_file *file = open_bytes("shared.pkl", wide, n);
    assert_non_null(file);
    tp_tensor_file_close(file);
    n = doubled(wide, 13);
    assert_null(open_bytes("wide.pkl", wide, n));
    assert_non_null(strstr(take_error().text, "repeat each other"));
}

/* Numbers are printed as Python prints them. */
static void test_printed_floats(void **state) {
    (void)state;
    static const double values[] = {
        0.1, 100000, 1.0 / 3, -2.5e-300, 5e-324, 1e17, 0.30000000000000004};
    unsigned char bytes[100] = {0x80, 2, ']', '('};
    size_t n = 4, length = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bytes[n++] = 'G';
        for (int shift = 56; shift >= 0; shift -= 8) bytes[n++] = (unsigned char)(bits >> shift);
    }
    bytes[n++] = 'e', bytes[n++] = '.';
    tp_tensor_file *file = open_bytes("floats.pkl", bytes, n);
    assert_non_null(file);
    char *text = NULL;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    tp_value_print(tp_tensor_file_value(file), stream);
    fclose(stream);
    assert_string_equal(text, "[0.1, 100000.0, 0.3333333333333333, -2.5e-300, 5e-324, 1e+17, "
                              "0.30000000000000004]");
    free(text);
    tp_tensor_file_close(file);
}

/* The first, second, third ... request for memory fails: an error and nothing left behind, until there are enough. */
static int countdown;

static void *few(size_t bytes, void *user) {
    (void)user;
    return countdown-- > 0 ? aligned_alloc(64, bytes) : NULL;
}

static void give_back(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    free(block);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static const tp_allocator small = {.allocate = few, .release = give_back};
    static const char *const names[] = {"pth/containers,2", "legacy/checkpoint", "pth/checkpoint",
                                        "root/little",      "npz/stored",        "npy/fortran,1"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t size;
        unsigned char *bytes = file_of(golden_need_case(golden, names[k]), &size);
        int enough = 0;
        for (bool fine = false; !fine && enough < 1000; enough++) {
            tp_set_allocator(&small); /* and gives back what was cached */
            countdown = enough;
            tp_tensor_file *file = open_bytes(names[k], bytes, size);
            countdown = 1000;
            seen_error error = take_error();
            fine = file != NULL;
            if (!fine && (error.count != 1 || error.code != TP_ERROR_MEMORY))
                fail_msg("%s, %d: %d errors, %s", names[k], enough, error.count, error.text);
            tp_tensor_file_close(file);
            assert_int_equal(tp_memory_get_stats().live_tensors, 0);
        }
        tp_set_allocator(NULL);
        assert_in_range(enough, 3, 999);
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_pytorch),           CLEAN_TEST(test_values),
        CLEAN_TEST(test_storage_is_shared), CLEAN_TEST(test_refused),
        CLEAN_TEST(test_out_of_memory),     CLEAN_TEST(test_damaged),
        CLEAN_TEST(test_hostile_pickles),   CLEAN_TEST(test_depth_and_repetition),
        CLEAN_TEST(test_printed_floats),
    };
    return cmocka_run_group_tests_name("files", tests, load_golden, free_golden);
}
