/* What the processor offers: instruction sets, processors to run on, cache sizes. */
#ifndef TP_BASE_CPU_H
#define TP_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* Instruction sets that kernels are compiled for. Of the x86 ones each includes those before it. */
typedef enum tp_cpu_level {
    TP_CPU_BASELINE, /* what the compiler may assume everywhere */
    TP_CPU_AVX2,     /* AVX2, FMA and F16C */
    TP_CPU_AVX512,   /* AVX-512 F, BW, VL and DQ */
    TP_CPU_NEON,
    TP_CPU_LEVEL_COUNT
} tp_cpu_level;

/* The best level that this processor and its operating system run. */
tp_cpu_level tp_cpu_detect(void);

/* The level to use: tp_cpu_detect, or what the environment variable TAPER_CPU forces it down to.
 * Where that names no level, or one that this machine does not run, *error receives a sentence
 * (static storage) that says so and the detected level is returned; otherwise *error becomes NULL.
 * error may be NULL. */
tp_cpu_level tp_cpu_choose(const char **error);

/* "baseline", "avx2", "avx512" or "neon". */
const char *tp_cpu_name(tp_cpu_level level);
/* The level of that name; false where there is none. */
bool tp_cpu_from_name(const char *name, tp_cpu_level *level);
/* Whether this machine runs code compiled for the level. */
bool tp_cpu_runs(tp_cpu_level level);

/* Whether this machine runs TP_CPU_AVX512 and the instructions of AVX512-BF16 besides. */
bool tp_cpu_has_bf16(void);

/* Processors that this process may run on: its affinity mask and, on Linux, the quota of its
 * control group. At least 1. */
int tp_cpu_count(void);

/* Bytes of the data cache of that level (1 to 3), 0 where the system does not tell. Asking may take
 * many microseconds in a virtual machine, so keep the answer. */
size_t tp_cpu_cache_size(int level);

#endif
