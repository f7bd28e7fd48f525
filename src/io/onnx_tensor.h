/* Tensors of ONNX files. Only included where protobuf-c is. */
#ifndef TP_IO_ONNX_TENSOR_H
#define TP_IO_ONNX_TENSOR_H

#include "io/onnx.h"
#include "onnx.pb-c.h"

/* Who reads which file, for errors. */
typedef struct tp_onnx_source {
    tp_location at;
    const char *op, *path;
} tp_onnx_source;

/* A tensor that the innermost scope owns; poison after an error. */
tp_tensor *tp_onnx_tensor(const tp_onnx_source *source, const TpOnnx__Tensor *t);

#endif
