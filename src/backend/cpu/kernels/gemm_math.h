/* The activations of the epilogue and their derivatives, on vectors. A template, see gemm_tmpl.h.
 */

TP_ALWAYS_INLINE VEC NAME(select)(IVEC condition, VEC yes, VEC no) {
    return (VEC)((condition & (IVEC)yes) | (~condition & (IVEC)no));
}

/* exp(-x) - 1 = *scaled + (*scale - 1) for x >= 0 or NaN, *scale a power of 2: -x = n ln(2) + rest
 * with |rest| <= ln(2)/2, and exp(rest) - 1 from its Taylor series. Beyond the smallest normal
 * number exp stays there. */
TP_ALWAYS_INLINE void NAME(exp_minus)(VEC x, VEC *scaled, VEC *scale) {
#if REAL_BITS == 32
    const REAL highest = 87.33654f, shift = 12582912.0f /* 1.5 * 2^23 */;
    const REAL ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static const REAL series[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f};
    enum { MANTISSA = 23, BIAS = 127 };
#else
    const REAL highest = 708.39641853226408, shift = 6755399441055744.0 /* 1.5 * 2^52 */;
    const REAL ln2_high = 0.693145751953125, ln2_low = 1.42860682030941723212e-6;
    static const REAL series[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                  1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                  1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};
    enum { MANTISSA = 52, BIAS = 1023 };
#endif
    const VEC zero = {0};
    x = -NAME(select)((IVEC)(x > highest), zero + highest, x);
    /* adding the shift leaves the nearest integer in the low bits of the mantissa */
    VEC shifted = x * (REAL)1.4426950408889634 + shift;
    VEC n = shifted - shift;
    VEC rest = x - n * ln2_high;
    rest = rest - n * ln2_low;
    VEC y = zero + series[0];
    TP_UNROLL for (size_t i = 1; i < sizeof series / sizeof *series; i++) y = y * rest + series[i];
    y = y * (rest * rest) + rest;
    *scale = (VEC)(((UVEC)shifted + BIAS) << MANTISSA);
    *scaled = y * *scale;
}

TP_ALWAYS_INLINE VEC NAME(sigmoid)(VEC x) {
    IVEC negative = (IVEC)(x < 0);
    VEC scaled, scale;
    NAME(exp_minus)(NAME(select)(negative, -x, x), &scaled, &scale);
    VEC e = scaled + scale; /* exp(-|x|) */
    return NAME(select)(negative, e, (VEC){0} + 1) / (1 + e);
}

/* with m = exp(-2|x|) - 1, tanh |x| = -m / (2 + m), which keeps its digits near 0 */
TP_ALWAYS_INLINE VEC NAME(tanh)(VEC x) {
    IVEC negative = (IVEC)(x < 0);
    VEC scaled, scale;
    VEC magnitude = NAME(select)(negative, -x, x);
    NAME(exp_minus)(magnitude + magnitude, &scaled, &scale);
    VEC m = scaled + (scale - 1);
    VEC y = -m / (2 + m);
    return NAME(select)(negative, -y, y);
}

TP_ALWAYS_INLINE VEC NAME(activate)(tp_epilogue kind, REAL slope, VEC x) {
    switch (kind) {
    case TP_EPILOGUE_RELU: return NAME(select)((IVEC)(x <= 0), (VEC){0}, x);
    case TP_EPILOGUE_LEAKY_RELU: return NAME(select)((IVEC)(x > 0), x, slope * x);
    case TP_EPILOGUE_SIGMOID: return NAME(sigmoid)(x);
    case TP_EPILOGUE_TANH: return NAME(tanh)(x);
    default: return x;
    }
}

/* gradient times the derivative of the activation whose output was y */
TP_ALWAYS_INLINE VEC NAME(derive)(tp_epilogue kind, REAL slope, VEC gradient, VEC y) {
    switch (kind) {
    case TP_EPILOGUE_RELU: return NAME(select)((IVEC)(y > 0), gradient, (VEC){0});
    case TP_EPILOGUE_LEAKY_RELU: return NAME(select)((IVEC)(y > 0), gradient, slope * gradient);
    case TP_EPILOGUE_SIGMOID: return gradient * (y * (1 - y));
    case TP_EPILOGUE_TANH: return gradient * TP_OPAQUE(1 - y * y);
    default: return gradient;
    }
}
