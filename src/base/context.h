/* The one context of a thread: everything that would otherwise be a global variable. */
#ifndef TP_BASE_CONTEXT_H
#define TP_BASE_CONTEXT_H

#include <taper/error.h>
#include <taper/memory.h>
#include <taper/random.h>

#include "base/pool.h"
#include "base/random.h"

#define TP_LIKELY(x)   __builtin_expect(!!(x), 1)
#define TP_UNLIKELY(x) __builtin_expect(!!(x), 0)

enum { TP_SIZE_CLASSES = 224, TP_TEXT_SLOTS = 8, TP_TEXT_BYTES = 512 };

struct tp_node;
struct tp_kernels;

/* A free block, linked through its own first bytes. */
typedef struct tp_free_block {
    struct tp_free_block *next;
} tp_free_block;

typedef struct tp_heap {
    tp_allocator system;
    tp_free_block *free[TP_SIZE_CLASSES];
    tp_memory_stats stats;
    struct tp_block_trace *trace; /* NULL but for a forecast, see base/trace.h */
} tp_heap;

/* Errors, the strings that describe them, and the first one that poison carries. */
typedef struct tp_error_state {
    tp_error_handler handler;
    void *user;
    tp_error last;
    tp_error first;                    /* code NONE while nothing is poisoned */
    char strings[2][3][TP_TEXT_BYTES]; /* [last, first][got, want, hint] */
    char text[TP_TEXT_SLOTS][TP_TEXT_BYTES];
    int next_text;
    uint32_t count; /* errors so far */
} tp_error_state;

/* An open scope: the tensors that it owns, newest first. */
typedef struct tp_scope_list {
    tp_tensor *first;
    bool step; /* a loader's: a break out of its loop leaves it open */
} tp_scope_list;

enum { TP_MAX_SCOPES = 256 };

typedef struct tp_scope_stack {
    int depth; /* index of the innermost open scope; 0 is the thread's own */
    tp_scope_list lists[TP_MAX_SCOPES];
} tp_scope_stack;

/* The tape: recorded operations in the order in which they ran. */
typedef struct tp_tape {
    struct tp_node *newest;
    struct tp_node *dying; /* nodes whose last holder let go, waiting to be freed one by one */
    bool freeing;
    uint64_t sequence;
    bool no_grad;
    bool walking;        /* inside tp_backward */
    int pending;         /* nodes that a gradient came back to and that wait for their turn */
    bool failed;         /* an error stopped the walk */
    bool detect_anomaly; /* look for NaN and Inf in every result */
    bool tracing;        /* record every operation, whoever wants gradients: see io/graph/trace.h */
    struct tp_lazy_grad *lazies; /* gradients still to be computed */
} tp_tape;

typedef struct tp_context {
    bool ready;
    tp_error_state error;
    tp_heap heap;
    tp_scope_stack scope;
    tp_tape tape;
    tp_dtype default_dtype;
    struct tp_generator generator;
    const struct tp_kernels *kernels;
    tp_pool *pool;
    int threads; /* wanted; 0 until asked: as many as processors */
    /* What nn/ keeps for the thread; it sets these four together. */
    struct tp_module_state *modules;
    const char **module_path;          /* the path of the layer that is running stands there */
    const char *(*module_where)(void); /* "in layer 2 (Linear)", or NULL */
    void (*modules_end)(void);         /* frees it all */
    /* What data/ keeps: husks of data sets that ended. */
    struct tp_dataset *datasets;
    void (*datasets_end)(void);
    struct tp_print_state {
        int precision, threshold, edgeitems, linewidth;
    } print;
} tp_context;

/* The calling thread's context, made at its first use; never NULL. */
extern _Thread_local tp_context tp_thread_context;
tp_context *tp_context_start(void);
static inline tp_context *tp_ctx(void) {
    tp_context *context = &tp_thread_context;
    return TP_LIKELY(context->ready) ? context : tp_context_start();
}

/* The pool of the thread, made at first use; NULL when out of memory: run inline then. */
tp_pool *tp_context_pool(tp_context *context);

#endif
