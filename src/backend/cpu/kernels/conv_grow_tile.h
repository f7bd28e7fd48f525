/* Register tiles of the weight gradient: rows are elements of the weight, whose source elements are broadcast from where they
 * lie; vectors lie along the channels of y; the sum runs over pixels of several images. A template, see conv_tmpl.h. */

/* The pixels: images, rows of them and columns, with the steps from one to the next in a (the source) and in b (y, channels side
 * by side). */
typedef struct NAME(pixels) {
    int64_t images, lines, columns;
    int64_t a_image, a_line, a_column;
    int64_t b_image, b_line, b_column;
    int64_t a_row;         /* from one row of the tile to the next */
    const int64_t *offset; /* or where each row begins, NULL where a_row says it */
    int64_t c_row;         /* of the sums */
    /* What is asked for meanwhile, a cache line a pixel, to be turned later: LANES rows, `ahead_row` apart. Beside a table alone. */
    const REAL *ahead;
    int64_t ahead_row;
} NAME(pixels);
#define PIXELS NAME(pixels)

typedef void (*NAME(grow_fn))(const PIXELS *x, const REAL *a, const REAL *b, REAL *c, bool add);

TP_ALWAYS_INLINE void NAME(grow)(const int rows, const int vectors, const bool table,
                                 const PIXELS *x, const REAL *a, const REAL *b, REAL *c, bool add) {
    VEC sum[MAX_ROWS][MAX_VECTORS];
    const int64_t a_row = x->a_row, a_column = x->a_column, b_column = x->b_column;
    const int64_t *offset = x->offset;
    int64_t asked = 0;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VEC){0};
    }
    for (int64_t n = 0; n < x->images; n++) {
        for (int64_t l = 0; l < x->lines; l++) {
            const REAL *from = a + n * x->a_image + l * x->a_line;
            const REAL *at = b + n * x->b_image + l * x->b_line;
            const REAL *base[(MAX_ROWS + 2) / 3];
            TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] = from + 3 * g * a_row;
            for (int64_t p = 0; p < x->columns; p++, at += b_column) {
                VEC right[MAX_VECTORS];
                TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(at + j * LANES);
                if (table) {
                    int64_t row = asked % LANES;
                    __builtin_prefetch(x->ahead + row * x->ahead_row + asked++ - row, 0,
                                       CONV_SECOND_LEVEL);
                }
                TP_UNROLL for (int i = 0; i < rows; i++) {
                    REAL left = table ? from[offset[i]] : base[i / 3][(i % 3) * a_row];
                    TP_UNROLL for (int j = 0; j < vectors; j++)
                        MULTIPLY_ADD(sum[i][j], left, right[j]);
                }
                from += a_column;
                TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] += a_column;
            }
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) {
            VEC v = sum[i][j];
            if (add) v += NAME(load)(c + i * x->c_row + j * LANES);
            NAME(store)(c + i * x->c_row + j * LANES, v);
        }
    }
}

#define GROW(rows, vectors)                                                                      \
    static void NAME(grow_##rows##x##vectors)(const PIXELS *x, const REAL *a, const REAL *b,     \
                                              REAL *c, bool add) {                               \
        NAME(grow)(rows, vectors, false, x, a, b, c, add);                                       \
    }                                                                                            \
    static void NAME(grow_any_##rows##x##vectors)(const PIXELS *x, const REAL *a, const REAL *b, \
                                                  REAL *c, bool add) {                           \
        NAME(grow)(rows, vectors, true, x, a, b, c, add);                                        \
    }
TILES_OF_1(GROW)
TILES_OF_2(GROW)
#undef GROW

#define GROW(rows, vectors)     NAME(grow_##rows##x##vectors),
#define GROW_ANY(rows, vectors) NAME(grow_any_##rows##x##vectors),
/* [rows anywhere][vectors - 1][rows - 1] */
static const NAME(grow_fn) NAME(grow_table)[2][2][MAX_ROWS] = {
    {{TILES_OF_1(GROW)}, {TILES_OF_2(GROW)}},
    {{TILES_OF_1(GROW_ANY)}, {TILES_OF_2(GROW_ANY)}},
};
#undef GROW
#undef GROW_ANY
