/* tp_fit: equal to the loop written by hand, early stopping, schedules, best weights, callbacks, errors, progress. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/tensors.h"

enum { SAMPLES = 90, FEATURES = 6, CLASSES = 3, BATCH = 10 };

static int watch(void **state) {
    (void)state;
    watch_errors();
    return 0;
}

/* Three clouds of points, one a class. */
static tp_dataset *clouds(uint64_t seed) {
    tp_dataset *data = NULL;
    tp_generator *g = tp_generator_new(seed);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(SAMPLES, FEATURES), .generator = g);
        tp_tensor *y = tp_zeros(tp_shape(SAMPLES), .dtype = TP_INT64);
        for (int i = 0; i < SAMPLES; i++) {
            tp_set(y, i % CLASSES, i);
            tp_set(x, tp_get(x, i, i % CLASSES) + 2, i, i % CLASSES);
        }
        data = tp_tensor_dataset(x, y);
    }
    tp_generator_free(g);
    return data;
}

typedef struct kit {
    tp_module *net;
    tp_optim *optim;
    tp_loader *train, *valid;
} kit;

static kit kit_new(void) {
    tp_manual_seed(3);
    kit k = {.net = tp_nn_sequential(tp_nn_linear(FEATURES, 16), tp_nn_relu(), tp_nn_dropout(0.2),
                                     tp_nn_linear(16, CLASSES))};
    k.optim = tp_sgd(k.net, .lr = 0.1, .momentum = 0.9);
    k.train = tp_loader_new(clouds(1), .batch_size = BATCH, .shuffle = true, .seed = 5);
    k.valid = tp_loader_new(clouds(2), .batch_size = 16);
    return k;
}

static void kit_free(kit *k) {
    tp_loader_free(k->train);
    tp_loader_free(k->valid);
    tp_optim_free(k->optim);
    tp_module_free(k->net);
}

static void get_weights(const kit *k, float *out) {
    assert_true(tp_copy_out(tp_get_tensor(k->net, "0.weight"), out));
}

static void test_same_as_the_loop_by_hand(void **state) {
    (void)state;
    float a[16 * FEATURES], b[16 * FEATURES];
    double loss_sum = 0;
    kit k = kit_new();
    for (int epoch = 0; epoch < 3; epoch++) {
        tp_batch batch;
        loss_sum = 0;
        while (tp_next(k.train, &batch)) {
            tp_tensor *loss = tp_cross_entropy(tp_call(k.net, batch.x), batch.y);
            loss_sum += tp_item(loss) * (double)batch.size;
            tp_zero_grad(k.optim);
            tp_backward(loss);
            tp_step(k.optim);
        }
    }
    get_weights(&k, a);
    kit_free(&k);

    k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .loss = tp_cross_entropy, .epochs = 3);
    get_weights(&k, b);
    assert_int_equal(h.stop, TP_STOP_EPOCHS);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.steps, 3 * SAMPLES / BATCH);
    assert_true(h.epochs[2].train_loss == loss_sum / SAMPLES);
    assert_memory_equal(a, b, sizeof a);
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

static void test_learns_and_evaluates(void **state) {
    (void)state;
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .valid = k.valid, .optim = k.optim, .epochs = 15);
    assert_int_equal(h.count, 15);
    assert_true(h.epochs[14].train_loss < 0.6 * h.epochs[0].train_loss);
    assert_true(h.epochs[14].valid_accuracy > 0.8);
    assert_true(tp_is_training(k.net));
    tp_eval(tp_child_get(k.net, 2));
    TP_SCOPE {
        tp_evaluation e = tp_evaluate(k.net, k.valid, .topk = 2, .confusion = true);
        assert_true(e.ok);
        assert_int_equal(e.samples, SAMPLES);
        assert_true(e.loss == h.epochs[14].valid_loss);
        assert_true(e.accuracy == h.epochs[14].valid_accuracy);
        assert_true(e.accuracy == (double)e.correct / SAMPLES);
        assert_true(e.topk_accuracy >= e.accuracy && e.topk_accuracy <= 1);
        assert_true(tp_item(tp_sum(e.confusion)) == SAMPLES);
        int64_t right = 0;
        for (int i = 0; i < CLASSES; i++) right += (int64_t)tp_get(e.confusion, i, i);
        assert_int_equal(right, e.correct);
    }
    /* Layers get back the mode that each had. */
    assert_true(tp_is_training(k.net));
    assert_false(tp_is_training(tp_child_get(k.net, 2)));
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

