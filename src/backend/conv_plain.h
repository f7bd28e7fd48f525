/* See conv_plain.c. */
#ifndef TP_BACKEND_CONV_PLAIN_H
#define TP_BACKEND_CONV_PLAIN_H

#include "backend/backend.h"

/* Whether the environment variable TAPER_CONV says "plain". */
bool tp_conv_plain_wanted(void);
/* A convolution in float, forward or the gradient of its input; false, with nothing done, where it is asked for more than that. */
bool tp_conv_plain(const tp_kernels *kernels, tp_pool *pool, tp_conv_kind kind,
                   const tp_conv_args *args);

#endif
