/** @file ops/elementwise.h
 *  Functions of one tensor, element by element, and conversion. This header brings arithmetic.h and activation.h along.
 *
 *  Functions of real numbers convert integers to the default floating type first. A name that ends in an underscore works in
 *  place, see arithmetic.h.
 *
 *  Errors: DTYPE where a function does not take a type.
 */
#ifndef TAPER_OPS_ELEMENTWISE_H
#define TAPER_OPS_ELEMENTWISE_H

#include <math.h>
#include <taper/ops/activation.h>
#include <taper/ops/arithmetic.h>

TP_BEGIN_DECLS

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

#endif
