/* The gradient of a linear layer before its products: activation and bias in one pass. */
#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

/* Columns are worked on in strips of four vectors whose sums stay in registers, rows in blocks that stay in the cache. */
enum { STRIP = 4, ROW_BLOCK = 64 };

#define T    float
#define MASK int32_t
#define F(x) x##_float
#include "backend/cpu/kernels/linear_tmpl.h"
#undef T
#undef MASK
#undef F

#define T    double
#define MASK int64_t
#define F(x) x##_double
#include "backend/cpu/kernels/linear_tmpl.h"
#undef T
#undef MASK
#undef F

void TP_ISA_NAME(tp_register_linear)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_linear)(tp_kernels *kernels) {
    kernels->linear_grad[0] = linear_grad_float;
    kernels->linear_grad[1] = linear_grad_double;
}
