/* Softmax, its logarithm and log-sum-exp, with their gradients. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

#define REAL      float
#define REAL_BITS 32
#define NAME(x)   x##_float
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/softmax_rows.h"

#include "backend/cpu/kernels/softmax_tmpl.h"
#undef REAL
#undef REAL_BITS
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define NAME(x)   x##_double
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/softmax_rows.h"

#include "backend/cpu/kernels/softmax_tmpl.h"

void TP_ISA_NAME(tp_register_softmax)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_softmax)(tp_kernels *kernels) {
    register_softmax_float(&kernels->reduce, 0);
    register_softmax_double(&kernels->reduce, 1);
}
