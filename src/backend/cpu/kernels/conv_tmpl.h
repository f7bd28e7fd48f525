/* Convolutions of one type. A template: conv.c includes it with REAL, REAL_BITS, INTEGER, UNSIGNED and NAME(x) defined.
 *
 * All three directions are products of matrices whose one operand is never written down whole: for each block of results the
 * part of the source that it meets is copied once, with zeros around it (conv_stripe.h), and register tiles (conv_tile.h) read
 * from there, either in place, where the columns between the rows of results are computed for nothing, or from panels in which
 * they are left out. conv_plan.h chooses; conv_run.h carries it out; conv_weight.h is the gradient of the weight. */

#include "lane_count.h"

#include "gemm_vector.h"

#include "gemm_sum.h"

#include "gemm_math.h"

#include "conv_counts.h"

#include "conv_stripe.h"

#include "conv_shifted.h"

#include "conv_pixel_tile.h"

#include "conv_pixel_plan.h"

#include "conv_pixel.h"

#include "conv_wide_tile.h"

#include "conv_wide_plan.h"

#include "conv_wide_weights.h"

#include "conv_wide_finish.h"

#include "conv_wide.h"

#include "conv_products.h"

#include "conv_grow_tile.h"

#include "conv_dot.h"

#include "conv_flat.h"

#include "conv_weight.h"

#ifndef TP_PAIRS /* bf16/conv.c wants the products alone */
#include "conv_pass.h"
#endif

#undef LANES
#undef VEC
#undef LOOSE
#undef IVEC
#undef UVEC
#undef STRIPE
#undef LINE
#undef PIXEL_PLAN
#undef PIXEL_TASK
#undef PIXEL_SPOT
#undef REACH
#undef WIDE_PLAN
#undef WIDE_TASK
#undef PIXELS
#undef DOT_PIXELS
#undef DOT_PLAN
#undef DOT_BLOCK
#undef FLAT_PLAN
#undef WEIGHT_PLAN
#undef WEIGHT_TASK
#undef WEAVE
#undef WEAVE_STAGE
