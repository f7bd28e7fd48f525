/* Winograd's transforms of a tile: of its columns, then of its rows, for LANES channels at a time. A template, see
 * winograd.c. */

/* Element (i, j), a vector, lies i * row + j * col elements from the first. */
typedef void (*NAME(transform_fn))(const REAL *from, int64_t from_row, int64_t from_col, REAL *to,
                                   int64_t to_row, int64_t to_col);

/* (in, in) to (out, out), where `line` makes out vectors of in */
#define TRANSFORM(name, in, out, line)                                                     \
    static void NAME(name)(const REAL *from, int64_t from_row, int64_t from_col, REAL *to, \
                           int64_t to_row, int64_t to_col) {                               \
        VEC middle[out][in];                                                               \
        TP_UNROLL for (int j = 0; j < in; j++) {                                           \
            VEC column[in], made[out];                                                     \
            TP_UNROLL for (int i = 0; i < in; i++) column[i] =                             \
                NAME(load)(from + i * from_row + j * from_col);                            \
            NAME(line)(column, made);                                                      \
            TP_UNROLL for (int i = 0; i < out; i++) middle[i][j] = made[i];                \
        }                                                                                  \
        TP_UNROLL for (int i = 0; i < out; i++) {                                          \
            VEC made[out];                                                                 \
            NAME(line)(middle[i], made);                                                   \
            TP_UNROLL for (int j = 0; j < out; j++)                                        \
                NAME(store)(to + i * to_row + j * to_col, made[j]);                        \
        }                                                                                  \
    }
TRANSFORM(input_tile4, 6, 6, input_line4)
TRANSFORM(output_tile4, 6, 4, output_line4)
TRANSFORM(kernel_tile4, 3, 6, kernel_line4)
TRANSFORM(gradient_tile4, 4, 6, gradient_line4)
TRANSFORM(weight_tile4, 6, 3, weight_line4)
TRANSFORM(output_tile4_5, 6, 2, output_line4_5)
TRANSFORM(kernel_tile4_5, 5, 6, kernel_line4_5)
TRANSFORM(gradient_tile4_5, 2, 6, gradient_line4_5)
TRANSFORM(weight_tile4_5, 6, 5, weight_line4_5)
TRANSFORM(input_tile5, 7, 7, input_line5)
TRANSFORM(output_tile5, 7, 5, output_line5)
TRANSFORM(kernel_tile5, 3, 7, kernel_line5)
TRANSFORM(gradient_tile5, 5, 7, gradient_line5)
TRANSFORM(weight_tile5, 7, 3, weight_line5)
TRANSFORM(input_tile2, 4, 4, input_line2)
TRANSFORM(output_tile2, 4, 2, output_line2)
TRANSFORM(kernel_tile2, 3, 4, kernel_line2)
TRANSFORM(gradient_tile2, 2, 4, gradient_line2)
TRANSFORM(weight_tile2, 4, 3, weight_line2)
TRANSFORM(input_tile8, 8, 8, input_line8)
TRANSFORM(output_tile8, 8, 4, output_line8)
TRANSFORM(kernel_tile8, 5, 8, kernel_line8)
TRANSFORM(gradient_tile8, 4, 8, gradient_line8)
TRANSFORM(weight_tile8, 8, 5, weight_line8)
#undef TRANSFORM

/* F(tile x tile, kernel x kernel) */
typedef struct NAME(method) {
    int side, tile, points; /* of a line: taps, outputs and products */
    NAME(transform_fn) input, output, kernel, gradient, weight;
} NAME(method);
#define METHOD NAME(method)
enum { NAME(MOST_TAPS) = 25 };

static const METHOD NAME(methods)[] = {
    {3, 2, 4, NAME(input_tile2), NAME(output_tile2), NAME(kernel_tile2), NAME(gradient_tile2),
     NAME(weight_tile2)},
    {3, 4, 6, NAME(input_tile4), NAME(output_tile4), NAME(kernel_tile4), NAME(gradient_tile4),
     NAME(weight_tile4)},
    {3, 5, 7, NAME(input_tile5), NAME(output_tile5), NAME(kernel_tile5), NAME(gradient_tile5),
     NAME(weight_tile5)},
    {5, 2, 6, NAME(input_tile4), NAME(output_tile4_5), NAME(kernel_tile4_5), NAME(gradient_tile4_5),
     NAME(weight_tile4_5)},
    {5, 4, 8, NAME(input_tile8), NAME(output_tile8), NAME(kernel_tile8), NAME(gradient_tile8),
     NAME(weight_tile8)}};

/* The method that multiplies least, with the smallest tiles where several do. */
static const METHOD *NAME(choose_method)(int side, int64_t rows, int64_t cols) {
    const METHOD *best = NULL;
    int64_t least = 0;
    for (size_t i = 0; i < sizeof NAME(methods) / sizeof *NAME(methods); i++) {
        const METHOD *method = &NAME(methods)[i];
        int64_t tile = method->tile, points = method->points;
        int64_t products =
            ((rows + tile - 1) / tile) * ((cols + tile - 1) / tile) * points * points;
        if (method->side != side || (best && products >= least)) continue;
        best = method;
        least = products;
    }
    return best;
}
