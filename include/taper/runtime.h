/** @file runtime.h
 *  Threads, processor and version.
 */
#ifndef TAPER_RUNTIME_H
#define TAPER_RUNTIME_H

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

TP_END_DECLS

#endif
