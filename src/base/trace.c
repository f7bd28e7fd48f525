#include "base/trace.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/context.h"

void tp_block_trace_begin(tp_block_trace *trace) {
    *trace = (tp_block_trace){0};
    tp_ctx()->heap.trace = trace;
}

void tp_block_trace_end(void) { tp_ctx()->heap.trace = NULL; }

void tp_block_trace_note(tp_block_trace *trace, int64_t bytes) {
    if (trace->count == trace->capacity) {
        /* The system's, since the trace must not trace itself. */
        size_t wanted = trace->capacity ? 2 * trace->capacity : 1024;
        int64_t *grown = realloc(trace->events, wanted * sizeof *grown);
        if (!grown) {
            trace->lost = true;
            return;
        }
        trace->events = grown;
        trace->capacity = wanted;
    }
    trace->events[trace->count++] = bytes;
}

void tp_block_trace_free(tp_block_trace *trace) {
    free(trace->events);
    *trace = (tp_block_trace){0};
}

static bool same_steps(const tp_block_trace *a, const tp_block_trace *b) {
    if (a->lost || b->lost || a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if ((a->events[i] < 0) != (b->events[i] < 0)) return false;
    return true;
}

/* What bytes are for `samples`, where they are `at_first` and `at_second` for two other numbers. */
static int64_t along_line(int64_t at_first, int64_t first, int64_t at_second, int64_t second,
                          int64_t samples) {
    return at_first + (at_second - at_first) * (samples - first) / (second - first);
}

static int64_t block_of(int64_t bytes) {
    return bytes < 0 ? -(int64_t)tp_block_size((size_t)-bytes)
                     : (int64_t)tp_block_size((size_t)bytes);
}

static int64_t own_peak(const tp_block_trace *trace) {
    int64_t live = 0, peak = 0;
    for (size_t i = 0; i < trace->count; i++) {
        live += block_of(trace->events[i]);
        if (live > peak) peak = live;
    }
    return peak;
}

int64_t tp_block_trace_peak(const tp_block_trace *a, int64_t first, const tp_block_trace *b,
                            int64_t second, int64_t samples) {
    if (!same_steps(a, b)) return along_line(own_peak(a), first, own_peak(b), second, samples);
    int64_t live = 0, peak = 0;
    for (size_t i = 0; i < a->count; i++) {
        live += block_of(along_line(a->events[i], first, b->events[i], second, samples));
        if (live > peak) peak = live;
    }
    return peak;
}
