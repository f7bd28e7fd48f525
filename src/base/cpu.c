/* Processor features from the compiler's run-time library, processors and caches from the operating
 * system. */
#define _GNU_SOURCE
#include "base/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

static const char *const level_names[TP_CPU_LEVEL_COUNT] = {"baseline", "avx2", "avx512", "neon"};

tp_cpu_level tp_cpu_detect(void) {
#if defined(__x86_64__)
    /* The compiler's library asks cpuid and checks with xgetbv that the system saves the registers.
     */
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TP_CPU_BASELINE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return TP_CPU_AVX512;
    return TP_CPU_AVX2; /* every processor with AVX2 has F16C */
#elif defined(__ARM_NEON)
    return TP_CPU_NEON;
#else
    return TP_CPU_BASELINE;
#endif
}

bool tp_cpu_runs(tp_cpu_level level) {
    tp_cpu_level best = tp_cpu_detect();
    if (level == TP_CPU_BASELINE || level == best) return true;
    return level == TP_CPU_AVX2 && best == TP_CPU_AVX512;
}

bool tp_cpu_has_bf16(void) {
#if defined(__x86_64__)
    /* leaf 7, subleaf 1, bit 5 of eax: older compilers have no name for it */
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (tp_cpu_detect() != TP_CPU_AVX512 || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return false;
    return (a >> 5 & 1) != 0;
#else
    return false;
#endif
}

const char *tp_cpu_name(tp_cpu_level level) {
    return (unsigned)level < TP_CPU_LEVEL_COUNT ? level_names[level] : "unknown";
}

bool tp_cpu_from_name(const char *name, tp_cpu_level *level) {
    for (int i = 0; i < TP_CPU_LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (tp_cpu_level)i;
            return true;
        }
    }
    return false;
}

tp_cpu_level tp_cpu_choose(const char **error) {
    tp_cpu_level best = tp_cpu_detect(), wanted = best;
    const char *problem = NULL, *name = getenv("TAPER_CPU");
    if (name && *name && !tp_cpu_from_name(name, &wanted))
        problem = "TAPER_CPU names no instruction set: use baseline, avx2, avx512 or neon";
    else if (!tp_cpu_runs(wanted))
        problem = "TAPER_CPU names an instruction set that this machine does not run";
    if (error) *error = problem;
    return problem ? best : wanted;
}

#if defined(__linux__)
/* Whole processors granted by the control group's quota, 0 where there is no limit. */
static int quota_count(void) {
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!file) return 0;
    char line[64] = "";
    char *read = fgets(line, sizeof line, file);
    fclose(file);
    if (!read || strncmp(line, "max", 3) == 0) return 0;
    char *end = NULL;
    long quota = strtol(line, &end, 10);
    long period = strtol(end, NULL, 10);
    if (quota <= 0 || period <= 0) return 0;
    long count = (quota + period - 1) / period;
    return count > 4096 ? 4096 : (int)count;
}
#endif

int tp_cpu_count(void) {
    long count = 0;
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
    int quota = quota_count();
    if (quota > 0 && (count == 0 || quota < count)) count = quota;
#endif
    if (count <= 0) count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

size_t tp_cpu_cache_size(int level) {
    if (level < 1 || level > 3) return 0;
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    static const int names[3] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                 _SC_LEVEL3_CACHE_SIZE};
    long bytes = sysconf(names[level - 1]);
    return bytes > 0 ? (size_t)bytes : 0;
#elif defined(__APPLE__)
    static const char *const names[3] = {"hw.l1dcachesize", "hw.l2cachesize", "hw.l3cachesize"};
    int64_t bytes = 0;
    size_t size = sizeof bytes;
    if (sysctlbyname(names[level - 1], &bytes, &size, NULL, 0) != 0) return 0;
    return bytes > 0 ? (size_t)bytes : 0;
#else
    return 0;
#endif
}
