/* What interpolate makes a place of its result of, for whoever writes it down. */
#ifndef TP_OPS_INTERPOLATE_H
#define TP_OPS_INTERPOLATE_H

#include <taper/ops/resample.h>

/* How many places of x one of the result is made of: 1, 2 or 4. */
int tp_interpolate_tap_count(tp_interpolate_mode mode);
/* These places, of `in`, and their weights for place o of the result; `scale` is how many places of x go into one. */
void tp_interpolate_taps(tp_interpolate_mode mode, bool align, double scale, int64_t in, int64_t o,
                         int32_t *from, double *weight);

#endif
