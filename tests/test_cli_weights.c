/* taper inspect, convert and compare. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/shell.h"

#define NET "flatten linear:3 relu linear:2"

static tp_module *network(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(4, 3), tp_nn_relu(), tp_nn_linear(3, 2));
}

static const char *in_folder(const char *name) {
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* a.pth: a state; b.pth: a checkpoint with the same one, behind "module.", an optimiser's tensor and an epoch; c.safetensors: the same with
 * one weight changed. */
static void write_files(void) {
    tp_module *net = network();
    tp_values *values = tp_values_new();
    tp_value *root = tp_value_dict(values), *inner = tp_value_dict(values);
    tp_named_list state = tp_state_dict(net);
    assert_true(tp_save(in_folder("a.pth"), net));
    for (size_t i = 0; i < state.count; i++) {
        char name[64];
        snprintf(name, sizeof name, "module.%s", state.items[i].name);
        tp_value_set(inner, name, tp_value_of_tensor(values, state.items[i].tensor));
    }
    TP_SCOPE {
        tp_value_set(root, "epoch", tp_value_of_int(values, 7));
        tp_value_set(root, "state_dict", inner);
        tp_value_set(root, "momentum", tp_value_of_tensor(values, tp_ones(tp_shape(2))));
        assert_true(tp_save_values(in_folder("b.pth"), root));
    }
    tp_values_free(values);
    TP_NO_GRAD
        tp_set(tp_get_tensor(net, "3.bias"), 2.5, 1);
    assert_true(tp_save(in_folder("c.safetensors"), net));
    tp_module_free(net);
}

static int start(void **state) {
    if (make_folder(state) != 0) return -1;
    setenv("COLUMNS", "80", 1);
    setenv("LC_ALL", "C", 1);
    write_files();
    return 0;
}

static void test_inspect(void **state) {
    (void)state;
    check(shell(TAPER " inspect a.pth"), 0, "a.pth: PyTorch");
    check(shell(TAPER " inspect a.pth"), 0, "4 tensors with 23 elements");
    check(shell(TAPER " inspect a.pth"), 0, "1.weight     (3, 4) float32");
    check(shell(TAPER " inspect b.pth"), 0, "epoch: 7");
    check(shell(TAPER " inspect b.pth"), 0, "state_dict.module.3.bias");
    check(shell(TAPER " inspect c.safetensors"), 0, "format: pt");
    check(shell(TAPER " inspect c.safetensors --key 3.bias"), 0, "to 2.5");
    check(shell(TAPER " inspect c.safetensors --key 3.bias"), 0, "0 zeros, 0 NaN");
    check(shell(TAPER " inspect c.safetensors --key none"), 1, "no tensor \"none\"");
    check(shell(TAPER " inspect"), 2, "one file is needed");
    check(shell(TAPER " inspect nothing.pth"), 1, "No such file");
    check(shell("echo rubbish > r.pth; " TAPER " inspect r.pth"), 1, "at byte");
    check(shell("mkdir run; cp c.safetensors run/model.safetensors; " TAPER " inspect run"), 0,
          "run/model.safetensors: safetensors");
    /* nothing is wider than the terminal */
    const answer *a = shell(TAPER " inspect b.pth");
    for (const char *line = a->text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        if (end - line > 80)
            fail_msg("%d columns: %.*s", (int)(end - line), (int)(end - line), line);
}

static void test_convert(void **state) {
    (void)state;
    check(shell(TAPER " convert b.pth d.safetensors"), 0, "4 tensors; 1 of b.pth left out");
    check(shell(TAPER " compare a.pth d.safetensors"), 0, "4 tensors are the same");
    check(shell(TAPER " convert d.safetensors e.npz --compressed"), 0, "e.npz: 4 tensors");
    check(shell(TAPER " convert e.npz f.pt"), 0, "f.pt: 4 tensors");
    check(shell(TAPER " compare a.pth f.pt"), 0, "4 tensors are the same");
    check(shell(TAPER " convert b.pth g.pth --all"), 0, "5 tensors");
    check(shell(TAPER " convert b.pth h.npy"), 1, "choose one with --key");
    check(shell(TAPER " convert b.pth h.npy --key 3.bias"), 0, "1 tensor;");
    check(shell(TAPER " inspect h.npy"), 0, "npy");
    check(shell(TAPER " convert b.pth i.pth --prefix state_dict.module.3."), 0, "2 tensors");
    check(shell(TAPER " inspect i.pth"), 0, "  weight");
    check(shell(TAPER " convert b.pth i.pth --prefix nothing."), 1, "no tensor below");
    check(shell(TAPER " convert b.pth x.txt"), 2, "should end in");
    check(shell(TAPER " convert b.pth"), 2, "two files");
}

static void test_compare(void **state) {
    (void)state;
    check(shell(TAPER " compare a.pth b.pth"), 0, "4 tensors are the same\n");
    check(shell(TAPER " compare a.pth c.safetensors"), 1, "3 tensors are the same, 1 differ");
    check(shell(TAPER " compare a.pth c.safetensors"), 1, "at (1): ");
    check(shell(TAPER " compare a.pth c.safetensors --tolerance 5"), 0, "the same to 5");
    check(shell(TAPER " compare a.pth b.pth --all"), 1, "only in a.pth");
    check(shell(TAPER " compare a.pth b.pth --model \"" NET "\" --shape 4"), 0,
          "Every layer gives the same");
    check(shell(TAPER " compare a.pth c.safetensors --model \"" NET "\" --shape 2x2"), 1,
          "The first that differs is 3 (Linear)");
    check(shell(TAPER " compare a.pth c.safetensors --layers"), 1, "give --model");
    check(shell(TAPER " compare a.pth"), 2, "two files");
    check(shell(TAPER " compare a.pth b.pth --model \"" NET "\" --shape 2y"), 2, "--shape is");
}

/* Layer by layer on a batch of one's own. */
static void test_compare_input(void **state) {
    (void)state;
    TP_SCOPE
        assert_true(tp_npy_write(in_folder("x.npy"), tp_zeros(tp_shape(5, 4))));
    check(shell(TAPER " compare a.pth c.safetensors --model \"" NET "\" --shape 4 --input x.npy"),
          1, "(5, 2)");
    check(shell(TAPER " compare a.pth b.pth --model \"" NET "\" --shape 4 --input y.npy"), 1,
          "y.npy");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inspect),
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_compare_input),
    };
    return cmocka_run_group_tests_name("cli_weights", tests, start, remove_folder);
}