/* ---- early stopping: a loss that goes where the test wants it ---- */

typedef struct script {
    const double *losses; /* of validation, epoch by epoch */
    int epoch;
} script;
static script playing;

static tp_tensor *scripted_loss(tp_tensor *output, tp_tensor *target) {
    (void)target;
    double value = playing.losses[playing.epoch];
    return tp_add(tp_mul(tp_sum(output), 0.0), value);
}

static bool next_line(const tp_fit_state *state, void *user) {
    (void)state, (void)user;
    playing.epoch++;
    return true;
}

static tp_history play(const double *losses, int count, int64_t patience, double min_delta,
                       tp_stop_rule rule) {
    playing = (script){losses, 0};
    kit k = kit_new();
    tp_callback callback = {.on_epoch_end = next_line};
    tp_history h =
        tp_fit(k.net, k.train, .optim = k.optim, .loss = scripted_loss, .epochs = count,
               .patience = patience, .min_delta = min_delta, .rule = rule, .callbacks = &callback);
    kit_free(&k);
    return h;
}

static void test_early_stopping(void **state) {
    (void)state;
    static const double falls[] = {5, 4, 3, 2.95, 2, 1.97, 1.98, 1.0, 0.99, 0.98, 0.97, 0.96};
    enum { N = sizeof falls / sizeof *falls };
    static const struct {
        int64_t patience;
        double min_delta;
        tp_stop_rule rule;
        size_t epochs; /* run before it stopped */
        tp_stop stop;
    } cases[] = {
        {0, 0, TP_STOP_RULE_BEST, N, TP_STOP_EPOCHS},
        {1, 0, TP_STOP_RULE_BEST, 7, TP_STOP_PATIENCE},
        {1, 0.1, TP_STOP_RULE_BEST, 4, TP_STOP_PATIENCE},
        {1, 0.1, TP_STOP_RULE_PREVIOUS, 4, TP_STOP_PATIENCE},
        {2, 0.1, TP_STOP_RULE_BEST, 7, TP_STOP_PATIENCE},
        {3, 0.1, TP_STOP_RULE_BEST, 11, TP_STOP_PATIENCE},
        {3, 0.025, TP_STOP_RULE_BEST, 12, TP_STOP_EPOCHS},
        {3, 0.025, TP_STOP_RULE_PREVIOUS, 11, TP_STOP_PATIENCE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tp_history h = play(falls, N, cases[i].patience, cases[i].min_delta, cases[i].rule);
        if (h.count != cases[i].epochs || h.stop != cases[i].stop)
            fail_msg("case %zu: %zu epochs, %s", i, h.count, tp_stop_text(h.stop));
        tp_history_free(&h);
    }
    static const double flat[] = {1, 1, 1};
    tp_history h = play(flat, 3, 1, 0, TP_STOP_RULE_BEST);
    assert_int_equal(h.count, 2);
    assert_int_equal(h.best_epoch, 1);
    tp_history_free(&h);
    assert_int_equal(take_error().count, 0);
}

static bool note_weights(const tp_fit_state *state, void *user) {
    if (!state->history->epochs[state->history->count - 1].best) return true;
    return tp_copy_out(tp_get_tensor(state->module, "0.weight"), user);
}

static void test_best_weights(void **state) {
    (void)state;
    float best[16 * FEATURES], end[16 * FEATURES];
    kit k = kit_new();
    tp_optim_set_lr(k.optim, -1, 0.9); /* too high, so that the best epoch is not the last one */
    tp_callback callback = {.on_epoch_end = note_weights, .user = best};
    tp_history h = tp_fit(k.net, k.train, .valid = k.valid, .optim = k.optim, .epochs = 12,
                          .restore_best = true, .callbacks = &callback);
    get_weights(&k, end);
    assert_true(h.best_epoch > 0 && h.best_epoch < 12);
    assert_memory_equal(best, end, sizeof best);
    assert_true(tp_evaluate(k.net, k.valid).loss == h.best_loss);
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

/* ---- schedules, clipping, steps ---- */

static void test_schedules(void **state) {
    (void)state;
    kit k = kit_new();
    tp_schedule *s = tp_step_lr(k.optim, .step_size = 2, .gamma = 0.5);
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 5, .schedule = s);
    static const double rates[] = {0.1, 0.1, 0.05, 0.05, 0.025};
    for (int i = 0; i < 5; i++) assert_true(fabs(h.epochs[i].lr - rates[i]) < 1e-12);
    tp_history_free(&h);
    tp_schedule_free(s);
    kit_free(&k);

    k = kit_new();
    s = tp_one_cycle_lr(k.optim, .max_lr = 0.1, .total_steps = 2 * SAMPLES / BATCH);
    h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 2, .schedule = s,
               .schedule_per_step = true);
    assert_int_equal(tp_schedule_last_epoch(s), 2 * SAMPLES / BATCH);
    assert_true(h.epochs[1].lr < h.epochs[0].lr);
    tp_history_free(&h);
    tp_schedule_free(s);
    kit_free(&k);

    k = kit_new();
    s = tp_reduce_lr_on_plateau(k.optim, .patience = TP_ZERO, .threshold = 0.9);
    h = tp_fit(k.net, k.train, .valid = k.valid, .optim = k.optim, .epochs = 3, .schedule = s);
    assert_true(fabs(h.epochs[2].lr - 0.01) < 1e-12);
    assert_int_equal(take_error().count, 0);
    tp_history_free(&h);
    h = tp_fit(k.net, k.train, .optim = k.optim, .schedule = s, .schedule_per_step = true);
    assert_true(had_error(TP_ERROR_ARGUMENT, "fit", __LINE__ - 1));
    tp_schedule_free(s);
    kit_free(&k);
}

