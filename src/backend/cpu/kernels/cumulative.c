/* Running sums and products, and the gradients of products. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

#define TYPE         float
#define SUM          float
#define ACCUMULATOR  double
#define TYPE_IS_REAL 1
#define NAME(x)      x##_float
#include "backend/cpu/kernels/cumulative_tmpl.h"

#define TYPE         double
#define SUM          double
#define ACCUMULATOR  double
#define TYPE_IS_REAL 1
#define NAME(x)      x##_double
#include "backend/cpu/kernels/cumulative_tmpl.h"

/* unsigned, for which running over is no error */
#define TYPE        int64_t
#define SUM         int64_t
#define ACCUMULATOR uint64_t
#define NAME(x)     x##_int64
#include "backend/cpu/kernels/cumulative_tmpl.h"

#define TYPE        int32_t
#define SUM         int64_t
#define ACCUMULATOR uint64_t
#define NAME(x)     x##_int32
#include "backend/cpu/kernels/cumulative_tmpl.h"

#define TYPE        uint8_t
#define SUM         int64_t
#define ACCUMULATOR uint64_t
#define NAME(x)     x##_uint8
#include "backend/cpu/kernels/cumulative_tmpl.h"

void TP_ISA_NAME(tp_register_cumulative)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_cumulative)(tp_kernels *kernels) {
    tp_reduce_kernels *k = &kernels->reduce;
    register_cumulative_float(k, TP_FLOAT32);
    register_cumulative_double(k, TP_FLOAT64);
    register_cumulative_int64(k, TP_INT64);
    register_cumulative_int32(k, TP_INT32);
    register_cumulative_uint8(k, TP_UINT8);
    register_cumulative_uint8(k, TP_BOOL);
    k->prod_grad[0] = prod_grad_float;
    k->prod_grad[1] = prod_grad_double;
    k->cumprod_grad[0] = cumprod_grad_float;
    k->cumprod_grad[1] = cumprod_grad_double;
}
