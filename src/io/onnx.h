/* ONNX files: protocol buffers to and from graphs. The files that know protobuf-c have stubs beside them. */
#ifndef TP_IO_ONNX_H
#define TP_IO_ONNX_H

#include <taper/onnx.h>

#include "io/file.h"
#include "io/graph/run.h"

/* The graph in `size` bytes; its operators are found, nothing is run. NULL after an error: FORMAT, UNSUPPORTED, MEMORY. `path` names
 * the file in errors. */
tp_graph *tp_onnx_parse(tp_location at, const char *op, const char *path, const void *data,
                        size_t size);
/* One tensor, as the files beside ONNX's test models hold them. Poison after an error. */
tp_tensor *tp_onnx_parse_tensor(tp_location at, const char *op, const char *path, const void *data,
                                size_t size);
/* Writes a graph as a model. False after an error; those of the file are the writer's to report. */
bool tp_onnx_pack(tp_location at, const char *op, const tp_graph *graph, tp_file_writer *writer);

/* "Conv \"conv1\" (3 spatial dimensions), NonZero, ... and 3 more": the nodes that cannot be run, as many as fit; their number. */
size_t tp_graph_unsupported(const tp_graph *graph, char *text, size_t size);

/* A module that runs the graph; takes the graph over, also after an error, which gives NULL. */
tp_module *tp_graph_to_module(tp_location at, const char *op, const char *path, tp_graph *graph);
/* The graph of such a module; NULL for any other. */
const tp_graph *tp_graph_of(const tp_module *module);

#endif
