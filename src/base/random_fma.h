/* Multiply-add with one rounding, the same bits on every machine. PyTorch's kernels for random
 * numbers are compiled for processors that have it as an instruction, so its streams depend on it.
 * Include from the files of random numbers only: it turns the compiler's own contraction off, which
 * would otherwise differ from build to build. */
#ifndef TP_BASE_RANDOM_FMA_H
#define TP_BASE_RANDOM_FMA_H

#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-math-errno")
#endif

/* a * b + c without a fused instruction: the product of two floats is exact in double; the sum is
 * rounded to odd (to the neighbour with last bit 1 where it is not exact), from which the rounding
 * to float is the right one. No branches, so that loops over it vectorise. */
static inline float tp_fma_portable(float a, float b, float c) {
    double product = (double)a * (double)b, addend = (double)c;
    double sum = product + addend;
    double part = sum - product;
    double error = (product - (sum - part)) + (addend - part);
    int64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    /* Towards the exact sum, if the last bit is 0: one step up or down in magnitude. */
    int64_t step = ((error > 0) == (sum > 0)) ? 1 : -1;
    bits += (error != 0 && (bits & 1) == 0) ? step : 0;
    memcpy(&sum, &bits, sizeof sum);
    return (float)sum;
}

#endif
