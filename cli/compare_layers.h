/* By how much two tensors differ, and where two networks begin to. */
#ifndef CLI_COMPARE_LAYERS_H
#define CLI_COMPARE_LAYERS_H

#include <taper/taper.h>

typedef struct difference {
    int64_t count;   /* elements that differ by more than the tolerance */
    int64_t worst;   /* the number of the one that differs most */
    double a, b;     /* its values */
    double most;     /* by how much it differs */
    double relative; /* most, as a share of the largest magnitude in either tensor */
} difference;

/* Whether two tensors of one shape differ by more than the tolerance anywhere; a NaN differs from all but a NaN. */
bool difference_of(difference *d, tp_tensor *x, tp_tensor *y, double tolerance);
/* Where the worst element is, and its two values: "at (0, 2): 0.5 and 0.500032" and a newline. */
void difference_show(const difference *d, const tp_tensor *x);

typedef struct compare_settings {
    const char *model; /* name or layers; NULL: what the files say */
    const char *input; /* a batch as .npy; NULL: one sample of random numbers */
    tp_shape sample;   /* where the files do not say it */
    double tolerance;
} compare_settings;
/* Loads two files into one network each, runs both on one input and shows layer by layer whether they agree. Returns the exit status. */
int compare_layers(const char *first, const char *second, const compare_settings *settings);

#endif
