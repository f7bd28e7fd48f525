/* The elements of a tensor one after the other, as files have them. */
#ifndef TP_IO_FLAT_H
#define TP_IO_FLAT_H

#include "tensor/tensor.h"

typedef struct tp_flat {
    const void *data; /* the tensor's own where it is contiguous, else a copy */
    size_t bytes;
    void *copy;
} tp_flat;

/* Whether x can be written; reports NULL, a dead tensor, or the error that poison stands for. */
bool tp_writable(tp_location at, const char *op, const tp_tensor *x);
/* False after an error (MEMORY), which is reported. */
bool tp_flat_begin(tp_flat *flat, tp_location at, const char *op, tp_tensor *x);
void tp_flat_end(tp_flat *flat);

#endif
