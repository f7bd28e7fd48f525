/* Register tiles with vectors along a row of results: rows are channels of the result. A template, see conv_tmpl.h. */

/* What a tile adds up, and where it goes. Step (c, t) reads b at c * channel + offset[t], and `rows` weights that lie side by
 * side. */
typedef struct NAME(line) {
    int64_t channels, taps;
    const int64_t *offset;
    int64_t channel;
    const REAL *bias; /* one for each row, or NULL */
    bool relu;
    int64_t to_row,
        count; /* distance of the rows of the result; elements of each, at most the tile's */
} NAME(line);
#define LINE NAME(line)

typedef void (*NAME(pixel_fn))(const LINE *line, const REAL *a, const REAL *b, REAL *to);

TP_ALWAYS_INLINE void NAME(pixel)(const int rows, const int vectors, const LINE *line,
                                  const REAL *a, const REAL *b, REAL *to) {
    VEC sum[MAX_ROWS][MAX_VECTORS];
    const int64_t taps = line->taps, *offset = line->offset;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        VEC start = (VEC){0} + (line->bias ? line->bias[i] : 0);
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = start;
    }
    for (int64_t c = 0; c < line->channels; c++, b += line->channel) {
        for (int64_t t = 0; t < taps; t++, a += rows) {
            const REAL *from = b + offset[t];
            VEC right[MAX_VECTORS];
            TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(from + j * LANES);
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
    const int64_t last = line->count - (vectors - 1) * LANES;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        REAL *row = to + i * line->to_row;
        TP_UNROLL for (int j = 0; j < vectors - 1; j++) NAME(store)(row + j * LANES, sum[i][j]);
        if (last == LANES)
            NAME(store)(row + (vectors - 1) * LANES, sum[i][vectors - 1]);
        else
            NAME(store_part)(row + (vectors - 1) * LANES, sum[i][vectors - 1], last);
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

/* Rows of a tile of that many vectors at most. */
static int64_t NAME(pixel_rows)(int64_t vectors) {
    if (vectors <= 2) return MAX_ROWS;
    if (vectors == 3) return TP_VECTOR_REGISTERS == 32 ? 8 : 3;
    return TP_VECTOR_REGISTERS == 32 ? 6 : 2;
}
