/* The operators of ONNX: models that PyTorch exported at several versions, with what PyTorch computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>

#include "io/onnx.h"
#include "support/golden.h"
#include "support/tensors.h"

#ifdef TP_HAVE_PROTOBUF

/* The model of a case; NULL after an error. */
static tp_module *model_of(const golden_case *c) {
    const golden_tensor *bytes = golden_need(c, "model");
    unsigned char *copy = malloc(bytes->count);
    assert_non_null(copy);
    golden_copy(bytes, copy);
    tp_graph *graph = tp_onnx_parse(TP_HERE, "onnx_load", c->name, copy, bytes->count);
    free(copy);
    return graph ? tp_graph_to_module(TP_HERE, "onnx_load", c->name, graph) : NULL;
}

static bool case_fine(const golden_case *c) {
    tp_module *net = model_of(c);
    if (!net) return false;
    bool fine = false;
    TP_SCOPE {
        tp_tensor *inputs[3], *y = NULL;
        size_t count = 0;
        for (char key[3] = "x0"; count < 3 && golden_find(c, key); key[1]++)
            inputs[count++] = from_golden(golden_need(c, key), TP_DTYPE_DEFAULT);
        fine = tp_onnx_run(net, inputs, count, &y, 1) &&
               same_as_golden(golden_need(c, "y"), y, 1e-5, 1e-5, "y");
    }
    tp_module_free(net);
    return fine;
}

static void test_models_of_pytorch(void **state) {
    (void)state;
    golden_file *file = golden_load("onnx");
    int failed = 0, cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "")) != NULL; cases++) {
        if (case_fine(c)) continue;
        seen_error error = take_error();
        fprintf(stderr, "%s: %s\n", c->name, error.count ? error.text : "values differ");
        failed++;
    }
    golden_free(file);
    assert_true(cases >= 100);
    assert_int_equal(failed, 0);
    assert_int_equal(take_error().count, 0);
}

/* A model that was read trains: the loss falls, gradients reach every parameter. */
static void test_training(void **state) {
    (void)state;
    golden_file *file = golden_load("onnx");
    tp_module *net = model_of(golden_need_case(file, "residual/16"));
    assert_non_null(net);
    tp_train(net);
    tp_optim *opt = tp_sgd(net, .lr = 0.2);
    double first = 0, last = 0;
    for (int step = 0; step < 20; step++)
        TP_SCOPE {
            tp_tensor *x = from_golden(golden_need(golden_need_case(file, "residual/16"), "x0"),
                                       TP_DTYPE_DEFAULT);
            tp_tensor *loss = tp_mean(tp_square(tp_call(net, x)));
            tp_zero_grad(opt);
            assert_true(tp_backward(loss));
            tp_named_list list = tp_parameters(net);
            for (size_t i = 0; i < list.count; i++) assert_non_null(tp_grad(list.items[i].tensor));
            tp_step(opt);
            last = tp_item(loss);
            if (step == 0) first = last;
        }
    printf("loss %g to %g\n", first, last);
    assert_true(last < 0.8 * first);
    tp_optim_free(opt);
    tp_module_free(net);
    golden_free(file);
    assert_int_equal(take_error().count, 0);
}

#endif

static int set_up(void **state) {
    (void)state;
    watch_errors();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tp_shutdown();
    return tp_memory_get_stats().live_bytes != 0;
}

int main(void) {
#ifdef TP_HAVE_PROTOBUF
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_models_of_pytorch), TEST(test_training)};
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    (void)set_up, (void)tear_down;
    printf("without protobuf-c there are no models to read: skipped\n");
    return 77;
#endif
}
