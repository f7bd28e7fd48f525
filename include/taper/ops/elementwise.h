/** @file ops/elementwise.h
 *  Operations that work element by element: arithmetic, comparison, logic, functions, activations, conversion.
 *
 *  Two operands broadcast as in PyTorch: shapes are aligned at their last dimension, and a size of 1 stretches. Types are
 *  promoted as torch.result_type does; functions of real numbers convert integers to the default floating type first.
 *  Wherever two operands are taken, one of them may be a C number: `tp_add(tp_mul(x, 2), 1)`, `tp_sub(1, x)`. An integer of
 *  C leaves integer tensors what they are, a floating one makes them floating, as Python's numbers do.
 *
 *  A name that ends in an underscore works in place and returns its first argument, whose shape and type stay. In-place
 *  operations are not recorded: on a leaf that wants a gradient or inside a recorded graph they are refused (GRAPH), except
 *  under TP_NO_GRAD.
 *
 *  Errors: SHAPE where shapes do not broadcast, DTYPE where an operation does not take a type.
 */
#ifndef TAPER_OPS_ELEMENTWISE_H
#define TAPER_OPS_ELEMENTWISE_H

#include <math.h>
#include <taper/tensor.h>
#ifdef __cplusplus
#include <type_traits>
#endif

TP_BEGIN_DECLS

/** A number of C as an operand: what it is as a double, and whether it was written as a whole number. */
typedef struct tp_number {
    double real;
    int64_t whole;
    bool is_whole;
} tp_number;
/** A floating number. */
static inline tp_number tp_number_real(double value) {
    tp_number number = {value, 0, false};
    return number;
}
/** A whole number. */
static inline tp_number tp_number_whole(int64_t value) {
    tp_number number = {(double)value, value, true};
    return number;
}

/* For each operation of two operands: plain functions for two tensors, tensor and number, number and tensor. */
#define TP_DECLARE_OPERATION(name)                                                           \
    TP_API tp_tensor *tp_##name##_at(tp_location at, tp_tensor *a, tp_tensor *b);            \
    TP_API tp_tensor *tp_##name##_number_at(tp_location at, tp_tensor *a, tp_number b);      \
    TP_API tp_tensor *tp_number_##name##_at(tp_location at, tp_number a, tp_tensor *b);      \
    static inline tp_tensor *tp_##name##_real_at(tp_location at, tp_tensor *a, double b) {   \
        return tp_##name##_number_at(at, a, tp_number_real(b));                              \
    }                                                                                        \
    static inline tp_tensor *tp_##name##_whole_at(tp_location at, tp_tensor *a, int64_t b) { \
        return tp_##name##_number_at(at, a, tp_number_whole(b));                             \
    }                                                                                        \
    static inline tp_tensor *tp_real_##name##_at(tp_location at, double a, tp_tensor *b) {   \
        return tp_number_##name##_at(at, tp_number_real(a), b);                              \
    }                                                                                        \
    static inline tp_tensor *tp_whole_##name##_at(tp_location at, int64_t a, tp_tensor *b) { \
        return tp_number_##name##_at(at, tp_number_whole(a), b);                             \
    }
/* The same with options */
#define TP_DECLARE_OPTIONS(name, options)                                                       \
    TP_API tp_tensor *tp_##name##_with_at(tp_location at, tp_tensor *a, tp_tensor *b,           \
                                          options with);                                        \
    TP_API tp_tensor *tp_##name##_number_with_at(tp_location at, tp_tensor *a, tp_number b,     \
                                                 options with);                                 \
    static inline tp_tensor *tp_##name##_real_with_at(tp_location at, tp_tensor *a, double b,   \
                                                      options with) {                           \
        return tp_##name##_number_with_at(at, a, tp_number_real(b), with);                      \
    }                                                                                           \
    static inline tp_tensor *tp_##name##_whole_with_at(tp_location at, tp_tensor *a, int64_t b, \
                                                       options with) {                          \
        return tp_##name##_number_with_at(at, a, tp_number_whole(b), with);                     \
    }
/* In place */
#define TP_DECLARE_INPLACE(name)                                                                   \
    TP_API tp_tensor *tp_##name##_inplace_at(tp_location at, tp_tensor *a, tp_tensor *b);          \
    TP_API tp_tensor *tp_##name##_number_inplace_at(tp_location at, tp_tensor *a, tp_number b);    \
    static inline tp_tensor *tp_##name##_real_inplace_at(tp_location at, tp_tensor *a, double b) { \
        return tp_##name##_number_inplace_at(at, a, tp_number_real(b));                            \
    }                                                                                              \
    static inline tp_tensor *tp_##name##_whole_inplace_at(tp_location at, tp_tensor *a,            \
                                                          int64_t b) {                             \
        return tp_##name##_number_inplace_at(at, a, tp_number_whole(b));                           \
    }

/* The macros choose among them by the types of the operands: _Generic in C, overloading in C++ (at the end). */
#ifdef __cplusplus
#define TP_OPERATE(name, a, b) tp_##name##_any(TP_HERE, a, b)
#define TP_OPERATE_WITH(name, options, a, b, ...) \
    tp_##name##_with_any(TP_HERE, a, b, TP_MAKE(options, __VA_ARGS__))
