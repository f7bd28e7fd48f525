/** @file nn/dropout.h
 *  Dropout as layers. Each returns a module that the caller owns, or NULL after an error.
 */
#ifndef TAPER_NN_DROPOUT_H
#define TAPER_NN_DROPOUT_H

#include <taper/ops/dropout.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** @name Dropout layers
 *  @{ */
/** In training mode sets each element to 0 with probability p, 0 <= p <= 1, and divides the others
 *  by 1 - p. */
TP_API tp_module *tp_nn_dropout_at(tp_location at, double p);
#define tp_nn_dropout(p) tp_nn_dropout_at(TP_HERE, p)
/** Dropout of whole channels (Tompson and others, 2015): in training mode each of the C maps of each sample of (N, C, ...)
 *  goes to 0 with probability p, and the others are divided by 1 - p. */
TP_API tp_module *tp_nn_dropout2d_at(tp_location at, double p);
#define tp_nn_dropout2d(p) tp_nn_dropout2d_at(TP_HERE, p)
/** @} */

TP_END_DECLS

#endif