static void test_clipping(void **state) {
    (void)state;
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .grad_norm = true, .epochs = 1);
    assert_true(h.epochs[0].grad_norm > 0);
    tp_history_free(&h);
    kit_free(&k);
    /* The step of plain descent is no longer than lr times the limit. */
    k = kit_new();
    tp_optim_set_momentum(k.optim, -1, 0);
    float a[16 * FEATURES], b[16 * FEATURES];
    get_weights(&k, a);
    h = tp_fit(k.net, k.train, .optim = k.optim, .clip_norm = 1e-3, .max_steps = 1);
    get_weights(&k, b);
    double sum = 0;
    for (int i = 0; i < 16 * FEATURES; i++) sum += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
    assert_true(sqrt(sum) <= 0.1 * 1e-3 * 1.001 && sum > 0);
    assert_int_equal(h.steps, 1);
    assert_int_equal(h.stop, TP_STOP_EPOCHS);
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

/* ---- callbacks ---- */

typedef struct counts {
    int start, epoch_start, step, epoch_end, end;
    int64_t stop_at;
} counts;

static bool on_start(const tp_fit_state *s, void *user) {
    ((counts *)user)->start++;
    return s->step == 0 && s->batch == NULL;
}
static bool on_epoch_start(const tp_fit_state *s, void *user) {
    ((counts *)user)->epoch_start++;
    return s->batch == NULL;
}
static bool on_step(const tp_fit_state *s, void *user) {
    ((counts *)user)->step++;
    assert_int_equal(tp_size(s->output, 0), s->batch->size);
    assert_true(isfinite(s->loss) && isfinite(s->train_loss));
    return s->step != ((counts *)user)->stop_at;
}
static bool on_epoch_end(const tp_fit_state *s, void *user) {
    ((counts *)user)->epoch_end++;
    assert_int_equal((int64_t)s->history->count, s->epoch);
    return true;
}
static bool on_end(const tp_fit_state *s, void *user) {
    (void)s;
    ((counts *)user)->end++;
    return false;
}

