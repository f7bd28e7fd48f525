/* The thread pool: every task exactly once whatever the number of threads, scratch, nesting, and
 * memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <time.h>

#include "base/cpu.h"
#include "base/pool.h"

static const int thread_counts[] = {1, 2, 3, 7};
enum { POOLS = sizeof thread_counts / sizeof *thread_counts };

typedef struct counted {
    int64_t tasks;
    int *times;      /* by task; each is written by one worker alone */
    int *worker;     /* who ran it */
    atomic_int busy; /* bit by worker: nobody runs twice at a time under one number */
    int threads;
    atomic_bool wrong;
} counted;

static void count_task(void *arg, int64_t task, int worker) {
    counted *c = arg;
    if (task < 0 || task >= c->tasks || worker < 0 || worker >= c->threads) {
        atomic_store(&c->wrong, true);
        return;
    }
    if (atomic_fetch_or(&c->busy, 1 << worker) & 1 << worker) atomic_store(&c->wrong, true);
    c->times[task]++;
    c->worker[task] = worker;
    atomic_fetch_and(&c->busy, ~(1 << worker));
}

static void count_run(tp_pool *pool, int64_t tasks) {
    counted c = {.tasks = tasks, .threads = tp_pool_threads(pool)};
    c.times = calloc((size_t)tasks + 1, sizeof *c.times);
    c.worker = calloc((size_t)tasks + 1, sizeof *c.worker);
    assert_non_null(c.times);
    assert_non_null(c.worker);
    tp_pool_run(pool, tasks, count_task, &c);
    assert_false(atomic_load(&c.wrong));
    for (int64_t i = 0; i < tasks; i++) assert_int_equal(c.times[i], 1);
    free(c.times);
    free(c.worker);
}

static void test_each_task_once(void **state) {
    (void)state;
    for (int p = 0; p < POOLS; p++) {
        tp_pool *pool = tp_pool_new(thread_counts[p], NULL);
        assert_non_null(pool);
        assert_int_equal(tp_pool_threads(pool), thread_counts[p]);
        for (int64_t tasks = 0; tasks < 40; tasks++) count_run(pool, tasks);
        count_run(pool, 10000);
        tp_pool_free(pool);
    }
    count_run(NULL, 5);
    tp_pool *pool = tp_pool_new(-3, NULL);
    assert_int_equal(tp_pool_threads(pool), 1);
    count_run(pool, 5);
    tp_pool_free(pool);
    tp_pool_free(NULL);
}

static void test_many_small_runs(void **state) {
    (void)state;
    for (int p = 0; p < POOLS; p++) {
        tp_pool *pool = tp_pool_new(thread_counts[p], NULL);
        for (int i = 0; i < 3000; i++) count_run(pool, i % 11);
        /* long enough pauses for everybody to fall asleep */
        for (int i = 0; i < 30; i++) {
            nanosleep(&(struct timespec){0, 300000}, NULL);
            count_run(pool, 7);
        }
        tp_pool_free(pool);
    }
}

/* Pools that are made, used once or never, and freed. */
static void test_short_lives(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {
        tp_pool *pool = tp_pool_new(1 + i % 4, NULL);
        if (i % 3) count_run(pool, 4);
        tp_pool_free(pool);
    }
}

typedef struct nested {
    tp_pool *pool;
    atomic_int sum;
    atomic_bool wrong;
} nested;

typedef struct inner {
    nested *outer;
    int worker;
    int64_t next;
} inner;

static void inner_task(void *arg, int64_t task, int worker) {
    inner *in = arg;
    /* inline: in order, on the worker that called */
    if (task != in->next++ || worker != in->worker) atomic_store(&in->outer->wrong, true);
    if (!tp_pool_inside(in->outer->pool)) atomic_store(&in->outer->wrong, true);
    atomic_fetch_add(&in->outer->sum, 1);
}

static void outer_task(void *arg, int64_t task, int worker) {
    (void)task;
    nested *n = arg;
    if (tp_pool_worker(n->pool) != worker) atomic_store(&n->wrong, true);
    inner in = {n, worker, 0};
    tp_pool_run(n->pool, 5, inner_task, &in);
    if (in.next != 5 || tp_pool_worker(n->pool) != worker) atomic_store(&n->wrong, true);
}

