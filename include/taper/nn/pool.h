/** @file nn/pool.h
 *  Pooling as layers; taper/ops/pool.h says what they compute and has the options. Each returns a module that the caller owns,
 *  or NULL after an error.
 */
#ifndef TAPER_NN_POOL_H
#define TAPER_NN_POOL_H

#include <taper/ops/pool.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** @name Pooling layers
 *  @{ */
/** tp_max_pool2d(): tp_nn_max_pool2d(3, .stride = 2, .padding = 1). */
TP_API tp_module *tp_nn_max_pool2d_at(tp_location at, tp_pool_args args);
#define tp_nn_max_pool2d(...) \
    tp_nn_max_pool2d_at(TP_HERE, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** tp_max_pool1d(). */
TP_API tp_module *tp_nn_max_pool1d_at(tp_location at, tp_pool_args args);
#define tp_nn_max_pool1d(...) \
    tp_nn_max_pool1d_at(TP_HERE, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** tp_avg_pool2d(). */
TP_API tp_module *tp_nn_avg_pool2d_at(tp_location at, tp_pool_args args);
#define tp_nn_avg_pool2d(...) \
    tp_nn_avg_pool2d_at(TP_HERE, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** tp_avg_pool1d(). */
TP_API tp_module *tp_nn_avg_pool1d_at(tp_location at, tp_pool_args args);
#define tp_nn_avg_pool1d(...) \
    tp_nn_avg_pool1d_at(TP_HERE, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** tp_adaptive_avg_pool2d(). */
TP_API tp_module *tp_nn_adaptive_avg_pool2d_at(tp_location at, int64_t h, int64_t w);
#define tp_nn_adaptive_avg_pool2d(h, w) tp_nn_adaptive_avg_pool2d_at(TP_HERE, h, w)
/** tp_adaptive_avg_pool1d(). */
TP_API tp_module *tp_nn_adaptive_avg_pool1d_at(tp_location at, int64_t length);
#define tp_nn_adaptive_avg_pool1d(length) tp_nn_adaptive_avg_pool1d_at(TP_HERE, length)
/** tp_adaptive_max_pool2d(). */
TP_API tp_module *tp_nn_adaptive_max_pool2d_at(tp_location at, int64_t h, int64_t w);
#define tp_nn_adaptive_max_pool2d(h, w) tp_nn_adaptive_max_pool2d_at(TP_HERE, h, w)
/** tp_adaptive_max_pool1d(). */
TP_API tp_module *tp_nn_adaptive_max_pool1d_at(tp_location at, int64_t length);
#define tp_nn_adaptive_max_pool1d(length) tp_nn_adaptive_max_pool1d_at(TP_HERE, length)
/** tp_lp_pool2d(): tp_nn_lp_pool2d(3, .norm_type = 2, .stride = 2). */
TP_API tp_module *tp_nn_lp_pool2d_at(tp_location at, tp_pool_args args);
#define tp_nn_lp_pool2d(...) \
    tp_nn_lp_pool2d_at(TP_HERE, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** tp_lp_pool1d(). */
TP_API tp_module *tp_nn_lp_pool1d_at(tp_location at, tp_pool_args args);
#define tp_nn_lp_pool1d(...) \
    tp_nn_lp_pool1d_at(TP_HERE, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
