/* split, chunk, unbind: views on pieces, one operation with several results. */
#include <taper/ops/shape.h>

#include "base/alloc.h"
#include "ops/loop.h"
#include "ops/shape.h"

/* ---- backward ---- */

/* The gradient of the whole from those of its pieces, zero where nothing came back. Pieces follow one another along
 * dimension integer[0]; integer[1] says that they have lost it (unbind). node->extra: their sizes. */
static void split_backward(tp_node *node, tp_tensor *const *grads) {
    const int64_t *sizes = node->extra;
    int dim = (int)node->integer[0];
    bool unbound = node->integer[1] != 0;
    tp_tensor *full = tp_make_like(node->at, node->op->name, node->inputs[0]);
    int64_t start = 0;
    for (int k = 0; k < node->n_outputs && !full->poison; k++) {
        int64_t size = unbound ? 1 : sizes[k];
        tp_tensor *part = tp_part(node->at, node->op->name, full, dim, start, size);
        tp_tensor *g = grads[k];
        start += size;
        if (part->poison) {
            full = part;
            break;
        }
        if (g && unbound) g = tp_unsqueeze_at(node->at, g, dim);
        if (!g)
            tp_fill_elements(part, 0);
        else if (!g->poison)
            tp_copy_elements(part, g);
        tp_free(part);
        if (g && g->poison) full = g;
    }
    tp_send(node, 0, full);
}

/* ---- forward ---- */

static int64_t failed(tp_tensor **parts, int64_t capacity) {
    for (int64_t k = 0; k < capacity; k++) parts[k] = tp_poison();
    return -1;
}

/* Cuts x into n pieces of these sizes (NULL: n pieces without dimension d). */
static int64_t cut(tp_location at, const tp_op *op, tp_tensor *x, int dim, int64_t n,
                   const int64_t *sizes, tp_tensor **parts) {
    tp_shape shape = tp_shape_copy(x);
    int64_t stride[TP_MAX_DIMS], start = 0;
    for (int d = 0; d < x->ndim; d++) stride[d] = x->stride[d];
    if (!sizes) {
        shape.ndim--;
        for (int d = dim; d < shape.ndim; d++) {
            shape.dims[d] = x->shape[d + 1];
            stride[d] = x->stride[d + 1];
        }
    }
    for (int64_t k = 0; k < n; k++) {
        if (sizes) shape.dims[dim] = sizes[k];
        int64_t offset = tp_shape_numel(shape) > 0 ? start * x->stride[dim] : 0;
        parts[k] = tp_make_view(at, op->name, x, shape, stride, offset);
        if (parts[k]->poison) return failed(parts, n);
        start += sizes ? sizes[k] : 1;
    }
    if (n == 0 || !tp_would_record(1, &x)) return n;
    int64_t *kept = tp_new(sizeof *kept * (size_t)n);
    if (!kept) {
        tp_fail_memory(at, op->name, sizeof *kept * (size_t)n);
        return failed(parts, n);
    }
    for (int64_t k = 0; k < n; k++) kept[k] = sizes ? sizes[k] : 1;
    tp_node *node = tp_record_many(at, op, (int)n, parts, 1, &x);
    if (!node) {
        tp_delete(kept);
        return failed(parts, n);
    }
    node->extra = kept;
    node->free_extra = tp_delete;
    node->integer[0] = dim;
    node->integer[1] = !sizes;
    return n;
}

/* The dimension, or -1 after reporting. */
static int dimension(tp_location at, const char *op, const tp_tensor *x, int dim) {
    if (x->ndim) return tp_wrap_dim(at, op, dim, x->ndim);
    tp_fail(at, op, TP_ERROR_SHAPE, "a scalar", "at least one dimension", NULL);
    return -1;
}

/* Pieces of one size, the last one with the rest. */
static int64_t cut_evenly(tp_location at, const tp_op *op, tp_tensor *x, int dim, int64_t size,
                          int64_t n, tp_tensor **parts) {
    int64_t *sizes = tp_new(sizeof *sizes * (size_t)n);
    if (!sizes) {
        tp_fail_memory(at, op->name, sizeof *sizes * (size_t)n);
        return failed(parts, n);
    }
    for (int64_t k = 0, left = x->shape[dim]; k < n; k++, left -= size)
        sizes[k] = left < size ? (left > 0 ? left : 0) : size;
    int64_t result = cut(at, op, x, dim, n, sizes, parts);
    tp_delete(sizes);
    return result;
}

static int64_t usable(tp_location at, const char *op, tp_tensor *x) {
    return x && !x->poison && x->life == TP_ALIVE ? 1 : tp_usable(at, op, x);
}

/* ---- split ---- */

static tp_tensor *split_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *parts[5];
    if (variant == 0) {
        tp_split(inputs[0], 2, 0, parts, 5);
        return tp_cat(tp_list(parts[2], parts[0]), 0); /* nothing comes back to the second */
    }
    tp_split_sizes(inputs[0], tp_shape(1, 0, 3), -1, parts);
    return tp_cat(tp_list(parts[2], parts[1], parts[0], parts[2]), 1);
}

