/* How element-wise kernels run: each is written as one plain loop over blocks of contiguous elements, which the compiler
 * turns into vectors. Other strides and the last few elements go through small buffers, so that every element takes the
 * same path whatever its place: results do not depend on how a loop is split. */
#ifndef TP_BACKEND_CPU_KERNELS_ELEMENTWISE_H
#define TP_BACKEND_CPU_KERNELS_ELEMENTWISE_H

#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"

/* One text serves types with and without negative numbers, and functions that are calls. */
#pragma GCC diagnostic ignored "-Wtype-limits"
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

enum { TP_BLOCK = 16, TP_BUFFER = 256 };

/* Fewer elements than this are not worth the buffers in a kernel of one instruction or two. */
enum { TP_FEW = 48 };
/* Inside a loop that is to stay one */
#define TP_ONE_BY_ONE __asm__ volatile("")

/* Before a loop without dependences between its turns; out may be one of the inputs. */
#if defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer) || \
    __has_feature(thread_sanitizer)
#define TP_VECTORIZE /* their checks stand in the way, which clang would complain about */
#else
#define TP_VECTORIZE _Pragma("clang loop vectorize(assume_safety) interleave(disable)")
#endif
#else
#define TP_VECTORIZE _Pragma("GCC ivdep")
#endif

/* operand[0] is the result; n is a multiple of TP_BLOCK; unused operands are NULL. */
typedef void (*tp_flat_fn)(int64_t n, void *const *operand, const double *p);

/* Bytes of an element of each operand. */
typedef struct tp_flat_items {
    uint8_t of[TP_MAX_OPERANDS];
} tp_flat_items;

void TP_ISA_NAME(tp_flat_run)(tp_flat_fn fn, tp_flat_items items, int operands, int64_t n,
                              void *const *pointer, const int64_t *stride, const double *p);
void TP_ISA_NAME(tp_register_unary)(tp_kernels *table);
void TP_ISA_NAME(tp_register_binary)(tp_kernels *table);
void TP_ISA_NAME(tp_register_cast)(tp_kernels *table);
void TP_ISA_NAME(tp_register_elementwise)(tp_kernels *table);
void tp_register_unary_everywhere(tp_kernels *table);
void tp_register_binary_everywhere(tp_kernels *table);

#endif
