/* Which products are made in bfloat16 where that is allowed; docs/precision.md has the measurements. */
#include "backend/bf16.h"

#include "backend/winograd.h"

bool tp_gemm_bf16_wins(const tp_gemm_args *g) {
    enum { LEAST = 16, WORK = 1 << 16 }; /* of each size, and multiply-adds in all */
    return g->m >= LEAST && g->n >= LEAST && g->k >= LEAST && g->m * g->n * g->k >= WORK;
}

bool tp_conv_bf16_wins(tp_conv_kind kind, const tp_conv_shape *s) {
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    int64_t summed = kind == TP_CONV_FORWARD ? in : kind == TP_CONV_GRAD_INPUT ? out : s->images;
    if (summed < 2) return false; /* one half of every pair would be empty */
    /* Winograd's method in float32 saves more than the factor of two that bfloat16 gives */
    return !tp_winograd_wins(kind, s);
}
