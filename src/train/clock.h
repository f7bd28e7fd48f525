/* Seconds since some moment, that never go back. */
#ifndef TP_TRAIN_CLOCK_H
#define TP_TRAIN_CLOCK_H

#include <time.h>

static inline double tp_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
