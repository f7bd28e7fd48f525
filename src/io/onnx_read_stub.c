/* Where protobuf-c is absent. */
#include "base/fail.h"
#include "io/onnx.h"

static tp_tensor *refuse(tp_location at, const char *op) {
    return tp_fail(at, op, TP_ERROR_UNSUPPORTED, "a build without protobuf-c", NULL,
                   "install protobuf-c and its compiler protoc-c, and build again");
}

tp_graph *tp_onnx_parse(tp_location at, const char *op, const char *path, const void *data,
                        size_t size) {
    (void)path, (void)data, (void)size;
    refuse(at, op);
    return NULL;
}

tp_tensor *tp_onnx_parse_tensor(tp_location at, const char *op, const char *path, const void *data,
                                size_t size) {
    (void)path, (void)data, (void)size;
    return refuse(at, op);
}