static void test_callbacks(void **state) {
    (void)state;
    counts c = {.stop_at = 12};
    tp_callback callback = {on_start, on_epoch_start, on_step, on_epoch_end, on_end, &c};
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 3, .callbacks = &callback);
    assert_int_equal(h.stop, TP_STOP_CALLBACK);
    assert_int_equal(h.steps, 12);
    assert_int_equal(h.count, 1);
    assert_true(c.start == 1 && c.epoch_start == 2 && c.step == 12 && c.epoch_end == 1 &&
                c.end == 1);
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

/* ---- errors ---- */

static void test_refused_arguments(void **state) {
    (void)state;
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .epochs = 3);
    assert_true(had_error(TP_ERROR_ARGUMENT, "fit", __LINE__ - 1));
    assert_int_equal(h.stop, TP_STOP_ERROR);
    h = tp_fit(k.net, k.train, .optim = k.optim, .resume = true);
    assert_true(had_error(TP_ERROR_ARGUMENT, "fit", __LINE__ - 1));
    h = tp_fit(k.net, NULL, .optim = k.optim);
    assert_true(had_error(TP_ERROR_ARGUMENT, "fit", __LINE__ - 1));
    tp_history_free(&h);
    kit_free(&k);
}

static void test_poison_surfaces(void **state) {
    (void)state;
    kit k = kit_new();
    tp_module *wrong = tp_nn_sequential(tp_nn_linear(FEATURES + 1, CLASSES));
    tp_optim *optim = tp_sgd(wrong, .lr = 0.1);
    tp_history h = tp_fit(wrong, k.train, .optim = optim);
    seen_error error = take_error();
    assert_int_equal(h.stop, TP_STOP_ERROR);
    assert_int_equal(h.steps, 0);
    assert_true(error.count >= 1 && error.code == TP_ERROR_SHAPE);
    assert_string_equal(error.op, "linear");
    assert_int_equal(error.line, __LINE__ - 6);
    tp_clear_error();
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_module_free(wrong);
    kit_free(&k);
}

static tp_tensor *log_of(tp_module *module, tp_tensor *x) {
    (void)module;
    return tp_log(tp_relu(x));
}

static void test_nan_is_explained(void **state) {
    (void)state;
    kit k = kit_new();
    tp_module *log_layer = tp_module_new_at(TP_HERE, sizeof(tp_module), "Log", log_of);
    tp_module *net =
        tp_nn_sequential(tp_nn_linear(FEATURES, 8), log_layer, tp_nn_linear(8, CLASSES));
    tp_optim *optim = tp_sgd(net, .lr = 0.1);
    tp_history h = tp_fit(net, k.train, .optim = optim, .epochs = 2);
    seen_error error = take_error();
    assert_int_equal(h.stop, TP_STOP_NUMBER);
    assert_int_equal(h.steps, 0);
    assert_true(error.count == 1 && error.code == TP_ERROR_NUMBER);
    assert_string_equal(error.op, "fit");
    assert_non_null(strstr(error.text, "log made the first"));
    assert_non_null(strstr(error.text, "layer 1"));
    assert_non_null(strstr(error.text, "step 1"));
    assert_non_null(strstr(error.text, "samples "));
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_module_free(net);
    kit_free(&k);
}

static void test_nan_in_the_data(void **state) {
    (void)state;
    kit k = kit_new();
    tp_loader *loader = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(30, FEATURES)), *y = tp_zeros(tp_shape(30), TP_INT64);
        tp_set(x, NAN, 17, 3);
        loader = tp_loader_new(tp_tensor_dataset(x, y), .batch_size = 10);
    }
    tp_history h = tp_fit(k.net, loader, .optim = k.optim);
    seen_error error = take_error();
    assert_int_equal(h.stop, TP_STOP_NUMBER);
    assert_int_equal(h.steps, 1);
    assert_non_null(strstr(error.text, "the data itself"));
    assert_non_null(strstr(error.text, "samples 17;"));
    tp_history_free(&h);
    tp_loader_free(loader);
    kit_free(&k);
}

