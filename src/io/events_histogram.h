/* How values are distributed. */
#ifndef TP_IO_EVENTS_HISTOGRAM_H
#define TP_IO_EVENTS_HISTOGRAM_H

#include <taper/events.h>

/* TensorFlow's edges are 0, +-1e-12 and on, each 1.1 times the one before, below 1e20: so many on one side. */
enum { TP_HISTOGRAM_SIDE = 774 };

typedef struct tp_histogram {
    double limits[2 * TP_HISTOGRAM_SIDE + 2], counts[2 * TP_HISTOGRAM_SIDE + 2];
} tp_histogram;

/* Fills the histogram members of event, which then points into room. Values that are not finite are left out; false where none is. */
bool tp_histogram_of(tp_event *event, const double *values, size_t count, tp_histogram *room);

#endif
