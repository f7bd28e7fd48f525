/** @file ops/pad_mode.h
 *  What stands beyond the borders of a picture.
 */
#ifndef TAPER_OPS_PAD_MODE_H
#define TAPER_OPS_PAD_MODE_H

/** What padding is filled with, as padding_mode and F.pad's mode in PyTorch. For a row a b c d and two places on the left: */
typedef enum tp_pad_mode {
    TP_PAD_ZEROS,     /**< 0 0 | a b c d; tp_pad() takes any value in place of 0 */
    TP_PAD_REFLECT,   /**< c b | a b c d: mirrored, the border itself not repeated */
    TP_PAD_REPLICATE, /**< a a | a b c d: the border again and again */
    TP_PAD_CIRCULAR   /**< c d | a b c d: the other end */
} tp_pad_mode;

#endif
