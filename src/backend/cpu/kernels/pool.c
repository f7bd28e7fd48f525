/* Pooling over windows of planes. */
#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

/* The part of a row of results whose windows lie inside of the plane, [*low, *high): there taps need no check. */
static void inner_range(const tp_pool_axis *axis, int64_t *low, int64_t *high) {
    *low = *high = 0;
    if (axis->adaptive) return;
    int64_t reach = (axis->kernel - 1) * axis->dilation + 1;
    int64_t room = axis->in + axis->padding - reach;
    *low = (axis->padding + axis->stride - 1) / axis->stride;
    *high = room < 0 ? 0 : room / axis->stride + 1;
    if (*high > axis->out) *high = axis->out;
    if (*high < *low) *low = *high = 0;
}

#define REAL      float
#define REAL_BITS 32
#define NAME(x)   x##_float
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/pairs.h"

#include "backend/cpu/kernels/pool_average.h"

#include "backend/cpu/kernels/pool_two.h"

#include "backend/cpu/kernels/pool_max.h"
#undef REAL
#undef REAL_BITS
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define NAME(x)   x##_double
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/pairs.h"

#include "backend/cpu/kernels/pool_average.h"

#include "backend/cpu/kernels/pool_two.h"

#include "backend/cpu/kernels/pool_max.h"

void TP_ISA_NAME(tp_register_pool)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_pool)(tp_kernels *kernels) {
    tp_pool_kernels *pool = &kernels->pool;
    pool->max[0] = pool_max_float;
    pool->max[1] = pool_max_double;
    pool->max_grad[0] = pool_max_grad_float;
    pool->max_grad[1] = pool_max_grad_double;
    pool->average[0] = pool_average_float;
    pool->average[1] = pool_average_double;
    pool->average_grad[0] = pool_average_grad_float;
    pool->average_grad[1] = pool_average_grad_double;
}
