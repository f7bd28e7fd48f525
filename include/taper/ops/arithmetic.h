/** @file ops/arithmetic.h
 *  Arithmetic, comparison and logic of two operands.
 *
 *  Two operands broadcast as in PyTorch: shapes are aligned at their last dimension, and a size of 1 stretches. Types are
 *  promoted as torch.result_type does; functions of real numbers convert integers to the default floating type first.
 *  Either operand may be a C number: `tp_add(tp_mul(x, 2), 1)`, `tp_sub(1, x)`. An integer of C leaves integer tensors what
 *  they are, a floating one makes them floating, as Python's numbers do.
 *
 *  A name that ends in an underscore works in place and returns its first argument, whose shape and type stay. In-place
 *  operations are not recorded: on a leaf that wants a gradient or inside a recorded graph they are refused (GRAPH), except
 *  under TP_NO_GRAD.
 *
 *  Errors: SHAPE where shapes do not broadcast, DTYPE where an operation does not take a type.
 */
#ifndef TAPER_OPS_ARITHMETIC_H
#define TAPER_OPS_ARITHMETIC_H

#include <taper/ops/operands.h>

TP_BEGIN_DECLS

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
/** max(a + b, 0), for floating types: the end of a residual block in one pass. NaN stays NaN. */
TP_API tp_tensor *tp_add_relu_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_add_relu(a, b) tp_add_relu_at(TP_HERE, a, b)
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

TP_END_DECLS

#ifdef __cplusplus
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
#endif

#endif