static void test_a_rate_that_blows_up(void **state) {
    (void)state;
    kit k = kit_new();
    tp_optim_set_lr(k.optim, -1, 1e30);
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 5);
    seen_error error = take_error();
    assert_int_equal(h.stop, TP_STOP_NUMBER);
    assert_int_equal(error.code, TP_ERROR_NUMBER);
    assert_int_equal(error.count, 1);
    tp_history_free(&h);
    kit_free(&k);
}

/* ---- Ctrl-C ---- */

static bool press(const tp_fit_state *s, void *user) {
    if (s->step == *(int64_t *)user) raise(SIGINT);
    return true;
}

static void test_interrupt(void **state) {
    (void)state;
    char folder[] = "/tmp/taper_fit_XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run.ckpt", folder);
    float straight[16 * FEATURES], broken[16 * FEATURES];
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 3);
    get_weights(&k, straight);
    tp_history_free(&h);
    kit_free(&k);

    k = kit_new();
    int64_t at = 13;
    tp_callback callback = {.on_step_end = press, .user = &at};
    h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 3, .handle_interrupt = true,
               .checkpoint = path, .callbacks = &callback);
    assert_int_equal(h.stop, TP_STOP_INTERRUPTED);
    assert_int_equal(h.steps, 13);
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    assert_true(action.sa_handler == SIG_DFL);
    tp_history_free(&h);
    kit_free(&k);

    k = kit_new();
    tp_manual_seed(12345);
    h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 3, .checkpoint = path, .resume = true);
    assert_int_equal(h.resumed_step, 13);
    assert_int_equal(h.count, 3);
    get_weights(&k, broken);
    assert_memory_equal(straight, broken, sizeof straight);
    tp_history_free(&h);
    kit_free(&k);
    unlink(path);
    rmdir(folder);
    assert_int_equal(take_error().count, 0);
}

/* ---- files and progress ---- */

static void collect(const char *text, size_t length, void *user) {
    char *all = user;
    assert_int_equal(strlen(text), length);
    assert_true(strlen(all) + length < 8192);
    strcat(all, text);
}

static void test_progress_and_files(void **state) {
    (void)state;
    char csv[] = "/tmp/taper_csv_XXXXXX", jsonl[] = "/tmp/taper_jsonl_XXXXXX", text[8192] = "";
    close(mkstemp(csv));
    close(mkstemp(jsonl));
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .valid = k.valid, .optim = k.optim, .epochs = 3,
                          .history_csv = csv, .history_jsonl = jsonl, .progress = TP_PROGRESS_LINES,
                          .sink = collect, .sink_user = text);
    int lines = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    assert_int_equal(lines, 3);
    assert_null(strchr(text, '\r'));
    assert_null(strchr(text, 27));
    assert_non_null(strstr(text, "epoch 3/3  loss "));
    assert_non_null(strstr(text, "  valid "));
    char line[512];
    FILE *file = fopen(csv, "r");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "epoch,steps,train_loss,train_accuracy,valid_loss,valid_accuracy,lr,"
                              "grad_norm,seconds,best\n");
    for (int i = 0; i < 3; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        double loss = 0;
        long long steps = 0;
        assert_int_equal(sscanf(line, "%*d,%lld,%lf", &steps, &loss), 2);
        assert_int_equal(steps, h.epochs[i].steps);
        assert_true(fabs(loss - h.epochs[i].train_loss) < 1e-8);
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    file = fopen(jsonl, "r");
    assert_non_null(fgets(line, sizeof line, file));
    assert_non_null(strstr(line, "\"grad_norm\": null"));
    assert_memory_equal(line, "{\"epoch\": 1, \"steps\": 9, ", 25);
    fclose(file);
    unlink(csv);
    unlink(jsonl);
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

static void test_bar(void **state) {
    (void)state;
    static char text[1 << 20];
    text[0] = 0;
    setenv("NO_COLOR", "1", 1);
    kit k = kit_new();
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 2,
                          .progress = TP_PROGRESS_BAR, .sink = collect, .sink_user = text);
    assert_non_null(strstr(text, "epoch 2/2  loss "));
    assert_null(strstr(text, "\033[3"));
    tp_history_free(&h);
    kit_free(&k);
    assert_int_equal(take_error().count, 0);
}

