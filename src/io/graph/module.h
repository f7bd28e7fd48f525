/* The module that runs a graph. */
#ifndef TP_IO_GRAPH_MODULE_H
#define TP_IO_GRAPH_MODULE_H

#include "io/graph/run.h"

typedef struct tp_graph_module {
    tp_module base;
    tp_graph *graph;
    char *path; /* of the file, for errors */
} tp_graph_module;

/* Finds out what kind each value with a tensor is, by who reads it. False after an error. */
bool tp_graph_assign_roles(tp_location at, tp_graph *graph);
/* Computes what follows from constants alone. False after an error. */
bool tp_graph_fold(tp_location at, const char *path, tp_graph *graph);
/* Hands parameters and buffers to the module under their names, "a.b.weight" in children a and b. False after an error. */
bool tp_graph_adopt(tp_location at, tp_module *module, tp_graph *graph);

/* Runs nodes in order. values has a place for each value, those of inputs filled; `last` is the node behind the last one to run. False
 * after an error. */
bool tp_graph_run(const tp_graph_step *run, size_t last);

#endif