static void test_nested(void **state) {
    (void)state;
    for (int p = 0; p < POOLS; p++) {
        nested n = {.pool = tp_pool_new(thread_counts[p], NULL)};
        for (int i = 0; i < 200; i++) tp_pool_run(n.pool, 9, outer_task, &n);
        assert_false(atomic_load(&n.wrong));
        assert_int_equal(atomic_load(&n.sum), 200 * 9 * 5);
        assert_false(tp_pool_inside(n.pool));
        assert_int_equal(tp_pool_worker(n.pool), 0);
        tp_pool_free(n.pool);
    }
}

/* A task of one pool runs a pool of its own. */
static void other_pool_task(void *arg, int64_t task, int worker) {
    (void)arg;
    (void)task;
    (void)worker;
    tp_pool *own = tp_pool_new(2, NULL);
    count_run(own, 6);
    tp_pool_free(own);
}

static void test_pool_in_pool(void **state) {
    (void)state;
    tp_pool *pool = tp_pool_new(3, NULL);
    tp_pool_run(pool, 12, other_pool_task, NULL);
    count_run(pool, 12);
    tp_pool_free(pool);
}

typedef struct chunks {
    int64_t n, grain;
    atomic_int count;
    int *times;
    atomic_bool wrong;
} chunks;

static void chunk_task(void *arg, int64_t begin, int64_t end) {
    chunks *c = arg;
    if (begin % c->grain != 0 || end <= begin || (end != c->n && end != begin + c->grain)) {
        atomic_store(&c->wrong, true);
        return;
    }
    for (int64_t i = begin; i < end; i++) c->times[i]++;
    atomic_fetch_add(&c->count, 1);
}

static void test_even_grain(void **state) {
    (void)state;
    assert_int_equal(tp_even_grain(0, 4), 4);
    assert_int_equal(tp_even_grain(4, 4), 4);
    assert_int_equal(tp_even_grain(5, 4), 3);
    assert_int_equal(tp_even_grain(18432, 16384), 9216);
    for (int64_t n = 1; n < 200; n++)
        for (int64_t grain = 1; grain < 20; grain++) {
            int64_t even = tp_even_grain(n, grain);
            assert_in_range(even, 1, grain);
            assert_int_equal((n - 1) / even, (n - 1) / grain); /* as many chunks */
        }
}

static void test_parallel_for(void **state) {
    (void)state;
    static const int64_t grains[] = {1, 2, 7, 64, 1000};
    for (int p = 0; p < POOLS; p++) {
        tp_pool *pool = tp_pool_new(thread_counts[p], NULL);
        for (int64_t n = 0; n < 200; n += 13) {
            for (int g = 0; g < 5; g++) {
                chunks c = {
                    .n = n, .grain = grains[g], .times = calloc((size_t)n + 1, sizeof(int))};
                tp_parallel_for(pool, n, grains[g], chunk_task, &c);
                assert_false(atomic_load(&c.wrong));
                assert_int_equal(atomic_load(&c.count), (n + grains[g] - 1) / grains[g]);
                for (int64_t i = 0; i < n; i++) assert_int_equal(c.times[i], 1);
                free(c.times);
            }
        }
        chunks one = {.n = 3, .grain = 1, .times = calloc(3, sizeof(int))};
        tp_parallel_for(pool, 3, 0, chunk_task, &one); /* a grain of 0 counts as 1 */
        assert_int_equal(atomic_load(&one.count), 3);
        free(one.times);
        tp_pool_free(pool);
    }
}

typedef struct fillers {
    tp_pool *pool;
    atomic_bool wrong;
} fillers;

static void fill_task(void *arg, int64_t task, int worker) {
    fillers *f = arg;
    size_t bytes = (size_t)(task % 50 + 1) * 100;
    unsigned char *mine = tp_pool_scratch(f->pool, worker, bytes);
    unsigned char *other = tp_pool_scratch_slot(f->pool, worker, TP_SCRATCH_GEMM, bytes);
    if (!mine || !other || (uintptr_t)mine % 64 || (uintptr_t)other % 64) {
        atomic_store(&f->wrong, true);
        return;
    }
    memset(mine, (int)(task & 255), bytes);
    memset(other, 255 - (int)(task & 255), bytes);
    for (size_t i = 0; i < bytes; i++) {
        if (mine[i] != (task & 255) || other[i] != 255 - (task & 255))
            atomic_store(&f->wrong, true);
    }
}

static void test_scratch(void **state) {
    (void)state;
    for (int p = 0; p < POOLS; p++) {
        fillers f = {.pool = tp_pool_new(thread_counts[p], NULL)};
        tp_pool_run(f.pool, 2000, fill_task, &f);
        assert_false(atomic_load(&f.wrong));
        for (int w = 0; w < thread_counts[p]; w++) assert_non_null(tp_pool_scratch(f.pool, w, 0));
        tp_pool_free(f.pool);
    }
    assert_null(tp_pool_scratch(NULL, 0, 10));
}