#define TP_OPERATE_INPLACE(name, a, b) tp_##name##_inplace_any(TP_HERE, a, b)
#else
#define TP_OPERATE(name, a, b) \
    _Generic((a), tp_tensor *                     \
             : _Generic((b), tp_tensor *          \
                        : tp_##name##_at, void *  \
                        : tp_##name##_at, float   \
                        : tp_##name##_real_at, double \
                        : tp_##name##_real_at, default \
                        : tp_##name##_whole_at), void * \
             : tp_##name##_at, float              \
             : tp_real_##name##_at, double        \
             : tp_real_##name##_at, default       \
             : tp_whole_##name##_at)(TP_HERE, a, b)
#define TP_OPERATE_WITH(name, options, a, b, ...) \
    _Generic((b), tp_tensor *                     \
             : tp_##name##_with_at, void *        \
             : tp_##name##_with_at, float         \
             : tp_##name##_real_with_at, double   \
             : tp_##name##_real_with_at, default  \
             : tp_##name##_whole_with_at)(TP_HERE, a, b, TP_MAKE(options, __VA_ARGS__))
#define TP_OPERATE_INPLACE(name, a, b) \
    _Generic((b), tp_tensor *                     \
             : tp_##name##_inplace_at, void *     \
             : tp_##name##_inplace_at, float      \
             : tp_##name##_real_inplace_at, double \
             : tp_##name##_real_inplace_at, default \
             : tp_##name##_whole_inplace_at)(TP_HERE, a, b)
#endif
/* TP_OPERATE for two arguments, TP_OPERATE_WITH for more */
#define TP_OPERATE_TWO(name, options, a, b)         TP_OPERATE(name, a, b)
#define TP_OPERATE_PICK(a, b, c, d, e, chosen, ...) chosen
#define TP_OPERATE_OPTIONS(name, options, ...)                                      \
    TP_OPERATE_PICK(__VA_ARGS__, TP_OPERATE_WITH, TP_OPERATE_WITH, TP_OPERATE_WITH, \
                    TP_OPERATE_TWO, 0)                                              \
    (name, options, __VA_ARGS__)

/** @name Arithmetic
 *  Each operand is a tensor or a number, at least one of them a tensor.
 *  @{ */
/** Options of tp_add and tp_sub. */
typedef struct tp_add_options {
    double alpha; /**< factor of the second operand; 0 stands for 1 */
} tp_add_options;
TP_DECLARE_OPERATION(add)
TP_DECLARE_OPTIONS(add, tp_add_options)
/** a + b, or a + alpha b: tp_add(a, b, .alpha = 2). For bool: or. */
#define tp_add(...) TP_OPERATE_OPTIONS(add, tp_add_options, __VA_ARGS__)
TP_DECLARE_OPERATION(sub)
TP_DECLARE_OPTIONS(sub, tp_add_options)
/** a - b, or a - alpha b. Not for bool. */
#define tp_sub(...) TP_OPERATE_OPTIONS(sub, tp_add_options, __VA_ARGS__)
TP_DECLARE_OPERATION(mul)
/** a b. For bool: and. */
#define tp_mul(a, b) TP_OPERATE(mul, a, b)
/** How a quotient is rounded. */
typedef enum tp_rounding {
    TP_ROUND_NONE,  /**< not at all: integers are converted to the default floating type */
    TP_ROUND_FLOOR, /**< down, as Python's // */
    TP_ROUND_TRUNC  /**< towards zero, as C's / */
} tp_rounding;
/** Options of tp_div. */
typedef struct tp_div_options {
    tp_rounding rounding; /**< torch.div's rounding_mode */
} tp_div_options;
TP_DECLARE_OPERATION(div)
TP_DECLARE_OPTIONS(div, tp_div_options)
/** a / b: tp_div(a, b), tp_div(a, b, .rounding = TP_ROUND_FLOOR). Rounded, integers stay integers, and dividing one by zero
 *  is an error (VALUE). */
#define tp_div(...) TP_OPERATE_OPTIONS(div, tp_div_options, __VA_ARGS__)
TP_DECLARE_OPERATION(remainder)
/** What is left of a / b rounded down: has the sign of b, as Python's %. */
#define tp_remainder(a, b) TP_OPERATE(remainder, a, b)
TP_DECLARE_OPERATION(fmod)
/** What is left of a / b rounded towards zero: has the sign of a, as C's fmod. */
#define tp_fmod(a, b) TP_OPERATE(fmod, a, b)
TP_DECLARE_OPERATION(pow)
/** a to the power b. Integers to negative integer powers are an error (VALUE) where the power is a number. */
#define tp_pow(a, b) TP_OPERATE(pow, a, b)
TP_DECLARE_OPERATION(atan2)
/** Angle of the point (b, a) in (-pi, pi]. */
#define tp_atan2(a, b) TP_OPERATE(atan2, a, b)
TP_DECLARE_OPERATION(hypot)
/** sqrt(a^2 + b^2). */
#define tp_hypot(a, b) TP_OPERATE(hypot, a, b)
TP_DECLARE_OPERATION(maximum)
/** The larger; NaN where either is. Equal ones share the gradient half and half. */
#define tp_maximum(a, b) TP_OPERATE(maximum, a, b)
TP_DECLARE_OPERATION(minimum)
/** The smaller; NaN where either is. */
#define tp_minimum(a, b) TP_OPERATE(minimum, a, b)
/** @} */

/** @name Arithmetic in place
 *  @{ */
TP_DECLARE_INPLACE(add)
/** a += b; b is a tensor that broadcasts to the shape of a, or a number. */
#define tp_add_(a, b) TP_OPERATE_INPLACE(add, a, b)
TP_DECLARE_INPLACE(sub)
/** a -= b. */
#define tp_sub_(a, b) TP_OPERATE_INPLACE(sub, a, b)
TP_DECLARE_INPLACE(mul)
/** a *= b. */
#define tp_mul_(a, b) TP_OPERATE_INPLACE(mul, a, b)
TP_DECLARE_INPLACE(div)
/** a /= b; floating a only. */
#define tp_div_(a, b) TP_OPERATE_INPLACE(div, a, b)
TP_DECLARE_INPLACE(pow)
/** a = a to the power b. */
#define tp_pow_(a, b) TP_OPERATE_INPLACE(pow, a, b)
TP_DECLARE_INPLACE(remainder)
/** a = remainder of a / b. */
#define tp_remainder_(a, b) TP_OPERATE_INPLACE(remainder, a, b)
TP_DECLARE_INPLACE(fmod)
/** a = fmod of a and b. */
#define tp_fmod_(a, b) TP_OPERATE_INPLACE(fmod, a, b)
/** Sets every element. */
TP_API tp_tensor *tp_fill_at(tp_location at, tp_tensor *x, double value);
#define tp_fill_(x, value) tp_fill_at(TP_HERE, x, value)
/** Sets every element to 0. */
TP_API tp_tensor *tp_zero_at(tp_location at, tp_tensor *x);
#define tp_zero_(x) tp_zero_at(TP_HERE, x)
/** Copies the elements of `from`, broadcast and converted. */
TP_API tp_tensor *tp_copy_at(tp_location at, tp_tensor *x, tp_tensor *from);
#define tp_copy_(x, from) tp_copy_at(TP_HERE, x, from)
/** @} */

/** @name Comparison and logic
 *  The result is bool. Each operand is a tensor or a number.
 *  @{ */
TP_DECLARE_OPERATION(eq)
/** a == b. */
#define tp_eq(a, b) TP_OPERATE(eq, a, b)
TP_DECLARE_OPERATION(ne)
/** a != b. */
#define tp_ne(a, b) TP_OPERATE(ne, a, b)
TP_DECLARE_OPERATION(lt)
/** a < b. */
#define tp_lt(a, b) TP_OPERATE(lt, a, b)
TP_DECLARE_OPERATION(le)
/** a <= b. */
#define tp_le(a, b) TP_OPERATE(le, a, b)
TP_DECLARE_OPERATION(gt)
/** a > b. */
#define tp_gt(a, b) TP_OPERATE(gt, a, b)
TP_DECLARE_OPERATION(ge)
/** a >= b. */
#define tp_ge(a, b) TP_OPERATE(ge, a, b)
TP_DECLARE_OPERATION(logical_and)
/** Both are not 0. */
#define tp_logical_and(a, b) TP_OPERATE(logical_and, a, b)
TP_DECLARE_OPERATION(logical_or)
/** One is not 0, or both. */
#define tp_logical_or(a, b) TP_OPERATE(logical_or, a, b)
TP_DECLARE_OPERATION(logical_xor)
/** Exactly one is not 0. */
#define tp_logical_xor(a, b) TP_OPERATE(logical_xor, a, b)
/** x is 0. */
TP_API tp_tensor *tp_logical_not_at(tp_location at, tp_tensor *x);
#define tp_logical_not(x) tp_logical_not_at(TP_HERE, x)
/** x is not a number. */
TP_API tp_tensor *tp_isnan_at(tp_location at, tp_tensor *x);
#define tp_isnan(x) tp_isnan_at(TP_HERE, x)
/** x is inf or -inf. */
TP_API tp_tensor *tp_isinf_at(tp_location at, tp_tensor *x);
#define tp_isinf(x) tp_isinf_at(TP_HERE, x)
/** x is neither NaN nor infinite. */
TP_API tp_tensor *tp_isfinite_at(tp_location at, tp_tensor *x);
#define tp_isfinite(x) tp_isfinite_at(TP_HERE, x)
/** True where sizes and all elements are the same. Types may differ. False after an error. */
TP_API bool tp_equal_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_equal(a, b) tp_equal_at(TP_HERE, a, b)
/** Arguments of tp_allclose. */
typedef struct tp_allclose_args {
    tp_tensor *a, *b;
    double rtol;    /**< 0 stands for 1e-5 */
    double atol;    /**< 0 stands for 1e-8 */
    bool equal_nan; /**< NaN meets NaN */
} tp_allclose_args;
/** True where |a - b| <= atol + rtol |b| everywhere; the shapes may broadcast. False after an error. */
TP_API bool tp_allclose_at(tp_location at, tp_allclose_args args);
#define tp_allclose(...) tp_allclose_at(TP_HERE, TP_MAKE(tp_allclose_args, .a = __VA_ARGS__))
/** a where condition, else b; condition is bool, all three broadcast. */
TP_API tp_tensor *tp_where_at(tp_location at, tp_tensor *condition, tp_tensor *a, tp_tensor *b);
#define tp_where(condition, a, b) tp_where_at(TP_HERE, condition, a, b)
/** x with `value` where mask is true; mask is bool and broadcasts to the shape of x. */
TP_API tp_tensor *tp_masked_fill_at(tp_location at, tp_tensor *x, tp_tensor *mask, double value);
#define tp_masked_fill(x, mask, value) tp_masked_fill_at(TP_HERE, x, mask, value)
/** tp_masked_fill() in place. */
TP_API tp_tensor *tp_masked_fill_inplace_at(tp_location at, tp_tensor *x, tp_tensor *mask,
                                            double value);
#define tp_masked_fill_(x, mask, value) tp_masked_fill_inplace_at(TP_HERE, x, mask, value)
/** @} */

/** @name Functions
 *  @{ */
/** -x. */
TP_API tp_tensor *tp_neg_at(tp_location at, tp_tensor *x);
#define tp_neg(x) tp_neg_at(TP_HERE, x)
/** tp_neg() in place. */
TP_API tp_tensor *tp_neg_inplace_at(tp_location at, tp_tensor *x);
#define tp_neg_(x) tp_neg_inplace_at(TP_HERE, x)
/** |x|. */
TP_API tp_tensor *tp_abs_at(tp_location at, tp_tensor *x);
#define tp_abs(x) tp_abs_at(TP_HERE, x)
/** tp_abs() in place. */
TP_API tp_tensor *tp_abs_inplace_at(tp_location at, tp_tensor *x);
#define tp_abs_(x) tp_abs_inplace_at(TP_HERE, x)
/** -1, 0 or 1. */
TP_API tp_tensor *tp_sign_at(tp_location at, tp_tensor *x);
#define tp_sign(x) tp_sign_at(TP_HERE, x)
/** tp_sign() in place. */
TP_API tp_tensor *tp_sign_inplace_at(tp_location at, tp_tensor *x);
#define tp_sign_(x) tp_sign_inplace_at(TP_HERE, x)
/** x^2. */
TP_API tp_tensor *tp_square_at(tp_location at, tp_tensor *x);
#define tp_square(x) tp_square_at(TP_HERE, x)
/** tp_square() in place. */
TP_API tp_tensor *tp_square_inplace_at(tp_location at, tp_tensor *x);
#define tp_square_(x) tp_square_inplace_at(TP_HERE, x)
/** 1 / x. */
TP_API tp_tensor *tp_reciprocal_at(tp_location at, tp_tensor *x);
#define tp_reciprocal(x) tp_reciprocal_at(TP_HERE, x)
/** tp_reciprocal() in place. */
TP_API tp_tensor *tp_reciprocal_inplace_at(tp_location at, tp_tensor *x);
#define tp_reciprocal_(x) tp_reciprocal_inplace_at(TP_HERE, x)
/** Square root; NaN below 0. */
TP_API tp_tensor *tp_sqrt_at(tp_location at, tp_tensor *x);
#define tp_sqrt(x) tp_sqrt_at(TP_HERE, x)
/** tp_sqrt() in place. */
TP_API tp_tensor *tp_sqrt_inplace_at(tp_location at, tp_tensor *x);
#define tp_sqrt_(x) tp_sqrt_inplace_at(TP_HERE, x)
/** 1 / sqrt(x). */
TP_API tp_tensor *tp_rsqrt_at(tp_location at, tp_tensor *x);
#define tp_rsqrt(x) tp_rsqrt_at(TP_HERE, x)
/** tp_rsqrt() in place. */
TP_API tp_tensor *tp_rsqrt_inplace_at(tp_location at, tp_tensor *x);
#define tp_rsqrt_(x) tp_rsqrt_inplace_at(TP_HERE, x)
/** e^x. */
TP_API tp_tensor *tp_exp_at(tp_location at, tp_tensor *x);
#define tp_exp(x) tp_exp_at(TP_HERE, x)
/** tp_exp() in place. */
TP_API tp_tensor *tp_exp_inplace_at(tp_location at, tp_tensor *x);
#define tp_exp_(x) tp_exp_inplace_at(TP_HERE, x)
/** 2^x. */
TP_API tp_tensor *tp_exp2_at(tp_location at, tp_tensor *x);
#define tp_exp2(x) tp_exp2_at(TP_HERE, x)
/** tp_exp2() in place. */
TP_API tp_tensor *tp_exp2_inplace_at(tp_location at, tp_tensor *x);
#define tp_exp2_(x) tp_exp2_inplace_at(TP_HERE, x)
/** e^x - 1, precise near 0. */
TP_API tp_tensor *tp_expm1_at(tp_location at, tp_tensor *x);
#define tp_expm1(x) tp_expm1_at(TP_HERE, x)
/** tp_expm1() in place. */
TP_API tp_tensor *tp_expm1_inplace_at(tp_location at, tp_tensor *x);
#define tp_expm1_(x) tp_expm1_inplace_at(TP_HERE, x)
/** Natural logarithm; -inf at 0, NaN below. */
TP_API tp_tensor *tp_log_at(tp_location at, tp_tensor *x);
#define tp_log(x) tp_log_at(TP_HERE, x)
/** tp_log() in place. */
TP_API tp_tensor *tp_log_inplace_at(tp_location at, tp_tensor *x);
#define tp_log_(x) tp_log_inplace_at(TP_HERE, x)
/** Logarithm to base 2. */
TP_API tp_tensor *tp_log2_at(tp_location at, tp_tensor *x);
#define tp_log2(x) tp_log2_at(TP_HERE, x)
/** tp_log2() in place. */
TP_API tp_tensor *tp_log2_inplace_at(tp_location at, tp_tensor *x);
#define tp_log2_(x) tp_log2_inplace_at(TP_HERE, x)
/** Logarithm to base 10. */
TP_API tp_tensor *tp_log10_at(tp_location at, tp_tensor *x);
#define tp_log10(x) tp_log10_at(TP_HERE, x)
/** tp_log10() in place. */
TP_API tp_tensor *tp_log10_inplace_at(tp_location at, tp_tensor *x);
#define tp_log10_(x) tp_log10_inplace_at(TP_HERE, x)
/** log(1 + x), precise near 0. */
TP_API tp_tensor *tp_log1p_at(tp_location at, tp_tensor *x);
#define tp_log1p(x) tp_log1p_at(TP_HERE, x)
/** tp_log1p() in place. */
TP_API tp_tensor *tp_log1p_inplace_at(tp_location at, tp_tensor *x);
#define tp_log1p_(x) tp_log1p_inplace_at(TP_HERE, x)
/** Sine of radians. */
TP_API tp_tensor *tp_sin_at(tp_location at, tp_tensor *x);
#define tp_sin(x) tp_sin_at(TP_HERE, x)
/** tp_sin() in place. */
TP_API tp_tensor *tp_sin_inplace_at(tp_location at, tp_tensor *x);
#define tp_sin_(x) tp_sin_inplace_at(TP_HERE, x)
/** Cosine. */
TP_API tp_tensor *tp_cos_at(tp_location at, tp_tensor *x);
#define tp_cos(x) tp_cos_at(TP_HERE, x)
/** tp_cos() in place. */
TP_API tp_tensor *tp_cos_inplace_at(tp_location at, tp_tensor *x);
#define tp_cos_(x) tp_cos_inplace_at(TP_HERE, x)
/** Tangent. */
TP_API tp_tensor *tp_tan_at(tp_location at, tp_tensor *x);
#define tp_tan(x) tp_tan_at(TP_HERE, x)
/** tp_tan() in place. */
TP_API tp_tensor *tp_tan_inplace_at(tp_location at, tp_tensor *x);
#define tp_tan_(x) tp_tan_inplace_at(TP_HERE, x)
/** Arc sine. */
TP_API tp_tensor *tp_asin_at(tp_location at, tp_tensor *x);
#define tp_asin(x) tp_asin_at(TP_HERE, x)
/** tp_asin() in place. */
TP_API tp_tensor *tp_asin_inplace_at(tp_location at, tp_tensor *x);
#define tp_asin_(x) tp_asin_inplace_at(TP_HERE, x)
/** Arc cosine. */
TP_API tp_tensor *tp_acos_at(tp_location at, tp_tensor *x);
#define tp_acos(x) tp_acos_at(TP_HERE, x)
/** tp_acos() in place. */
TP_API tp_tensor *tp_acos_inplace_at(tp_location at, tp_tensor *x);
#define tp_acos_(x) tp_acos_inplace_at(TP_HERE, x)
/** Arc tangent. */
TP_API tp_tensor *tp_atan_at(tp_location at, tp_tensor *x);
#define tp_atan(x) tp_atan_at(TP_HERE, x)
/** tp_atan() in place. */
TP_API tp_tensor *tp_atan_inplace_at(tp_location at, tp_tensor *x);
#define tp_atan_(x) tp_atan_inplace_at(TP_HERE, x)
/** (e^x - e^-x) / 2. */
TP_API tp_tensor *tp_sinh_at(tp_location at, tp_tensor *x);
#define tp_sinh(x) tp_sinh_at(TP_HERE, x)
/** tp_sinh() in place. */
TP_API tp_tensor *tp_sinh_inplace_at(tp_location at, tp_tensor *x);
#define tp_sinh_(x) tp_sinh_inplace_at(TP_HERE, x)
/** (e^x + e^-x) / 2. */
TP_API tp_tensor *tp_cosh_at(tp_location at, tp_tensor *x);
#define tp_cosh(x) tp_cosh_at(TP_HERE, x)
/** tp_cosh() in place. */
TP_API tp_tensor *tp_cosh_inplace_at(tp_location at, tp_tensor *x);
#define tp_cosh_(x) tp_cosh_inplace_at(TP_HERE, x)
/** sinh(x) / cosh(x). */
TP_API tp_tensor *tp_tanh_at(tp_location at, tp_tensor *x);
#define tp_tanh(x) tp_tanh_at(TP_HERE, x)
/** tp_tanh() in place. */
TP_API tp_tensor *tp_tanh_inplace_at(tp_location at, tp_tensor *x);
#define tp_tanh_(x) tp_tanh_inplace_at(TP_HERE, x)
/** 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
TP_API tp_tensor *tp_erf_at(tp_location at, tp_tensor *x);
#define tp_erf(x) tp_erf_at(TP_HERE, x)
/** tp_erf() in place. */
TP_API tp_tensor *tp_erf_inplace_at(tp_location at, tp_tensor *x);
#define tp_erf_(x) tp_erf_inplace_at(TP_HERE, x)
/** 1 - erf(x), precise for large x. */
TP_API tp_tensor *tp_erfc_at(tp_location at, tp_tensor *x);
#define tp_erfc(x) tp_erfc_at(TP_HERE, x)
/** tp_erfc() in place. */
TP_API tp_tensor *tp_erfc_inplace_at(tp_location at, tp_tensor *x);
#define tp_erfc_(x) tp_erfc_inplace_at(TP_HERE, x)
/** The largest whole number not above x; integers stay. */
TP_API tp_tensor *tp_floor_at(tp_location at, tp_tensor *x);
#define tp_floor(x) tp_floor_at(TP_HERE, x)
/** tp_floor() in place. */
TP_API tp_tensor *tp_floor_inplace_at(tp_location at, tp_tensor *x);
#define tp_floor_(x) tp_floor_inplace_at(TP_HERE, x)
/** The smallest whole number not below x. */
TP_API tp_tensor *tp_ceil_at(tp_location at, tp_tensor *x);
#define tp_ceil(x) tp_ceil_at(TP_HERE, x)
/** tp_ceil() in place. */
TP_API tp_tensor *tp_ceil_inplace_at(tp_location at, tp_tensor *x);
#define tp_ceil_(x) tp_ceil_inplace_at(TP_HERE, x)
/** The nearest whole number, halves to even. */
TP_API tp_tensor *tp_round_at(tp_location at, tp_tensor *x);
#define tp_round(x) tp_round_at(TP_HERE, x)
/** tp_round() in place. */
TP_API tp_tensor *tp_round_inplace_at(tp_location at, tp_tensor *x);
#define tp_round_(x) tp_round_inplace_at(TP_HERE, x)
/** The whole part. */
TP_API tp_tensor *tp_trunc_at(tp_location at, tp_tensor *x);
#define tp_trunc(x) tp_trunc_at(TP_HERE, x)
/** tp_trunc() in place. */
TP_API tp_tensor *tp_trunc_inplace_at(tp_location at, tp_tensor *x);
#define tp_trunc_(x) tp_trunc_inplace_at(TP_HERE, x)
/** x - trunc(x). */
TP_API tp_tensor *tp_frac_at(tp_location at, tp_tensor *x);
#define tp_frac(x) tp_frac_at(TP_HERE, x)
/** tp_frac() in place. */
TP_API tp_tensor *tp_frac_inplace_at(tp_location at, tp_tensor *x);
#define tp_frac_(x) tp_frac_inplace_at(TP_HERE, x)
/** x between min and max, NaN stays; where min > max, max. -INFINITY and INFINITY leave a side open. Integers stay integers
 *  where both bounds are whole. */
TP_API tp_tensor *tp_clamp_at(tp_location at, tp_tensor *x, double min, double max);
#define tp_clamp(x, min, max) tp_clamp_at(TP_HERE, x, min, max)
/** Not below min. */
#define tp_clamp_min(x, min) tp_clamp_at(TP_HERE, x, min, (double)INFINITY)
/** Not above max. */
#define tp_clamp_max(x, max) tp_clamp_at(TP_HERE, x, -(double)INFINITY, max)
/** tp_clamp() in place. */
TP_API tp_tensor *tp_clamp_inplace_at(tp_location at, tp_tensor *x, double min, double max);
#define tp_clamp_(x, min, max) tp_clamp_inplace_at(TP_HERE, x, min, max)
/** Arguments of tp_logit. */
typedef struct tp_logit_args {
    tp_tensor *x;
    double eps; /**< x is clamped to [eps, 1 - eps] first; 0: not */
} tp_logit_args;
/** log(x / (1 - x)). */
TP_API tp_tensor *tp_logit_at(tp_location at, tp_logit_args args);
#define tp_logit(...) tp_logit_at(TP_HERE, TP_MAKE(tp_logit_args, .x = __VA_ARGS__))
/** a + weight (b - a). */
TP_API tp_tensor *tp_lerp_at(tp_location at, tp_tensor *a, tp_tensor *b, double weight);
#define tp_lerp(a, b, weight) tp_lerp_at(TP_HERE, a, b, weight)
/** @} */

/** @name Activations
 *  @{ */
/** max(x, 0). */
TP_API tp_tensor *tp_relu_at(tp_location at, tp_tensor *x);
#define tp_relu(x) tp_relu_at(TP_HERE, x)
/** tp_relu() in place. */
TP_API tp_tensor *tp_relu_inplace_at(tp_location at, tp_tensor *x);
#define tp_relu_(x) tp_relu_inplace_at(TP_HERE, x)
/** min(max(x, 0), 6). */
TP_API tp_tensor *tp_relu6_at(tp_location at, tp_tensor *x);
#define tp_relu6(x) tp_relu6_at(TP_HERE, x)
/** tp_relu6() in place. */
TP_API tp_tensor *tp_relu6_inplace_at(tp_location at, tp_tensor *x);
#define tp_relu6_(x) tp_relu6_inplace_at(TP_HERE, x)
/** 1 / (1 + e^-x). */
TP_API tp_tensor *tp_sigmoid_at(tp_location at, tp_tensor *x);
#define tp_sigmoid(x) tp_sigmoid_at(TP_HERE, x)
/** tp_sigmoid() in place. */
TP_API tp_tensor *tp_sigmoid_inplace_at(tp_location at, tp_tensor *x);
#define tp_sigmoid_(x) tp_sigmoid_inplace_at(TP_HERE, x)
/** x sigmoid(x), also called swish. */
TP_API tp_tensor *tp_silu_at(tp_location at, tp_tensor *x);
#define tp_silu(x) tp_silu_at(TP_HERE, x)
/** tp_silu() in place. */
TP_API tp_tensor *tp_silu_inplace_at(tp_location at, tp_tensor *x);
#define tp_silu_(x) tp_silu_inplace_at(TP_HERE, x)
/** log(sigmoid(x)). */
TP_API tp_tensor *tp_logsigmoid_at(tp_location at, tp_tensor *x);
#define tp_logsigmoid(x) tp_logsigmoid_at(TP_HERE, x)
/** tp_logsigmoid() in place. */
TP_API tp_tensor *tp_logsigmoid_inplace_at(tp_location at, tp_tensor *x);
#define tp_logsigmoid_(x) tp_logsigmoid_inplace_at(TP_HERE, x)
/** x tanh(log(1 + e^x)). */
TP_API tp_tensor *tp_mish_at(tp_location at, tp_tensor *x);
#define tp_mish(x) tp_mish_at(TP_HERE, x)
/** tp_mish() in place. */
TP_API tp_tensor *tp_mish_inplace_at(tp_location at, tp_tensor *x);
#define tp_mish_(x) tp_mish_inplace_at(TP_HERE, x)
/** x / (1 + |x|). */
TP_API tp_tensor *tp_softsign_at(tp_location at, tp_tensor *x);
#define tp_softsign(x) tp_softsign_at(TP_HERE, x)
/** tp_softsign() in place. */
TP_API tp_tensor *tp_softsign_inplace_at(tp_location at, tp_tensor *x);
#define tp_softsign_(x) tp_softsign_inplace_at(TP_HERE, x)
/** min(max(x / 6 + 1/2, 0), 1). */
TP_API tp_tensor *tp_hardsigmoid_at(tp_location at, tp_tensor *x);
#define tp_hardsigmoid(x) tp_hardsigmoid_at(TP_HERE, x)
/** tp_hardsigmoid() in place. */
TP_API tp_tensor *tp_hardsigmoid_inplace_at(tp_location at, tp_tensor *x);
#define tp_hardsigmoid_(x) tp_hardsigmoid_inplace_at(TP_HERE, x)
/** x hardsigmoid(x). */
TP_API tp_tensor *tp_hardswish_at(tp_location at, tp_tensor *x);
#define tp_hardswish(x) tp_hardswish_at(TP_HERE, x)
/** tp_hardswish() in place. */
TP_API tp_tensor *tp_hardswish_inplace_at(tp_location at, tp_tensor *x);
#define tp_hardswish_(x) tp_hardswish_inplace_at(TP_HERE, x)
/** Self-normalising exponential unit: 1.0507 (x above 0, 1.6733 (e^x - 1) below). */
TP_API tp_tensor *tp_selu_at(tp_location at, tp_tensor *x);
#define tp_selu(x) tp_selu_at(TP_HERE, x)
/** tp_selu() in place. */
TP_API tp_tensor *tp_selu_inplace_at(tp_location at, tp_tensor *x);
#define tp_selu_(x) tp_selu_inplace_at(TP_HERE, x)
/** 1 above 0, else 0: the activation of the perceptron. Its gradient is 0. */
TP_API tp_tensor *tp_unit_step_at(tp_location at, tp_tensor *x);
#define tp_unit_step(x) tp_unit_step_at(TP_HERE, x)
/** tp_unit_step() in place. */
TP_API tp_tensor *tp_unit_step_inplace_at(tp_location at, tp_tensor *x);
#define tp_unit_step_(x) tp_unit_step_inplace_at(TP_HERE, x)
/** Arguments of tp_leaky_relu. */
typedef struct tp_leaky_relu_args {
    tp_tensor *x;
    double negative_slope; /**< 0 stands for 0.01 */
} tp_leaky_relu_args;
/** x above 0, slope x below. */
TP_API tp_tensor *tp_leaky_relu_at(tp_location at, tp_leaky_relu_args args);
#define tp_leaky_relu(...) tp_leaky_relu_at(TP_HERE, TP_MAKE(tp_leaky_relu_args, .x = __VA_ARGS__))
/** Arguments of tp_elu. */
typedef struct tp_elu_args {
    tp_tensor *x;
    double alpha; /**< 0 stands for 1 */
} tp_elu_args;
/** x above 0, alpha (e^x - 1) below. */
TP_API tp_tensor *tp_elu_at(tp_location at, tp_elu_args args);
#define tp_elu(...) tp_elu_at(TP_HERE, TP_MAKE(tp_elu_args, .x = __VA_ARGS__))
/** Forms of tp_gelu. */
typedef enum tp_gelu_form {
    TP_GELU_ERF, /**< exact */
    TP_GELU_TANH /**< 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
} tp_gelu_form;
/** Arguments of tp_gelu. */
typedef struct tp_gelu_args {
    tp_tensor *x;
    tp_gelu_form approximate; /**< TP_GELU_TANH for the approximation */
} tp_gelu_args;
/** x times the normal distribution function of x. */
TP_API tp_tensor *tp_gelu_at(tp_location at, tp_gelu_args args);
#define tp_gelu(...) tp_gelu_at(TP_HERE, TP_MAKE(tp_gelu_args, .x = __VA_ARGS__))
/** Arguments of tp_softplus. */
typedef struct tp_softplus_args {
    tp_tensor *x;
    double beta;      /**< 0 stands for 1 */
    double threshold; /**< where beta x is above it the result is x; 0 stands for 20 */
} tp_softplus_args;
/** log(1 + exp(beta x)) / beta. */
TP_API tp_tensor *tp_softplus_at(tp_location at, tp_softplus_args args);
#define tp_softplus(...) tp_softplus_at(TP_HERE, TP_MAKE(tp_softplus_args, .x = __VA_ARGS__))
/** Arguments of tp_hardtanh. */
typedef struct tp_hardtanh_args {
    tp_tensor *x;
    double min_val, max_val; /**< both 0 stand for -1 and 1 */
} tp_hardtanh_args;
/** x between two bounds. Errors: VALUE where min_val > max_val. */
TP_API tp_tensor *tp_hardtanh_at(tp_location at, tp_hardtanh_args args);
#define tp_hardtanh(...) tp_hardtanh_at(TP_HERE, TP_MAKE(tp_hardtanh_args, .x = __VA_ARGS__))
/** x above the threshold, else value. */
TP_API tp_tensor *tp_threshold_at(tp_location at, tp_tensor *x, double threshold, double value);
#define tp_threshold(x, threshold, value) tp_threshold_at(TP_HERE, x, threshold, value)
/** @} */

/** @name Conversion and copies
 *  @{ */
/** x in another type; x itself where it has it. Recorded where both are floating. */
TP_API tp_tensor *tp_to_at(tp_location at, tp_tensor *x, tp_dtype dtype);
#define tp_to(x, dtype) tp_to_at(TP_HERE, x, dtype)
/** A contiguous copy. Recorded. */
TP_API tp_tensor *tp_clone_at(tp_location at, tp_tensor *x);
#define tp_clone(x) tp_clone_at(TP_HERE, x)
/** x itself where its elements lie in reading order without gaps, else a copy that does. Recorded. */
TP_API tp_tensor *tp_contiguous_at(tp_location at, tp_tensor *x);
#define tp_contiguous(x) tp_contiguous_at(TP_HERE, x)
/** @} */

TP_END_DECLS

#ifdef __cplusplus
/* The overloads behind TP_OPERATE: two tensors, tensor and number, number and tensor. */
template <class number> inline tp_number tp_number_from(number value) {
    return std::is_floating_point<number>::value ? tp_number_real(static_cast<double>(value))
                                                 : tp_number_whole(static_cast<int64_t>(value));
}
#define TP_OVERLOAD(name)                                                           \
    inline tp_tensor *tp_##name##_any(tp_location at, tp_tensor *a, tp_tensor *b) { \
        return tp_##name##_at(at, a, b);                                            \
    }                                                                               \
    template <class number>                                                         \
    inline tp_tensor *tp_##name##_any(tp_location at, tp_tensor *a, number b) {     \
        return tp_##name##_number_at(at, a, tp_number_from(b));                     \
    }                                                                               \
    template <class number>                                                         \
    inline tp_tensor *tp_##name##_any(tp_location at, number a, tp_tensor *b) {     \
        return tp_number_##name##_at(at, tp_number_from(a), b);                     \
    }
#define TP_OVERLOAD_OPTIONS(name, options)                                                         \
    inline tp_tensor *tp_##name##_with_any(tp_location at, tp_tensor *a, tp_tensor *b,             \
                                           options with) {                                         \
        return tp_##name##_with_at(at, a, b, with);                                                \
    }                                                                                              \
    template <class number>                                                                        \
    inline tp_tensor *tp_##name##_with_any(tp_location at, tp_tensor *a, number b, options with) { \
        return tp_##name##_number_with_at(at, a, tp_number_from(b), with);                         \
    }
