/* Statistics of a tensor, of all elements or of runs spread over it. */
#include <math.h>
#include <stdlib.h>

#include "weights.h"

/* Long enough that a page of the file that has to be read is used well. */
enum { RUN = 512 };

static double element(const void *data, tp_dtype dtype, int64_t i) {
    switch (dtype) {
    case TP_FLOAT32: return ((const float *)data)[i];
    case TP_FLOAT64: return ((const double *)data)[i];
    case TP_INT64: return (double)((const int64_t *)data)[i];
    case TP_INT32: return ((const int32_t *)data)[i];
    default: return ((const uint8_t *)data)[i];
    }
}

/* Calls `see` with each element that is looked at: runs of RUN elements whose beginnings are `step` apart. */
static void walk(weights_statistics *s, const void *data, tp_dtype dtype, int64_t numel,
                 int64_t step, void (*see)(weights_statistics *s, double x)) {
    for (int64_t start = 0; start < numel; start += step)
        for (int64_t i = start; i < numel && i < start + (step < RUN ? step : RUN); i++)
            see(s, element(data, dtype, i));
}

/* Welford's running mean and sum of squares: deviation holds the latter for now. */
static void first_look(weights_statistics *s, double x) {
    s->count++;
    if (!isfinite(x)) {
        if (isnan(x))
            s->nan++;
        else
            s->infinite++;
        return;
    }
    if (!s->finite || x < s->least) s->least = x;
    if (!s->finite || x > s->most) s->most = x;
    s->finite++;
    s->zero += x == 0;
    double off = x - s->mean;
    s->mean += off / (double)s->finite;
    s->deviation += off * (x - s->mean);
}

static void second_look(weights_statistics *s, double x) {
    if (!isfinite(x)) return;
    double width = s->most / 2 - s->least / 2; /* halves, which cannot overflow */
    int bin = width > 0 ? (int)((x / 2 - s->least / 2) / width * WEIGHTS_BINS) : WEIGHTS_BINS / 2;
    s->bins[bin < WEIGHTS_BINS ? bin : WEIGHTS_BINS - 1]++;
}

void weights_look(weights_statistics *s, tp_tensor *x, int64_t most) {
    *s = (weights_statistics){0};
    int64_t numel = tp_numel(x), step = RUN;
    if (!numel) return;
    TP_SCOPE {
        tp_tensor *flat = tp_contiguous(x);
        if (most && numel > most) step = (int64_t)((double)numel / (double)most * RUN);
        s->sampled = step > RUN;
        walk(s, tp_data(flat), tp_dtype_of(x), numel, step, first_look);
        s->deviation = s->finite > 1 ? sqrt(s->deviation / (double)(s->finite - 1)) : 0;
        walk(s, tp_data(flat), tp_dtype_of(x), numel, step, second_look);
    }
}
