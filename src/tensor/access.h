/* One element at a time, whatever its type. */
#ifndef TP_TENSOR_ACCESS_H
#define TP_TENSOR_ACCESS_H

#include <taper/tensor.h>

double tp_read_element(const void *place, tp_dtype dtype);
/* Converted as C does; bool: whether it is not 0. */
void tp_write_element(void *place, tp_dtype dtype, double value);

#endif
