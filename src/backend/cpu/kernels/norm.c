/* Normalisation: moments, the normalised result, and the two passes of the gradient. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

/* Rows are summed in pieces of this many elements, and the pieces joined in double: what is read twice is still in the first
 * cache, and rounding does not grow with the row. */
enum { PIECE = 2048, CHAINS = 4 };

#define REAL      float
#define REAL_BITS 32
#define NAME(x)   x##_float
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/norm_rows.h"

#include "backend/cpu/kernels/norm_affine.h"

#include "backend/cpu/kernels/norm_columns.h"
#undef REAL
#undef REAL_BITS
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define NAME(x)   x##_double
#include "backend/cpu/kernels/lanes.h"

#include "backend/cpu/kernels/norm_rows.h"

#include "backend/cpu/kernels/norm_affine.h"

#include "backend/cpu/kernels/norm_columns.h"

#define FILL(layout)                                                                \
    static void fill_##layout(tp_norm_passes *passes) {                             \
        *passes = (tp_norm_passes){                                                 \
            .moments = {layout##_moments_float, layout##_moments_double},           \
            .apply = {layout##_apply_float, layout##_apply_double},                 \
            .grad_sums = {layout##_grad_sums_float, layout##_grad_sums_double},     \
            .grad_apply = {layout##_grad_apply_float, layout##_grad_apply_double}}; \
    }
FILL(rows)
FILL(columns)
FILL(affine)

void TP_ISA_NAME(tp_register_norm)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_norm)(tp_kernels *kernels) {
    fill_rows(&kernels->norm.rows);
    fill_columns(&kernels->norm.columns);
    fill_affine(&kernels->norm.rows_affine);
    kernels->norm.column_grads[0] = affine_column_grads_float;
    kernels->norm.column_grads[1] = affine_column_grads_double;
}
