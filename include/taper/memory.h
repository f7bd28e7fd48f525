/** @file memory.h
 *  Where memory comes from, and how much is in use.
 *
 *  Blocks go back to size-class free lists of the thread, so that a training loop makes no call to the
 *  system allocator once it has seen each size. docs/memory.md tells the whole story.
 */
#ifndef TAPER_MEMORY_H
#define TAPER_MEMORY_H

#include <taper/export.h>

TP_BEGIN_DECLS

/** The system side of the allocator, replaceable for tests and for embedding. */
typedef struct tp_allocator {
    /** Returns `bytes` bytes aligned to 64, or NULL. bytes is a positive multiple of 64. */
    void *(*allocate)(size_t bytes, void *user);
    /** Takes back what allocate gave; bytes is the number it was asked for. */
    void (*release)(void *block, size_t bytes, void *user);
    void *user;
} tp_allocator;

/** Sets this thread's allocator; NULL restores the default. Blocks still out go back through the allocator
 *  in force when they are released, so set it before anything else, or let both share one heap. */
TP_API void tp_set_allocator(const tp_allocator *allocator);

/** What this thread's tensors use, in bytes and calls. */
typedef struct tp_memory_stats {
    size_t live_bytes;          /**< in use now */
    size_t peak_bytes;          /**< most in use at once since tp_memory_reset_peak() */
    size_t cached_bytes;        /**< free, waiting in the free lists */
    int64_t live_tensors;       /**< tensors that someone owns or a graph needs */
    int64_t live_nodes;         /**< recorded operations that are alive */
    int64_t system_allocations; /**< calls to tp_allocator.allocate so far */
} tp_memory_stats;

/** Returns the figures of this thread. */
TP_API tp_memory_stats tp_memory_get_stats(void);

/** Starts a new peak measurement from what is in use now. */
TP_API void tp_memory_reset_peak(void);

/** Gives the free lists back to the system. Out of memory does this by itself before it gives up. */
TP_API void tp_memory_trim(void);

/** Frees everything this thread holds: scopes, tape, free lists, threads. Tensors that the user or a module
 *  kept must be freed before. Runs by itself when a thread ends; call it to end the main thread clean. */
TP_API void tp_shutdown(void);

TP_END_DECLS

#endif
