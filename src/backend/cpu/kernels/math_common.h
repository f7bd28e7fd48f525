/* What is built from the functions of math_float.h or math_double.h; T is the type. */
#define ISNAN(x)      ((x) != (x))
#define ISINF(x)      (ABS(x) == C(INFINITY))
#define ISFINITE(x)   (ABS(x) < C(INFINITY))
#define MAXIMUM(a, b) ((a) > (b) || (a) != (a) ? (a) : (b))
#define MINIMUM(a, b) ((a) < (b) || (a) != (a) ? (a) : (b))
#define LOGIT(x)      LOG((x) / (C(1) - (x)))
/* None flows where x was clamped to [low, high], and outside of [0, 1] there is none. */
#define LOGIT_GRADIENT(g, x, low, high)        \
    ((((x) < (low)) | ((x) > (high))) ? C(0)   \
     : (((x) < 0) | ((x) > 1))        ? C(NAN) \
                                      : (g) / ((x) * (C(1) - (x))))
#define LOG1P_EXP(x)  (((x) > 0 ? (x) : 0) + LOG1P(EXP(-ABS(x))))
#define SILU_SLOPE(x) (SIGMOID(x) * (C(1) + (x) * (C(1) - SIGMOID(x))))
#define SQUARE_(x)    ((x) * (x))
#define MISH_SLOPE(x) (TANH(LOG1P_EXP(x)) + (x)*SIGMOID(x) * (C(1) - SQUARE_(TANH(LOG1P_EXP(x)))))
/* sqrt(1/2), 1/sqrt(2 pi) */
#define GELU_SLOPE(x)                                       \
    (C(0.5) * (C(1) + ERF((x)*C(0.70710678118654752440))) + \
     (x)*C(0.39894228040143267794) * EXP(C(-0.5) * (x) * (x)))
/* sqrt(2/pi) (x + 0.044715 x^3) */
#define GELU_INNER(x) (C(0.79788456080286535588) * ((x) + C(0.044715) * (x) * (x) * (x)))
#define GELU_TANH(x)  (C(0.5) * (x) * (C(1) + TANH(GELU_INNER(x))))
#define GELU_TANH_SLOPE(x)                                                              \
    (C(0.5) * (C(1) + TANH(GELU_INNER(x))) +                                            \
     C(0.5) * (x) * (C(1) - SQUARE_(TANH(GELU_INNER(x)))) * C(0.79788456080286535588) * \
         (C(1) + C(0.134145) * (x) * (x)))
