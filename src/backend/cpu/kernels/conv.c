/* Convolutions, float and double from one template. */
#include "backend/backend.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "conv_axis.h"
#include "conv_config.h"
#include "conv_shuffle.h"
#include "conv_tiles.h"
#include "gemm_config.h"
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
#include "conv_tmpl.h"
#undef REAL
#undef REAL_BITS
#undef INTEGER
#undef UNSIGNED
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define INTEGER   int64_t
#define UNSIGNED  uint64_t
#define NAME(x)   x##_f64
#include "conv_tmpl.h"

void TP_ISA_NAME(tp_register_conv)(tp_kernels *kernels);

void TP_ISA_NAME(tp_register_conv)(tp_kernels *kernels) {
    kernels->conv = (tp_conv_kernels){
        .run = {[TP_CONV_FORWARD] = {conv_forward_f32, conv_forward_f64},
                [TP_CONV_GRAD_INPUT] = {conv_grad_input_f32, conv_grad_input_f64},
                [TP_CONV_GRAD_WEIGHT] = {conv_grad_weight_f32, conv_grad_weight_f64}},
        .pass = {conv_pass_f32, conv_pass_f64},
        .in_order = TP_IN_ORDER,
    };
}
