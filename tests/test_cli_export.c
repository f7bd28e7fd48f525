/* taper export: from layers and from a file, to ONNX and to C, and its mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#include "support/folder.h"

/* Runs the command in the folder; what it said is in `said`. Its exit status. */
static char said[2000];
static int taper(const char *arguments) {
    char command[1000];
    snprintf(command, sizeof command, "cd %s && %s/cli/taper %s 2>&1", folder, TP_BUILD_DIR,
             arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = 0;
    int status = pclose(pipe);
    return status >> 8;
}

static int there(const char *name) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, R_OK) == 0;
}

static void test_c(void **state) {
    (void)state;
    assert_int_equal(taper("export 'flatten linear:5 relu' --shape 1x4x4 --c net.c --function net"),
                     0);
    assert_true(there("net.c"));
    assert_non_null(strstr(said, "void net_run(const float *input, float *output)"));
    assert_int_equal(
        taper("export 'flatten linear:5' --shape 1x28x28 --c q.c --int8 --calibrate digits "
              "--calibrate-count 8 --quiet"),
        0);
    assert_true(there("q.c") && said[0] == 0);
}

#ifdef TP_HAVE_PROTOBUF
static void test_onnx(void **state) {
    (void)state;
    assert_int_equal(taper("export 'conv:2,k=3 relu flatten linear:3' --shape 1x8x8 --onnx a.onnx"),
                     0);
    assert_non_null(strstr(said, "a.onnx: ONNX, opset 17"));
    assert_int_equal(taper("export a.onnx --c a.c"), 0); /* the shape is that of the file */
    assert_true(there("a.c"));
}
#endif

static void test_mistakes(void **state) {
    (void)state;
    assert_int_equal(taper("export"), 2);
    assert_non_null(strstr(said, "which network?"));
    assert_int_equal(taper("export 'flatten linear:3'"), 2);
    assert_non_null(strstr(said, "--onnx FILE or --c FILE"));
    assert_int_equal(taper("export 'flatten linear:3' --onnx a.onnx --int8"), 2);
    assert_non_null(strstr(said, "--int8 goes with --c"));
    assert_int_equal(taper("export 'flatten linear:3' --shape 1x4x4 --c b.c --int8"), 1);
    assert_non_null(strstr(said, "--calibrate digits"));
    assert_int_equal(taper("export 'flatten linear:3' --shape 4by4 --c b.c"), 1);
    assert_non_null(strstr(said, "--shape"));
    assert_false(there("b.c"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_c),
#ifdef TP_HAVE_PROTOBUF
                                       cmocka_unit_test(test_onnx),
#endif
                                       cmocka_unit_test(test_mistakes)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
