/* ONNX files made by hand: every type of tensor in both forms, and what is refused, with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#include "support/golden.h"

#ifdef TP_HAVE_PROTOBUF

#include "support/nothing_left.h"

static char path[64];

/* ---- protocol buffers by hand: a message grows in memory ---- */

typedef struct message {
    unsigned char bytes[4096];
    size_t size;
} message;

static void put_number(message *m, uint64_t value) {
    for (; value > 127; value >>= 7) m->bytes[m->size++] = (unsigned char)(value | 128);
    m->bytes[m->size++] = (unsigned char)value;
}

static void whole(message *m, int field, uint64_t value) {
    put_number(m, (uint64_t)field << 3);
    put_number(m, value);
}

static void block(message *m, int field, const void *data, size_t size) {
    put_number(m, (uint64_t)field << 3 | 2);
    put_number(m, size);
    memcpy(m->bytes + m->size, data, size);
    m->size += size;
}

static void text(message *m, int field, const char *words) {
    block(m, field, words, strlen(words));
}

static void inside(message *m, int field, const message *part) {
    block(m, field, part->bytes, part->size);
}

static void write_file(const message *m) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(m->bytes, 1, m->size, file), m->size);
    fclose(file);
}

/* ---- tensors ---- */

enum {
    DIMS = 1,
    TYPE,
    FLOATS = 4,
    INT32S = 5,
    INT64S = 7,
    NAME,
    RAW,
    DOUBLES,
    UINT64S,
    LOCATION = 14
};

static void load_and_check(const message *m, tp_dtype dtype, double first, double second) {
    write_file(m);
    TP_SCOPE {
        tp_tensor *x = tp_onnx_load_tensor(path);
        no_error();
        assert_int_equal(tp_dtype_of(x), dtype);
        assert_int_equal(tp_numel(x), 2);
        assert_true(tp_get(x, 0) == first && tp_get(x, 1) == second);
    }
}

static message tensor_of(int type) {
    message m = {.size = 0};
    whole(&m, DIMS, 2);
    whole(&m, TYPE, (uint64_t)type);
    return m;
}

