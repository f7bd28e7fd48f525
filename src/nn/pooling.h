/* The pooling layers, for containers that run them together with what stands before. */
#ifndef TP_NN_POOLING_H
#define TP_NN_POOLING_H

#include "nn/module.h"
#include "ops/pool.h"

typedef struct tp_pool_layer {
    tp_module base;
    tp_pool_args args; /* x is set for the call */
    tp_window window;
    int dims; /* 1 or 2 */
    tp_tensor *(*run)(tp_location at, tp_pool_args args);
} tp_pool_layer;

bool tp_is_max_pool2d(const tp_module *module);

#endif
