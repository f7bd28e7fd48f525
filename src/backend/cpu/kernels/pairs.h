/* Every second element of a row as a vector, and the way back. Included behind lanes.h, once for each type. */

#if LANES == 16
#define ZIP_LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVENS    0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS     1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define BRIDGED  0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31
#elif LANES == 8
#define ZIP_LOW  0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define EVENS    0, 2, 4, 6, 8, 10, 12, 14
#define ODDS     1, 3, 5, 7, 9, 11, 13, 15
#define BRIDGED  0, 2, 4, 6, 9, 11, 13, 15
#elif LANES == 4
#define ZIP_LOW  0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#define EVENS    0, 2, 4, 6
#define ODDS     1, 3, 5, 7
#define BRIDGED  0, 2, 5, 7
#else
#define ZIP_LOW  0, 2
#define ZIP_HIGH 1, 3
#define EVENS    0, 2
#define ODDS     1, 3
#define BRIDGED  0, 3
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

/* a and b in turn: a0 b0 a1 b1 ... of the lower halves, of the upper halves. */
TP_ALWAYS_INLINE VEC NAME(zip_low)(VEC a, VEC b) { return __builtin_shufflevector(a, b, ZIP_LOW); }
TP_ALWAYS_INLINE VEC NAME(zip_high)(VEC a, VEC b) {
    return __builtin_shufflevector(a, b, ZIP_HIGH);
}

/* Every second element of a and, behind them, of b. */
TP_ALWAYS_INLINE VEC NAME(evens)(VEC a, VEC b) { return __builtin_shufflevector(a, b, EVENS); }
TP_ALWAYS_INLINE VEC NAME(odds)(VEC a, VEC b) { return __builtin_shufflevector(a, b, ODDS); }

#undef EVENS
#undef ODDS
#undef BRIDGED
#undef ZIP_LOW
#undef ZIP_HIGH
