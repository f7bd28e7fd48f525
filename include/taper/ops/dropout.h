/** @file ops/dropout.h
 *  Dropout (Srivastava and others, 2014). Which elements go follows from one draw of the thread's generator and the position of
 *  the element: the same at any number of threads.
 */
#ifndef TAPER_OPS_DROPOUT_H
#define TAPER_OPS_DROPOUT_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Sets each element to 0 with probability p, 0 <= p <= 1, and divides the others by 1 - p. x itself where p is 0.
 *  Errors: VALUE, DTYPE. */
TP_API tp_tensor *tp_dropout_at(tp_location at, tp_tensor *x, double p);
#define tp_dropout(x, p) tp_dropout_at(TP_HERE, x, p)
/** The same for whole channels: x is (N, C, ...), and the (...) of each sample and channel stays or goes. Errors: VALUE, DTYPE,
 *  SHAPE below two dimensions. */
TP_API tp_tensor *tp_dropout2d_at(tp_location at, tp_tensor *x, double p);
#define tp_dropout2d(x, p) tp_dropout2d_at(TP_HERE, x, p)

TP_END_DECLS

#endif
