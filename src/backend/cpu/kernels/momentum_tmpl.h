/* One type's part of momentum.c, which defines REAL, REAL_BITS, INTEGER, UNSIGNED and NAME(x).
 *
 * A tile of the gradient, some rows of two vectors, stays in registers while its sum over the samples runs, as in
 * gemm_outer.h, and is used there: nobody writes the gradient, and loading w and m hides behind the multiplications. What
 * stays visible are the stores: on Zen 5 one of 64 bytes costs two thirds of a multiply-add's cycle, wherever it stands. */

#include "lane_count.h"

#include "gemm_vector.h"

enum {
    NAME(MAX_ROWS) = TP_VECTOR_REGISTERS == 32 ? 14 : 6,
    /* Columns of a block: those of x stay in the first-level cache while all rows of a part pass. */
    NAME(BLOCK) = 4 * LANES
};

/* A tile: dy, x, w and m from its first row or column on. In w and m the row of the next tile that is asked for first is
 * `next` behind, and each other one `step` behind the one before. */
typedef void (*NAME(tile_fn))(const tp_momentum_args *args, const REAL *dy, const REAL *x, REAL *w,
                              REAL *m, int64_t next, int64_t step);

/* v = sum + momentum m becomes m, w -= lr v */
TP_ALWAYS_INLINE void NAME(use)(const tp_momentum_args *args, VEC sum, REAL *w, REAL *m) {
    VEC v = (REAL)args->momentum * NAME(load)(m) + sum;
    NAME(store)(m, v);
    NAME(store)(w, NAME(load)(w) - (REAL)args->lr * v);
}

TP_ALWAYS_INLINE void NAME(tile)(const int rows, const int vectors, const tp_momentum_args *args,
                                 const REAL *dy, const REAL *x, REAL *w, REAL *m, int64_t next,
                                 int64_t step) {
    VEC sum[NAME(MAX_ROWS)][2];
    const int64_t depth = args->depth, columns = args->columns, dy_row = args->rows;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VEC){0};
    }
    const REAL *next_w = w + next, *next_m = m + next;
    for (int64_t p = 0; p < depth; p++, dy += dy_row, x += columns) {
        VEC right[2];
        TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(x + j * LANES);
        TP_UNROLL for (int i = 0; i < rows; i++) {
            TP_UNROLL for (int j = 0; j < vectors; j++) MULTIPLY_ADD(sum[i][j], dy[i], right[j]);
        }
        TP_UNROLL for (int j = 0; j < vectors; j++) {
            __builtin_prefetch(next_w + j * LANES, 1);
            __builtin_prefetch(next_m + j * LANES, 1);
        }
        int64_t ahead = p + 1 < rows ? step : 0;
        next_w += ahead;
        next_m += ahead;
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) {
            int64_t at = i * columns + j * LANES;
            NAME(use)(args, sum[i][j], w + at, m + at);
        }
    }
}

#define TILE(rows, vectors)                                                                  \
    static void NAME(tile_##rows##x##vectors)(const tp_momentum_args *args, const REAL *dy,  \
                                              const REAL *x, REAL *w, REAL *m, int64_t next, \
                                              int64_t step) {                                \
        NAME(tile)(rows, vectors, args, dy, x, w, m, next, step);                            \
    }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)
#if TP_VECTOR_REGISTERS == 32
TILES(7)
TILES(8)
TILES(9)
TILES(10)
TILES(11)
TILES(12)
TILES(13)
TILES(14)
#endif
#undef TILES
#undef TILE

/* [rows - 1][vectors - 1] */
#define TILES(rows) \
    { NAME(tile_##rows##x1), NAME(tile_##rows##x2) }
static const NAME(tile_fn) NAME(tiles)[NAME(MAX_ROWS)][2] = {
    TILES(1), TILES(2), TILES(3), TILES(4),  TILES(5),  TILES(6),
#if TP_VECTOR_REGISTERS == 32
    TILES(7), TILES(8), TILES(9), TILES(10), TILES(11), TILES(12), TILES(13), TILES(14),
#endif
};
#undef TILES

/* Some rows of w that one thread has. */
typedef struct NAME(part) {
    const tp_momentum_args *args;
    int64_t begin, end;
    int64_t first,
        height; /* rows of the tile that comes first, and of the others: it never asks for rows behind theirs */
    /* From the last row to the first. The processor fetches on in the direction in which it sees rows used: two neighbours
     * that work away from their common border do not take each other's rows out of the cache. */
    bool upwards;
} NAME(part);

/* The tile in rows from i on and all panels in columns [from, to). */
static void NAME(panels)(const NAME(part) * part, int64_t i, int64_t rows, int64_t from,
                         int64_t to) {
    const tp_momentum_args *args = part->args;
    int64_t columns = args->columns, step = part->upwards ? -columns : columns;
    int64_t row = part->upwards ? (rows - 1) * columns : 0; /* the first one to ask for */
    bool last = part->upwards ? i == part->begin : i + rows == part->end;
    for (int64_t j = from; j < to; j += 2 * LANES) {
        int vectors = to - j >= 2 * LANES ? 2 : 1;
        int64_t at = i * columns + j, next = row + vectors * LANES;
        if (j + vectors * LANES >= to)
            next = last ? row : from - j + (part->upwards ? -columns : rows * columns);
        NAME(tile_fn) tile = NAME(tiles)[rows - 1][vectors - 1];
        tile(args, (const REAL *)args->dy + i, (const REAL *)args->x + j, (REAL *)args->w + at,
             (REAL *)args->m + at, next, step);
    }
}

static void NAME(momentum_part)(void *arg, int64_t task, int worker) {
    (void)worker;
    const tp_momentum_args *args = arg;
    NAME(part) part = {.args = args, .upwards = task % 2 == 0 && task + 1 < args->parts};
    part.begin = tp_gemm_row_border(args->rows, args->parts, (int)task);
    part.end = tp_gemm_row_border(args->rows, args->parts, (int)task + 1);
    int64_t rows = part.end - part.begin, count = (rows + NAME(MAX_ROWS) - 1) / NAME(MAX_ROWS);
    if (rows == 0) return;
    part.height = (rows + count - 1) / count;
    part.first = rows - (count - 1) * part.height;
    for (int64_t j = 0; j < args->columns; j += NAME(BLOCK)) {
        int64_t to = args->columns - j < NAME(BLOCK) ? args->columns : j + NAME(BLOCK);
        for (int64_t done = 0, height = part.first; done < rows; height = part.height) {
            int64_t i = part.upwards ? part.end - done - height : part.begin + done;
            NAME(panels)(&part, i, height, j, to);
            done += height;
        }
    }
}

static bool NAME(momentum)(tp_pool *pool, const tp_momentum_args *args) {
    if (args->columns % LANES != 0) return false;
    tp_momentum_args own = *args;
    tp_pool_run(pool, args->parts, NAME(momentum_part), &own);
    return true;
}

#undef LANES
#undef VEC
#undef LOOSE
#undef IVEC
#undef UVEC
#undef WEAVE
#undef WEAVE_STAGE
