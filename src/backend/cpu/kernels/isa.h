/* What a kernel file needs to know about the instruction set that it is being compiled for. Kernels
 * are compiled once per instruction set with TP_ISA defined to its name, and export functions named
 * by TP_ISA_NAME. */
#ifndef TP_BACKEND_CPU_KERNELS_ISA_H
#define TP_BACKEND_CPU_KERNELS_ISA_H

#ifndef TP_ISA
#define TP_ISA baseline
#endif

#define TP_ISA_PASTE_(name, isa) name##_##isa
#define TP_ISA_PASTE(name, isa)  TP_ISA_PASTE_(name, isa)
/* tp_register_gemm becomes tp_register_gemm_avx2 */
#define TP_ISA_NAME(name) TP_ISA_PASTE(name, TP_ISA)

/* Kernels that gain little from a wider instruction set are compiled for the baseline alone: every table starts as a copy
 * of the baseline's. */
#define TP_ISA_IS_baseline 1
#define TP_ISA_IS_avx2     0
#define TP_ISA_IS_avx512   0
#define TP_ISA_IS_bf16     0
#define TP_ISA_IS_neon     0
#define TP_IS_BASELINE     TP_ISA_NAME(TP_ISA_IS)

/* The baseline's sums are those of the definition, in its order, so that exported C can have the same bits (docs/convolution.md);
 * speed is for the others. */
enum { TP_IN_ORDER = TP_IS_BASELINE };

/* Bytes of a vector register and how many there are. */
#if defined(__AVX512F__)
#define TP_VECTOR_BYTES     64
#define TP_VECTOR_REGISTERS 32
#elif defined(__AVX2__)
#define TP_VECTOR_BYTES     32
#define TP_VECTOR_REGISTERS 16
#elif defined(__aarch64__)
#define TP_VECTOR_BYTES     16
#define TP_VECTOR_REGISTERS 32
#else
#define TP_VECTOR_BYTES     16
#define TP_VECTOR_REGISTERS 16
#endif

/* The value itself, through a register the compiler cannot see into: keeps a product from being
 * fused with a sum. */
#if defined(__AVX512F__)
#define TP_OPAQUE_REGISTER "+v"
#elif defined(__aarch64__)
#define TP_OPAQUE_REGISTER "+w"
#elif defined(__x86_64__)
#define TP_OPAQUE_REGISTER "+x"
#endif
#if defined(TP_OPAQUE_REGISTER)
#define TP_OPAQUE(v)                               \
    __extension__({                                \
        __typeof__(v) opaque_ = (v);               \
        __asm__("" : TP_OPAQUE_REGISTER(opaque_)); \
        opaque_;                                   \
    })
#else
#define TP_OPAQUE(v) (v)
#endif

#define TP_ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before a loop of a constant number of turns that must be unrolled whole. */
#if defined(__clang__)
#define TP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TP_UNROLL _Pragma("GCC unroll 64")
#endif

#endif
