/* Writing ONNX files. */
#include "io/graph/trace.h"
#include "io/onnx.h"

bool tp_onnx_save_at(tp_location at, tp_onnx_save_args args) {
    const char *op = "onnx_save";
    if (!args.path) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "path NULL", "the path of a file", NULL);
        return false;
    }
    tp_graph *graph = tp_trace_module(&(tp_trace_args){.at = at,
                                                       .op = op,
                                                       .module = args.module,
                                                       .sample = args.sample,
                                                       .dtype = args.dtype,
                                                       .batch = args.batch,
                                                       .input_name = args.input_name,
                                                       .output_name = args.output_name});
    tp_file_writer writer;
    bool fine = graph && tp_file_write_begin(&writer, at, op, args.path);
    if (fine) {
        fine = tp_onnx_pack(at, op, graph, &writer);
        if (fine)
            fine = tp_file_write_end(&writer);
        else
            tp_file_write_abandon(&writer);
    }
    tp_graph_end(graph);
    return fine;
}
