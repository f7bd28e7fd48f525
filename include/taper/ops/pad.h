/** @file ops/pad.h
 *  Padding: x with a border around it.
 */
#ifndef TAPER_OPS_PAD_H
#define TAPER_OPS_PAD_H

#include <taper/ops/pad_mode.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Arguments of tp_pad. */
typedef struct tp_pad_args {
    tp_tensor *x;
    tp_shape
        sides; /**< (before, after) of the last dimension, then of the one before it, ...: for (N, C, H, W)
                       tp_shape(left, right, top, bottom). Negative numbers cut off */
    tp_pad_mode mode;
    double value; /**< of TP_PAD_ZEROS */
} tp_pad_args;
/** x with a border, torch.nn.functional.pad: tp_pad(x, tp_shape(1, 1, 2, 2), .mode = TP_PAD_REFLECT). A copy of x's type.
 *  Errors: ARGUMENT for an odd count of sides or more than x has dimensions; SHAPE where a border is too wide for its mode
 *  (REFLECT: below the size, CIRCULAR: up to it) or nothing would be left. */
TP_API tp_tensor *tp_pad_at(tp_location at, tp_pad_args args);
#define tp_pad(...) tp_pad_at(TP_HERE, TP_MAKE(tp_pad_args, .x = __VA_ARGS__))

TP_END_DECLS

#endif
