/* Every second element of a row as a vector. Included behind lanes.h, once for each type. */

#if LANES == 16
#define EVENS   0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define BRIDGED 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31
#elif LANES == 8
#define EVENS   0, 2, 4, 6, 8, 10, 12, 14
#define BRIDGED 0, 2, 4, 6, 9, 11, 13, 15
#elif LANES == 4
#define EVENS   0, 2, 4, 6
#define BRIDGED 0, 2, 5, 7
#else
#define EVENS   0, 2
#define BRIDGED 0, 3
#endif

/* p[0], p[2], ... of `count` elements, zero in the other lanes; nothing behind p[2 * count - 2] is read, and so the second half
 * of a whole vector is loaded from one element earlier. */
TP_ALWAYS_INLINE VEC NAME(get_evens)(const REAL *p, int64_t count) {
    if (count >= LANES)
        return __builtin_shufflevector(NAME(get)(p), NAME(get)(p + LANES - 1), BRIDGED);
    int64_t read = 2 * count - 1;
    VEC high = read > LANES ? NAME(get_part)(p + LANES, read - LANES, 0) : NAME(all)(0);
    return __builtin_shufflevector(NAME(get_some)(p, read, 0), high, EVENS);
}

#undef EVENS
#undef BRIDGED
