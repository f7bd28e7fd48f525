/* Losses with their gradients in one pass. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

#define REAL      float
#define REAL_BITS 32
#define NAME(x)   x##_float
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/softmax_rows.h"

#include "backend/cpu/kernels/cross_entropy_tmpl.h"

#include "backend/cpu/kernels/loss_tmpl.h"
#undef REAL
#undef REAL_BITS
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define NAME(x)   x##_double
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/softmax_rows.h"

#include "backend/cpu/kernels/cross_entropy_tmpl.h"

#include "backend/cpu/kernels/loss_tmpl.h"

void TP_ISA_NAME(tp_register_loss)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_loss)(tp_kernels *kernels) {
    register_loss_float(&kernels->loss, 0);
    register_loss_double(&kernels->loss, 1);
}
