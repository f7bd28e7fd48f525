/** @file ops/embedding.h
 *  Looking up rows by number.
 */
#ifndef TAPER_OPS_EMBEDDING_H
#define TAPER_OPS_EMBEDDING_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Arguments of tp_embedding. */
typedef struct tp_embedding_args {
    tp_tensor *input;    /**< whole numbers from 0 to n - 1, of any shape s */
    tp_tensor *weight;   /**< (n, d) */
    bool has_padding;    /**< the row number padding_idx gets no gradient */
    int64_t padding_idx; /**< negative from the end; read where has_padding is set */
} tp_embedding_args;
/** The rows of weight that input names, (s, d): tp_embedding(words, weight). Where a row was named several times its gradients
 *  add up. Errors: INDEX, SHAPE, DTYPE. */
TP_API tp_tensor *tp_embedding_at(tp_location at, tp_embedding_args args);
#define tp_embedding(...) tp_embedding_at(TP_HERE, TP_MAKE(tp_embedding_args, .input = __VA_ARGS__))

TP_END_DECLS

#endif
