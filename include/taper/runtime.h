/** @file runtime.h
 *  Threads, processor and version.
 */
#ifndef TAPER_RUNTIME_H
#define TAPER_RUNTIME_H

#include <stdbool.h>
#include <taper/export.h>

TP_BEGIN_DECLS

/** Version of this header. */
#define TP_VERSION "0.1.0"
/** Version of the library that is linked. */
TP_API const char *tp_version(void);

/** How many threads the kernels of this thread use; as many as processors until set. Results are the same bits at
 *  any number. Values below 1 count as 1. */
TP_API void tp_set_num_threads(int threads);
/** The number in force. */
TP_API int tp_get_num_threads(void);
/** The instruction set whose kernels run: "baseline", "avx2", "avx512" or "neon". The environment variable
 *  TAPER_CPU forces a lower one. */
TP_API const char *tp_cpu_capability(void);

/** How products of float32 matrices and convolutions are computed. Tensors are float32 in either case, and so are gradients,
 *  updates and sums; docs/precision.md has the errors and the speed. */
typedef enum tp_precision {
    TP_PRECISION_UNCHANGED, /**< as it is set: what 0 means among options */
    TP_PRECISION_FLOAT32,   /**< the default; PyTorch's "highest" */
    /** Where it is faster the operands are rounded to bfloat16 (8 bits of precision, ties to even) and the products are summed in
     *  float32: PyTorch's "medium". NaN stays NaN; numbers below 1.18e-38 count as 0. Needs a processor with AVX512-BF16; float32
     *  elsewhere. */
    TP_PRECISION_BF16
} tp_precision;
/** As torch.set_float32_matmul_precision(), for this thread. False where the processor cannot do it: then it is float32, and
 *  tp_precision_fallback() says why. */
TP_API bool tp_set_float32_matmul_precision(tp_precision precision);
/** The one in force: TP_PRECISION_FLOAT32 or TP_PRECISION_BF16. */
TP_API tp_precision tp_get_float32_matmul_precision(void);
/** NULL where that precision can be had here; else why not and what happens instead: "this processor has no AVX512-BF16; products
 *  are computed in float32". */
TP_API const char *tp_precision_fallback(tp_precision precision);

TP_END_DECLS

#endif
