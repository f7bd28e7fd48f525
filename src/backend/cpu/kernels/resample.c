/* Planes in another size: rows are mixed first, which the compiler makes vectors of, then places along the row. */
#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

#define REAL    float
#define NAME(x) x##_float
#include "backend/cpu/kernels/resample_tmpl.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_double
#include "backend/cpu/kernels/resample_tmpl.h"

void TP_ISA_NAME(tp_register_resample)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_resample)(tp_kernels *kernels) {
    kernels->resample = (tp_resample_kernels){
        .forward = {resample_float, resample_double},
        .backward = {resample_grad_float, resample_grad_double},
    };
}
