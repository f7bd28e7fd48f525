/* Memory that runs out at every single place of building, training, saving and loading: an error and a clean end each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/autograd.h>
#include <taper/io.h>
#include <taper/loss.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/random.h>
#include <taper/runtime.h>
#include <taper/schedule.h>

/* ---- an allocator that refuses ---- */

static int64_t asked, out, first_refused, last_refused;

static void *take(size_t bytes, void *user) {
    (void)user;
    asked++;
    if (asked >= first_refused && asked <= last_refused) return NULL;
    void *block = aligned_alloc(64, bytes);
    if (block) out++;
    return block;
}

static void give(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    out--;
    free(block);
}

/* ---- errors: memory first; what follows from it may be anything but must not be silent success ---- */

static int errors;
static tp_error_code first_code;
static char first_line[1024];

static void note(const tp_error *error, void *user) {
    (void)user;
    if (errors++ > 0) return;
    first_code = error->code;
    tp_error_format(error, first_line, sizeof first_line);
}

/* ---- the work: each stage true where all of it went well ---- */

typedef struct work {
    tp_module *net;
    tp_optim *opt;
    tp_schedule *schedule;
} work;

static bool build(work *w) {
    w->net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(12, 9), tp_nn_tanh(),
                              tp_nn_dropout(0.2), tp_nn_linear(9, 4));
    if (!w->net) return false;
    w->opt = tp_adam(w->net, .weight_decay = 0.01);
    if (!w->opt) return false;
    tp_schedule *cosine = tp_cosine_annealing_lr(w->opt, .t_max = 5);
    if (!cosine) return false; /* as .next it would stand for none */
    w->schedule = tp_warmup_lr(w->opt, .steps = 2, .next = cosine);
    return w->schedule != NULL;
}

static bool train(work *w) {
    bool fine = true;
    for (int step = 0; fine && step < 3; step++) {
        TP_SCOPE {
            tp_tensor *x = tp_rand(tp_shape(5 + step, 3, 4)),
                      *y = tp_randint(0, 4, tp_shape(5 + step));
            tp_tensor *logits = tp_call(w->net, x);
            tp_tensor *loss =
                tp_add(tp_cross_entropy(logits, y), tp_mean(tp_mul(tp_softmax(logits, 1), 0.1)));
            tp_zero_grad(w->opt);
            fine = tp_backward(loss);
            if (step == 1) fine = fine && tp_clip_grad_norm(w->opt, 0.5) > 0;
            fine = fine && tp_step(w->opt) && tp_schedule_step(w->schedule);
            fine = fine && tp_item(loss) > 0;
            char text[64];
            fine = fine && tp_format(logits, text, sizeof text) > 0;
        }
    }
    return fine;
}

static const char *path;

static bool save_and_load(work *w) {
    tp_named_list list = tp_optim_state_dict(w->opt);
    bool fine = list.count > 0 && tp_optim_load_state(w->opt, list.items, list.count);
    list = tp_schedule_state_dict(w->schedule);
    fine = fine && list.count > 0 && tp_schedule_load_state(w->schedule, list.items, list.count);
    fine = fine && tp_save(path, w->net) && tp_load(path, w->net);
    list = tp_optim_state_dict(w->opt);
    fine = fine && tp_save_tensors(path, .items = list.items, .count = list.count);
    tp_tensor_file *file = fine ? tp_load_tensors(path) : NULL;
    fine = file != NULL;
    if (fine) {
        list = tp_tensor_file_list(file);
        fine = list.count > 0 && tp_optim_load_state(w->opt, list.items, list.count);
    }
    tp_tensor_file_close(file);
    return fine;
}

/* All of it, with some requests refused. Returns whether it went well. */
static bool run(int64_t from, int64_t to) {
    asked = 0;
    first_refused = from;
    last_refused = to;
    errors = 0;
    tp_set_allocator(&(tp_allocator){take, give, NULL});
    tp_set_error_handler(note, NULL);
    tp_set_num_threads(1);
    tp_manual_seed(3);
    work w = {0};
    bool fine = build(&w) && train(&w) && save_and_load(&w);
    tp_schedule_free(w.schedule);
    tp_optim_free(w.opt);
    tp_module_free(w.net);
    tp_memory_stats stats = tp_memory_get_stats();
    if (stats.live_tensors || stats.live_nodes)
        fail_msg("requests %lld to %lld refused: %lld tensors and %lld nodes are left",
                 (long long)from, (long long)to, (long long)stats.live_tensors,
                 (long long)stats.live_nodes);
    tp_shutdown();
    if (out)
        fail_msg("requests %lld to %lld refused: %lld blocks are lost", (long long)from,
                 (long long)to, (long long)out);
    return fine;
}

/* Refuses so many requests at each place in turn. `at_least`: whether each of them has to be noticed. */
static void refuse(int64_t many) {
    assert_true(run(0, -1));
    assert_int_equal(errors, 0);
    int64_t all = asked, failed = 0;
    assert_true(all > 100);
    for (int64_t i = 1; i <= all; i++) {
        bool fine = run(i, many > all ? INT64_MAX : i + many - 1);
        if (fine == (errors > 0))
            fail_msg("request %lld refused: %s, but %d errors: %s", (long long)i,
                     fine ? "success" : "failure", errors, errors ? first_line : "");
        if (!fine && first_code != TP_ERROR_MEMORY)
            fail_msg("request %lld refused: the first error is %s", (long long)i, first_line);
        failed += !fine;
    }
    assert_true(many <= 1 || failed > all / 3);
    assert_true(run(0, -1)); /* and afterwards all is well */
}

/* One refusal: giving back what is cached and asking again helps. */
static void test_once(void **state) {
    (void)state;
    refuse(1);
}

/* The second request is refused as well. */
static void test_twice(void **state) {
    (void)state;
    refuse(2);
}

/* From some moment on there is nothing any more. */
static void test_from_then_on(void **state) {
    (void)state;
    refuse(INT64_MAX);
}

int main(void) {
    static char name[] = "/tmp/taper_oom_XXXXXX";
    int file = mkstemp(name);
    if (file < 0) return 1;
    close(file);
    path = name;
    tp_shutdown();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_once), cmocka_unit_test(test_twice),
                                       cmocka_unit_test(test_from_then_on)};
    int failed = cmocka_run_group_tests_name("oom", tests, NULL, NULL);
    remove(name);
    return failed;
}
