/* Where products of float32 matrices and convolutions are faster in bfloat16. */
#ifndef TP_BACKEND_BF16_H
#define TP_BACKEND_BF16_H

#include "backend/conv.h"

/* Whether both operands are used often enough to pay for rounding them; measured, see docs/precision.md. The answer depends
 * on sizes alone. */
bool tp_gemm_bf16_wins(const tp_gemm_args *args);
bool tp_conv_bf16_wins(tp_conv_kind kind, const tp_conv_shape *shape);

#endif
