#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/context.h"
#include "base/trace.h"

#if defined(__SANITIZE_ADDRESS__)
#define TP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TP_ASAN 1
#endif
#endif
#ifdef TP_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(block, bytes)   __asan_poison_memory_region(block, bytes)
#define UNPOISON(block, bytes) __asan_unpoison_memory_region(block, bytes)
#else
#define POISON(block, bytes)   ((void)0)
#define UNPOISON(block, bytes) ((void)0)
#endif

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* Classes: 64, 128, 192, 256, then four steps to each power of two (80, 96, 112, 128 percent), so that at most a
 * fifth of a block is lost. */
static int class_of(size_t bytes, size_t *size) {
    if (bytes <= 256) {
        int index = bytes ? (int)((bytes + 63) / 64) - 1 : 0;
        *size = (size_t)(index + 1) * 64;
        return index;
    }
    int top =
        63 - __builtin_clzll((unsigned long long)(bytes - 1)); /* 2^top <= bytes-1 < 2^(top+1) */
    size_t step = (size_t)1 << (top - 2);
    size_t over = bytes - ((size_t)1 << top);
    int quarter = (int)((over + step - 1) / step); /* 1..4 */
    *size = ((size_t)1 << top) + (size_t)quarter * step;
    return 4 + (top - 8) * 4 + quarter - 1;
}

size_t tp_block_size(size_t bytes) {
    size_t size;
    class_of(bytes, &size);
    return size;
}

void *tp_system_allocate(size_t bytes) {
    size_t alignment = bytes >= 2 * (size_t)HUGE_PAGE ? (size_t)HUGE_PAGE : (size_t)ALIGNMENT;
    size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void *block = aligned_alloc(alignment, rounded);
#ifdef MADV_HUGEPAGE
    /* Weights and activations of megabytes: fewer TLB misses, and fewer faults at the first touch. */
    if (block && alignment == HUGE_PAGE) madvise(block, rounded, MADV_HUGEPAGE);
#endif
    return block;
}

void tp_system_release(void *block) { free(block); }

static void *system_take(tp_heap *heap, size_t size) {
    heap->stats.system_allocations++;
    if (heap->system.allocate) return heap->system.allocate(size, heap->system.user);
    return tp_system_allocate(size);
}

static void system_give(tp_heap *heap, void *block, size_t size) {
    if (heap->system.release)
        heap->system.release(block, size, heap->system.user);
    else
        tp_system_release(block);
}

void *tp_block_allocate(size_t bytes) {
    if (bytes > PTRDIFF_MAX / 2) return NULL;
    tp_heap *heap = &tp_ctx()->heap;
    size_t size;
    int index = class_of(bytes, &size);
    tp_free_block *block = heap->free[index];
    if (TP_LIKELY(block != NULL)) {
        UNPOISON(block, size);
        heap->free[index] = block->next;
        heap->stats.cached_bytes -= size;
    } else {
        block = system_take(heap, size);
        if (!block) {
            tp_memory_trim(); /* what waits in other classes may be enough */
            block = system_take(heap, size);
        }
        if (!block) return NULL;
    }
    heap->stats.live_bytes += size;
    if (heap->stats.live_bytes > heap->stats.peak_bytes)
        heap->stats.peak_bytes = heap->stats.live_bytes;
    if (TP_UNLIKELY(heap->trace != NULL)) tp_block_trace_note(heap->trace, (int64_t)bytes);
    return block;
}

void tp_block_release(void *block, size_t bytes) {
    if (!block) return;
    tp_heap *heap = &tp_ctx()->heap;
    size_t size;
    int index = class_of(bytes, &size);
    tp_free_block *free_block = block;
    free_block->next = heap->free[index];
    heap->free[index] = free_block;
    heap->stats.live_bytes -= size;
    heap->stats.cached_bytes += size;
    if (TP_UNLIKELY(heap->trace != NULL)) tp_block_trace_note(heap->trace, -(int64_t)bytes);
    /* All but the link, which the leak checker follows to know that nothing is lost. */
    POISON((char *)block + sizeof *free_block, size - sizeof *free_block);
}

static size_t size_of_class(int index) {
    if (index < 4) return (size_t)(index + 1) * 64;
    int top = 8 + (index - 4) / 4, quarter = (index - 4) % 4 + 1;
    return ((size_t)1 << top) + (size_t)quarter * ((size_t)1 << (top - 2));
}

void tp_memory_trim(void) {
    tp_heap *heap = &tp_ctx()->heap;
    for (int i = 0; i < TP_SIZE_CLASSES; i++) {
        size_t size = size_of_class(i);
        while (heap->free[i]) {
            tp_free_block *block = heap->free[i];
            UNPOISON(block, size);
            heap->free[i] = block->next;
            heap->stats.cached_bytes -= size;
            system_give(heap, block, size);
        }
        if (size > PTRDIFF_MAX / 2) break;
    }
}

void tp_set_allocator(const tp_allocator *allocator) {
    tp_memory_trim();
    tp_heap *heap = &tp_ctx()->heap;
    heap->system = allocator ? *allocator : (tp_allocator){0};
}

tp_memory_stats tp_memory_get_stats(void) { return tp_ctx()->heap.stats; }

void tp_memory_reset_peak(void) {
    tp_heap *heap = &tp_ctx()->heap;
    heap->stats.peak_bytes = heap->stats.live_bytes;
}

/* ---- plain memory that remembers its size ---- */

typedef struct header {
    size_t bytes; /* of the whole block */
    char pad[8];  /* keeps what follows aligned to 16 */
} header;

void *tp_new(size_t bytes) {
    if (bytes > PTRDIFF_MAX / 4) return NULL;
    header *block = tp_block_allocate(bytes + sizeof(header));
    if (!block) return NULL;
    block->bytes = bytes + sizeof(header);
    memset(block + 1, 0, bytes);
    return block + 1;
}

void tp_delete(void *memory) {
    if (!memory) return;
    header *block = (header *)memory - 1;
    tp_block_release(block, block->bytes);
}

void *tp_resize(void *memory, size_t bytes) {
    if (!memory) return tp_new(bytes);
    header *block = (header *)memory - 1;
    size_t old = block->bytes - sizeof(header);
    void *grown = tp_new(bytes);
    if (!grown) return NULL;
    memcpy(grown, memory, old < bytes ? old : bytes);
    tp_delete(memory);
    return grown;
}

char *tp_string_copy(const char *text) {
    if (!text) return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = tp_new(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}
