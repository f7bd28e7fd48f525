/* Vectors of REAL: loads, stores, parts of a vector, transposes. A template: included once for each
 * type, see gemm_tmpl.h. */

typedef REAL NAME(vec) __attribute__((vector_size(TP_VECTOR_BYTES), may_alias));
/* the same in memory that is aligned to elements only */
typedef REAL NAME(loose)
    __attribute__((vector_size(TP_VECTOR_BYTES), may_alias, aligned(sizeof(REAL))));
typedef INTEGER NAME(ivec) __attribute__((vector_size(TP_VECTOR_BYTES), may_alias));

typedef UNSIGNED NAME(uvec) __attribute__((vector_size(TP_VECTOR_BYTES), may_alias));

#define VEC   NAME(vec)
#define LOOSE NAME(loose)
#define IVEC  NAME(ivec)
#define UVEC  NAME(uvec)

TP_ALWAYS_INLINE VEC NAME(load)(const REAL *p) { return *(const LOOSE *)p; }
TP_ALWAYS_INLINE void NAME(store)(REAL *p, VEC v) { *(LOOSE *)p = v; }

/* Lanes [begin, end), 0 <= begin <= end <= LANES; the others are zero and their memory is not touched. */
TP_ALWAYS_INLINE VEC NAME(load_lanes)(const REAL *p, int64_t begin, int64_t end) {
#if defined(__AVX512F__) && REAL_BITS == 32
    return (VEC)_mm512_maskz_loadu_ps((__mmask16)((1u << end) - (1u << begin)), p);
#elif defined(__AVX512F__)
    return (VEC)_mm512_maskz_loadu_pd((__mmask8)((1u << end) - (1u << begin)), p);
#elif defined(__AVX2__)
    IVEC lane;
    TP_UNROLL for (int l = 0; l < LANES; l++) lane[l] = l;
    IVEC wanted = (lane >= (INTEGER)begin) & (lane < (INTEGER)end);
#if REAL_BITS == 32
    return (VEC)_mm256_maskload_ps(p, (__m256i)wanted);
#else
    return (VEC)_mm256_maskload_pd(p, (__m256i)wanted);
#endif
#else
    VEC v = {0};
    for (int lane = 0; lane < LANES; lane++) {
        if (lane >= begin && lane < end) v[lane] = p[lane];
    }
    return v;
#endif
}

/* The first count lanes, 0 <= count <= LANES; likewise. */
TP_ALWAYS_INLINE VEC NAME(load_part)(const REAL *p, int64_t count) {
    return NAME(load_lanes)(p, 0, count);
}

TP_ALWAYS_INLINE void NAME(store_part)(REAL *p, VEC v, int64_t count) {
#if defined(__AVX512F__) && REAL_BITS == 32
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif defined(__AVX512F__)
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1), (__m512d)v);
#else
    for (int lane = 0; lane < LANES; lane++) {
        if (lane < count) p[lane] = v[lane];
    }
#endif
}

/* sum += left * right, with one number or with a vector on the left. Elsewhere a pair of shorter numbers may stand in the
 * place of a REAL, see bf16/pairs.h. */
#ifndef MULTIPLY_ADD
#define MULTIPLY_ADD(sum, left, right)         ((sum) += (left) * (right))
#define MULTIPLY_ADD_VECTORS(sum, left, right) ((sum) += (left) * (right))
#endif

#define WEAVE(x, y, w, which) __builtin_shufflevector(x, y, TP_WEAVE_INDEX(LANES, w, which))

/* One stage of a transpose: exchanges blocks of w lanes between vectors i and i + w. */
#define WEAVE_STAGE(v, w)                              \
    TP_UNROLL for (int i = 0; i < LANES; i++) {        \
        if ((i & w) == 0) {                            \
            VEC low = WEAVE(v[i], v[i + w], w, LOW);   \
            v[i + w] = WEAVE(v[i], v[i + w], w, HIGH); \
            v[i] = low;                                \
        }                                              \
    }

/* Transposes LANES vectors in place. */
TP_ALWAYS_INLINE void NAME(transpose)(VEC *v) {
    WEAVE_STAGE(v, 1)
#if LANES >= 4
    WEAVE_STAGE(v, 2)
#endif
#if LANES >= 8
    WEAVE_STAGE(v, 4)
#endif
#if LANES >= 16
    WEAVE_STAGE(v, 8)
#endif
}

/* to[c * to_row + r] = from[r * from_row + c] for r < rows <= LANES and c < cols <= LANES; whole
 * vectors of LANES are stored, with zeros where r >= rows. */
static inline void NAME(transpose_block)(REAL *to, int64_t to_row, const REAL *from,
                                         int64_t from_row, int64_t rows, int64_t cols) {
    VEC v[LANES];
    if (rows == LANES && cols == LANES) {
        TP_UNROLL for (int r = 0; r < LANES; r++) v[r] = NAME(load)(from + r * from_row);
        NAME(transpose)(v);
        TP_UNROLL for (int c = 0; c < LANES; c++) NAME(store)(to + c * to_row, v[c]);
        return;
    }
    TP_UNROLL for (int r = 0; r < LANES; r++) {
        v[r] = (VEC){0};
        if (r < rows) v[r] = NAME(load_part)(from + r * from_row, cols);
    }
    NAME(transpose)(v);
    TP_UNROLL for (int c = 0; c < LANES; c++) {
        if (c < cols) NAME(store)(to + c * to_row, v[c]);
    }
}
