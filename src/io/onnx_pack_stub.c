/* Where protobuf-c is absent. */
#include "base/fail.h"
#include "io/onnx.h"

bool tp_onnx_pack(tp_location at, const char *op, const tp_graph *graph, tp_file_writer *writer) {
    (void)graph, (void)writer;
    tp_fail(at, op, TP_ERROR_UNSUPPORTED, "a build without protobuf-c", NULL,
            "install protobuf-c and its compiler protoc-c, and build again");
    return false;
}
