/* safetensors files: what is written is read back, byte for byte as the format says, and damaged files are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/folder.h"
#include "support/tensors.h"

static const char *in_folder(const char *name) {
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int start(void **state) {
    watch_errors();
    return make_folder(state);
}

static void write_bytes(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A file of that header, its length before it, and `data` bytes after it that count up from 0. */
static size_t build(unsigned char *out, const char *header, size_t data) {
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++) out[i] = (unsigned char)((uint64_t)length >> (8 * i));
    memcpy(out + 8, header, length);
    for (size_t i = 0; i < data; i++) out[8 + length + i] = (unsigned char)i;
    return 8 + length + data;
}

static const char *write_file(const char *header, size_t data) {
    unsigned char bytes[4096];
    const char *path = in_folder("hand.safetensors");
    write_bytes(path, bytes, build(bytes, header, data));
    return path;
}

static size_t read_bytes(const char *path, unsigned char *out, size_t room) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(out, 1, room, file);
    fclose(file);
    return size;
}

/* ---- writing ---- */

static void test_bytes_are_those_of_the_format(void **state) {
    (void)state;
    const char *path = in_folder("a.safetensors");
    TP_SCOPE {
        tp_named_tensor items[] = {
            {"b", tp_from_data(((uint8_t[]){7, 8, 9}), tp_shape(3), .dtype = TP_UINT8)},
            {"a\"\\\n\xC3\xA9", tp_from_data(((float[]){1, -2}), tp_shape(2, 1))},
        };
        tp_metadata pair = {"k", "v"};
        assert_true(tp_save_tensors(path, items, 2, &pair, 1));
    }
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\"},"
        "\"a\\\"\\\\\\u000a\xC3\xA9\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}";
    unsigned char bytes[1024];
    size_t size = read_bytes(path, bytes, sizeof bytes);
    size_t length = bytes[0] + 256 * (size_t)bytes[1];
    assert_int_equal((8 + length) % 8, 0);
    assert_memory_equal(bytes + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < length; i++) assert_int_equal(bytes[8 + i], ' ');
    assert_int_equal(size, 8 + length + 11);
    static const unsigned char values[] = {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 7, 8, 9};
    assert_memory_equal(bytes + 8 + length, values, sizeof values);
    assert_int_equal(take_error().count, 0);
}

static void test_round_trip_of_all_types(void **state) {
    (void)state;
    const char *path = in_folder("types.safetensors");
    TP_SCOPE {
        tp_tensor *wide =
            tp_from_data(((double[]){1, 2, 3, 4, 5, 6}), tp_shape(2, 3), .dtype = TP_FLOAT64);
        tp_named_tensor items[] = {
            {"bool", tp_from_data(((bool[]){true, false}), tp_shape(2), .dtype = TP_BOOL)},
            {"u8", tp_from_data(((uint8_t[]){255}), tp_shape(1), .dtype = TP_UINT8)},
            {"i32", tp_from_data(((int32_t[]){-5, 6}), tp_shape(2), .dtype = TP_INT32)},
            {"i64", tp_from_data(((int64_t[]){INT64_MIN}), tp_shape(1, 1), .dtype = TP_INT64)},
            {"f32", tp_scalar(0.5)},
            {"f64", tp_transpose(wide, 0, 1)},
            {"strided", scattered(wide)},
            {"empty", tp_empty(tp_shape(3, 0, 2))},
        };
        enum { N = sizeof items / sizeof *items };
        assert_true(tp_save_tensors(path, items, N));
        tp_tensor_file *file = tp_load_tensors(path);
        assert_non_null(file);
        assert_int_equal(tp_tensor_file_list(file).count, N);
        for (int i = 0; i < N; i++) {
            tp_tensor *x = items[i].tensor, *y = tp_tensor_file_get(file, items[i].name);
            assert_non_null(y);
            assert_int_equal(tp_dtype_of(x), tp_dtype_of(y));
            assert_true(tp_same_shape(x, y));
            unsigned char a[64], b[64];
            assert_true(tp_copy_out(x, a) && tp_copy_out(y, b));
            assert_memory_equal(a, b, (size_t)tp_numel(x) * tp_dtype_size(tp_dtype_of(x)));
        }
        assert_null(tp_tensor_file_get(file, "other"));
        assert_null(tp_tensor_file_metadata(file, "format"));
        tp_tensor_file_close(file);
    }
    assert_int_equal(take_error().count, 0);
}

