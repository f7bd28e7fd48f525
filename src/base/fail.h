/* How the library reports errors. */
#ifndef TP_BASE_FAIL_H
#define TP_BASE_FAIL_H

#include <taper/error.h>
#include <taper/tensor.h>

/* Reports an error to the handler and returns the poison tensor, so that an op ends with
 * `return tp_fail(at, "matmul", TP_ERROR_SHAPE, got, want, hint);`. NULL strings stand for "". */
tp_tensor *tp_fail(tp_location at, const char *op, tp_error_code code, const char *got,
                   const char *want, const char *hint);
/* Out of memory while `op` wanted `bytes` bytes. */
tp_tensor *tp_fail_memory(tp_location at, const char *op, size_t bytes);
/* Reports the first error again: something that cannot be poison (backward, item, save, fit) met poison. */
void tp_surface(void);

/* A formatted text in one of a few buffers of the thread that are used in turn: good for the arguments of one
 * tp_fail call, not for keeping. */
const char *tp_text(const char *format, ...) TP_PRINTF(1, 2);
/* "(2, 3)" */
const char *tp_shape_text(tp_shape shape);
/* "(2, 3) float32" */
const char *tp_tensor_text(const tp_tensor *x);

#endif
