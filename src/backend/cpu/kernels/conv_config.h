/* Sizes that the convolutions' plans are tuned to. */
#ifndef TP_BACKEND_CPU_KERNELS_CONV_CONFIG_H
#define TP_BACKEND_CPU_KERNELS_CONV_CONFIG_H

enum {
    CONV_PIXELS = 512, /* results of a channel that one task makes, about */
    CONV_DEPTH =
        320, /* products that are summed in one go, about: a panel stays in the first-level cache */
    CONV_TASKS = 8,         /* fewer are cut further */
    CONV_LEAST_PIXELS = 96, /* but not below so many */
    CONV_PACK_COST = 3,     /* of copying a vector into a panel, in multiplications */
    CONV_WIDE_DEPTH =
        1536, /* the same with vectors along channels, times vectors: weights stay in the second-level cache */
    CONV_NARROW = 4, /* rows of so few results: tiles are made of images instead */
    CONV_FEW_CHANNELS =
        8 /* of the source: the weight gradient makes tiles of any elements instead of channels */
};

#endif
