/* Where operations note their options on the tape (node->integer, node->number), as far as somebody reads them beside their
 * own gradients: whoever turns a graph into a file. */
#ifndef TP_OPS_NOTED_H
#define TP_OPS_NOTED_H

/* integer */
enum {
    TP_NOTED_DIM = 0,     /* softmax, log_softmax, cat, stack, split, chunk, unbind */
    TP_NOTED_UNBOUND = 1, /* split and its like: the parts lost the dimension */
    TP_NOTED_MASK = 0,    /* reductions: a bit for each dimension */
    TP_NOTED_ORDER =
        0, /* permute, transpose, t: from here on, the dimension that each of the result's was */
    TP_NOTED_START = 0, /* slice, select; then the step and the dimension */
    TP_NOTED_STEP = 1,
    TP_NOTED_SLICED = 2,
    TP_NOTED_SIDE = 3,        /* two operands: one of the three below */
    TP_NOTED_LINEAR_FORM = 3, /* tp_activation */
    TP_NOTED_CONV_FUSED = 3,  /* likewise */
    TP_NOTED_GROUPS = 0,      /* group_norm */
    TP_NOTED_RESIZE_MODE = 0, /* tp_interpolate_mode */
    TP_NOTED_RESIZE_ALIGN = 1,
    TP_NOTED_PAD_MODE = 0,
    TP_NOTED_PAD_COUNT =
        1, /* dimensions; from the next on, places before the first, outermost first */
    TP_NOTED_PAD_BEFORE = 2,
    TP_NOTED_POOL_DIMS = 9, /* behind tp_pool_note() */
    TP_NOTED_POOL_EXCLUDE_PAD = 10,
    TP_NOTED_BLOCK_FUSED = 9, /* conv_block, likewise: tp_activation */
    TP_NOTED_NORM_FLAGS = 9   /* batch_norm, behind tp_pool_note(): the two below */
};
enum { TP_NOTED_NORM_RELU = 2, TP_NOTED_NORM_POOLED = 4 };
enum { TP_BOTH_TENSORS, TP_NUMBER_RIGHT, TP_NUMBER_LEFT };
/* number */
enum {
    TP_NOTED_NUMBER =
        0, /* the one of two operands that is no tensor; parameters of unary.def from here on */
    TP_NOTED_SLOPE = 0,        /* linear, conv: of the leaky ReLU */
    TP_NOTED_EPS = 0,          /* batch_norm, layer_norm, group_norm */
    TP_NOTED_RESIZE_SCALE = 0, /* places of x for one of the result: along H, then along W */
    TP_NOTED_FILL = 0,         /* pad */
    TP_NOTED_DIVISOR = 0,      /* avg_pool */
    TP_NOTED_BETA = 0,         /* addmm */
    TP_NOTED_ALPHA = 1
};

#endif
