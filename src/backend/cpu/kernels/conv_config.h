/* Sizes that the convolutions' plans are tuned to. */
#ifndef TP_BACKEND_CPU_KERNELS_CONV_CONFIG_H
#define TP_BACKEND_CPU_KERNELS_CONV_CONFIG_H

#include "isa.h"

enum {
    /* Results of a channel that one task makes, about. */
    CONV_PIXELS = 1024,
    /* Bytes of a source that is gone through again for each tile of channels. */
    CONV_PIXEL_SPACE = 32768,
    /* The same where they are made across the ends of rows, and of the source's shifted copies, which stay in the second-level
     * cache: long lines are written faster, and fewer copies have rows in common. */
    CONV_LINE_PIXELS = 4096,
    CONV_LINE_SPACE = 131072,
    /* .. which so many channels of the result are always worth. */
    CONV_LINE_ROWS = 8,
    /* Bytes of the pixels whose products are summed before lanes are added up, about. */
    CONV_DOT_SPACE = TP_VECTOR_BYTES == 64 ? 36864 : 24576,
    /* For conv_flat.h: most channels of x, fewest channels of y, the pixels of a plane at least, and those of a block, about. */
    CONV_FLAT_CHANNELS = 3,
    CONV_FLAT_ROWS = 4,
    CONV_FLAT_PLANE = 200,
    CONV_FLAT_PIXELS = 800,
    /* __builtin_prefetch's name for the second-level cache. */
    CONV_SECOND_LEVEL = 2,
    /* For conv_pass.h: parts of the images, and elements worth a thread. */
    CONV_PASS_PARTS = 16,
    CONV_PASS_GRAIN = 16384,
    /* With fewer tasks channels are shared out as well. */
    CONV_TASKS = 8,
    /* Weights of a vector of channels that are read again and again: they stay in the second-level cache. */
    CONV_WIDE_DEPTH = 4608,
    /* In rows of so few results tiles are made of the same place in several images. */
    CONV_NARROW = 4,
    /* With fewer source channels the weight gradient makes tiles of any elements of the weight. */
    CONV_FEW_CHANNELS = 8,
    /* Costs of LANES x LANES results in multiplications of vectors: turning them, and storing them as they are. */
    CONV_TURN_COST = 160,
    /* .. and of a vector that is copied. */
    CONV_COPY_COST = 8,
    CONV_STORE_COST = 40
};

/* What a product of conv_dot.h takes compared with one of conv_weight.h: its rows are short. */
#define CONV_DOT_COST 1.3

#endif
