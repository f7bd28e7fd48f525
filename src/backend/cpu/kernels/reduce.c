/* Sums, products, extrema and logic along one dimension. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

enum {
    TURNS = 16,   /* elements that a lane takes before it is joined in double */
    FEW_ROWS = 64 /* so few rows are added up as they are */
};

/* How two results become one. */
enum join { JOIN_ADD, JOIN_MULTIPLY, JOIN_MAX, JOIN_MIN };

TP_ALWAYS_INLINE double join_two(enum join join, double a, double b) {
    switch (join) {
    case JOIN_ADD: return a + b;
    case JOIN_MULTIPLY: return a * b;
    case JOIN_MAX: return b > a || b != b ? b : a;
    case JOIN_MIN: return b < a || b != b ? b : a;
    }
    return a;
}

#define REAL      float
#define REAL_BITS 32
#define NAME(x)   x##_float
#include "backend/cpu/kernels/lanes.h"
#include "backend/cpu/kernels/reduce_float.h"
#define TYPE         float
#define TYPE_IS_REAL 1
#include "backend/cpu/kernels/reduce_int.h"
#undef REAL
#undef REAL_BITS

#define REAL      double
#define REAL_BITS 64
#define NAME(x)   x##_double
#include "backend/cpu/kernels/lanes.h"
#include "backend/cpu/kernels/reduce_float.h"
#define TYPE         double
#define TYPE_IS_REAL 1
#include "backend/cpu/kernels/reduce_int.h"

#if TP_IS_BASELINE /* whole numbers: every table starts as a copy of the baseline's */

#define TYPE         int64_t
#define TYPE_LOWEST  INT64_MIN
#define TYPE_HIGHEST INT64_MAX
#define NAME(x)      x##_int64
#include "backend/cpu/kernels/reduce_int.h"

#define TYPE         int32_t
#define TYPE_LOWEST  INT32_MIN
#define TYPE_HIGHEST INT32_MAX
#define NAME(x)      x##_int32
#include "backend/cpu/kernels/reduce_int.h"

/* bool too: its bytes are 0 and 1 */
#define TYPE         uint8_t
#define TYPE_LOWEST  0
#define TYPE_HIGHEST UINT8_MAX
#define NAME(x)      x##_uint8
#include "backend/cpu/kernels/reduce_int.h"

static void register_whole(tp_reduce_kernels *k) {
    register_logic_int64(k, TP_INT64);
    register_logic_int32(k, TP_INT32);
    register_logic_uint8(k, TP_UINT8);
    register_logic_uint8(k, TP_BOOL);
}

#endif

void TP_ISA_NAME(tp_register_reduce)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_reduce)(tp_kernels *kernels) {
    tp_reduce_kernels *k = &kernels->reduce;
    register_reduce_float(k, TP_FLOAT32);
    register_logic_float(k, TP_FLOAT32);
    register_reduce_double(k, TP_FLOAT64);
    register_logic_double(k, TP_FLOAT64);
#if TP_IS_BASELINE
    register_whole(k);
#endif
}
