/* Dropout's pass: what a mask of bytes lets through, scaled. */
#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

#define REAL      float
#define REAL_BITS 32
#define NAME(x)   x##_float
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/mask_tmpl.h"
#undef REAL
#undef REAL_BITS
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define NAME(x)   x##_double
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/mask_tmpl.h"

void TP_ISA_NAME(tp_register_mask)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_mask)(tp_kernels *kernels) {
    kernels->masked[0] = masked_float;
    kernels->masked[1] = masked_double;
}
