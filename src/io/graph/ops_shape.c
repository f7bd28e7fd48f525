/* Operators that move elements and compute shapes. */
#include <math.h>
#include <string.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "io/graph/rows.h"
#include "ops/loop.h"

/* A list of whole numbers as a tensor (n) int64. */
static tp_tensor *whole(const tp_graph_step *s, const int64_t *numbers, int64_t count) {
    return tp_from_data_at(
        s->at, (tp_data_args){.data = numbers, .shape = tp_shape(count), .dtype = TP_INT64});
}

/* ---- types ---- */

/* ONNX's numbers of types; 1 float, 2 uint8, ... as TensorProto.DataType. */
enum { FLOAT = 1, UINT8 = 2, INT8 = 3, UINT16 = 4, INT16 = 5, INT32 = 6, INT64 = 7, BOOL = 9 };
enum { FLOAT16 = 10, DOUBLE = 11, UINT32 = 12, UINT64 = 13, BFLOAT16 = 16 };

tp_dtype tp_graph_dtype_of(int64_t element) {
    switch (element) {
    case FLOAT:
    case FLOAT16:
    case BFLOAT16: return TP_FLOAT32;
    case DOUBLE: return TP_FLOAT64;
    case UINT8: return TP_UINT8;
    case INT8:
    case UINT16:
    case INT16:
    case INT32: return TP_INT32;
    case UINT32:
    case UINT64:
    case INT64: return TP_INT64;
    case BOOL: return TP_BOOL;
    default: return TP_DTYPE_DEFAULT;
    }
}

int tp_graph_element_of(tp_dtype dtype) {
    switch (dtype) {
    case TP_FLOAT64: return DOUBLE;
    case TP_UINT8: return UINT8;
    case TP_INT32: return INT32;
    case TP_INT64: return INT64;
    case TP_BOOL: return BOOL;
    default: return FLOAT;
    }
}

const char *tp_refuse_cast(const tp_graph *graph, const tp_graph_node *node) {
    (void)graph;
    int64_t to = tp_graph_int(node, "to", FLOAT);
    if (tp_graph_dtype_of(to) == TP_DTYPE_DEFAULT) return tp_text("type %lld", (long long)to);
    return NULL;
}

tp_tensor *tp_run_cast(const tp_graph_step *s) {
    return tp_to_at(s->at, tp_graph_input(s, 0),
                    tp_graph_dtype_of(tp_graph_int(s->node, "to", FLOAT)));
}

/* ---- constants ---- */

const char *tp_refuse_constant(const tp_graph *graph, const tp_graph_node *node) {
    (void)graph;
    if (node->attributes != 1) return tp_text("%zu attributes", node->attributes);
    tp_graph_attribute_kind kind = node->attribute[0].kind;
    bool known = kind == TP_ATTRIBUTE_TENSOR || kind == TP_ATTRIBUTE_FLOAT ||
                 kind == TP_ATTRIBUTE_FLOATS || kind == TP_ATTRIBUTE_INT ||
                 kind == TP_ATTRIBUTE_INTS;
    return known ? NULL : "a value of this kind";
}

tp_tensor *tp_run_constant(const tp_graph_step *s) {
    const tp_graph_attribute *a = &s->node->attribute[0];
    tp_shape list = tp_shape((int64_t)a->count);
    switch (a->kind) {
    case TP_ATTRIBUTE_TENSOR: return tp_clone_at(s->at, a->t);
    case TP_ATTRIBUTE_FLOAT:
        return tp_scalar_at(s->at, (tp_scalar_args){.value = (double)a->f, .dtype = TP_FLOAT32});
    case TP_ATTRIBUTE_INT: return tp_reshape_at(s->at, whole(s, &a->i, 1), (tp_shape){.ndim = 0});
    case TP_ATTRIBUTE_INTS: return whole(s, a->ints, (int64_t)a->count);
    default:
        return tp_from_data_at(
            s->at, (tp_data_args){.data = a->floats, .shape = list, .dtype = TP_FLOAT32});
    }
}

/* The sizes that an input or attribute lists. */
static bool sizes_of(const tp_graph_step *s, const char *attribute, size_t input, tp_shape *shape) {
    tp_graph_list list = tp_graph_list_of(s, attribute, input);
    *shape = tp_shape_make((size_t)list.count, list.of);
    return list.fine;
}

