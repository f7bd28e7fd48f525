#include "base/context.h"

#include <pthread.h>
#include <string.h>

#include <taper/runtime.h>

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/fail.h"

_Thread_local tp_context tp_thread_context;

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static void end_thread(void *unused) {
    (void)unused;
    tp_shutdown();
}

static void make_end_key(void) { pthread_key_create(&end_key, end_thread); }

tp_context *tp_context_start(void) {
    tp_context *context = &tp_thread_context;
    memset(context, 0, sizeof *context);
    context->ready = true;
    context->default_dtype = TP_FLOAT32;
    tp_generator_seed(&context->generator, TP_DEFAULT_SEED);
    pthread_once(&end_once, make_end_key);
    pthread_setspecific(end_key, context); /* so that end_thread runs */
    const char *problem = NULL;
    context->kernels = tp_kernels_choose(tp_cpu_choose(&problem));
    if (problem)
        tp_fail(TP_MAKE(tp_location, NULL, 0), "TAPER_CPU", TP_ERROR_ARGUMENT, problem,
                "baseline, avx2, avx512 or neon", NULL);
    return context;
}

/* Scratch of the pool's workers remembers its size in front, since the pool does not. */
enum { SCRATCH_HEADER = 64 };

static void *scratch_allocate(size_t bytes, void *user) {
    tp_heap *heap = user;
    size_t whole = (bytes + SCRATCH_HEADER + 63) / 64 * 64;
    __atomic_fetch_add(&heap->stats.system_allocations, 1,
                       __ATOMIC_RELAXED); /* workers ask at the same time */
    char *block = heap->system.allocate ? heap->system.allocate(whole, heap->system.user)
                                        : tp_system_allocate(whole);
    if (!block) return NULL;
    *(size_t *)(void *)block = whole;
    return block + SCRATCH_HEADER;
}

static void scratch_release(void *scratch, void *user) {
    tp_heap *heap = user;
    if (!scratch) return;
    char *block = (char *)scratch - SCRATCH_HEADER;
    if (heap->system.release)
        heap->system.release(block, *(size_t *)(void *)block, heap->system.user);
    else
        tp_system_release(block);
}

tp_pool *tp_context_pool(tp_context *context) {
    if (TP_LIKELY(context->pool != NULL)) return context->pool;
    int threads = context->threads > 0 ? context->threads : tp_cpu_count();
    context->pool =
        tp_pool_new(threads, &(tp_pool_memory){scratch_allocate, scratch_release, &context->heap});
    return context->pool;
}

void tp_set_num_threads(int threads) {
    tp_context *context = tp_ctx();
    if (threads < 1) threads = 1;
    if (context->pool && tp_pool_threads(context->pool) == threads) return;
    context->threads = threads;
    tp_pool_free(context->pool);
    context->pool = NULL;
}

int tp_get_num_threads(void) {
    tp_context *context = tp_ctx();
    return context->threads > 0 ? context->threads : tp_cpu_count();
}

const char *tp_version(void) { return TP_VERSION; }

const char *tp_cpu_capability(void) { return tp_ctx()->kernels->name; }