static void test_view_outlives_the_file(void **state) {
    (void)state;
    TP_SCOPE {
        const char *path = write_file(
            "{\"x\":{\"dtype\":\"U8\",\"shape\":[2,3],\"data_offsets\":[0,6]}}        ", 6);
        tp_tensor_file *file = tp_load_tensors(path);
        tp_tensor *view = tp_select(tp_tensor_file_get(file, "x"), 0, 1);
        tp_tensor_file_close(file);
        assert_int_equal((int)tp_get(view, 2), 5);
    }
    assert_int_equal(take_error().count, 0);
}

static void test_nothing_to_save(void **state) {
    (void)state;
    const char *path = in_folder("none.safetensors");
    assert_true(tp_save_tensors(path, NULL, 0));
    tp_tensor_file *file = tp_load_tensors(path);
    assert_non_null(file);
    assert_int_equal(tp_tensor_file_list(file).count, 0);
    tp_tensor_file_close(file);
    assert_int_equal(take_error().count, 0);
}

static void test_refused_arguments(void **state) {
    (void)state;
    const char *path = in_folder("refused.safetensors");
    TP_SCOPE {
        tp_tensor *x = tp_scalar(1);
        tp_named_tensor twice[] = {{"x", x}, {"y", x}, {"x", x}};
        assert_false(tp_save_tensors(path, twice, 3));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        tp_named_tensor reserved = {"__metadata__", x};
        assert_false(tp_save_tensors(path, &reserved, 1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        tp_named_tensor latin = {"caf\xE9", x};
        assert_false(tp_save_tensors(path, &latin, 1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        tp_metadata pairs[] = {{"a", "1"}, {"a", "2"}};
        assert_false(tp_save_tensors(path, twice, 1, pairs, 2));
        assert_true(had_error(TP_ERROR_ARGUMENT, "save_tensors", __LINE__ - 1));
        assert_false(tp_save_tensors("/nowhere/at/all", twice, 1));
        assert_true(had_error(TP_ERROR_FILE, "save_tensors", __LINE__ - 1));
        assert_false(tp_save_tensors(folder, twice, 1));
        assert_true(had_error(TP_ERROR_FILE, "save_tensors", __LINE__ - 1));
        assert_null(tp_load_tensors(in_folder("absent")));
        assert_true(had_error(TP_ERROR_FILE, "load_tensors", __LINE__ - 1));
        assert_null(tp_load_tensors(folder));
        assert_true(had_error(TP_ERROR_FILE, "load_tensors", __LINE__ - 1));
    }
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(in_folder("refused.safetensors.tmp"), F_OK), 0);
}

static void test_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    const char *path = in_folder("limit.safetensors");
    TP_SCOPE {
        tp_named_tensor item = {"x", tp_scalar(3)};
        assert_true(tp_save_tensors(path, &item, 1));
        /* A folder where the temporary file should be stands for any failure to write. */
        assert_int_equal(mkdir(in_folder("limit.safetensors.tmp"), 0777), 0);
        item.tensor = tp_scalar(4);
        assert_false(tp_save_tensors(path, &item, 1));
        assert_true(had_error(TP_ERROR_FILE, "save_tensors", __LINE__ - 1));
        assert_int_equal(rmdir(in_folder("limit.safetensors.tmp")), 0);
        tp_tensor_file *file = tp_load_tensors(path);
        assert_true(tp_item(tp_tensor_file_get(file, "x")) == 3);
        tp_tensor_file_close(file);
    }
}

/* ---- reading ---- */

static void test_half_precision(void **state) {
    (void)state;
    static const struct {
        uint16_t bits;
        double value;
    } halves[] = {{0x3C00, 1},        {0xC000, -2},        {0x7BFF, 65504},
                  {0x0001, 0x1p-24},  {0x03FF, 0x3FFp-24}, {0x8000, 0},
                  {0x7C00, INFINITY}, {0xFC00, -INFINITY}, {0x3555, 0.333251953125}};
    enum { N = sizeof halves / sizeof *halves };
    unsigned char bytes[1024];
    char header[256];
    snprintf(header, sizeof header,
             "{\"h\":{\"dtype\":\"F16\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
             "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[%d,%d]}}",
             N, 2 * N, 2 * N, 2 * N + 4);
    size_t size = build(bytes, header, 2 * N + 4), at = 8 + strlen(header);
    for (int i = 0; i < N; i++) memcpy(bytes + at + 2 * (size_t)i, &halves[i].bits, 2);
    memcpy(bytes + at + (size_t)2 * N, ((uint16_t[]){0x3F80, 0xC049}), 4);
    const char *path = in_folder("half.safetensors");
    write_bytes(path, bytes, size);
    tp_tensor_file *file = tp_load_tensors(path);
    assert_non_null(file);
    tp_tensor *h = tp_tensor_file_get(file, "h"), *b = tp_tensor_file_get(file, "b");
    assert_int_equal(tp_dtype_of(h), TP_FLOAT32);
    for (int i = 0; i < N; i++) assert_true(tp_get(h, i) == halves[i].value);
    assert_true(signbit(tp_get(h, 5)));
    assert_true(tp_get(b, 0) == 1 && tp_get(b, 1) == -3.140625);
    tp_tensor_file_close(file);
    assert_int_equal(take_error().count, 0);
}

static void test_escapes_and_spaces(void **state) {
    (void)state;
    const char *path = write_file(
        "{ \"\\u0061\\u00e9\\ud83d\\ude00\\/\" : {\t\"data_offsets\":[ 0 , 1 ],\r\n\"shape\" : [ ] "
        ", \"dtype\":\"U8\"} , \"__metadata__\" : { } }   ",
        1);
    tp_tensor_file *file = tp_load_tensors(path);
    assert_non_null(file);
    tp_tensor *x = tp_tensor_file_get(file, "a\xC3\xA9\xF0\x9F\x98\x80/");
    assert_non_null(x);
    assert_int_equal(tp_ndim(x), 0);
    tp_tensor_file_close(file);
    assert_int_equal(take_error().count, 0);
}

#define U8(name, from, to, n) \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" n "],\"data_offsets\":[" from "," to "]}"

static void test_damaged_headers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *reason;
    } cases[] = {
        {"", 0, "does not begin"},
        {" {}", 0, "does not begin"},
        {"[]", 0, "does not begin"},
        {"{", 0, "missing"},
        {"{}}", 0, "after the header"},
        {"{}", 1, "belong to no tensor"},
        {"{" U8("x", "0", "4", "4") "," U8("x", "4", "5", "1") "}", 5, "two tensors"},
        {"{" U8("x", "0", "4", "4") "}", 3, "behind the end"},
        {"{" U8("x", "0", "4", "4") "}", 5, "belong to no tensor"},
        {"{" U8("x", "1", "5", "4") "}", 5, "hole"},
        {"{" U8("x", "0", "4", "4") "," U8("y", "5", "6", "1") "}", 6, "hole"},
        {"{" U8("x", "0", "4", "4") "," U8("y", "3", "5", "2") "}", 5, "overlaps"},
        {"{" U8("x", "4", "0", "4") "}", 4, "do not fit"},
        {"{" U8("x", "0", "4", "5") "}", 4, "do not fit"},
        {"{" U8("x", "0", "4", "4294967296,4294967296,4294967296") "}", 4, "counted"},
        {"{" U8("x", "0", "1152921504606846975", "1152921504606846975") "}", 4, "behind the end"},
        {"{" U8("x", "0", "9223372036854775808", "4") "}", 4, "too large"},
        {"{" U8("x", "0", "4", "-4") "}", 4, "whole number"},
        {"{" U8("x", "0", "4", "4.0") "}", 4, "whole one"},
        {"{" U8("x", "0", "4", "04") "}", 4, "begins with 0"},
        {"{" U8("x", "0", "4", "4,") "}", 4, "whole number"},
        {"{" U8("x", "0", "1", "1,1,1,1,1,1,1,1,1") "}", 1, "8 dimensions"},
        {"{" U8("x", "0", "4", "4") ",}", 4, "missing"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, "data_offsets is missing"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"shape\":[4],\"data_offsets\":[0,4]}}", 4,
         "twice"},
        {"{\"x\":{\"dtype\":\"U8\",\"size\":[4]}}", 4, "does not have"},
        {"{\"x\":{\"dtype\":\"U9\"}}", 4, "does not have"},
        {"{\"x\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, "whole bytes"},
        {"{\"x\":3}", 0, "object"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "string"},
        {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, "twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
        {"{\"__metadata__\":[]}", 0, "object"},
        {"{" U8("\\u0000", "0", "4", "4") "}", 4, "u0000"},
        {"{" U8("\\ud800", "0", "4", "4") "}", 4, "surrogate"},
        {"{" U8("\\x", "0", "4", "4") "}", 4, "escape"},
        {"{" U8("\xC0\x80", "0", "4", "4") "}", 4, "UTF-8"},
        {"{" U8("a\nb", "0", "4", "4") "}", 4, "control"},
        {"{\"x", 0, "does not end"},
        {"{\"x\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3, "bool that is 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(tp_load_tensors(write_file(cases[i].header, cases[i].data)));
        seen_error error = take_error();
        if (error.code != TP_ERROR_FORMAT || error.count != 1 ||
            !strstr(error.text, cases[i].reason) || !strstr(error.text, "at byte"))
            fail_msg("header %s: %s", cases[i].header, error.text);
    }
}

static void test_types_that_we_do_not_have(void **state) {
    (void)state;
    static const struct type {
        const char *name;
        int numel, bytes;
    } types[] = {{"C64", 1, 8}, {"F4", 2, 1}, {"F6_E2M3", 4, 3}, {"F6_E3M2", 4, 3}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        snprintf(header, sizeof header,
                 "{\"x\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}", types[i].name,
                 types[i].numel, types[i].bytes);
        assert_null(tp_load_tensors(write_file(header, (size_t)types[i].bytes)));
        seen_error error = take_error();
        assert_int_equal(error.code, TP_ERROR_UNSUPPORTED);
        assert_non_null(strstr(error.text, types[i].name));
    }
}

/* The bytes 0, 1, 2, ... as every type that becomes a larger one. */
static void test_types_that_become_larger(void **state) {
    (void)state;
    static const struct type {
        const char *name;
        int bytes;
        tp_dtype dtype;
        double first, second;
    } types[] = {
        {"I8", 1, TP_INT32, 0, 1},
        {"I16", 2, TP_INT32, 0x0100, 0x0302},
        {"U16", 2, TP_INT32, 0x0100, 0x0302},
        {"U32", 4, TP_INT64, 0x03020100, 0x07060504},
        {"U64", 8, TP_INT64, 0x0706050403020100, (double)0x0F0E0D0C0B0A0908},
        {"F8_E4M3", 1, TP_FLOAT32, 0, 0x1p-9},
        {"F8_E5M2", 1, TP_FLOAT32, 0, 0x1p-16},
        {"F8_E8M0", 1, TP_FLOAT32, 0x1p-127, 0x1p-126},
        {"BF16", 2, TP_FLOAT32, 0x1p-125, 0x1.04p-121},
        {"F16", 2, TP_FLOAT32, 0x1p-16, 0x1.81p-15},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        snprintf(header, sizeof header,
                 "{\"x\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%d]}}", types[i].name,
                 2 * types[i].bytes);
        tp_tensor_file *file = tp_load_tensors(write_file(header, 2 * (size_t)types[i].bytes));
        tp_tensor *x = tp_tensor_file_get(file, "x");
        assert_non_null(x);
        assert_int_equal(tp_dtype_of(x), types[i].dtype);
        if (tp_get(x, 0) != types[i].first || tp_get(x, 1) != types[i].second)
            fail_msg("%s: %a and %a", types[i].name, tp_get(x, 0), tp_get(x, 1));
        tp_tensor_file_close(file);
    }
}

/* Every file cut short, and every byte of the head replaced: an error or a sound file, never anything else. */
static void test_every_small_damage(void **state) {
    (void)state;
    unsigned char bytes[512], other[512];
    size_t size = build(bytes, "{\"__metadata__\":{\"a\":\"b\"}," U8("x", "0", "4", "2,2") "}", 4);
    const char *path = in_folder("damaged.safetensors");
    for (size_t cut = 0; cut < size; cut++) {
        write_bytes(path, bytes, cut);
        assert_null(tp_load_tensors(path));
        assert_int_equal(take_error().code, TP_ERROR_FORMAT);
    }
    static const unsigned char values[] = {0,   1,   ' ', '"',  ',', '0',  '9',  '[',
                                           ']', '{', '}', '\\', ':', 0x7F, 0x80, 0xFF};
    for (size_t i = 0; i < size - 4; i++)
        for (size_t k = 0; k < sizeof values; k++) {
            memcpy(other, bytes, size);
            other[i] = values[k];
            write_bytes(path, other, size);
            tp_tensor_file *file = tp_load_tensors(path);
            seen_error error = take_error();
            assert_true(file ? error.count == 0
                             : error.count == 1 && error.code == TP_ERROR_FORMAT);
            if (file) assert_true(tp_tensor_file_list(file).count == 1);
            tp_tensor_file_close(file);
        }
}

/* ---- models ---- */

static tp_module *mlp(int64_t hidden) {
    return tp_nn_sequential(tp_nn_linear(4, hidden), tp_nn_relu(), tp_nn_linear(hidden, 3));
}

static void test_models(void **state) {
    (void)state;
    const char *path = in_folder("model.safetensors");
    tp_manual_seed(1);
    tp_module *a = mlp(5), *b = mlp(5), *wide = mlp(6);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 4));
        assert_true(tp_save(path, a));
        assert_true(tp_load(path, b));
        tp_tensor *ya = tp_call(a, x), *yb = tp_call(b, x);
        for (int i = 0; i < 6; i++)
            assert_true(tp_get(ya, i / 3, i % 3) == tp_get(yb, i / 3, i % 3));
        tp_tensor_file *file = tp_load_tensors(path);
        assert_non_null(tp_tensor_file_get(file, "0.weight"));
        assert_non_null(tp_tensor_file_get(file, "2.bias"));
        assert_string_equal(tp_tensor_file_metadata(file, "format"), "pt");
        tp_tensor_file_close(file);
        assert_int_equal(take_error().count, 0);

        double before = tp_get(tp_get_tensor(wide, "2.bias"), 0);
        assert_false(tp_load(path, wide));
        assert_true(take_error().code == TP_ERROR_STATE);
        assert_true(tp_get(tp_get_tensor(wide, "2.bias"), 0) == before);

        tp_named_tensor some = {"0.bias", tp_full(tp_shape(5), 7, .dtype = TP_FLOAT64)};
        assert_true(tp_save_tensors(path, &some, 1));
        assert_false(tp_load(path, b));
        assert_true(take_error().code == TP_ERROR_STATE);
        assert_true(tp_load(path, b, .partial = true));
        assert_true(tp_get(tp_get_tensor(b, "0.bias"), 4) == 7);
        assert_int_equal(tp_dtype_of(tp_get_tensor(b, "0.bias")), TP_FLOAT32);
    }
    tp_module_free(a);
    tp_module_free(b);
    tp_module_free(wide);
    assert_int_equal(take_error().count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_those_of_the_format),
        cmocka_unit_test(test_round_trip_of_all_types),
        cmocka_unit_test(test_view_outlives_the_file),
        cmocka_unit_test(test_nothing_to_save),
        cmocka_unit_test(test_refused_arguments),
        cmocka_unit_test(test_full_disk_leaves_the_old_file),
        cmocka_unit_test(test_half_precision),
        cmocka_unit_test(test_escapes_and_spaces),
        cmocka_unit_test(test_damaged_headers),
        cmocka_unit_test(test_types_that_we_do_not_have),
        cmocka_unit_test(test_types_that_become_larger),
        cmocka_unit_test(test_every_small_damage),
        cmocka_unit_test(test_models),
    };
    return cmocka_run_group_tests(tests, start, remove_folder);
}