static const tp_op_sample split_samples[] = {
    {0, 1, {TP_SHAPE_OF(5, 3)}, 0, 0, 0}, {1, 1, {TP_SHAPE_OF(2, 4)}, 0, 0, 0}, {0}};
const tp_op tp_op_split = {
    .name = "split", .backward = split_backward, .apply = split_apply, .samples = split_samples};

int64_t tp_split_at(tp_location at, tp_tensor *x, int64_t size, int dim, tp_tensor **parts,
                    int64_t capacity) {
    if (!usable(at, "split", x)) return failed(parts, capacity);
    int d = dimension(at, "split", x, dim);
    if (d < 0) return failed(parts, capacity);
    int64_t whole = x->shape[d], n = size > 0 ? (whole ? (whole - 1) / size + 1 : 1) : 0;
    if (size < 1 || n > capacity) {
        tp_fail(
            at, "split", TP_ERROR_ARGUMENT,
            TP_GOT(x, "into pieces of %lld, room for %lld", (long long)size, (long long)capacity),
            size < 1 ? "a size of at least 1" : tp_text("room for %lld", (long long)n), NULL);
        return failed(parts, capacity);
    }
    return cut_evenly(at, &tp_op_split, x, d, size, n, parts);
}

int64_t tp_split_sizes_at(tp_location at, tp_tensor *x, tp_shape sizes, int dim,
                          tp_tensor **parts) {
    int64_t places = sizes.ndim > 0 ? sizes.ndim : 0;
    if (!usable(at, "split", x)) return failed(parts, places);
    int d = dimension(at, "split", x, dim);
    if (d < 0) return failed(parts, places);
    int64_t sum = 0;
    bool fine = sizes.ndim >= 0;
    for (int k = 0; k < sizes.ndim && fine; k++)
        fine = sizes.dims[k] >= 0 && !__builtin_add_overflow(sum, sizes.dims[k], &sum);
    if (!fine || sum != x->shape[d]) {
        tp_fail(at, "split", TP_ERROR_SHAPE,
                TP_GOT(x, "into %s", sizes.ndim < 0 ? "more than 8 pieces" : tp_shape_text(sizes)),
                tp_text("sizes that add up to the %lld of dimension %d", (long long)x->shape[d], d),
                NULL);
        return failed(parts, places);
    }
    return cut(at, &tp_op_split, x, d, places, sizes.dims, parts);
}

/* ---- chunk ---- */

static tp_tensor *chunk_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *parts[3];
    (void)variant;
    tp_chunk(inputs[0], 3, 0, parts);
    return parts[1];
}

static const tp_op_sample chunk_samples[] = {{0, 1, {TP_SHAPE_OF(5, 2)}, 0, 0, 0}, {0}};
const tp_op tp_op_chunk = {
    .name = "chunk", .backward = split_backward, .apply = chunk_apply, .samples = chunk_samples};

int64_t tp_chunk_at(tp_location at, tp_tensor *x, int64_t chunks, int dim, tp_tensor **parts) {
    int64_t places = chunks > 0 ? chunks : 0;
    if (!usable(at, "chunk", x)) return failed(parts, places);
    int d = dimension(at, "chunk", x, dim);
    if (d < 0) return failed(parts, places);
    if (chunks < 1) {
        tp_fail(at, "chunk", TP_ERROR_ARGUMENT, tp_text("%lld chunks", (long long)chunks),
                "at least 1", NULL);
        return -1;
    }
    int64_t whole = x->shape[d];
    if (whole == 0) return cut_evenly(at, &tp_op_chunk, x, d, 1, chunks, parts); /* all empty */
    int64_t size = (whole - 1) / chunks + 1;
    return cut_evenly(at, &tp_op_chunk, x, d, size, (whole - 1) / size + 1, parts);
}

/* ---- unbind ---- */

static tp_tensor *unbind_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *parts[3];
    tp_unbind(inputs[0], variant, parts, 3);
    return tp_stack(tp_list(parts[2], parts[0]), 0);
}

static const tp_op_sample unbind_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0}, {-1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0}};
const tp_op tp_op_unbind = {
    .name = "unbind", .backward = split_backward, .apply = unbind_apply, .samples = unbind_samples};

int64_t tp_unbind_at(tp_location at, tp_tensor *x, int dim, tp_tensor **parts, int64_t capacity) {
    if (!usable(at, "unbind", x)) return failed(parts, capacity);
    int d = dimension(at, "unbind", x, dim);
    if (d < 0) return failed(parts, capacity);
    if (x->shape[d] > capacity) {
        tp_fail(at, "unbind", TP_ERROR_ARGUMENT,
                TP_GOT(x, "along dimension %d, room for %lld", d, (long long)capacity),
                tp_text("room for %lld", (long long)x->shape[d]), NULL);
        return failed(parts, capacity);
    }
    return cut(at, &tp_op_unbind, x, d, x->shape[d], NULL, parts);
}
