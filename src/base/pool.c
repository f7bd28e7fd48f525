/* The thread pool. Each worker has a ticket: a generation number and a state. The caller posts a
 * range by writing a new ticket; whoever moves it from POSTED first, the worker or the caller
 * itself, owns the range. */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"

enum {
    STATE_IDLE,
    STATE_POSTED,
    STATE_RUNNING,
    STATE_TAKEN,
    STATE_DONE,
    STATE_QUIT,
    STATE_BITS = 3
};
enum { STATE_MASK = (1 << STATE_BITS) - 1, CACHE_LINE = 64, SPIN_CHECK = 32 };

/* Runs between measurements of how far away the workers are, as a host may move virtual processors about; and how many nanoseconds there
 * and back are far. On an AMD Zen 5 it is 90 to 150 to a core that shares the cache, 500 to another. */
enum { HOP_RUNS = 1000, FAR_HOP = 300 };

/* How long a worker looks for work before it sleeps, and how long a caller spins on a busy worker.
 */
static const int64_t spin_nanoseconds = 100000;

typedef struct tp_worker {
    _Alignas(CACHE_LINE) atomic_uint_fast64_t ticket;
    atomic_int sleepers; /* on wake: the worker until a post, the caller until an end, or both for a
                            moment */
    tp_pool *pool;
    int number;
    int64_t begin, end; /* the tasks of this run; written before the ticket is posted */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    void *scratch[TP_SCRATCH_COUNT]; /* as allocated; aligned when handed out */
    size_t scratch_bytes[TP_SCRATCH_COUNT];
} tp_worker;

struct tp_pool {
    int threads; /* wanted */
    int started; /* workers with a thread, the caller's own included; 0 before the first run */
    bool spin;   /* enough processors that waiting busily hurts nobody */
    tp_pool_memory memory;
    uint64_t generation;
    int until_hop; /* runs before the next measurement */
    int64_t hop;   /* nanoseconds to a worker and back, as measured last; 0 before that */
    tp_task_fn fn;
    void *arg;
    void *block; /* as allocated, this structure and the workers lie in it */
    tp_worker *workers;
};

/* Which pool's task the thread is in the middle of: a run from there must not wait for itself. */
static _Thread_local struct {
    const tp_pool *pool;
    int worker;
} inside;

static void *memory_allocate(size_t bytes, void *user) {
    (void)user;
    return malloc(bytes);
}
static void memory_release(void *block, void *user) {
    (void)user;
    free(block);
}