tp_tensor *tp_run_constant_of_shape(const tp_graph_step *s) {
    const tp_graph_attribute *value = tp_graph_attribute_of(s->node, "value");
    tp_full_args args = {.dtype = TP_FLOAT32};
    if (!sizes_of(s, "", 0, &args.shape)) return tp_poison();
    if (value && value->t) {
        args.dtype = value->t->dtype;
        args.value = tp_item_at(s->at, value->t);
    }
    return tp_full_at(s->at, args);
}

tp_tensor *tp_run_range(const tp_graph_step *s) {
    double of[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        int count;
        if (!tp_graph_numbers(s, i, &of[i], 1, &count)) return tp_poison();
    }
    return tp_arange_at(s->at, (tp_arange_args){.start = of[0],
                                                .end = of[1],
                                                .step = of[2],
                                                .dtype = tp_graph_input(s, 0)->dtype});
}

/* ---- shapes ---- */

tp_tensor *tp_run_shape(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int64_t start = tp_graph_int(s->node, "start", 0), end = tp_graph_int(s->node, "end", x->ndim);
    if (start < 0) start += x->ndim;
    if (end < 0) end += x->ndim;
    start = start < 0 ? 0 : start > x->ndim ? x->ndim : start;
    end = end < start ? start : end > x->ndim ? x->ndim : end;
    return whole(s, x->shape + start, end - start);
}

tp_tensor *tp_run_size(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    return tp_reshape_at(s->at, whole(s, &x->numel, 1), (tp_shape){.ndim = 0});
}

/* 0 stands for the size that is there, -1 for what is left. */
tp_tensor *tp_run_reshape(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    tp_shape shape;
    if (!sizes_of(s, "shape", 1, &shape)) return tp_poison();
    bool zero = tp_graph_int(s->node, "allowzero", 0) != 0;
    for (int d = 0; d < shape.ndim; d++)
        if (shape.dims[d] == 0 && !zero && d < x->ndim) shape.dims[d] = x->shape[d];
    return tp_reshape_at(s->at, x, shape);
}

tp_tensor *tp_run_flatten(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int64_t axis = tp_graph_int(s->node, "axis", 1);
    if (axis < 0) axis += x->ndim;
    if (axis < 0 || axis > x->ndim)
        return tp_graph_fail(s, TP_ERROR_INDEX, tp_text("axis %lld", (long long)axis),
                             tp_text("an axis of %s", tp_tensor_text(x)));
    int64_t rows = 1, columns = 1;
    for (int d = 0; d < x->ndim; d++) *(d < axis ? &rows : &columns) *= x->shape[d];
    return tp_reshape_at(s->at, x, tp_shape(rows, columns));
}

tp_tensor *tp_run_squeeze(const tp_graph_step *s) {
    tp_squeeze_args args = {.x = tp_graph_input(s, 0)};
    if (!sizes_of(s, "axes", 1, &args.dims)) return tp_poison();
    return tp_squeeze_at(s->at, args);
}

/* The axes are those of the result, in any order. */
tp_tensor *tp_run_unsqueeze(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    tp_shape axes;
    if (!sizes_of(s, "axes", 1, &axes)) return tp_poison();
    int ndim = x->ndim + axes.ndim;
    bool added[2 * TP_MAX_DIMS] = {false};
    for (int i = 0; i < axes.ndim; i++) {
        int64_t axis = axes.dims[i] < 0 ? axes.dims[i] + ndim : axes.dims[i];
        if (axis < 0 || axis >= ndim || added[axis])
            return tp_graph_fail(s, TP_ERROR_INDEX, tp_text("axis %lld", (long long)axes.dims[i]),
                                 tp_text("different axes below %d", ndim));
        added[axis] = true;
    }
    for (int d = 0; d < ndim && !x->poison; d++)
        if (added[d]) x = tp_unsqueeze_at(s->at, x, d);
    return x;
}

