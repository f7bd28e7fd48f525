/* Runs that are killed (SIGKILL, at moments of every kind) and resumed end in the same bytes as one that was not, at any number of
 * threads. Each run is a process of its own; this one starts no threads. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/folder.h"

enum { SAMPLES = 400, FEATURES = 20, CLASSES = 5, EPOCHS = 12, BYTES = 1 << 20 };

/* How a run is set up; everything that has a state takes part somewhere. */
typedef struct setup {
    const char *name;
    int threads;
    int workers;
    uint64_t seed; /* of the loader; 0: the thread's generator, which dropout uses too */
    bool adam;
    bool cycle; /* a schedule stepped after each batch; else one on a plateau */
    int64_t checkpoint_steps;
} setup;

static void path_of(char path[256], const char *run, const char *file) {
    snprintf(path, 256, "%s/%s.%s", folder, run, file);
}

static tp_dataset *make_data(uint64_t seed) {
    tp_dataset *data = NULL;
    tp_generator *g = tp_generator_new(seed);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(SAMPLES, FEATURES), .generator = g);
        tp_tensor *y = tp_randint(0, CLASSES, tp_shape(SAMPLES), .generator = g);
        for (int i = 0; i < SAMPLES; i++) tp_set(x, tp_get(x, i, 0) + tp_get(y, i), i, 0);
        data = tp_tensor_dataset(x, y);
    }
    tp_generator_free(g);
    return data;
}

static void write_text(const char *path, const char *mode, int64_t number) {
    FILE *file = fopen(path, mode);
    if (!file) _exit(2);
    fprintf(file, "%lld\n", (long long)number);
    fclose(file);
}

/* A whole program: trains, going on from the checkpoint if there is one, and writes the model. Any error exits with status 1. */
static void run_program(const setup *s, const char *run, int threads) {
    char checkpoint[256], csv[256], model[256], resumed[256];
    path_of(checkpoint, run, "ckpt");
    path_of(csv, run, "csv");
    path_of(model, run, "safetensors");
    path_of(resumed, run, "resumed");
    tp_set_num_threads(threads);
    tp_manual_seed(11);
    tp_module *net = tp_nn_sequential(tp_nn_linear(FEATURES, 64), tp_nn_relu(), tp_nn_dropout(0.3),
                                      tp_nn_linear(64, CLASSES));
    tp_optim *optim =
        s->adam ? tp_adam(net, .lr = 0.003) : tp_sgd(net, .lr = 0.05, .momentum = 0.9);
    tp_loader *train = tp_loader_new(make_data(1), .batch_size = 16, .shuffle = true,
                                     .seed = s->seed, .workers = s->workers);
    tp_loader *valid = tp_loader_new(make_data(2), .batch_size = 64, .shuffle = true);
    int64_t steps = EPOCHS * tp_loader_batches(train);
    tp_schedule *schedule = s->cycle ? tp_one_cycle_lr(optim, .max_lr = 0.05, .total_steps = steps)
                                     : tp_reduce_lr_on_plateau(optim, .patience = 1);
    tp_history h =
        tp_fit(net, train, .valid = valid, .optim = optim, .epochs = EPOCHS, .schedule = schedule,
               .schedule_per_step = s->cycle, .clip_norm = 1, .restore_best = true,
               .checkpoint = checkpoint, .checkpoint_steps = s->checkpoint_steps, .resume = true,
               .history_csv = csv);
    if (h.stop != TP_STOP_EPOCHS || h.count != EPOCHS || h.steps != steps) _exit(3);
    if (h.resumed_step) write_text(resumed, "a", h.resumed_step);
    tp_save(model, net);
    tp_history_free(&h);
    tp_schedule_free(schedule);
    tp_loader_free(train);
    tp_loader_free(valid);
    tp_optim_free(optim);
    tp_module_free(net);
    tp_shutdown();
    exit(0);
}

static pid_t start(const setup *s, const char *run, int threads) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) run_program(s, run, threads);
    assert_true(child > 0);
    return child;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_for(double seconds) {
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

static size_t read_file(const char *run, const char *kind, char *bytes) {
    char path[256];
    path_of(path, run, kind);
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t size = fread(bytes, 1, BYTES - 1, file);
    bytes[size] = 0;
    fclose(file);
    return size;
}

/* Takes the column of seconds, the last but one, out of the text of a history. */
static void drop_seconds(char *text) {
    char *out = text;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n'), *last = end, *before;
        assert_non_null(end);
        while (*--last != ',') {}
        for (before = last - 1; *before != ',';) before--;
        memmove(out, line, (size_t)(before - line));
        out += before - line;
        memmove(out, last, (size_t)(end + 1 - last));
        out += end + 1 - last;
        line = end + 1;
    }
    *out = 0;
}

static void assert_same_files(const char *a, const char *b) {
    static char x[BYTES], y[BYTES];
    size_t n = read_file(a, "safetensors", x), m = read_file(b, "safetensors", y);
    assert_true(n > 1000 && n == m);
    assert_memory_equal(x, y, n);
    assert_true(read_file(a, "csv", x) > 100 && read_file(b, "csv", y) > 100);
    drop_seconds(x);
    drop_seconds(y);
    assert_string_equal(x, y);
}

/* Waits for a run that nobody disturbs; its seconds. */
static double finish(pid_t child, double started) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return now() - started;
}

static int kills, resumes;

/* Kills a run at shares of the time that it takes, with another number of threads each time, then lets it come to its end. */
static void kill_and_resume(const setup *s, const char *run, double seconds) {
    static const double shares[] = {0.08, 0.5, 0.23, 0.02, 0.37, 0.6};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        pid_t child = start(s, run, i % 2 ? 3 - s->threads : s->threads);
        sleep_for(shares[i] * seconds);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            break;
        }
        kills++;
    }
    finish(start(s, run, s->threads), now());
    char resumed[BYTES > 4096 ? 4096 : BYTES], path[256];
    path_of(path, run, "resumed");
    FILE *file = fopen(path, "r");
    while (file && fgets(resumed, sizeof resumed, file)) resumes++;
    if (file) fclose(file);
}

static void check(const setup *s) {
    char straight[64], broken[64];
    snprintf(straight, sizeof straight, "%s-straight", s->name);
    snprintf(broken, sizeof broken, "%s-broken", s->name);
    double started = now();
    double seconds = finish(start(s, straight, s->threads), started);
    kill_and_resume(s, broken, seconds);
    assert_same_files(straight, broken);
}

static void test_one_thread(void **state) {
    (void)state;
    check(&(setup){.name = "one", .threads = 1, .seed = 4, .checkpoint_steps = 3});
}

static void test_two_threads_own_order(void **state) {
    (void)state;
    check(&(setup){.name = "two",
                   .threads = 2,
                   .workers = 2,
                   .adam = true,
                   .cycle = true,
                   .checkpoint_steps = 1});
}

static void test_at_epochs_only(void **state) {
    (void)state;
    check(&(setup){.name = "epochs", .threads = 2, .workers = 1, .seed = 9, .adam = true});
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    setup s = {.name = "threads", .threads = 1, .seed = 4, .checkpoint_steps = 1000};
    finish(start(&s, "threads-1", 1), now());
    finish(start(&s, "threads-2", 2), now());
    assert_same_files("threads-1", "threads-2");
}

static void test_kills_did_hit(void **state) {
    (void)state;
    assert_true(kills >= 3);
    assert_true(resumes >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread),     cmocka_unit_test(test_two_threads_own_order),
        cmocka_unit_test(test_at_epochs_only), cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_kills_did_hit),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
