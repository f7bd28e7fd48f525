/** @file deploy.h
 *  Models as C: one file of C99 that computes what the model does, without library, allocation or input and output.
 *
 *      tp_export_c("net.c", net, tp_shape(1, 28, 28));
 *
 *  and in the program that uses it:
 *
 *      void net_run(const float *input, float *output);
 *
 *  Weights are constant arrays, intermediate values lie in one static buffer. Compiled with -DTAPER_SELF_TEST the file is a program that
 *  checks itself: it runs a stored input and exits with 0 where the stored output comes out.
 */
#ifndef TAPER_DEPLOY_H
#define TAPER_DEPLOY_H

#include <taper/nn.h>

TP_BEGIN_DECLS

/** Arguments of tp_export_c. */
typedef struct tp_export_c_args {
    const char *path;
    tp_module *module;
    tp_shape sample; /**< shape of one sample without the batch: tp_shape(1, 28, 28) */
    const char *
        name; /**< of the function, NAME_run, and of the sizes, NAME_inputs and NAME_outputs; "model" by default */
    /** Convolutions and linear layers in whole numbers of 8 bits: weights with a scale for each output, inputs with one scale each, which is
     *  found by running `calibration`. About four times smaller. */
    bool int8;
    tp_tensor *calibration; /**< (N, sample...): typical inputs; required with .int8 */
} tp_export_c_args;
/** Writes a model in evaluation mode as C99: every layer that tp_nn_from_text() and the named models have, and the operations of modules
 *  of one's own that are arithmetic, functions of one number, slices, permutations, joins, or sums over neighbouring dimensions.
 *  In float the order of additions is that of the library with TAPER_CPU=baseline, in a batch of any size: the same bits
 *  where the compiler does not fuse products with sums (gcc -std=c99, or -ffp-contract=off). False after an error: FILE,
 *  ARGUMENT, UNSUPPORTED, which names the operation. */
TP_API bool tp_export_c_at(tp_location at, tp_export_c_args args);
#define tp_export_c(path_, module_, ...)                             \
    tp_export_c_at(TP_HERE, TP_MAKE(tp_export_c_args, .path = path_, \
                                    .module = (tp_module *)(module_), .sample = __VA_ARGS__))

TP_END_DECLS

#endif