/* Memory that ends after some blocks, and a count of those that are out. */
static int blocks_left, blocks_out;
static void *limited_allocate(size_t bytes, void *user) {
    (void)user;
    if (blocks_left-- <= 0) return NULL;
    blocks_out++;
    return malloc(bytes);
}
static void limited_release(void *block, void *user) {
    (void)user;
    blocks_out--;
    free(block);
}

static void test_out_of_memory(void **state) {
    (void)state;
    tp_pool_memory memory = {limited_allocate, limited_release, NULL};
    blocks_left = 0;
    assert_null(tp_pool_new(4, &memory));
    blocks_left = 2;
    tp_pool *pool = tp_pool_new(4, &memory);
    assert_non_null(pool);
    void *first = tp_pool_scratch(pool, 0, 1000);
    assert_non_null(first);
    assert_ptr_equal(tp_pool_scratch(pool, 0, 500), first);
    assert_null(tp_pool_scratch(pool, 1, 1000));
    assert_null(tp_pool_scratch(pool, 0, SIZE_MAX - 10));
    assert_null(tp_pool_scratch(pool, 0, 100000));
    blocks_left = 5;
    assert_non_null(tp_pool_scratch(pool, 0, 100000));
    count_run(pool, 20);
    tp_pool_free(pool);
    assert_int_equal(blocks_out, 0);
}

/* The same task meets the same worker again, unless the caller had to take a late worker's range.
 */
static void test_fixed_ranges(void **state) {
    (void)state;
    tp_pool *pool = tp_pool_new(3, NULL);
    int times[10] = {0}, worker[10];
    for (int i = 0; i < 300; i++) {
        counted c = {.tasks = 10, .times = times, .worker = worker, .threads = 3};
        tp_pool_run(pool, 10, count_task, &c);
        static const int owner[10] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 2};
        for (int t = 0; t < 10; t++) assert_true(worker[t] == owner[t] || worker[t] == 0);
    }
    tp_pool_free(pool);
}

static void test_cpu(void **state) {
    (void)state;
    assert_true(tp_cpu_count() >= 1);
    assert_true(tp_cpu_runs(TP_CPU_BASELINE));
    assert_true(tp_cpu_runs(tp_cpu_detect()));
    assert_int_equal(tp_cpu_cache_size(0), 0);
    assert_int_equal(tp_cpu_cache_size(4), 0);
    for (int i = 0; i < TP_CPU_LEVEL_COUNT; i++) {
        tp_cpu_level level = TP_CPU_LEVEL_COUNT;
        assert_true(tp_cpu_from_name(tp_cpu_name((tp_cpu_level)i), &level));
        assert_int_equal(level, i);
    }
    tp_cpu_level level;
    assert_false(tp_cpu_from_name("sse9", &level));
}

static void test_cpu_forced(void **state) {
    (void)state;
    const char *before = getenv("TAPER_CPU"), *error = "unset";
    char *saved = before ? strdup(before) : NULL;
    setenv("TAPER_CPU", "baseline", 1);
    assert_int_equal(tp_cpu_choose(&error), TP_CPU_BASELINE);
    assert_null(error);
    setenv("TAPER_CPU", "sse9", 1);
    assert_int_equal(tp_cpu_choose(&error), tp_cpu_detect());
    assert_non_null(error);
    assert_non_null(strstr(error, "TAPER_CPU"));
    setenv("TAPER_CPU", tp_cpu_detect() == TP_CPU_NEON ? "avx2" : "neon", 1);
    assert_int_equal(tp_cpu_choose(&error), tp_cpu_detect());
    assert_non_null(error);
    setenv("TAPER_CPU", "", 1);
    assert_int_equal(tp_cpu_choose(&error), tp_cpu_detect());
    assert_null(error);
    unsetenv("TAPER_CPU");
    assert_int_equal(tp_cpu_choose(NULL), tp_cpu_detect());
    if (saved) setenv("TAPER_CPU", saved, 1);
    free(saved);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_task_once),
        cmocka_unit_test(test_many_small_runs),
        cmocka_unit_test(test_short_lives),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_pool_in_pool),
        cmocka_unit_test(test_parallel_for),
        cmocka_unit_test(test_even_grain),
        cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_fixed_ranges),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_cpu_forced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