#define TP_OVERLOAD_INPLACE(name)                                                           \
    inline tp_tensor *tp_##name##_inplace_any(tp_location at, tp_tensor *a, tp_tensor *b) { \
        return tp_##name##_inplace_at(at, a, b);                                            \
    }                                                                                       \
    template <class number>                                                                 \
    inline tp_tensor *tp_##name##_inplace_any(tp_location at, tp_tensor *a, number b) {     \
        return tp_##name##_number_inplace_at(at, a, tp_number_from(b));                     \
    }
TP_OVERLOAD(add)
TP_OVERLOAD(sub)
TP_OVERLOAD(mul)
TP_OVERLOAD(div)
TP_OVERLOAD(remainder)
TP_OVERLOAD(fmod)
TP_OVERLOAD(pow)
TP_OVERLOAD(atan2)
TP_OVERLOAD(hypot)
TP_OVERLOAD(maximum)
TP_OVERLOAD(minimum)
TP_OVERLOAD(eq)
TP_OVERLOAD(ne)
TP_OVERLOAD(lt)
TP_OVERLOAD(le)
TP_OVERLOAD(gt)
TP_OVERLOAD(ge)
TP_OVERLOAD(logical_and)
TP_OVERLOAD(logical_or)
TP_OVERLOAD(logical_xor)
TP_OVERLOAD_OPTIONS(add, tp_add_options)
TP_OVERLOAD_OPTIONS(sub, tp_add_options)
TP_OVERLOAD_OPTIONS(div, tp_div_options)
TP_OVERLOAD_INPLACE(add)
TP_OVERLOAD_INPLACE(sub)
TP_OVERLOAD_INPLACE(mul)
TP_OVERLOAD_INPLACE(div)
TP_OVERLOAD_INPLACE(pow)
TP_OVERLOAD_INPLACE(remainder)
TP_OVERLOAD_INPLACE(fmod)
#undef TP_OVERLOAD
#undef TP_OVERLOAD_OPTIONS
#undef TP_OVERLOAD_INPLACE
#endif

#endif
