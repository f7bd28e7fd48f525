/* A small thread pool: tasks go to workers by a fixed rule, the caller works too, waiting spins a
 * little and then sleeps.
 *
 * A pool serves one thread, the one whose context it belongs to: two threads must not call
 * tp_pool_run on one pool at the same time. Tasks are split into contiguous ranges, one a worker,
 * in the same way at every call, so that a worker meets the same rows of a matrix again while they
 * are still in its cache. When a worker has not begun its range by the time the caller has finished
 * its own, the caller does that range as well: a sleeping or descheduled worker costs little. */
#ifndef TP_BASE_POOL_H
#define TP_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tp_pool tp_pool;

/* Where scratch memory comes from. allocate may return NULL and may be called from several workers
 * at a time. */
typedef struct tp_pool_memory {
    void *(*allocate)(size_t bytes, void *user);
    void (*release)(void *block, void *user);
    void *user;
} tp_pool_memory;

/* One task. worker is from 0 to tp_pool_threads(pool) - 1; no two tasks run at the same time under
 * one number. */
typedef void (*tp_task_fn)(void *arg, int64_t task, int worker);
/* A stretch [begin, end) of a loop. */
typedef void (*tp_range_fn)(void *arg, int64_t begin, int64_t end);

/* Buffers of one worker that may be in use at the same time. CONV is for the tasks of a convolution, SHARED for what all of
 * them read, PAIRS for operands in bfloat16. */
enum {
    TP_SCRATCH_TASK,
    TP_SCRATCH_GEMM,
    TP_SCRATCH_CONV,
    TP_SCRATCH_SHARED,
    TP_SCRATCH_PAIRS,
    TP_SCRATCH_COUNT
};

/* A pool of that many threads, the caller among them (less than 1 counts as 1). Threads are started
 * by the first run that needs them; should the system refuse one, the pool works with those it has.
 * memory NULL means malloc and free. NULL when out of memory. */
tp_pool *tp_pool_new(int threads, const tp_pool_memory *memory);
/* Ends the threads and releases the scratch memory. NULL is fine. */
void tp_pool_free(tp_pool *pool);
/* Threads that it was made for, at least 1; 1 for NULL. */
int tp_pool_threads(const tp_pool *pool);

/* How many threads would work at once: the caller and those workers behind it that are looking for
 * work this moment; the caller alone where they are far. Waking a sleeper costs some microseconds; what is too small to pay for that may
 * still be shared with these. Only for what does not change results. */
int tp_pool_awake(const tp_pool *pool);

/* Whether a word to a worker and back takes long, as measured now and then: the processors share no cache. What they share of their
 * work has to be larger then. Only for what does not change results. */
bool tp_pool_far(const tp_pool *pool);

/* Runs fn(arg, task, worker) for every task in [0, tasks) and returns when all are done. Called
 * from inside a task of the same pool, or with pool NULL, it runs them inline, in order, on the
 * worker it is called from. */
void tp_pool_run(tp_pool *pool, int64_t tasks, tp_task_fn fn, void *arg);

/* Splits [0, n) into chunks of grain (at least 1; the last one may be shorter) and runs fn on each.
 * Where chunks begin depends on n and grain alone, never on the number of threads. */
void tp_parallel_for(tp_pool *pool, int64_t n, int64_t grain, tp_range_fn fn, void *arg);

/* The grain, at most `grain`, with which n is split into equal chunks: without it a little more than one grain makes a full chunk and a
 * small one. */
int64_t tp_even_grain(int64_t n, int64_t grain);

/* The worker number of the calling thread: 0 outside of a task. */
int tp_pool_worker(const tp_pool *pool);
/* Whether the calling thread is in the middle of a task of this pool, so that a run would be
 * inline. */
bool tp_pool_inside(const tp_pool *pool);

/* At least `bytes` bytes aligned to 64, owned by the pool, good until the next request for the same
 * worker and slot. Ask from inside a task for one's own worker, or from outside of any run for
 * every worker. NULL when out of memory or for a NULL pool. tp_pool_scratch is for tasks; matrix
 * products keep a slot of their own, so that tasks may call them. */
void *tp_pool_scratch(tp_pool *pool, int worker, size_t bytes);
void *tp_pool_scratch_slot(tp_pool *pool, int worker, int slot, size_t bytes);

#endif
