/* Winograd convolutions: 3x3 and 5x5, stride 1, float.
 *
 * Tiles of the image that is made are worked on in blocks. The tiles of x go through a stage, where the channels of a pixel are
 * neighbours, and are transformed there, LANES channels at a time, into one panel for each point (winograd_stage.h,
 * winograd_tiles.h, winograd_lines.h, winograd_plan.h). For each point the panel is multiplied with the transformed weight
 * (winograd_product.h), and the products are transformed back into pixels, again through the stage (winograd_forward.h). No
 * buffer grows with the image: a block fits the caches. */
#include <string.h>

#include "backend/backend.h"

#include "gemm_shuffle.h"
#include "isa.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define REAL      float
#define REAL_BITS 32
#define INTEGER   int32_t
#define UNSIGNED  uint32_t
#define NAME(x)   x##_f32
#if TP_VECTOR_BYTES == 64
#define LANES 16
#elif TP_VECTOR_BYTES == 32
#define LANES 8
#else
#define LANES 4
#endif

#include "gemm_vector.h"

#include "gemm_math.h"

#include "winograd_lines.h"

#include "winograd_lines8.h"

#include "winograd_tiles.h"

#include "winograd_stage.h"

#include "winograd_product.h"

#include "winograd_plan.h"

#include "winograd_scratch.h"

#include "winograd_forward.h"

#include "winograd_weight.h"

void TP_ISA_NAME(tp_register_winograd)(tp_kernels *kernels);

void TP_ISA_NAME(tp_register_winograd)(tp_kernels *kernels) {
    kernels->winograd = (tp_winograd_kernels){{[TP_CONV_FORWARD] = convolve_f32,
                                               [TP_CONV_GRAD_INPUT] = grad_input_f32,
                                               [TP_CONV_GRAD_WEIGHT] = grad_weight_f32}};
}
