/* Running a graph by Taper's operations: one row a kind of operator, in ops.def. */
#ifndef TP_IO_GRAPH_RUN_H
#define TP_IO_GRAPH_RUN_H

#include "io/graph/graph.h"
#include "tensor/tensor.h"

/* One operator as it runs. */
typedef struct tp_graph_step {
    tp_location at;
    const char *path; /* of the file, for errors; may be NULL */
    const tp_graph *graph;
    const tp_graph_node *node;
    tp_tensor **values; /* by number */
    bool training;
} tp_graph_step;

/* Computes the results: gives back the first, and sets others by tp_graph_set(). */
typedef tp_tensor *(*tp_graph_function)(const tp_graph_step *step);

/* One kind of operator. */
typedef struct tp_graph_op {
    const char *name;
    tp_graph_function run;
    int least, most;        /* inputs */
    const char *attributes; /* that it knows, between spaces: " axis keepdims " */
    unsigned numbers; /* bits of the inputs that are read as numbers: no gradient flows to them */
    bool folds;       /* may be computed while a file is read */
    /* Why this node cannot be run, or NULL; looks at attributes and at shapes of constants. May be NULL. */
    const char *(*refuses)(const tp_graph *graph, const tp_graph_node *node);
} tp_graph_op;

/* The row of that operator of the standard domain, or NULL. */
const tp_graph_op *tp_graph_op_named(const char *name);
/* How many kinds there are, and the i-th of them. */
size_t tp_graph_op_count(void);
const tp_graph_op *tp_graph_op_at(size_t i);
/* Why the node cannot be run, or NULL. A tp_text. */
const char *tp_graph_refusal(const tp_graph *graph, const tp_graph_node *node);

/* Input i; NULL where it is left out. */
tp_tensor *tp_graph_input(const tp_graph_step *step, size_t i);
/* Sets a further result; nothing where nobody wants it. */
void tp_graph_set(const tp_graph_step *step, size_t i, tp_tensor *x);
bool tp_graph_wants(const tp_graph_step *step, size_t i);
/* Reports what is wrong with this node; poison. */
tp_tensor *tp_graph_fail(const tp_graph_step *step, tp_error_code code, const char *got,
                         const char *want);

/* A list of whole numbers that is an attribute or an input, by the version of the operator: fills at most TP_MAX_DIMS of them. */
typedef struct tp_graph_list {
    bool given, fine; /* fine: false after an error, reported */
    int count;
    int64_t of[TP_MAX_DIMS];
} tp_graph_list;
/* `input` SIZE_MAX: only the attribute. */
tp_graph_list tp_graph_list_of(const tp_graph_step *step, const char *attribute, size_t input);
/* As a whole number: past 2^62 "to the end", NaN 0. */
static inline int64_t tp_graph_whole(double x) {
    if (x >= 0x1p62) return INT64_MAX;
    if (x <= -0x1p62) return INT64_MIN;
    return x == x ? (int64_t)x : 0;
}
/* The elements of input i as doubles; like above, count -1 where there are too many. */
bool tp_graph_numbers(const tp_graph_step *step, size_t i, double *out, int most, int *count);

#endif
