/* ONNX models: the tests that ONNX's own project gives to backends, a model that PyTorch exported, and damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#include "support/nothing_left.h"

static char data[300];

static int start(void **state) {
    (void)state;
    const char *place = getenv("TAPER_DATA");
    snprintf(data, sizeof data, "%s", place && place[0] ? place : TP_SOURCE_DIR "/../shared/data");
    return 0;
}

#ifdef TP_HAVE_PROTOBUF

/* ---- ONNX's own tests: a model, inputs, and what comes out ---- */

/* Layers over three spatial dimensions, which Taper does not have. */
static bool needs_3d(const char *name) {
    return strstr(name, "3d") && !strstr(name, "PReLU") && !strstr(name, "_3d_input");
}

static bool close_to(const tp_tensor *got, const tp_tensor *want) {
    if (!tp_same_shape(got, want) || tp_dtype_of(got) != tp_dtype_of(want)) return false;
    int64_t n = tp_numel(want);
    float *a = malloc((size_t)n * sizeof *a + 1), *b = malloc((size_t)n * sizeof *b + 1);
    bool fine = a && b && tp_copy_out(got, a) && tp_copy_out(want, b);
    for (int64_t i = 0; fine && i < n; i++)
        fine = fabs((double)a[i] - (double)b[i]) <= 1e-5 + 1e-3 * fabs((double)b[i]);
    free(a);
    free(b);
    return fine;
}

static bool backend_case(const char *folder) {
    char path[800];
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    tp_module *net = tp_onnx_load(path);
    if (!net) return false;
    bool fine = false;
    TP_SCOPE {
        snprintf(path, sizeof path, "%s/test_data_set_0/input_0.pb", folder);
        tp_tensor *x = tp_onnx_load_tensor(path);
        snprintf(path, sizeof path, "%s/test_data_set_0/output_0.pb", folder);
        tp_tensor *want = tp_onnx_load_tensor(path);
        tp_tensor *y = tp_call(net, x);
        fine = !tp_is_poison(y) && !tp_is_poison(want) && close_to(y, want);
    }
    tp_module_free(net);
    return fine;
}

static void test_backend(void **state) {
    (void)state;
    char folder[400];
    snprintf(folder, sizeof folder, "%s/onnx/pytorch-converted", data);
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("no %s: skipped\n", folder);
        skip();
    }
    int passed = 0, three = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strncmp(entry->d_name, "test_", 5) != 0) continue;
        char path[700];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        bool fine = backend_case(path);
        if (needs_3d(entry->d_name)) {
            bool refused = noted.count == 1 && noted.code == TP_ERROR_UNSUPPORTED &&
                           strstr(noted.got, "3 spatial dimensions");
            if (refused) three++;
            if (fine) passed++;
            fine = fine || refused;
        } else if (fine) {
            passed++;
        }
        if (!fine)
            printf("%s: %s %s\n", entry->d_name, noted.count ? noted.op : "values differ",
                   noted.got);
        if (!fine) failed++;
        note_errors();
    }
    closedir(dir);
    printf("%d models pass, %d need three dimensions and say so, %d fail\n", passed, three, failed);
    assert_int_equal(failed, 0);
    assert_int_equal(passed + three, 82);
}

/* ---- a model that PyTorch exported ---- */

static void test_mnist(void **state) {
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/checkpoints/mnist_pytorch_export.onnx", data);
    if (access(path, R_OK) != 0) {
        printf("no %s: skipped\n", path);
        skip();
    }
    tp_module *net = tp_onnx_load(path);
    no_error();
    assert_non_null(net);
    assert_false(tp_is_training(net));
    tp_named_list list = tp_state_dict(net);
    assert_true(list.count >= 4);
    assert_string_equal(list.items[0].name, "conv1.weight");
    snprintf(path, sizeof path, "%s/mnist", data);
    tp_dataset *test = access(path, R_OK) == 0 ? tp_mnist("test", .root = path) : NULL;
    if (test) {
        tp_loader *loader = tp_loader_new(test, .batch_size = 250);
        /* ONNX Runtime gets 9627 of them right with this model. */
        tp_evaluation e = tp_evaluate(net, loader, .loss = tp_cross_entropy);
        printf("MNIST test pictures: %.2f %% right\n", 100 * e.accuracy);
        assert_true(e.ok && e.samples == 10000 && fabs(e.accuracy - 0.9627) < 3e-4);
        tp_loader_free(loader);
    }
    tp_module_free(net);
    no_error();
}

#else

static void test_without_protobuf(void **state) {
    (void)state;
    FAILS(UNSUPPORTED, "onnx_load", assert_null(tp_onnx_load(TP_SOURCE_DIR "/LICENSE")));
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef TP_HAVE_PROTOBUF
        NOTED_TEST(test_backend),
        NOTED_TEST(test_mnist),
#else
        NOTED_TEST(test_without_protobuf),
#endif
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
