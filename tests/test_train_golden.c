/* The first hundred losses of small trainings, through tp_fit, agree with PyTorch's from the same seed within 1e-4. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>
#include <taper/vision.h>

#include "support/golden.h"
#include "support/tensors.h"

enum { STEPS = 100 };

static const char *mnist_folder(void) {
    static const char beside[] = TP_SOURCE_DIR "/../shared/data";
    const char *folder = getenv("TAPER_DATA");
    return folder ? folder : access(beside, R_OK) == 0 ? beside : NULL;
}

static tp_module *chain(const golden_case *c) {
    int64_t sizes[8];
    int n = golden_list(c, "sizes", sizes, 8);
    tp_module *net = tp_nn_sequential(tp_nn_flatten());
    for (int i = 0; i + 1 < n; i++) {
        if (i) tp_sequential_append(net, tp_nn_relu());
        tp_sequential_append(net, tp_nn_linear(sizes[i], sizes[i + 1]));
    }
    return net;
}

static tp_dataset *random_data(int64_t count, int64_t features) {
    tp_dataset *data = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_rand(tp_shape(count, features));
        data = tp_tensor_dataset(x, tp_randint(0, 10, tp_shape(count)));
    }
    return data;
}

static tp_dataset *first_of_mnist(int64_t count) {
    tp_dataset *all = tp_mnist("train", .root = mnist_folder(), .no_download = true);
    if (count == tp_dataset_size(all)) return all;
    int64_t *indices = malloc((size_t)count * sizeof *indices);
    for (int64_t i = 0; i < count; i++) indices[i] = i;
    tp_dataset *first = tp_subset(all, indices, count);
    free(indices);
    return first;
}

static tp_optim *optimiser(const golden_case *c, tp_module *net) {
    double lr = golden_number(c, "lr", 0);
    if (strcmp(golden_word(c, "optimizer", ""), "adam") == 0) return tp_adam(net, .lr = lr);
    return tp_sgd(net, .lr = lr, .momentum = golden_number(c, "momentum", 0));
}

typedef struct record {
    double losses[STEPS];
    int64_t order[STEPS];
    int64_t samples;
} record;

static bool note(const tp_fit_state *state, void *user) {
    record *r = user;
    r->losses[state->step - 1] = state->loss;
    for (int64_t i = 0; i < state->batch->size && r->samples < STEPS; i++)
        r->order[r->samples++] = state->batch->index[i];
    return true;
}

static void check_case(const golden_case *c) {
    bool random = strcmp(golden_word(c, "data", ""), "random") == 0;
    if (!random && !mnist_folder()) return;
    int64_t count = golden_integer(c, "count", 0), sizes[8];
    golden_list(c, "sizes", sizes, 8);
    tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
    tp_module *net = chain(c);
    tp_optim *optim = optimiser(c, net);
    tp_loader *loader = tp_loader_new(random ? random_data(count, sizes[0]) : first_of_mnist(count),
                                      .batch_size = golden_integer(c, "batch_size", 0),
                                      .shuffle = golden_integer(c, "shuffle", 0) == 1);
    record r = {.samples = 0};
    tp_callback callback = {.on_step_end = note, .user = &r};
    tp_history h = tp_fit(net, loader, .optim = optim, .loss = tp_cross_entropy, .epochs = STEPS,
                          .max_steps = STEPS, .callbacks = &callback);
    assert_int_equal(h.steps, STEPS);
    assert_true(golden_close_double(golden_need(c, "loss32"), r.losses, STEPS, 1e-4, 0, c->name));
    assert_true(golden_close_double(golden_need(c, "loss64"), r.losses, STEPS, 1e-4, 0, c->name));
    const golden_tensor *order = golden_find(c, "order");
    if (order) assert_true(golden_close(order, r.order, STEPS, 0, 0, c->name));
    tp_history_free(&h);
    tp_loader_free(loader);
    tp_optim_free(optim);
    tp_module_free(net);
    assert_int_equal(take_error().count, 0);
}

static void check_all(const char *prefix, int least) {
    golden_file *file = golden_load("train");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, prefix)) != NULL; cases++) check_case(c);
    golden_free(file);
    assert_true(cases >= least);
}

static void test_random_data(void **state) {
    (void)state;
    check_all("random/", 4);
}

static void test_mnist(void **state) {
    (void)state;
    if (!mnist_folder()) skip();
    check_all("mnist/", 6);
}

static int watch(void **state) {
    (void)state;
    watch_errors();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_data),
        cmocka_unit_test(test_mnist),
    };
    return cmocka_run_group_tests(tests, watch, NULL);
}
