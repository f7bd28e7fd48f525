/* What the pooling operations share: windows with their defaults filled in, sizes, and running a kernel over planes. */
#ifndef TP_OPS_POOL_H
#define TP_OPS_POOL_H

#include <taper/ops/pool.h>

#include "autograd/node.h"
#include "backend/backend.h"
#include "ops/noted.h"

/* Which of the options of tp_pool_args an operation takes beyond kernel, stride and padding. */
enum {
    TP_POOL_TAKES_DILATION = 1,
    TP_POOL_TAKES_CEIL = 2,
    TP_POOL_TAKES_DIVISOR = 4, /* and exclude_pad */
    TP_POOL_TAKES_NORM = 8,
    TP_POOL_TAKES_INDICES = 16,
    TP_POOL_TAKES_OUTPUT = 32,
    TP_POOL_OF_MAX = TP_POOL_TAKES_DILATION | TP_POOL_TAKES_CEIL | TP_POOL_TAKES_INDICES,
    TP_POOL_OF_AVERAGE = TP_POOL_TAKES_CEIL | TP_POOL_TAKES_DIVISOR,
    TP_POOL_OF_LP = TP_POOL_TAKES_CEIL | TP_POOL_TAKES_NORM,
    TP_POOL_OF_UNPOOL = TP_POOL_TAKES_OUTPUT,
};

/* The window of args along H ([0]) and W ([1]); one of 1 along H where dims is 1. */
typedef struct tp_window {
    int64_t kernel[2], stride[2], padding[2], dilation[2];
} tp_window;
/* False where an option is out of range or of no use to op, reported. */
bool tp_window_of(tp_location at, const char *op, const tp_pool_args *args, int dims,
                  unsigned takes, tp_window *window);

/* Fills h and w of p for an x of that shape and returns the result's shape; ndim -1 after an error. */
tp_shape tp_pool_fit(tp_location at, const char *op, tp_shape x, int dims, const tp_window *window,
                     bool ceil_mode, tp_pooling_args *p);
/* The same for windows that make out[0] x out[1] of whatever comes. */
tp_shape tp_pool_fit_adaptive(tp_location at, const char *op, tp_shape x, int dims,
                              const int64_t out[2], tp_pooling_args *p);

/* Whether x is of a type that can be pooled; reports. */
bool tp_pool_types(tp_location at, const char *op, const tp_tensor *x);

/* Runs the kernel over all planes of p, in parallel; x and y are contiguous with in_bytes and out_bytes a plane. False when out
 * of memory (reported). */
typedef struct tp_pooling_run {
    tp_pooling_fn kernel;
    tp_pooling_args args;
    size_t x_plane, y_plane, taps_plane; /* bytes */
    size_t row;                          /* bytes of scratch; 0: none */
} tp_pooling_run;
bool tp_pool_planes(tp_location at, const char *op, tp_pooling_run *run);

/* p's windows in the integers of a node, and back; x and y are shapes of the two sides. */
enum { TP_POOL_INTEGERS = TP_NOTED_POOL_DIMS };
void tp_pool_note(tp_node *node, const tp_pooling_args *p);
tp_pooling_args tp_pool_noted(const tp_node *node, const tp_tensor *x, const tp_tensor *y,
                              int dims);

#endif
