/* Which table of kernels the thread uses for the precision that was asked for. */
#include <taper/runtime.h>

#include "backend/backend.h"
#include "base/context.h"
#include "base/cpu.h"

/* The instruction set of the thread's kernels. */
static tp_cpu_level level_in_use(void) {
    tp_cpu_level level = TP_CPU_BASELINE;
    tp_cpu_from_name(tp_ctx()->kernels->name, &level);
    return level;
}

bool tp_set_float32_matmul_precision(tp_precision precision) {
    if (precision == TP_PRECISION_UNCHANGED) return true;
    tp_cpu_level level = level_in_use();
    const tp_kernels *wanted =
        precision == TP_PRECISION_BF16 ? tp_kernels_bf16(level) : tp_kernels_choose(level);
    tp_ctx()->kernels = wanted ? wanted : tp_kernels_choose(level);
    return wanted != NULL;
}

tp_precision tp_get_float32_matmul_precision(void) {
    return tp_ctx()->kernels->gemm_bf16 ? TP_PRECISION_BF16 : TP_PRECISION_FLOAT32;
}

const char *tp_precision_fallback(tp_precision precision) {
    if (precision != TP_PRECISION_BF16 || tp_kernels_bf16(level_in_use())) return NULL;
    if (!tp_cpu_has_bf16())
        return "this processor has no AVX512-BF16; products are computed in float32";
    if (tp_kernels_bf16(tp_cpu_detect()))
        return "TAPER_CPU leaves AVX512-BF16 out; products are computed in float32";
    return "this build has no kernels for AVX512-BF16; products are computed in float32";
}
