/* Included once for each type by mask.c, behind lanes.h. */

typedef uint8_t NAME(mask_bytes) __attribute__((vector_size(LANES)));

static void NAME(masked)(int64_t n, void *out, const void *x, const uint8_t *mask, double scale) {
    REAL *to = out;
    const REAL *from = x;
    REAL factor = (REAL)scale;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        NAME(mask_bytes) bytes;
        memcpy(&bytes, mask + i, LANES);
        IVEC kept = __builtin_convertvector(bytes, IVEC) != 0;
        NAME(put)(to + i, NAME(pick)(kept, NAME(get)(from + i) * factor, NAME(all)(0)));
    }
    for (; i < n; i++) to[i] = mask[i] ? from[i] * factor : 0;
}
