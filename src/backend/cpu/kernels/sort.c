/* Sorting. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

/* A number is less than NaN, NaN is not less than anything. */
#define LESS_REAL(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))

#define TYPE       float
#define NAME(x)    x##_float
#define LESS(a, b) LESS_REAL(a, b)
#include "backend/cpu/kernels/sort_tmpl.h"

#define TYPE       double
#define NAME(x)    x##_double
#define LESS(a, b) LESS_REAL(a, b)
#include "backend/cpu/kernels/sort_tmpl.h"

#define TYPE       int64_t
#define NAME(x)    x##_int64
#define LESS(a, b) ((a) < (b))
#include "backend/cpu/kernels/sort_tmpl.h"

#define TYPE       int32_t
#define NAME(x)    x##_int32
#define LESS(a, b) ((a) < (b))
#include "backend/cpu/kernels/sort_tmpl.h"

#define TYPE       uint8_t
#define NAME(x)    x##_uint8
#define LESS(a, b) ((a) < (b))
#include "backend/cpu/kernels/sort_tmpl.h"

void TP_ISA_NAME(tp_register_sort)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_sort)(tp_kernels *kernels) {
    tp_sort_fn *sort = kernels->reduce.sort;
    sort[TP_FLOAT32] = sort_float;
    sort[TP_FLOAT64] = sort_double;
    sort[TP_INT64] = sort_int64;
    sort[TP_INT32] = sort_int32;
    sort[TP_UINT8] = sort_uint8;
    sort[TP_BOOL] = sort_uint8;
}