static void *align_up(void *block) {
    return (void *)(((uintptr_t)block + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
}

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t clock_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int ticket_state(uint64_t ticket) { return (int)(ticket & STATE_MASK); }
static uint64_t with_state(uint64_t ticket, int state) {
    return (ticket & ~(uint64_t)STATE_MASK) | (uint64_t)state;
}

/* Moves the ticket from POSTED to the given state; true for the one thread that did it. */
static bool claim(tp_worker *w, uint64_t posted, int state) {
    uint_fast64_t expected = posted;
    return atomic_compare_exchange_strong(&w->ticket, &expected, with_state(posted, state));
}

/* Wakes whoever sleeps on the worker's condition. The ticket was written before with sequential
 * consistency and `sleepers` counted up before the sleeper looks at the ticket for the last time,
 * so one of the two sees the other. */
static void wake_sleeper(tp_worker *w) {
    if (atomic_load(&w->sleepers) == 0) return;
    pthread_mutex_lock(&w->mutex);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

/* Looks busily for a ticket whose state is none of those in the set (bits by state), for a while.
 * Returns the ticket that it saw last. */
static uint64_t spin_while(const tp_worker *w, unsigned states) {
    uint64_t ticket = atomic_load(&w->ticket);
    int64_t until = 0;
    for (int i = 1; states >> ticket_state(ticket) & 1; i++) {
        if (i % SPIN_CHECK == 0) {
            int64_t time = clock_nanoseconds();
            if (until == 0) until = time + spin_nanoseconds;
            if (time >= until) break;
            sched_yield(); /* on a busy machine, who we wait for may wait for our processor */
        }
        relax();
        ticket = atomic_load(&w->ticket);
    }
    return ticket;
}

/* Sleeps until the ticket is another than this one. */
static uint64_t sleep_on(tp_worker *w, uint64_t ticket) {
    uint64_t now;
    pthread_mutex_lock(&w->mutex);
    atomic_fetch_add(&w->sleepers, 1);
    while ((now = atomic_load(&w->ticket)) == ticket) pthread_cond_wait(&w->wake, &w->mutex);
    atomic_fetch_sub(&w->sleepers, 1);
    pthread_mutex_unlock(&w->mutex);
    return now;
}

/* Waits until the ticket's state is none of those in the set; spins first. Returns the ticket.
 * Whoever was woken too late, for a range that the caller has taken back meanwhile, spins again: the
 * next range is likely to follow soon, and a sleeper would be late for that one too. */
static uint64_t wait_while(tp_worker *w, unsigned states, bool spin) {
    for (;;) {
        uint64_t ticket = spin ? spin_while(w, states) : atomic_load(&w->ticket);
        if (!(states >> ticket_state(ticket) & 1)) return ticket;
        ticket = sleep_on(w, ticket);
        if (!(states >> ticket_state(ticket) & 1)) return ticket;
    }
}

static void run_tasks(tp_pool *pool, tp_task_fn fn, void *arg, int64_t begin, int64_t end,
                      int worker) {
    const tp_pool *outer_pool = inside.pool;
    int outer_worker = inside.worker;
    inside.pool = pool;
    inside.worker = worker;
    for (int64_t task = begin; task < end; task++) fn(arg, task, worker);
    inside.pool = outer_pool;
    inside.worker = outer_worker;
}

static void *worker_main(void *arg) {
    tp_worker *w = arg;
    tp_pool *pool = w->pool;
    const unsigned nothing_to_do = 1u << STATE_IDLE | 1u << STATE_TAKEN | 1u << STATE_DONE;
    for (;;) {
        uint64_t ticket = wait_while(w, nothing_to_do, pool->spin);
        if (ticket_state(ticket) == STATE_QUIT) return NULL;
        if (!claim(w, ticket, STATE_RUNNING)) continue; /* the caller took it back */
        run_tasks(pool, pool->fn, pool->arg, w->begin, w->end, w->number);
        atomic_store(&w->ticket, with_state(ticket, STATE_DONE));
        wake_sleeper(w);
    }
}

static bool worker_init(tp_worker *w, tp_pool *pool, int number) {
    w->pool = pool;
    w->number = number;
    atomic_init(&w->ticket, STATE_IDLE);
    atomic_init(&w->sleepers, 0);
    if (pthread_mutex_init(&w->mutex, NULL) != 0) return false;
    if (pthread_cond_init(&w->wake, NULL) == 0) return true;
    pthread_mutex_destroy(&w->mutex);
    return false;
}

tp_pool *tp_pool_new(int threads, const tp_pool_memory *memory) {
    static const tp_pool_memory standard = {memory_allocate, memory_release, NULL};
    if (!memory) memory = &standard;
    if (threads < 1) threads = 1;
    size_t head = (sizeof(tp_pool) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    size_t bytes = head + (size_t)threads * sizeof(tp_worker);
    void *block = memory->allocate(bytes + CACHE_LINE, memory->user);
    if (!block) return NULL;
    tp_pool *pool = align_up(block);
    memset(pool, 0, bytes);
    pool->memory = *memory;
    pool->block = block;
    pool->workers = (tp_worker *)((char *)pool + head);
    pool->spin = threads <= tp_cpu_count();
    while (pool->threads < threads &&
           worker_init(&pool->workers[pool->threads], pool, pool->threads))
        pool->threads++;
    if (pool->threads > 0) return pool;
    memory->release(block, memory->user);
    return NULL;
}

void tp_pool_free(tp_pool *pool) {
    if (!pool) return;
    for (int i = 0; i < pool->threads; i++) {
        tp_worker *w = &pool->workers[i];
        if (i > 0 && i < pool->started) {
            atomic_store(&w->ticket, with_state(atomic_load(&w->ticket), STATE_QUIT));
            wake_sleeper(w);
            pthread_join(w->thread, NULL);
        }
        for (int slot = 0; slot < TP_SCRATCH_COUNT; slot++) {
            if (w->scratch[slot]) pool->memory.release(w->scratch[slot], pool->memory.user);
        }
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->mutex);
    }
    tp_pool_memory memory = pool->memory;
    memory.release(pool->block, memory.user);
}

int tp_pool_threads(const tp_pool *pool) { return pool ? pool->threads : 1; }

bool tp_pool_far(const tp_pool *pool) { return pool && pool->hop > FAR_HOP; }

int tp_pool_awake(const tp_pool *pool) {
    int awake = 1;
    if (!pool || inside.pool == pool || tp_pool_far(pool)) return awake;
    while (awake < pool->started &&
           atomic_load_explicit(&pool->workers[awake].sleepers, memory_order_relaxed) == 0)
        awake++;
    return awake;
}

/* Starts the threads; those that the system refuses are not asked for again. */
static void start_threads(tp_pool *pool) {
    pool->started = 1;
    while (pool->started < pool->threads) {
        tp_worker *w = &pool->workers[pool->started];
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) break;
        pool->started++;
    }
}

/* The first task of worker i of n: ranges differ by at most one task. */
static int64_t range_begin(int64_t tasks, int i, int n) {
    int64_t share = tasks / n, rest = tasks % n;
    return share * i + (i < rest ? i : rest);
}

/* Takes back the worker's range where it has not begun, else waits for its end. */
static void finish_worker(tp_pool *pool, tp_worker *w) {
    uint64_t ticket = atomic_load(&w->ticket);
    if (ticket_state(ticket) == STATE_POSTED && claim(w, ticket, STATE_TAKEN))
        run_tasks(pool, pool->fn, pool->arg, w->begin, w->end, 0);
    else
        wait_while(w, 1u << STATE_RUNNING, pool->spin);
}

static void nothing(void *arg, int64_t task, int worker) { (void)arg, (void)task, (void)worker; }

/* How long it takes until a worker that looks for work has been told of some and has told back. */
static void measure_hop(tp_pool *pool) {
    enum { TRIES = 8 };
    tp_worker *w = &pool->workers[1];
    pool->fn = nothing;
    w->begin = w->end = 0;
    int64_t best = INT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        if (atomic_load(&w->sleepers) != 0) return;
        int64_t start = clock_nanoseconds();
        atomic_store(&w->ticket, ++pool->generation << STATE_BITS | STATE_POSTED);
        wake_sleeper(w);
        wait_while(w, 1u << STATE_POSTED | 1u << STATE_RUNNING, pool->spin);
        int64_t time = clock_nanoseconds() - start;
        if (time < best) best = time;
    }
    pool->hop = best;
}

void tp_pool_run(tp_pool *pool, int64_t tasks, tp_task_fn fn, void *arg) {
    if (!pool) {
        for (int64_t task = 0; task < tasks; task++) fn(arg, task, 0);
        return;
    }
    if (pool->threads == 1 || tasks <= 1 || inside.pool == pool) {
        run_tasks(pool, fn, arg, 0, tasks, tp_pool_worker(pool));
        return;
    }
    if (pool->started == 0) start_threads(pool);
    if (pool->spin && pool->started > 1 && --pool->until_hop < 0) {
        pool->until_hop = HOP_RUNS;
        measure_hop(pool);
    }
    int workers = tasks < pool->started ? (int)tasks : pool->started;
    pool->fn = fn;
    pool->arg = arg;
    pool->generation++;
    for (int i = 1; i < workers; i++) {
        tp_worker *w = &pool->workers[i];
        w->begin = range_begin(tasks, i, workers);
        w->end = range_begin(tasks, i + 1, workers);
        atomic_store(&w->ticket, pool->generation << STATE_BITS | STATE_POSTED);
        wake_sleeper(w);
    }
    run_tasks(pool, fn, arg, 0, range_begin(tasks, 1, workers), 0);
    for (int i = 1; i < workers; i++) finish_worker(pool, &pool->workers[i]);
}

typedef struct loop {
    int64_t n, grain;
    tp_range_fn fn;
    void *arg;
} loop;

static void loop_task(void *arg, int64_t task, int worker) {
    (void)worker;
    const loop *l = arg;
    int64_t begin = task * l->grain;
    l->fn(l->arg, begin, l->n - begin < l->grain ? l->n : begin + l->grain);
}

void tp_parallel_for(tp_pool *pool, int64_t n, int64_t grain, tp_range_fn fn, void *arg) {
    if (n <= 0) return;
    if (grain < 1) grain = 1;
    loop l = {n, grain, fn, arg};
    tp_pool_run(pool, (n - 1) / grain + 1, loop_task, &l);
}

int64_t tp_even_grain(int64_t n, int64_t grain) {
    if (n <= grain || grain < 1) return grain;
    int64_t chunks = (n - 1) / grain + 1;
    return (n - 1) / chunks + 1;
}

int tp_pool_worker(const tp_pool *pool) { return pool && inside.pool == pool ? inside.worker : 0; }

bool tp_pool_inside(const tp_pool *pool) { return pool && inside.pool == pool; }

void *tp_pool_scratch_slot(tp_pool *pool, int worker, int slot, size_t bytes) {
    if (!pool) return NULL;
    tp_worker *w = &pool->workers[worker];
    if (bytes > w->scratch_bytes[slot] || !w->scratch[slot]) {
        if (bytes > SIZE_MAX / 2) return NULL;
        if (w->scratch[slot]) pool->memory.release(w->scratch[slot], pool->memory.user);
        w->scratch_bytes[slot] = 0;
        /* a quarter more than asked for, so that slowly growing requests do not allocate each time
         */
        size_t grown = bytes + bytes / 4 + CACHE_LINE;
        w->scratch[slot] = pool->memory.allocate(grown + CACHE_LINE, pool->memory.user);
        if (!w->scratch[slot]) return NULL;
        w->scratch_bytes[slot] = grown;
    }
    return align_up(w->scratch[slot]);
}

void *tp_pool_scratch(tp_pool *pool, int worker, size_t bytes) {
    return tp_pool_scratch_slot(pool, worker, TP_SCRATCH_TASK, bytes);
}
