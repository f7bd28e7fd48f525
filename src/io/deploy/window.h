/* Windows over pictures and lines: H and W, H of 1 where there is one dimension. */
#ifndef TP_IO_DEPLOY_WINDOW_H
#define TP_IO_DEPLOY_WINDOW_H

#include "io/deploy/steps.h"

typedef struct window {
    int64_t c, h, w, oh, ow, kernel[2], stride[2], dilation[2], before[2];
} window;

window tp_step_window(const tp_deploy *d, const tp_graph_node *node);

#endif
