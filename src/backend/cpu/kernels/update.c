/* One optimiser step over a stretch of memory. */
#include <math.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

#define SQRT(x) sqrt(x)

#define T       float
#define NAME(x) x##_f32
#define ROOT(x) sqrtf(x)
#include "backend/cpu/kernels/update_tmpl.h"
#undef T
#undef NAME
#undef ROOT

#define T       double
#define NAME(x) x##_f64
#define ROOT(x) sqrt(x)
#include "backend/cpu/kernels/update_tmpl.h"
#undef T
#undef NAME
#undef ROOT

void TP_ISA_NAME(tp_register_update)(tp_kernels *table);
void TP_ISA_NAME(tp_register_update)(tp_kernels *table) {
    table->update[TP_UPDATE_SGD][0] = sgd_f32;
    table->update[TP_UPDATE_SGD][1] = sgd_f64;
    table->update[TP_UPDATE_ADAM][0] = adam_f32;
    table->update[TP_UPDATE_ADAM][1] = adam_f64;
    table->update[TP_UPDATE_RMSPROP][0] = rmsprop_f32;
    table->update[TP_UPDATE_RMSPROP][1] = rmsprop_f64;
    table->update[TP_UPDATE_ADAGRAD][0] = adagrad_f32;
    table->update[TP_UPDATE_ADAGRAD][1] = adagrad_f64;
}
