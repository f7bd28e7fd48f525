/* The families of kernels: each name here is a file (or a few) in this folder that exports
 * `void TP_ISA_NAME(tp_register_NAME)(tp_kernels *table)`, which sets its places in the table. */
#ifndef TP_BACKEND_CPU_KERNELS_REGISTER_H
#define TP_BACKEND_CPU_KERNELS_REGISTER_H

#define TP_KERNEL_FAMILIES(X, isa) \
    X(gemm, isa)                   \
    X(conv, isa)                   \
    X(linear, isa)                 \
    X(winograd, isa)               \
    X(elementwise, isa)            \
    X(reduce, isa)                 \
    X(softmax, isa)                \
    X(loss, isa)                   \
    X(update, isa)                 \
    X(momentum, isa)               \
    X(pool, isa)                   \
    X(norm, isa)                   \
    X(resample, isa)               \
    X(mask, isa)                   \
    X(bytes, isa)

/* Those that gain nothing from wider instructions: compiled once, in the baseline, of whose table every other one starts as a
 * copy. cmake/sources.cmake names their files. */
#define TP_PLAIN_FAMILIES(X, isa) \
    X(cumulative, isa)            \
    X(sort, isa)

#endif
