/* ONNX models: read, refused or made to a module, which folds what follows from constants. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "io/onnx.h"
#include "support/golden.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_begin();
    TP_SCOPE {
        char text[400];
        tp_graph *graph = tp_onnx_parse(TP_HERE, "fuzz", "fuzz.onnx", data, size);
        if (graph) tp_graph_unsupported(graph, text, sizeof text);
        tp_module *net = graph ? tp_graph_to_module(TP_HERE, "fuzz", "fuzz.onnx", graph) : NULL;
        if (net) tp_state_dict(net);
        tp_module_free(net);
        tp_tensor *x = tp_onnx_parse_tensor(TP_HERE, "fuzz", "fuzz.pb", data, size);
        if (!tp_is_poison(x)) tp_format(x, text, sizeof text);
    }
    fuzz_end();
    return 0;
}

/* What PyTorch's exporter wrote. */
void fuzz_seeds(fuzz_take *take, void *user) {
    golden_file *file = golden_load("onnx");
    for (golden_case *c = NULL; (c = golden_next(file, c, "")) != NULL;) {
        const golden_tensor *model = golden_need(c, "model");
        unsigned char *bytes = malloc(model->count);
        if (!bytes) break;
        golden_copy(model, bytes);
        take(bytes, model->count, user);
        free(bytes);
    }
    golden_free(file);
}
