/** @file nn/embedding.h
 *  A table of trained vectors.
 */
#ifndef TAPER_NN_EMBEDDING_H
#define TAPER_NN_EMBEDDING_H

#include <taper/ops/embedding.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** Options of tp_nn_embedding. */
typedef struct tp_nn_embedding_args {
    int64_t num_embeddings, embedding_dim;
    bool has_padding;    /**< the row number padding_idx begins as zeros and stays so */
    int64_t padding_idx; /**< negative from the end; read where has_padding is set */
    tp_dtype dtype;
} tp_nn_embedding_args;
/** tp_embedding(): whole numbers of any shape (s) to (s, embedding_dim): tp_nn_embedding(1000, 64). Key: weight
 *  (num_embeddings, embedding_dim), normal with deviation 1 from the thread's generator, as PyTorch draws it. Owned by the
 *  caller; NULL after an error. */
TP_API tp_module *tp_nn_embedding_at(tp_location at, tp_nn_embedding_args args);
#define tp_nn_embedding(...) \
    tp_nn_embedding_at(TP_HERE, TP_MAKE(tp_nn_embedding_args, .num_embeddings = __VA_ARGS__))

TP_END_DECLS

#endif
