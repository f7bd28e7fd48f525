/* A record of the blocks that are taken and given back, to tell what the same work would take with other sizes. */
#ifndef TP_BASE_TRACE_H
#define TP_BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tp_block_trace {
    int64_t *events; /* bytes asked for; negative where they were given back */
    size_t count, capacity;
    bool lost; /* no memory for an event */
} tp_block_trace;

/* From now on this thread's blocks are noted, up to the end. */
void tp_block_trace_begin(tp_block_trace *trace);
void tp_block_trace_end(void);
void tp_block_trace_note(tp_block_trace *trace, int64_t bytes);
void tp_block_trace_free(tp_block_trace *trace);

/* The most bytes in use at once in the work of which two traces tell what it took for `first` and for
 * `second` samples, if it were done for `samples`: every block grows in a straight line. Where the
 * traces are not of the same steps, their peaks do. */
int64_t tp_block_trace_peak(const tp_block_trace *a, int64_t first, const tp_block_trace *b,
                            int64_t second, int64_t samples);

#endif
