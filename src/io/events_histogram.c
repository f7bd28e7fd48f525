#include "io/events_histogram.h"

#include <math.h>
#include <string.h>

enum { SIDE = TP_HISTOGRAM_SIDE, EDGES = 2 * SIDE + 1 };

static void fill_edges(double *edges) {
    double edge = 1e-12;
    edges[SIDE] = 0;
    for (int i = 0; i < SIDE; i++, edge *= 1.1) {
        edges[SIDE + 1 + i] = edge;
        edges[SIDE - 1 - i] = -edge;
    }
}

/* The bucket of x: how many inner edges are at most x. Values beyond the outermost edges go to the outermost buckets. */
static int bucket_of(const double *edges, double x) {
    int low = 0, high = EDGES - 2; /* the answer is in low .. high */
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (edges[middle] <= x)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static void add(tp_event *event, double x) {
    if (event->num == 0) event->min = event->max = x;
    event->min = fmin(event->min, x);
    event->max = fmax(event->max, x);
    event->num++;
    event->sum += x;
    event->sum_squares += x * x;
}

bool tp_histogram_of(tp_event *event, const double *values, size_t count, tp_histogram *room) {
    double edges[EDGES], counts[EDGES - 1] = {0};
    fill_edges(edges);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        add(event, values[i]);
        counts[bucket_of(edges, values[i])]++;
    }
    if (event->num == 0) return false;
    int first = 0, last = EDGES - 2;
    while (counts[first] == 0) first++;
    while (counts[last] == 0) last--;
    /* Only right edges are stored: an empty bucket in front gives the left one of the first. */
    room->limits[0] = edges[first];
    room->counts[0] = 0;
    size_t n = (size_t)(last - first + 1);
    memcpy(room->limits + 1, edges + first + 1, n * sizeof *edges);
    memcpy(room->counts + 1, counts + first, n * sizeof *counts);
    event->limits = room->limits;
    event->counts = room->counts;
    event->buckets = n + 1;
    return true;
}