tp_tensor *tp_run_transpose(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    tp_graph_list order = tp_graph_list_of(s, "perm", SIZE_MAX);
    if (!order.fine) return tp_poison();
    if (!order.given)
        for (int d = 0; d < x->ndim; d++) order.of[order.count++] = x->ndim - 1 - d;
    return tp_permute_at(s->at, x, tp_shape_make((size_t)order.count, order.of));
}

/* Broadcasts both ways: a size of 1 in the list leaves the one that is there. */
tp_tensor *tp_run_expand(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    tp_shape shape;
    if (!sizes_of(s, "", 1, &shape)) return tp_poison();
    while (shape.ndim >= 0 && shape.ndim < x->ndim) {
        memmove(shape.dims + 1, shape.dims, (size_t)shape.ndim * sizeof *shape.dims);
        shape.dims[0] = 1;
        shape.ndim++;
    }
    for (int d = 0; d < x->ndim; d++) {
        int64_t *size = &shape.dims[shape.ndim - x->ndim + d];
        if (*size == 1) *size = x->shape[d];
    }
    return tp_expand_at(s->at, x, shape);
}

tp_tensor *tp_run_tile(const tp_graph_step *s) {
    tp_shape times;
    if (!sizes_of(s, "", 1, &times)) return tp_poison();
    return tp_repeat_at(s->at, tp_graph_input(s, 0), times);
}

tp_tensor *tp_run_trilu(const tp_graph_step *s) {
    double diagonal = 0;
    int count;
    if (!tp_graph_numbers(s, 1, &diagonal, 1, &count)) return tp_poison();
    tp_triangle_args args = {.x = tp_graph_input(s, 0), .diagonal = tp_graph_whole(diagonal)};
    return tp_graph_int(s->node, "upper", 1) ? tp_triu_at(s->at, args) : tp_tril_at(s->at, args);
}

/* ---- parts ---- */

tp_tensor *tp_run_concat(const tp_graph_step *s) {
    const tp_graph_node *node = s->node;
    tp_tensor **items = tp_new((node->inputs + 1) * sizeof *items);
    if (!items) return tp_fail_memory(s->at, "Concat", node->inputs * sizeof *items);
    for (size_t i = 0; i < node->inputs; i++) items[i] = tp_graph_input(s, i);
    tp_tensor *y =
        tp_cat_at(s->at, tp_list_of(items, node->inputs), (int)tp_graph_int(node, "axis", 1));
    tp_delete(items);
    return y;
}

/* Before version 10 starts, ends and axes are attributes, and there are no steps. */
tp_tensor *tp_run_slice(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    tp_graph_list starts = tp_graph_list_of(s, "starts", 1), ends = tp_graph_list_of(s, "ends", 2);
    tp_graph_list axes = tp_graph_list_of(s, "axes", 3), steps = tp_graph_list_of(s, "", 4);
    if (!starts.fine || !ends.fine || !axes.fine || !steps.fine) return tp_poison();
    if (starts.count != ends.count || (axes.given && axes.count != starts.count) ||
        (steps.given && steps.count != starts.count))
        return tp_graph_fail(s, TP_ERROR_SHAPE, "lists of different lengths",
                             "as many starts, ends, axes and steps");
    for (int i = 0; i < starts.count && !x->poison; i++) {
        int axis = axes.given ? (int)axes.of[i] : i;
        int64_t step = steps.given ? steps.of[i] : 1;
        /* Past the front, a slice backwards goes to its very end; Taper's word for both ends is TP_END. */
        int64_t size = tp_size(x, axis), end = ends.of[i];
        if (step < 0 && end < -size) end = TP_END;
        x = tp_slice_at(s->at, x, axis, starts.of[i], end, step);
    }
    return x;
}

tp_tensor *tp_run_split(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int axis = (int)tp_graph_int(s->node, "axis", 0);
    int64_t n = (int64_t)s->node->outputs;
    tp_graph_list sizes = tp_graph_list_of(s, "split", 1);
    int dim = tp_wrap_dim(s->at, "Split", axis, x->ndim);
    if (!sizes.fine || dim < 0) return tp_poison();
    if (n > TP_MAX_DIMS || (sizes.given && sizes.count != n))
        return tp_graph_fail(s, TP_ERROR_SHAPE, tp_text("%lld outputs", (long long)n),
                             "as many as sizes, at most 8");
    int64_t each = (x->shape[dim] + n - 1) / n;
    for (int i = 0; !sizes.given && i < n; i++)
        sizes.of[i] = i < n - 1 ? each : x->shape[dim] - each * (n - 1);
    tp_tensor *parts[TP_MAX_DIMS];
    if (tp_split_sizes_at(s->at, x, tp_shape_make((size_t)n, sizes.of), dim, parts) < 0)
        return tp_poison();
    for (int i = 1; i < n; i++) tp_graph_set(s, (size_t)i, parts[i]);
    return parts[0];
}

