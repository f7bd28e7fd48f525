/* Fills one kernel table for each instruction set of this build, once, and chooses among them. */
#include <pthread.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/register.h"

#define DECLARE_FAMILY(family, isa) void tp_register_##family##_##isa(tp_kernels *table);
#define CALL_FAMILY(family, isa)    tp_register_##family##_##isa(&table_##isa);

/* table_avx2 and fill_avx2 for avx2 */
#define DEFINE_TABLE(isa)                    \
    TP_KERNEL_FAMILIES(DECLARE_FAMILY, isa)  \
    static tp_kernels table_##isa;           \
    static void fill_##isa(void) {           \
        table_##isa = table_baseline;        \
        table_##isa.name = #isa;             \
        TP_KERNEL_FAMILIES(CALL_FAMILY, isa) \
    }

TP_KERNEL_FAMILIES(DECLARE_FAMILY, baseline)
TP_PLAIN_FAMILIES(DECLARE_FAMILY, baseline)
static tp_kernels table_baseline;
static void fill_baseline(void) {
    table_baseline.name = "baseline";
    TP_KERNEL_FAMILIES(CALL_FAMILY, baseline)
    TP_PLAIN_FAMILIES(CALL_FAMILY, baseline)
}

#ifdef TP_HAVE_AVX2
DEFINE_TABLE(avx2)
#endif
#ifdef TP_HAVE_AVX512
DEFINE_TABLE(avx512)
#endif
#ifdef TP_HAVE_NEON
DEFINE_TABLE(neon)
#endif
#ifdef TP_HAVE_BF16
/* AVX-512's table, but for products */
void tp_register_gemm_bf16(tp_kernels *table);
void tp_register_conv_bf16(tp_kernels *table);
static tp_kernels table_bf16;
static void fill_bf16(void) {
    table_bf16 = table_avx512;
    tp_register_gemm_bf16(&table_bf16);
    tp_register_conv_bf16(&table_bf16);
}
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Even what fills a table is compiled for its instruction set: nothing of it may run elsewhere. */
static void fill_all(void) {
    fill_baseline();
#ifdef TP_HAVE_AVX2
    if (tp_cpu_runs(TP_CPU_AVX2)) fill_avx2();
#endif
#ifdef TP_HAVE_AVX512
    if (tp_cpu_runs(TP_CPU_AVX512)) fill_avx512();
#endif
#ifdef TP_HAVE_BF16
    if (tp_cpu_has_bf16()) fill_bf16();
#endif
#ifdef TP_HAVE_NEON
    fill_neon();
#endif
}

const tp_kernels *tp_kernels_choose(tp_cpu_level level) {
    pthread_once(&once, fill_all);
#ifdef TP_HAVE_NEON
    if (level == TP_CPU_NEON) return &table_neon;
#endif
#ifdef TP_HAVE_AVX512
    if (level == TP_CPU_AVX512) return &table_avx512;
#endif
#ifdef TP_HAVE_AVX2
    if (level == TP_CPU_AVX512 || level == TP_CPU_AVX2) return &table_avx2;
#endif
    (void)level;
    return &table_baseline;
}

const tp_kernels *tp_kernels_bf16(tp_cpu_level level) {
    pthread_once(&once, fill_all);
#ifdef TP_HAVE_BF16
    if (level == TP_CPU_AVX512 && tp_cpu_has_bf16()) return &table_bf16;
#endif
    (void)level;
    return NULL;
}