static void test_raw_tensors(void **state) {
    (void)state;
    static const struct {
        int type;
        size_t size;
        unsigned char raw[16];
        tp_dtype dtype;
        double first, second;
    } cases[] = {
        {1, 8, {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0}, TP_FLOAT32, 1, -2},
        {2, 2, {7, 255}, TP_UINT8, 7, 255},
        {3, 2, {7, 255}, TP_INT32, 7, -1},
        {4, 4, {1, 1, 255, 255}, TP_INT32, 257, 65535},
        {5, 4, {1, 1, 255, 255}, TP_INT32, 257, -1},
        {6, 8, {1, 0, 0, 0, 255, 255, 255, 255}, TP_INT32, 1, -1},
        {7, 16, {1, 0, 0, 0, 0, 0, 0, 0, 254, 255, 255, 255, 255, 255, 255, 255}, TP_INT64, 1, -2},
        {9, 2, {0, 1}, TP_BOOL, 0, 1},
        {10, 4, {0, 0x3C, 0, 0xC0}, TP_FLOAT32, 1, -2},
        {11, 16, {0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0}, TP_FLOAT64, 1, -2},
        {12, 8, {1, 0, 0, 0, 255, 255, 255, 255}, TP_INT64, 1, 4294967295.0},
        {16, 4, {0x80, 0x3F, 0, 0xC0}, TP_FLOAT32, 1, -2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        message m = tensor_of(cases[i].type);
        block(&m, RAW, cases[i].raw, cases[i].size);
        load_and_check(&m, cases[i].dtype, cases[i].first, cases[i].second);
    }
}

static void test_typed_tensors(void **state) {
    (void)state;
    message m = tensor_of(1), part = {.size = 0};
    block(&m, FLOATS, ((float[]){1, -2}), 8);
    load_and_check(&m, TP_FLOAT32, 1, -2);
    m = tensor_of(11);
    block(&m, DOUBLES, ((double[]){1, -2}), 16);
    load_and_check(&m, TP_FLOAT64, 1, -2);
    put_number(&part, 3);
    put_number(&part, (uint64_t)-4);
    static const struct {
        int type, field;
        tp_dtype dtype;
    } cases[] = {{6, INT32S, TP_INT32}, {3, INT32S, TP_INT32}, {7, INT64S, TP_INT64}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        m = tensor_of(cases[i].type);
        inside(&m, cases[i].field, &part);
        load_and_check(&m, cases[i].dtype, 3, -4);
    }
    m = tensor_of(10); /* float16 as the bits of numbers */
    part.size = 0;
    put_number(&part, 0x3C00);
    put_number(&part, 0xC000);
    inside(&m, INT32S, &part);
    load_and_check(&m, TP_FLOAT32, 1, -2);
    m = tensor_of(6); /* not packed, as old writers do */
    whole(&m, INT32S, 3);
    whole(&m, INT32S, 5);
    load_and_check(&m, TP_INT32, 3, 5);
}

static void test_refused_tensors(void **state) {
    (void)state;
    message m = tensor_of(1);
    block(&m, RAW, "1234567", 7);
    write_file(&m);
    FAILS(FORMAT, "onnx_load_tensor", tp_onnx_load_tensor(path));
    m = tensor_of(8); /* texts */
    write_file(&m);
    FAILS(UNSUPPORTED, "onnx_load_tensor", tp_onnx_load_tensor(path));
    m = tensor_of(1);
    text(&m, NAME, "far");
    whole(&m, LOCATION, 1);
    write_file(&m);
    tp_onnx_load_tensor(path);
    assert_true(noted.count == 1 && noted.code == TP_ERROR_UNSUPPORTED);
    assert_true(strstr(noted.got, "\"far\"") && strstr(noted.got, "another file"));
    noted.count = 0;
    m.size = 0; /* 2^40 elements in a file of a few bytes */
    whole(&m, DIMS, (uint64_t)1 << 40);
    whole(&m, TYPE, 1);
    write_file(&m);
    FAILS(FORMAT, "onnx_load_tensor", tp_onnx_load_tensor(path));
    m.size = 0;
    for (int i = 0; i < 9; i++) whole(&m, DIMS, 1);
    whole(&m, TYPE, 1);
    write_file(&m);
    FAILS(FORMAT, "onnx_load_tensor", tp_onnx_load_tensor(path));
}

/* ---- models ---- */

enum { INPUT = 1, OUTPUT, NODE_NAME, OPERATOR, DOMAIN = 7 };

static void add_node(message *graph, const char *op, const char *name, const char *in,
                     const char *out) {
    message node = {.size = 0};
    text(&node, INPUT, in);
    text(&node, OUTPUT, out);
    text(&node, NODE_NAME, name);
    text(&node, OPERATOR, op);
    inside(graph, 1, &node);
}

static void add_info(message *graph, int field, const char *name) {
    message info = {.size = 0};
    text(&info, 1, name);
    inside(graph, field, &info);
}

static void write_model(const message *graph) {
    message model = {.size = 0}, opset = {.size = 0};
    whole(&opset, 2, 17);
    whole(&model, 1, 8);
    inside(&model, 7, graph);
    inside(&model, 8, &opset);
    write_file(&model);
}

/* Expects an error of loading whose text has these words. */
static void expect(tp_error_code code, const char *a, const char *b) {
    assert_null(tp_onnx_load(path));
    assert_int_equal(noted.count, 1);
    assert_int_equal(noted.code, code);
    if (!strstr(noted.got, a) || !strstr(noted.got, b)) fail_msg("said: %s", noted.got);
    note_errors();
}

static void test_unsupported_nodes_are_listed(void **state) {
    (void)state;
    message graph = {.size = 0};
    add_node(&graph, "Relu", "fine", "x", "a");
    add_node(&graph, "Foo", "first", "a", "b");
    add_node(&graph, "If", "second", "b", "c");
    add_node(&graph, "Bar", "third", "c", "y");
    add_info(&graph, 11, "x");
    add_info(&graph, 12, "y");
    write_model(&graph);
    expect(TP_ERROR_UNSUPPORTED, "3 of 4 nodes", "Foo \"first\"");
    expect(TP_ERROR_UNSUPPORTED, "If \"second\"", "Bar \"third\"");
    tp_onnx_model *model = tp_onnx_inspect(path); /* can be looked at all the same */
    assert_non_null(model);
    assert_int_equal(model->node_count, 4);
    assert_null(model->nodes[0].problem);
    assert_string_equal(model->nodes[2].problem, "unknown operator");
    tp_onnx_model_free(model);
    no_error();
}

static void test_unsound_graphs(void **state) {
    (void)state;
    message graph = {.size = 0};
    add_node(&graph, "Relu", "n", "later", "y");
    add_node(&graph, "Relu", "m", "x", "later");
    add_info(&graph, 11, "x");
    add_info(&graph, 12, "y");
    write_model(&graph);
    expect(TP_ERROR_FORMAT, "\"later\"", "nothing before it");
    graph.size = 0;
    add_node(&graph, "Relu", "n", "x", "y");
    add_node(&graph, "Relu", "m", "x", "y");
    add_info(&graph, 11, "x");
    add_info(&graph, 12, "y");
    write_model(&graph);
    expect(TP_ERROR_FORMAT, "\"y\"", "twice");
    graph.size = 0;
    add_node(&graph, "Relu", "n", "x", "y");
    add_info(&graph, 11, "x");
    add_info(&graph, 12, "z");
    write_model(&graph);
    expect(TP_ERROR_FORMAT, "\"z\"", "nothing computes");
}

/* Every beginning of a sound file is refused or read, and leaves nothing behind. */
static void test_cut_files(void **state) {
    (void)state;
    golden_file *file = golden_load("onnx");
    const golden_tensor *bytes = golden_need(golden_need_case(file, "conv1d/16"), "model");
    message m = {.size = bytes->count};
    assert_true(m.size <= sizeof m.bytes);
    golden_copy(bytes, m.bytes);
    golden_free(file);
    int refused = 0;
    size_t whole_size = m.size;
    for (m.size = 0; m.size < whole_size; m.size += 7) {
        write_file(&m);
        tp_module *net = tp_onnx_load(path);
        refused += !net;
        tp_module_free(net);
    }
    assert_true(refused > (int)(whole_size / 7) / 2);
    assert_int_equal(noted.count, refused);
    note_errors();
    FAILS(FILE, "onnx_load", assert_null(tp_onnx_load("/nowhere/x.onnx")));
    FAILS(ARGUMENT, "onnx_load", assert_null(tp_onnx_load(NULL)));
}

static int start(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/taper-onnx-files-XXXXXX");
    int file = mkstemp(path);
    if (file >= 0) close(file);
    return file < 0;
}

static int stop(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NOTED_TEST(test_raw_tensors),     NOTED_TEST(test_typed_tensors),
        NOTED_TEST(test_refused_tensors), NOTED_TEST(test_unsupported_nodes_are_listed),
        NOTED_TEST(test_unsound_graphs),  NOTED_TEST(test_cut_files)};
    return cmocka_run_group_tests(tests, start, stop);
}

#else

int main(void) {
    printf("without protobuf-c there are no models to read: skipped\n");
    return 77;
}

#endif
