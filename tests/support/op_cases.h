/* Runs the cases of reference files that were written by tests/golden/families/index_case.py. */
#ifndef TAPER_TESTS_OP_CASES_H
#define TAPER_TESTS_OP_CASES_H

#include "support/golden.h"
#include "support/tensors.h"

enum { OP_CASE_INPUTS = 8, OP_CASE_RESULTS = 8 };

/* The inputs of a case in the order in which it names them, and the function's results. */
typedef struct op_call {
    const golden_case *c;
    int n;
    tp_tensor *in[OP_CASE_INPUTS];
    tp_tensor *out[OP_CASE_RESULTS];
} op_call;

/* Computes out from in and returns how many there are; -1 after an error. */
typedef int64_t (*op_caller)(op_call *call);

typedef struct op_case {
    const char *name; /* option op of the case */
    op_caller call;
} op_case;

/* Runs every case of the file whose op the table names: float64, float32, and both on inputs that are not contiguous. Values
 * and gradients are held to the vectors, and cases with `option error` to fail. Returns how many cases there were. */
int run_op_cases(const char *family, const op_case *table, size_t count);
/* The same where sums run in another order: values and gradients within a relative and absolute tolerance for each type. */
int run_op_cases_close(const char *family, const op_case *table, size_t count, double tolerance64,
                       double tolerance32);

/* The numbers of a list option as sizes or dimensions. */
tp_shape shape_option(const golden_case *c, const char *key);

#endif
