/* Files of weights as the verbs inspect, convert and compare see them: one list of named tensors, whatever the format. */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

#include <taper/taper.h>

#include "run_folder.h"

typedef struct weights {
    const char *path;
    tp_tensor_file *file;        /* NULL for ONNX */
    tp_onnx_model *onnx;         /* NULL for all else */
    tp_named_list list;          /* all tensors */
    tp_named_tensor *items;      /* behind the list, where it is ours */
    int64_t bytes;               /* of the file */
    char folder_path[PATH_SIZE]; /* where path is that of a run's model */
} weights;

/* Opens a file of any format, or the model of a run's folder. False after an error, reported. */
bool weights_open(weights *w, const char *path);
void weights_close(weights *w);
/* "PyTorch", "safetensors", ... */
const char *weights_format(const weights *w);
/* What the i-th tensor's elements are in the file: "float16". */
const char *weights_type(const weights *w, size_t i);
/* Those of the model alone: without an optimiser's, under the names that the model has for them. Good until the next call. */
tp_named_list weights_state(weights *w, const char *prefix);

/* "1.2 MB" in a buffer of 16. */
const char *weights_bytes_text(char *buffer, int64_t bytes);
/* "(64, 3, 3, 3)" in a buffer of 96. */
const char *weights_shape_text(char *buffer, const tp_tensor *x);

/* What the elements are like. */
enum { WEIGHTS_BINS = 64 };
typedef struct weights_statistics {
    int64_t count;  /* elements looked at */
    int64_t finite; /* of those */
    int64_t nan, infinite, zero;
    double least, most, mean, deviation; /* of the finite ones */
    int64_t bins[WEIGHTS_BINS];          /* of equal width from least to most */
    bool sampled;                        /* not all were looked at */
} weights_statistics;
/* Looks at all elements, or at about `most` of them, spread in runs over the whole; 0: at all. */
void weights_look(weights_statistics *s, tp_tensor *x, int64_t most);

#endif
