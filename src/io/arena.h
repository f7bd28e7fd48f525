/* Memory that is freed all at once, with a limit: for trees that a file describes. */
#ifndef TP_IO_ARENA_H
#define TP_IO_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tp_arena {
    struct tp_arena_chunk *chunks; /* newest first */
    char *next;
    size_t left;     /* bytes at next */
    size_t used;     /* bytes handed out */
    size_t limit;    /* of used; 0: none */
    bool over_limit; /* why the last NULL came */
} tp_arena;

/* Zeroed memory aligned to 16; NULL where memory or the limit is at its end. */
void *tp_arena_take(tp_arena *arena, size_t bytes);
/* A copy of n bytes with a 0 behind them. */
char *tp_arena_text(tp_arena *arena, const void *bytes, size_t n);
void tp_arena_end(tp_arena *arena);

#endif
