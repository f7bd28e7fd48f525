/* Register tiles with vectors along a row of results: rows are channels of the result. A template, see conv_tmpl.h. */

enum { NAME(most_vectors) = 4 };

/* What a tile adds up, and where it goes. Step (c, t) reads vector j at c * channel + offset[t] + place[j], and `rows` weights
 * that lie side by side. */
typedef struct NAME(line) {
    int64_t channels, taps;
    const int64_t *offset;
    int64_t channel;
    const REAL *bias; /* one for each row, or NULL */
    bool relu;
    int64_t to_row; /* distance of the rows of the result */
    /* of each vector: where it begins in the source and in a row of the result, and how many of its lanes are stored */
    int64_t place[NAME(most_vectors)], to_place[NAME(most_vectors)], lanes[NAME(most_vectors)];
} NAME(line);
#define LINE NAME(line)

typedef void (*NAME(pixel_fn))(const LINE *line, const REAL *a, const REAL *b, REAL *to);

/* The sums of a tile, from the bias on. */
TP_ALWAYS_INLINE void NAME(pixel_sums)(const int rows, const int vectors, const LINE *line,
                                       const REAL *a, const REAL *b, const int64_t *place,
                                       VEC sum[MAX_ROWS][MAX_VECTORS]) {
    const int64_t taps = line->taps, *offset = line->offset;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        VEC start = (VEC){0} + (line->bias ? line->bias[i] : 0);
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = start;
    }
    for (int64_t c = 0; c < line->channels; c++, b += line->channel) {
        for (int64_t t = 0; t < taps; t++, a += rows) {
            const REAL *from = b + offset[t];
            VEC right[MAX_VECTORS];
            TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(from + place[j]);
            TP_UNROLL for (int i = 0; i < rows; i++) {
                REAL left = a[i];
                TP_UNROLL for (int j = 0; j < vectors; j++) MULTIPLY_ADD(sum[i][j], left, right[j]);
            }
        }
    }
    if (line->relu) {
        TP_UNROLL for (int i = 0; i < rows; i++) {
            TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] =
                NAME(activate)(TP_EPILOGUE_RELU, 0, sum[i][j]);
        }
    }
}

TP_ALWAYS_INLINE void NAME(pixel)(const int rows, const int vectors, const LINE *line,
                                  const REAL *a, const REAL *b, REAL *to) {
    VEC sum[MAX_ROWS][MAX_VECTORS];
    int64_t place[MAX_VECTORS];
    const int64_t to_row = line->to_row; /* stores may not make it be read again */
    TP_UNROLL for (int j = 0; j < vectors; j++) place[j] = line->place[j];
    NAME(pixel_sums)(rows, vectors, line, a, b, place, sum);
    TP_UNROLL for (int j = 0; j < vectors; j++) {
        REAL *column = to + line->to_place[j];
        const int64_t lanes = line->lanes[j];
        TP_UNROLL for (int i = 0; i < rows; i++) {
            if (lanes == LANES)
                NAME(store)(column + i * to_row, sum[i][j]);
            else
                NAME(store_part)(column + i * to_row, sum[i][j], lanes);
        }
    }
}

/* `tiles` of them side by side along one row of results, whose vectors follow one another and are stored whole. */
enum { NAME(RUN_VECTORS) = TP_VECTOR_REGISTERS == 32 ? 3 : 2 };
typedef void (*NAME(run_fn))(const LINE *line, const REAL *a, const REAL *b, REAL *to,
                             int64_t tiles);

TP_ALWAYS_INLINE void NAME(pixel_run)(const int rows, const LINE *line, const REAL *a,
                                      const REAL *b, REAL *to, int64_t tiles) {
    enum { VECTORS = NAME(RUN_VECTORS) };
    const int64_t to_row = line->to_row; /* stores may not make it be read again */
    int64_t place[MAX_VECTORS];
    TP_UNROLL for (int j = 0; j < VECTORS; j++) place[j] = j * LANES;
    for (; tiles > 0; tiles--, b += VECTORS * LANES, to += VECTORS * LANES) {
        VEC sum[MAX_ROWS][MAX_VECTORS];
        NAME(pixel_sums)(rows, VECTORS, line, a, b, place, sum);
        TP_UNROLL for (int i = 0; i < rows; i++) {
            TP_UNROLL for (int j = 0; j < VECTORS; j++)
                NAME(store)(to + i * to_row + j * LANES, sum[i][j]);
        }
    }
}

#define PIXEL(rows, vectors)                                                                   \
    static void NAME(pixel_##rows##x##vectors)(const LINE *line, const REAL *a, const REAL *b, \
                                               REAL *to) {                                     \
        NAME(pixel)(rows, vectors, line, a, b, to);                                            \
    }
TILES_OF_1(PIXEL)
TILES_OF_2(PIXEL)
TILES_OF_3(PIXEL)
TILES_OF_4(PIXEL)
#undef PIXEL

#define PIXEL(rows, vectors) NAME(pixel_##rows##x##vectors),
/* [vectors - 1][rows - 1] */
static const NAME(pixel_fn) NAME(pixel_table)[4][MAX_ROWS] = {
    {TILES_OF_1(PIXEL)}, {TILES_OF_2(PIXEL)}, {TILES_OF_3(PIXEL)}, {TILES_OF_4(PIXEL)}};
#undef PIXEL

#if TP_VECTOR_REGISTERS == 32
#define RUNS(X) TILES_OF_3(X)
#else
#define RUNS(X) TILES_OF_2(X)
#endif
#define RUN(rows, vectors)                                                                       \
    static void NAME(pixel_run_##rows)(const LINE *line, const REAL *a, const REAL *b, REAL *to, \
                                       int64_t tiles) {                                          \
        NAME(pixel_run)(rows, line, a, b, to, tiles);                                            \
    }
RUNS(RUN)
#undef RUN

#define RUN(rows, vectors) NAME(pixel_run_##rows),
/* [rows - 1] */
static const NAME(run_fn) NAME(run_table)[] = {RUNS(RUN)};
#undef RUN
#undef RUNS

/* Rows of a tile of that many vectors at most. */
static int64_t NAME(pixel_rows)(int64_t vectors) {
    if (vectors <= 2) return MAX_ROWS;
    if (vectors == 3) return TP_VECTOR_REGISTERS == 32 ? 8 : 3;
    return TP_VECTOR_REGISTERS == 32 ? 6 : 2;
}
