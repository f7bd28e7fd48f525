#include "io/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

typedef struct tp_arena_chunk {
    struct tp_arena_chunk *before;
    char pad[8]; /* keeps what follows aligned to 16 */
} tp_arena_chunk;

enum { FIRST = 1 << 10, LARGEST = 1 << 20 };

static bool add_chunk(tp_arena *arena, size_t bytes) {
    size_t size = arena->used < FIRST ? FIRST : arena->used < LARGEST ? arena->used : LARGEST;
    if (size < bytes) size = bytes;
    tp_arena_chunk *chunk = tp_new(sizeof *chunk + size);
    if (!chunk) return false;
    chunk->before = arena->chunks;
    arena->chunks = chunk;
    arena->next = (char *)(chunk + 1);
    arena->left = size;
    return true;
}

void *tp_arena_take(tp_arena *arena, size_t bytes) {
    if (bytes > PTRDIFF_MAX / 4) return NULL;
    bytes = (bytes + 15) / 16 * 16;
    arena->over_limit = arena->limit && bytes > arena->limit - arena->used;
    if (arena->over_limit) return NULL;
    if (bytes > arena->left && !add_chunk(arena, bytes)) return NULL;
    void *memory = arena->next;
    arena->next += bytes;
    arena->left -= bytes;
    arena->used += bytes;
    return memory;
}

char *tp_arena_text(tp_arena *arena, const void *bytes, size_t n) {
    char *text = tp_arena_take(arena, n + 1);
    if (text && n) memcpy(text, bytes, n);
    return text;
}

void tp_arena_end(tp_arena *arena) {
    while (arena->chunks) {
        tp_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->before;
        tp_delete(chunk);
    }
    *arena = (tp_arena){.limit = arena->limit};
}
