/* One type's part of momentum.c, which defines REAL, REAL_BITS, INTEGER, UNSIGNED and NAME(x).
 *
 * A tile of the gradient, some rows of two vectors, stays in registers while its sum over the samples runs, as in
 * gemm_outer.h, and is used there: nobody writes the gradient, and loading w and m hides behind the multiplications. What
 * stays visible are the stores: on Zen 5 one of 64 bytes costs two thirds of a multiply-add's cycle, wherever it stands. */

/* a plain number: names are made of it */
#if TP_VECTOR_BYTES * 8 / REAL_BITS == 16
#define LANES 16
#elif TP_VECTOR_BYTES * 8 / REAL_BITS == 8
#define LANES 8
#elif TP_VECTOR_BYTES * 8 / REAL_BITS == 4
#define LANES 4
#else
#define LANES 2
#endif

#include "gemm_vector.h"

enum {
    NAME(MAX_ROWS) = TP_VECTOR_REGISTERS == 32 ? 14 : 6,
    /* Columns of a block: those of x stay in the first-level cache while all rows of a part pass. */
    NAME(BLOCK) = 4 * LANES
};

/* A tile: dy, x, w and m from its first row or column on; in w and m the next tile is `next` behind. */
typedef void (*NAME(tile_fn))(const tp_momentum_args *args, const REAL *dy, const REAL *x, REAL *w,
                              REAL *m, int64_t next);

/* v = sum + momentum m becomes m, w -= lr v */
TP_ALWAYS_INLINE void NAME(use)(const tp_momentum_args *args, VEC sum, REAL *w, REAL *m) {
    VEC v = (REAL)args->momentum * NAME(load)(m) + sum;
    NAME(store)(m, v);
    NAME(store)(w, NAME(load)(w) - (REAL)args->lr * v);
}

TP_ALWAYS_INLINE void NAME(tile)(const int rows, const int vectors, const tp_momentum_args *args,
                                 const REAL *dy, const REAL *x, REAL *w, REAL *m, int64_t next) {
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
        int64_t ahead = p + 1 < rows ? columns : 0;
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

#define TILE(rows, vectors)                                                                    \
    static void NAME(tile_##rows##x##vectors)(const tp_momentum_args *args, const REAL *dy,    \
                                              const REAL *x, REAL *w, REAL *m, int64_t next) { \
        NAME(tile)(rows, vectors, args, dy, x, w, m, next);                                    \
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

/* Rows [begin, end) and columns [from, to), tile after tile. The first rows are the tile that is not full: so none asks for
 * rows behind the next one, which may be another thread's. */
static void NAME(momentum_block)(const tp_momentum_args *args, int64_t begin, int64_t end,
                                 int64_t from, int64_t to) {
    int64_t count = (end - begin + NAME(MAX_ROWS) - 1) / NAME(MAX_ROWS);
    int64_t height = (end - begin + count - 1) / count;
    int64_t rows = end - begin - (count - 1) * height;
    for (int64_t i = begin; i < end; i += rows, rows = height) {
        for (int64_t j = from; j < to; j += 2 * LANES) {
            int vectors = to - j >= 2 * LANES ? 2 : 1;
            int64_t at = i * args->columns + j, next = vectors * LANES;
            if (j + next >= to) next = i + rows < end ? rows * args->columns + from - j : 0;
            NAME(tile_fn) tile = NAME(tiles)[rows - 1][vectors - 1];
            tile(args, (const REAL *)args->dy + i, (const REAL *)args->x + j, (REAL *)args->w + at,
                 (REAL *)args->m + at, next);
        }
    }
}

static void NAME(momentum_part)(void *arg, int64_t part, int worker) {
    (void)worker;
    const tp_momentum_args *args = arg;
    int64_t begin = tp_gemm_row_border(args->rows, args->parts, (int)part);
    int64_t end = tp_gemm_row_border(args->rows, args->parts, (int)part + 1);
    if (begin == end) return;
    for (int64_t j = 0; j < args->columns; j += NAME(BLOCK)) {
        int64_t left = args->columns - j;
        NAME(momentum_block)(args, begin, end, j, j + (left < NAME(BLOCK) ? left : NAME(BLOCK)));
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
