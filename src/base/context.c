#include "base/context.h"

#include <pthread.h>
#include <string.h>

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "tensor/tensor.h"

_Thread_local tp_context tp_thread_context;

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static void end_thread(void *unused) {
    (void)unused;
    tp_shutdown();
}

static void make_end_key(void) {
    pthread_key_create(&end_key, end_thread);
}

tp_context *tp_context_start(void) {
    tp_context *context = &tp_thread_context;
    memset(context, 0, sizeof *context);
    context->ready = true;
    context->default_dtype = TP_FLOAT32;
    tp_generator_seed(&context->generator, 5489);
    context->kernels = tp_kernels_choose(tp_cpu_detect());
    pthread_once(&end_once, make_end_key);
    pthread_setspecific(end_key, context); /* so that end_thread runs */
    return context;
}

static void *pool_allocate(size_t bytes, void *user) {
    tp_heap *heap = user;
    heap->stats.system_allocations++;
    return heap->system.allocate ? heap->system.allocate(bytes, heap->system.user) : tp_system_allocate(bytes);
}

static void pool_release(void *block, size_t bytes, void *user) {
    tp_heap *heap = user;
    if (heap->system.release) heap->system.release(block, bytes, heap->system.user);
    else tp_system_release(block);
}

tp_pool *tp_context_pool(tp_context *context) {
    if (TP_LIKELY(context->pool != NULL)) return context->pool;
    int threads = context->threads > 0 ? context->threads : tp_cpu_count();
    context->pool = tp_pool_new(threads, pool_allocate, pool_release, &context->heap);
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

const char *tp_cpu_capability(void) {
    return tp_ctx()->kernels->name;
}
