/** @file nn/pad.h
 *  Padding as layers; taper/ops/pad.h says what the modes do. Each returns a module that the caller owns, or NULL after an
 *  error.
 */
#ifndef TAPER_NN_PAD_H
#define TAPER_NN_PAD_H

#include <taper/ops/pad.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** @name Padding layers
 *  Sides as in tp_pad(): tp_shape(left, right, top, bottom); one number stands for all of them.
 *  @{ */
/** A border of zeros around the last two dimensions: tp_nn_zero_pad2d(tp_shape(1)). */
TP_API tp_module *tp_nn_zero_pad2d_at(tp_location at, tp_shape sides);
#define tp_nn_zero_pad2d(sides) tp_nn_zero_pad2d_at(TP_HERE, sides)
/** A border of `value`. */
TP_API tp_module *tp_nn_constant_pad2d_at(tp_location at, tp_shape sides, double value);
#define tp_nn_constant_pad2d(sides, value) tp_nn_constant_pad2d_at(TP_HERE, sides, value)
/** The same for the last dimension: tp_shape(left, right). */
TP_API tp_module *tp_nn_constant_pad1d_at(tp_location at, tp_shape sides, double value);
#define tp_nn_constant_pad1d(sides, value) tp_nn_constant_pad1d_at(TP_HERE, sides, value)
/** TP_PAD_REFLECT around the last two dimensions. */
TP_API tp_module *tp_nn_reflection_pad2d_at(tp_location at, tp_shape sides);
#define tp_nn_reflection_pad2d(sides) tp_nn_reflection_pad2d_at(TP_HERE, sides)
/** TP_PAD_REFLECT at the ends of the last dimension. */
TP_API tp_module *tp_nn_reflection_pad1d_at(tp_location at, tp_shape sides);
#define tp_nn_reflection_pad1d(sides) tp_nn_reflection_pad1d_at(TP_HERE, sides)
/** TP_PAD_REPLICATE around the last two dimensions. */
TP_API tp_module *tp_nn_replication_pad2d_at(tp_location at, tp_shape sides);
#define tp_nn_replication_pad2d(sides) tp_nn_replication_pad2d_at(TP_HERE, sides)
/** TP_PAD_REPLICATE at the ends of the last dimension. */
TP_API tp_module *tp_nn_replication_pad1d_at(tp_location at, tp_shape sides);
#define tp_nn_replication_pad1d(sides) tp_nn_replication_pad1d_at(TP_HERE, sides)
/** TP_PAD_CIRCULAR around the last two dimensions. */
TP_API tp_module *tp_nn_circular_pad2d_at(tp_location at, tp_shape sides);
#define tp_nn_circular_pad2d(sides) tp_nn_circular_pad2d_at(TP_HERE, sides)
/** @} */

TP_END_DECLS

#endif