/* ---- memory ---- */

typedef struct allocations {
    int64_t early, late;
} allocations;

static bool count_allocations(const tp_fit_state *s, void *user) {
    allocations *a = user;
    int64_t now = tp_memory_get_stats().system_allocations;
    if (s->step == 3) a->early = now;
    a->late = now;
    return true;
}

static void test_no_allocation_after_step_3(void **state) {
    (void)state;
    kit k = kit_new();
    allocations a = {-1, -1};
    tp_callback callback = {.on_step_end = count_allocations, .user = &a};
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .max_steps = 8, .grad_norm = true,
                          .callbacks = &callback);
    assert_int_equal(h.steps, 8);
    assert_int_equal(a.early, a.late);
    tp_history_free(&h);
    kit_free(&k);
}

/* Memory that is not there at the n-th request and at those with which the library tries again. */
typedef struct scarce {
    int64_t asked, fails_at;
} scarce;

static void *scarce_allocate(size_t bytes, void *user) {
    scarce *s = user;
    int64_t number = ++s->asked;
    return number >= s->fails_at && number < s->fails_at + 3 ? NULL : aligned_alloc(64, bytes);
}

static void scarce_release(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    free(block);
}

/* Builds, trains with everything on, saves and loads; false where memory ran out somewhere. */
static bool whole_life(const char *checkpoint, const char *model) {
    kit k = kit_new();
    if (!k.net || !k.optim || !k.train || !k.valid) {
        kit_free(&k);
        return false;
    }
    tp_history h = tp_fit(k.net, k.train, .valid = k.valid, .optim = k.optim, .epochs = 2,
                          .checkpoint = checkpoint, .resume = true, .restore_best = true);
    bool fine = h.stop == TP_STOP_EPOCHS;
    tp_history_free(&h);
    fine = tp_save(model, k.net) && tp_load(model, k.net) && fine;
    kit_free(&k);
    return fine;
}

static void test_out_of_memory_anywhere(void **state) {
    (void)state;
    char folder[] = "/tmp/taper_oom_XXXXXX", checkpoint[64], model[64];
    assert_non_null(mkdtemp(folder));
    snprintf(checkpoint, sizeof checkpoint, "%s/run.ckpt", folder);
    snprintf(model, sizeof model, "%s/model.safetensors", folder);
    tp_memory_trim();
    bool fine = false;
    int failures = 0;
    for (int64_t n = 1; !fine; n++) {
        scarce s = {.fails_at = n};
        tp_allocator allocator = {scarce_allocate, scarce_release, &s};
        tp_set_allocator(&allocator);
        fine = whole_life(checkpoint, model);
        unlink(checkpoint);
        tp_clear_error();
        (void)take_error();
        tp_memory_trim();
        tp_set_allocator(NULL);
        failures += !fine;
        if (s.asked < n) break;
    }
    assert_true(fine && failures > 20);
    unlink(model);
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_the_loop_by_hand),
        cmocka_unit_test(test_learns_and_evaluates),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_best_weights),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_refused_arguments),
        cmocka_unit_test(test_poison_surfaces),
        cmocka_unit_test(test_nan_is_explained),
        cmocka_unit_test(test_nan_in_the_data),
        cmocka_unit_test(test_a_rate_that_blows_up),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_progress_and_files),
        cmocka_unit_test(test_bar),
        cmocka_unit_test(test_no_allocation_after_step_3),
        cmocka_unit_test(test_out_of_memory_anywhere),
    };
    return cmocka_run_group_tests(tests, watch, NULL);
}