/* Indices of any shape along one dimension: those before it and behind it stay around them. */
tp_tensor *tp_run_gather(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0), *index = tp_graph_input(s, 1);
    int dim = tp_wrap_dim(s->at, "Gather", tp_graph_int(s->node, "axis", 0), x->ndim);
    if (dim < 0) return tp_poison();
    index = tp_to_at(s->at, index, TP_INT64);
    if (dim == 0) return tp_index_at(s->at, x, index);
    /* tp_index looks up along the first dimension: bring it there, and back behind the indices. */
    tp_tensor *y = tp_index_at(s->at, tp_movedim_at(s->at, x, dim, 0), index);
    if (y->poison) return y;
    tp_shape order = {.ndim = y->ndim};
    for (int d = 0; d < y->ndim; d++)
        order.dims[d] = d < dim ? index->ndim + d : d < dim + index->ndim ? d - dim : d;
    return tp_permute_at(s->at, y, order);
}

tp_tensor *tp_run_gather_elements(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0), *index = tp_to_at(s->at, tp_graph_input(s, 1), TP_INT64);
    int dim = tp_wrap_dim(s->at, "GatherElements", tp_graph_int(s->node, "axis", 0), x->ndim);
    if (dim < 0 || index->poison) return tp_poison();
    tp_tensor *negative = tp_lt_whole_at(s->at, index, 0);
    tp_tensor *wrapped = tp_add_whole_at(s->at, index, x->shape[dim]);
    return tp_gather_at(s->at, x, dim, tp_where_at(s->at, negative, wrapped, index));
}

/* ---- depth and space ---- */

static tp_tensor *refuse_blocks(const tp_graph_step *s) {
    return tp_graph_fail(s, TP_ERROR_SHAPE, tp_tensor_text(tp_graph_input(s, 0)),
                         "(N, C, H, W) that the block size divides");
}

/* (N, r r C, H, W) to (N, C, r H, r W) */
tp_tensor *tp_run_depth_to_space(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int64_t r = tp_graph_int(s->node, "blocksize", 0);
    if (x->ndim != 4 || r < 1 || r > 4096 || x->shape[1] % (r * r)) return refuse_blocks(s);
    bool columns_first = strcmp(tp_graph_text(s->node, "mode", "DCR"), "CRD") == 0;
    int64_t n = x->shape[0], c = x->shape[1] / (r * r), h = x->shape[2], w = x->shape[3];
    tp_shape apart = columns_first ? tp_shape(n, c, r, r, h, w) : tp_shape(n, r, r, c, h, w);
    tp_shape order = columns_first ? tp_dims(0, 1, 4, 2, 5, 3) : tp_dims(0, 3, 4, 1, 5, 2);
    tp_tensor *y = tp_permute_at(s->at, tp_reshape_at(s->at, x, apart), order);
    return tp_reshape_at(s->at, y, tp_shape(n, c, h * r, w * r));
}

/* (N, C, r H, r W) to (N, r r C, H, W) */
tp_tensor *tp_run_space_to_depth(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int64_t r = tp_graph_int(s->node, "blocksize", 0);
    if (x->ndim != 4 || r < 1 || r > 4096 || x->shape[2] % r || x->shape[3] % r)
        return refuse_blocks(s);
    int64_t n = x->shape[0], c = x->shape[1], h = x->shape[2] / r, w = x->shape[3] / r;
    tp_tensor *y = tp_reshape_at(s->at, x, tp_shape(n, c, h, r, w, r));
    y = tp_permute_at(s->at, y, tp_dims(0, 3, 5, 1, 2, 4));
    return tp_reshape_at(s->at, y, tp_shape(n, c * r * r, h, w));
}
