/** @file onnx.h
 *  ONNX models: read to a module, inspected, and written.
 *
 *      tp_module *net = tp_onnx_load("resnet18.onnx");
 *      tp_tensor *y = tp_call(net, x);
 *
 *  The nodes of the file are run by Taper's operations, so that such a module can be trained, saved and exported like any
 *  other. Operators of the standard domain from version 6 on are known, as far as they work on one and two dimensions;
 *  docs/formats.md lists them. A build without protobuf-c reports UNSUPPORTED.
 */
#ifndef TAPER_ONNX_H
#define TAPER_ONNX_H

#include <taper/nn.h>

TP_BEGIN_DECLS

/** @name Reading
 *  @{ */
/** A module that runs the model of an .onnx file. Weights become parameters under their own names, "features.0.weight",
 *  running means and variances become buffers; other numbers are constants. It starts in evaluation mode, for which most files are
 *  made; tp_train() makes it trainable. Owned by the caller. NULL after an error: FILE; FORMAT, with the reason; UNSUPPORTED, which
 *  lists all nodes that cannot be run at once; MEMORY. */
TP_API tp_module *tp_onnx_load_at(tp_location at, const char *path);
#define tp_onnx_load(path) tp_onnx_load_at(TP_HERE, path)
/** Runs such a module on several inputs, in the file's order, to as many outputs as `outputs` has room for, at most all. tp_call()
 *  does that for one input and the first output. What is computed belongs to the innermost scope. Returns false after an error. */
TP_API bool tp_onnx_run_at(tp_location at, tp_module *module, tp_tensor *const *inputs,
                           size_t input_count, tp_tensor **outputs, size_t output_count);
#define tp_onnx_run(module, inputs, input_count, outputs, output_count) \
    tp_onnx_run_at(TP_HERE, (tp_module *)(module), inputs, input_count, outputs, output_count)
/** One tensor from a file that holds a TensorProto, as those beside ONNX's test models do. Owned by the innermost scope; poison
 *  after an error. */
TP_API tp_tensor *tp_onnx_load_tensor_at(tp_location at, const char *path);
#define tp_onnx_load_tensor(path) tp_onnx_load_tensor_at(TP_HERE, path)
/** @} */

/** @name Writing
 *  @{ */
/** Arguments of tp_onnx_save. */
typedef struct tp_onnx_save_args {
    const char *path;
    tp_module *module;
    tp_shape sample; /**< shape of one sample without the batch: tp_shape(3, 224, 224) */
    tp_dtype dtype;  /**< of the input: float32 by default; TP_INT64 for indices */
    int64_t batch;   /**< 0: the file takes batches of any size; else of this one alone */
    const char *input_name, *output_name; /**< "input" and "output" by default */
} tp_onnx_save_args;
/** Writes a model as ONNX, opset 17, as it is in evaluation mode: tp_onnx_save("net.onnx", net, tp_shape(1, 28, 28)). Parameters and
 *  buffers keep their names. The model is run twice, on random batches of 2 and 3 samples, to see what it does; modules of
 *  your own need nothing for that. False after an error: FILE; UNSUPPORTED, naming the operation and layer that ONNX has no form for. */
TP_API bool tp_onnx_save_at(tp_location at, tp_onnx_save_args args);
#define tp_onnx_save(path_, module_, ...)                              \
    tp_onnx_save_at(TP_HERE, TP_MAKE(tp_onnx_save_args, .path = path_, \
                                     .module = (tp_module *)(module_), .sample = __VA_ARGS__))
/** @} */

/** @name Looking inside
 *  @{ */
/** An input or output of a model. */
typedef struct tp_onnx_value {
    const char *name;
    tp_dtype dtype; /**< TP_DTYPE_DEFAULT where Taper has none like it or none is given */
    tp_shape shape; /**< sizes that are free are -1; ndim is -1 where no shape is given */
} tp_onnx_value;
/** One node. */
typedef struct tp_onnx_node {
    const char *op;      /**< "Conv" */
    const char *name;    /**< may be "" */
    const char *problem; /**< why it cannot be run; NULL where it can */
} tp_onnx_node;
/** A tensor in the file. */
typedef struct tp_onnx_weight {
    const char *name;
    tp_tensor *tensor; /**< belongs to the model */
} tp_onnx_weight;
/** What a file holds. */
typedef struct tp_onnx_model {
    const char *name, *producer, *producer_version;
    int64_t ir_version, opset;
    size_t input_count, output_count, node_count, weight_count;
    const tp_onnx_value *inputs, *outputs;
    const tp_onnx_node *nodes;
    const tp_onnx_weight *weights;
} tp_onnx_model;
/** Reads a file without running anything, also one with nodes that cannot be run. Owned by the caller until tp_onnx_model_free().
 *  NULL after an error. */
TP_API tp_onnx_model *tp_onnx_inspect_at(tp_location at, const char *path);
#define tp_onnx_inspect(path) tp_onnx_inspect_at(TP_HERE, path)
/** Ends it; NULL is fine. */
TP_API void tp_onnx_model_free(tp_onnx_model *model);
/** The i-th operator that Taper runs, in alphabetical order within its kind; NULL past the last. */
TP_API const char *tp_onnx_operator(size_t i);
/** @} */

TP_END_DECLS

#endif
