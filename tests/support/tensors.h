/* Tensors for the tests: from reference vectors, laid out in unusual ways, and errors that are expected. */
#ifndef TAPER_TESTS_TENSORS_H
#define TAPER_TESTS_TENSORS_H

#include <taper/autograd.h>

#include "support/golden.h"

/* The type of that name; exits on an unknown one. */
tp_dtype dtype_of_name(const char *name);
/* The values of a reference vector, in its own type or, where it is floating and dtype is not TP_DTYPE_DEFAULT, in that. */
tp_tensor *from_golden(const golden_tensor *t, tp_dtype dtype);
/* Whether x has the type, the sizes and, to the tolerances, the values of want; prints what differs. A float32 x is compared
 * with a float64 want by value. */
bool same_as_golden(const golden_tensor *want, const tp_tensor *x, double rtol, double atol,
                    const char *what);
/* The elements of x in a leaf whose memory has gaps and runs backwards in places: not contiguous where x has two elements
 * or more. */
tp_tensor *scattered(tp_tensor *x);

/* From now on errors of this thread are counted instead of ending the program. */
void watch_errors(void);
/* The code, operation and line of the one error since the last call, TP_ERROR_NONE where there was none. */
typedef struct seen_error {
    int count;
    tp_error_code code;
    char op[64];
    int line;
    char text[1024];
} seen_error;
seen_error take_error(void);
/* Whether exactly one error of that code was reported for op at that line; prints what was instead. */
bool had_error(tp_error_code code, const char *op, int line);

#endif
