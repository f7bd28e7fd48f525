/* Exponential and logarithm and what follows from them, for one type REAL with the integers INTEGER and UNSIGNED of its size,
 * MATH(name) and REAL_BITS. Plain arithmetic without branches or calls, so that loops over it become vectors; NaN, infinities,
 * zeros and denormal numbers come out as in C's own functions, the rest within 2 units of the last place. */
#if REAL_BITS == 32
#define R(value)     value##F
#define MANTISSA     23
#define BIAS         127
#define SHIFT        12582912.0F /* 1.5 * 2^23: adding it leaves the nearest integer in the low bits */
#define LN2_HIGH     0.693359375F
#define LN2_LOW      (-2.12194440e-4F)
#define EXP_LOW      (-104.0F) /* e^x is 0 below */
#define EXP_HIGH     89.0F     /* and infinite above */
#define EXP2_LOW     (-151.0F)
#define EXP2_HIGH    129.0F
#define EXPM1_LOW    (-87.0F) /* e^x - 1 is -1 below */
#define EXPM1_TOP    127      /* the largest power of 2 that is a number */
#define TANH_ONE     20.0F    /* tanh is 1 from there on */
#define TINY         1.17549435e-38F
#define LIFT         23
#define LIFTED       8388608.0F
#define ROOT_HALF    0x3f3504f3
#define LOG_TERMS    5
#define LOG10_2_HIGH 0.301025390625F
#define LOG10_2_LOW  4.605038981e-6F
#else
#define R(value)     value
#define MANTISSA     52
#define BIAS         1023
#define SHIFT        6755399441055744.0 /* 1.5 * 2^52 */
#define LN2_HIGH     0.693145751953125
#define LN2_LOW      1.42860682030941723212e-6
#define EXP_LOW      (-746.0)
#define EXP_HIGH     710.0
#define EXP2_LOW     (-1076.0)
#define EXP2_HIGH    1025.0
#define EXPM1_LOW    (-708.0)
#define EXPM1_TOP    1023
#define TANH_ONE     30.0
#define TINY         2.2250738585072014e-308
#define LIFT         54
#define LIFTED       18014398509481984.0
#define ROOT_HALF    0x3fe6a09e667f3bcd
#define LOG_TERMS    11
#define LOG10_2_HIGH 0.30102920532226562
#define LOG10_2_LOW  7.90341715570213738895e-7
#endif

static inline UNSIGNED MATH(bits)(REAL x) {
    UNSIGNED u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline REAL MATH(real)(UNSIGNED u) {
    REAL x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* 2^n for an n that stands in the low bits of shifted */
static inline REAL MATH(power_of_two)(REAL shifted) {
    return MATH(real)((MATH(bits)(shifted) - MATH(bits)(SHIFT) + BIAS) << MANTISSA);
}

/* (e^r - 1 - r) / r^2 for |r| <= ln(2)/2, from the Taylor series */
static inline REAL MATH(exp_tail)(REAL r) {
#if REAL_BITS == 32
    REAL y = 1.0F / 5040;
#else
    REAL y = 1.0 / 6227020800;
    y = y * r + 1.0 / 479001600;
    y = y * r + 1.0 / 39916800;
    y = y * r + 1.0 / 3628800;
    y = y * r + 1.0 / 362880;
    y = y * r + 1.0 / 40320;
    y = y * r + 1.0 / 5040;
#endif
    y = y * r + R(1.0) / 720;
    y = y * r + R(1.0) / 120;
    y = y * r + R(1.0) / 24;
    y = y * r + R(1.0) / 6;
    return y * r + R(0.5);
}

/* e^r 2^n, n in two halves, so that results that are denormal or just below the largest number come out right */
static inline REAL MATH(scaled_exp)(REAL r, REAL n) {
    REAL y = R(1.0) + (r + r * r * MATH(exp_tail)(r));
    REAL half = n * R(0.5) + SHIFT, rest = (n - (half - SHIFT)) + SHIFT;
    return y * MATH(power_of_two)(half) * MATH(power_of_two)(rest);
}

static inline REAL MATH(exp)(REAL x) {
    x = x < EXP_LOW ? EXP_LOW : x;
    x = x > EXP_HIGH ? EXP_HIGH : x;
    REAL n = (x * R(1.4426950408889634074) + SHIFT) - SHIFT;
    return MATH(scaled_exp)((x - n * LN2_HIGH) - n * LN2_LOW, n);
}

static inline REAL MATH(exp2)(REAL x) {
    x = x < EXP2_LOW ? EXP2_LOW : x;
    x = x > EXP2_HIGH ? EXP2_HIGH : x;
    REAL n = (x + SHIFT) - SHIFT;
    return MATH(scaled_exp)((x - n) * R(0.69314718055994530942), n);
}

/* e^x - 1 = 2^n (e^r - 1) + (2^n - 1) */
static inline REAL MATH(expm1)(REAL x) {
    x = x < EXPM1_LOW ? EXPM1_LOW : x;
    x = x > EXP_HIGH ? EXP_HIGH : x;
    REAL n = (x * R(1.4426950408889634074) + SHIFT) - SHIFT;
    REAL r = (x - n * LN2_HIGH) - n * LN2_LOW;
    REAL q = r + r * r * MATH(exp_tail)(r);
    REAL over = n > EXPM1_TOP ? R(2.0) : R(1.0); /* 2^n would be infinite before e^x is */
    REAL scale = MATH(power_of_two)((n > EXPM1_TOP ? n - 1 : n) + SHIFT);
    return (scale * q + (scale - R(1.0))) * over;
}

/* Where low > high, high. NaN stays. */
static inline REAL MATH(clamp)(REAL x, REAL low, REAL high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* With e = e^-|x|, 1 / (1 + e) or e / (1 + e): both keep their digits far out. */
static inline REAL MATH(sigmoid)(REAL x) {
    REAL e = MATH(exp)(x < 0 ? x : -x);
    return (x < 0 ? e : R(1.0)) / (R(1.0) + e);
}

static inline REAL MATH(with_sign)(REAL magnitude, REAL sign) {
    const UNSIGNED top = (UNSIGNED)1 << (REAL_BITS - 1);
    return MATH(real)((MATH(bits)(magnitude) & ~top) | (MATH(bits)(sign) & top));
}

static inline REAL MATH(magnitude)(REAL x) {
    return MATH(real)(MATH(bits)(x) & ~((UNSIGNED)1 << (REAL_BITS - 1)));
}

/* With m = e^(2|x|) - 1, m / (m + 2) */
static inline REAL MATH(tanh)(REAL x) {
    REAL a = MATH(magnitude)(x);
    a = a > TANH_ONE ? TANH_ONE : a;
    REAL m = MATH(expm1)(a + a);
    return MATH(with_sign)(m / (m + R(2.0)), x);
}

/* x = 2^exponent (1 + f), 1 + f from sqrt(1/2) to sqrt(2) */
static inline REAL MATH(split)(REAL x, REAL *exponent) {
    REAL lifted = x < TINY ? x * LIFTED : x;
    INTEGER e = (INTEGER)(MATH(bits)(lifted) - ROOT_HALF) >> MANTISSA;
    REAL f = MATH(real)(MATH(bits)(lifted) - ((UNSIGNED)e << MANTISSA)) - R(1.0);
    REAL whole = MATH(real)((UNSIGNED)e + MATH(bits)(SHIFT)) - SHIFT;
    *exponent = x < TINY ? whole - LIFT : whole;
    return f;
}

/* With s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - (f^2/2 - s (f^2/2 + r)), r from the series of atanh: the large
 * part f is exact. Returns what is to be subtracted from f. */
static inline REAL MATH(log_tail)(REAL f) {
    REAL s = f / (f + R(2.0)), z = s * s, half_square = f * f * R(0.5);
    REAL r = R(2.0) / (2 * LOG_TERMS + 1);
#if REAL_BITS == 64
    r = r * z + R(2.0) / 21;
    r = r * z + R(2.0) / 19;
    r = r * z + R(2.0) / 17;
    r = r * z + R(2.0) / 15;
    r = r * z + R(2.0) / 13;
    r = r * z + R(2.0) / 11;
#endif
    r = r * z + R(2.0) / 9;
    r = r * z + R(2.0) / 7;
    r = r * z + R(2.0) / 5;
    r = r * z + R(2.0) / 3;
    return half_square - s * (half_square + r * z);
}

/* The logarithm y where x is a positive number, and what it is elsewhere */
static inline REAL MATH(log_anywhere)(REAL x, REAL y) {
    y = x == (REAL)INFINITY ? x : y;
    y = x == 0 ? -(REAL)INFINITY : y;
    return x >= 0 ? y : (REAL)NAN;
}

static inline REAL MATH(log)(REAL x) {
    REAL e, f = MATH(split)(x, &e);
    REAL y = e * LN2_HIGH + (f - (MATH(log_tail)(f) - e * LN2_LOW));
    return MATH(log_anywhere)(x, y);
}

static inline REAL MATH(log2)(REAL x) {
    REAL e, f = MATH(split)(x, &e);
    REAL y = (f - MATH(log_tail)(f)) * R(1.4426950408889634074) + e;
    return MATH(log_anywhere)(x, y);
}

static inline REAL MATH(log10)(REAL x) {
    REAL e, f = MATH(split)(x, &e);
    REAL y = (f - MATH(log_tail)(f)) * R(0.43429448190325182765) + e * LOG10_2_LOW;
    return MATH(log_anywhere)(x, e * LOG10_2_HIGH + y);
}

/* log(u) with u = 1 + x rounded, times x / (u - 1), which undoes the rounding */
static inline REAL MATH(log1p)(REAL x) {
    REAL u = R(1.0) + x;
    REAL y = MATH(log)(u) * (x / (u - R(1.0)));
    y = u == 1 ? x : y;
    return x == (REAL)INFINITY ? x : y;
}

#undef R
#undef MANTISSA
#undef BIAS
#undef SHIFT
#undef LN2_HIGH
#undef LN2_LOW
#undef EXP_LOW
#undef EXP_HIGH
#undef EXP2_LOW
#undef EXP2_HIGH
#undef EXPM1_LOW
#undef EXPM1_TOP
#undef TANH_ONE
#undef TINY
#undef LIFT
#undef LIFTED
#undef ROOT_HALF
#undef LOG_TERMS
#undef LOG10_2_HIGH
#undef LOG10_2_LOW
#undef REAL
#undef INTEGER
#undef UNSIGNED
#undef MATH
#undef REAL_BITS
