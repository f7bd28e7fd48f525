/** @file ops/shape.h
 *  Other shapes over the same elements: views, cutting, joining, repeating.
 *
 *  A *view* shares its elements with the tensor that it was made from: nothing is copied, and an edit in place of one is
 *  seen in the other. Gradients flow through views as through any operation. Functions that copy say so. Dimensions count
 *  from 0, negative ones from the end.
 */
#ifndef TAPER_OPS_SHAPE_H
#define TAPER_OPS_SHAPE_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** "To the end" of a slice, in the direction of its step. */
#define TP_END INT64_MAX

/** Several tensors, for functions that take any number of them: see tp_list(). The array is not copied. */
typedef struct tp_tensor_list {
    int64_t count;
    tp_tensor *const *items;
} tp_tensor_list;

/** A list over an array of `count` tensors. */
static inline tp_tensor_list tp_list_of(tp_tensor *const *items, size_t count) {
    return TP_MAKE(tp_tensor_list, (int64_t)count, items);
}

/** @name Reading order kept
 *  @{ */
/** The same elements in reading order under other sizes; one size may be -1: what is left. A view where the strides allow,
 *  a copy otherwise: tp_reshape(x, tp_shape(3, -1)). Errors: SHAPE where the number of elements differs. */
TP_API tp_tensor *tp_reshape_at(tp_location at, tp_tensor *x, tp_shape shape);
#define tp_reshape(x, shape) tp_reshape_at(TP_HERE, x, shape)
/** tp_reshape() that never copies. Errors: SHAPE, also where a copy would be needed. */
TP_API tp_tensor *tp_view_at(tp_location at, tp_tensor *x, tp_shape shape);
#define tp_view(x, shape) tp_view_at(TP_HERE, x, shape)

/** Arguments of tp_flatten. */
typedef struct tp_flatten_args {
    tp_tensor *x;
    int start_dim; /**< first dimension to merge: 1 when left out (or 0), so that a batch stays one; -ndim for the first */
    int end_dim;   /**< last dimension to merge: the last one when left out (or 0) */
} tp_flatten_args;
/** Merges dimensions start_dim to end_dim into one. By default all but the first, as a network does with a batch of images:
 *  (N, C, H, W) gives (N, C H W). tp_ravel() merges all. A view where the strides allow. Errors: INDEX, SHAPE. */
TP_API tp_tensor *tp_flatten_at(tp_location at, tp_flatten_args args);
#define tp_flatten(...) tp_flatten_at(TP_HERE, TP_MAKE(tp_flatten_args, .x = __VA_ARGS__))
/** One dimension of all elements in reading order. */
TP_API tp_tensor *tp_ravel_at(tp_location at, tp_tensor *x);
#define tp_ravel(x) tp_ravel_at(TP_HERE, x)
/** Splits dimension dim into several, one of which may be -1: tp_unflatten(x, 1, tp_shape(28, 28)). Errors: SHAPE, INDEX. */
TP_API tp_tensor *tp_unflatten_at(tp_location at, tp_tensor *x, int dim, tp_shape sizes);
#define tp_unflatten(x, dim, sizes) tp_unflatten_at(TP_HERE, x, dim, sizes)

/** Arguments of tp_squeeze. */
typedef struct tp_squeeze_args {
    tp_tensor *x;
    tp_shape dims; /**< only these, where their size is 1; all when left out */
} tp_squeeze_args;
/** A view without the dimensions of size 1: tp_squeeze(x), tp_squeeze(x, .dims = tp_dims(0)). Errors: INDEX. */
TP_API tp_tensor *tp_squeeze_at(tp_location at, tp_squeeze_args args);
#define tp_squeeze(...) tp_squeeze_at(TP_HERE, TP_MAKE(tp_squeeze_args, .x = __VA_ARGS__))
/** A view with a dimension of size 1 put in before dimension dim; -1 puts it last. Errors: INDEX. */
TP_API tp_tensor *tp_unsqueeze_at(tp_location at, tp_tensor *x, int dim);
#define tp_unsqueeze(x, dim) tp_unsqueeze_at(TP_HERE, x, dim)
/** @} */

/** @name Dimensions in another order (views)
 *  @{ */
/** Swaps two dimensions. Errors: INDEX. */
TP_API tp_tensor *tp_transpose_at(tp_location at, tp_tensor *x, int dim0, int dim1);
#define tp_transpose(x, dim0, dim1) tp_transpose_at(TP_HERE, x, dim0, dim1)
/** The transposed matrix: (n, m) gives (m, n); vectors and scalars stay. Errors: SHAPE for more dimensions. */
TP_API tp_tensor *tp_t_at(tp_location at, tp_tensor *x);
#define tp_t(x) tp_t_at(TP_HERE, x)
/** Dimension i of the result is dimension dims[i] of x; all must occur: tp_permute(x, tp_dims(0, 2, 3, 1)).
 *  Errors: ARGUMENT, INDEX. */
TP_API tp_tensor *tp_permute_at(tp_location at, tp_tensor *x, tp_shape dims);
#define tp_permute(x, dims) tp_permute_at(TP_HERE, x, dims)
/** Moves one dimension to another place; the rest stay in order. Errors: INDEX. */
TP_API tp_tensor *tp_movedim_at(tp_location at, tp_tensor *x, int source, int destination);
#define tp_movedim(x, source, destination) tp_movedim_at(TP_HERE, x, source, destination)
/** @} */

/** @name Repeated without a copy (views)
 *  @{ */
/** Dimensions of size 1 read as if repeated, and new ones in front; -1 keeps a size. Do not write to the result.
 *  Errors: SHAPE. */
TP_API tp_tensor *tp_expand_at(tp_location at, tp_tensor *x, tp_shape shape);
#define tp_expand(x, shape) tp_expand_at(TP_HERE, x, shape)
/** tp_expand() under NumPy's name. */
TP_API tp_tensor *tp_broadcast_to_at(tp_location at, tp_tensor *x, tp_shape shape);
#define tp_broadcast_to(x, shape) tp_broadcast_to_at(TP_HERE, x, shape)
/** tp_expand() to the sizes of another tensor. */
TP_API tp_tensor *tp_expand_as_at(tp_location at, tp_tensor *x, const tp_tensor *other);
#define tp_expand_as(x, other) tp_expand_as_at(TP_HERE, x, other)
/** @} */

/** @name Parts (views)
 *  @{ */
/** Elements start, start + step, ... before end along dim, as Python's x[start:end:step]: negative places count from the
 *  end, places beyond it are cut, and a negative step runs backwards. TP_END runs to the end of that direction:
 *  tp_slice(x, 0, -1, TP_END, -1) is x reversed. Errors: ARGUMENT for step 0, INDEX. */
TP_API tp_tensor *tp_slice_at(tp_location at, tp_tensor *x, int dim, int64_t start, int64_t end,
                              int64_t step);
#define tp_slice(x, dim, start, end, step) tp_slice_at(TP_HERE, x, dim, start, end, step)
/** One place along dim, which goes away: (N, C) at dim 0 gives (C). Errors: INDEX. */
TP_API tp_tensor *tp_select_at(tp_location at, tp_tensor *x, int dim, int64_t index);
#define tp_select(x, dim, index) tp_select_at(TP_HERE, x, dim, index)
/** `length` places from start on along dim; nothing is cut. Errors: INDEX. */
TP_API tp_tensor *tp_narrow_at(tp_location at, tp_tensor *x, int dim, int64_t start,
                               int64_t length);
#define tp_narrow(x, dim, start, length) tp_narrow_at(TP_HERE, x, dim, start, length)
/** Reversed along these dimensions (negative strides, no copy). Errors: INDEX, ARGUMENT for one named twice. */
TP_API tp_tensor *tp_flip_at(tp_location at, tp_tensor *x, tp_shape dims);
#define tp_flip(x, dims) tp_flip_at(TP_HERE, x, dims)

/** Arguments of tp_diagonal. */
typedef struct tp_diagonal_args {
    tp_tensor *x;
    int64_t offset; /**< > 0 above the main diagonal, < 0 below */
} tp_diagonal_args;
/** The diagonal of the last two dimensions: (..., n, m) gives (..., length). Errors: SHAPE. */
TP_API tp_tensor *tp_diagonal_at(tp_location at, tp_diagonal_args args);
#define tp_diagonal(...) tp_diagonal_at(TP_HERE, TP_MAKE(tp_diagonal_args, .x = __VA_ARGS__))

/** Pieces of `size` places along dim, the last one maybe shorter, put in parts[0], parts[1], ... Returns how many; -1 after
 *  an error, and then all `capacity` of them are poison. Errors: ARGUMENT for a size below 1 or too small a capacity, INDEX. */
TP_API int64_t tp_split_at(tp_location at, tp_tensor *x, int64_t size, int dim, tp_tensor **parts,
                           int64_t capacity);
#define tp_split(x, size, dim, parts, capacity) tp_split_at(TP_HERE, x, size, dim, parts, capacity)
/** Pieces of these sizes, which add up to that of dim: tp_split_sizes(x, tp_shape(3, 1), 0, parts). parts has a place for
 *  each. Returns how many; -1 after an error. Errors: SHAPE, INDEX. */
TP_API int64_t tp_split_sizes_at(tp_location at, tp_tensor *x, tp_shape sizes, int dim,
                                 tp_tensor **parts);
#define tp_split_sizes(x, sizes, dim, parts) tp_split_sizes_at(TP_HERE, x, sizes, dim, parts)
/** At most `chunks` pieces of equal size (the last maybe smaller) along dim; parts has that many places. Returns how many
 *  there are; -1 after an error. Errors: ARGUMENT, INDEX. */
TP_API int64_t tp_chunk_at(tp_location at, tp_tensor *x, int64_t chunks, int dim,
                           tp_tensor **parts);
#define tp_chunk(x, chunks, dim, parts) tp_chunk_at(TP_HERE, x, chunks, dim, parts)
/** Every place along dim as a tensor without that dimension. Returns how many; -1 after an error. Errors: ARGUMENT where
 *  capacity is too small, INDEX. */
TP_API int64_t tp_unbind_at(tp_location at, tp_tensor *x, int dim, tp_tensor **parts,
                            int64_t capacity);
#define tp_unbind(x, dim, parts, capacity) tp_unbind_at(TP_HERE, x, dim, parts, capacity)
/** @} */

/** @name Joining and repeating (copies)
 *  @{ */
/** One after the other along an existing dimension: tp_cat(tp_list(a, b), 0). The other sizes must be equal; types are
 *  promoted; vectors without elements are passed over. Errors: SHAPE, INDEX, ARGUMENT for an empty list. */
TP_API tp_tensor *tp_cat_at(tp_location at, tp_tensor_list tensors, int dim);
#define tp_cat(tensors, dim) tp_cat_at(TP_HERE, tensors, dim)
/** Along a new dimension, put in before dim: n tensors (a, b) at 0 give (n, a, b). Errors: SHAPE, INDEX, ARGUMENT. */
TP_API tp_tensor *tp_stack_at(tp_location at, tp_tensor_list tensors, int dim);
#define tp_stack(tensors, dim) tp_stack_at(TP_HERE, tensors, dim)
/** The whole of x repeated times[i] times along dimension i; times may have more dimensions than x, which come in front:
 *  (2, 3) with (4, 1, 2) gives (4, 2, 6). Errors: SHAPE. */
TP_API tp_tensor *tp_repeat_at(tp_location at, tp_tensor *x, tp_shape times);
#define tp_repeat(x, times) tp_repeat_at(TP_HERE, x, times)
/** Each place along dim `repeats` times in a row: [1, 2] gives [1, 1, 2, 2]. Errors: ARGUMENT, INDEX. */
TP_API tp_tensor *tp_repeat_interleave_at(tp_location at, tp_tensor *x, int64_t repeats, int dim);
#define tp_repeat_interleave(x, repeats, dim) tp_repeat_interleave_at(TP_HERE, x, repeats, dim)

/** Arguments of tp_roll. */
typedef struct tp_roll_args {
    tp_tensor *x;
    tp_shape shifts;
    tp_shape
        dims; /**< as many as shifts; when left out, x is rolled as one row of elements by its only shift */
} tp_roll_args;
/** Moved along dims by shifts places; what leaves at one end comes in at the other. Errors: ARGUMENT, INDEX. */
TP_API tp_tensor *tp_roll_at(tp_location at, tp_roll_args args);
#define tp_roll(...) tp_roll_at(TP_HERE, TP_MAKE(tp_roll_args, .x = __VA_ARGS__))

/** Arguments of tp_tril and tp_triu. */
typedef struct tp_triangle_args {
    tp_tensor *x;
    int64_t
        diagonal; /**< the outermost one that is kept: 0 the main one, > 0 above it, < 0 below */
} tp_triangle_args;
/** The lower triangle of the last two dimensions, 0 above it. Errors: SHAPE. */
TP_API tp_tensor *tp_tril_at(tp_location at, tp_triangle_args args);
#define tp_tril(...) tp_tril_at(TP_HERE, TP_MAKE(tp_triangle_args, .x = __VA_ARGS__))
/** The upper triangle of the last two dimensions, 0 below it. Errors: SHAPE. */
TP_API tp_tensor *tp_triu_at(tp_location at, tp_triangle_args args);
#define tp_triu(...) tp_triu_at(TP_HERE, TP_MAKE(tp_triangle_args, .x = __VA_ARGS__))
/** @} */

TP_END_DECLS

#ifdef __cplusplus
inline tp_tensor_list tp_list_items(std::initializer_list<tp_tensor *> items) {
    return tp_list_of(items.begin(), items.size());
}
/** A list of tensors, good for the statement that it stands in: tp_cat(tp_list(a, b), 0). */
#define tp_list(...) tp_list_items({__VA_ARGS__})
#else
/** A list of tensors, good for the block that it stands in: tp_cat(tp_list(a, b), 0). */
#define tp_list(...)                         \
    tp_list_of((tp_tensor *[]){__VA_ARGS__}, \
               sizeof((tp_tensor *[]){__VA_ARGS__}) / sizeof(tp_tensor *))
#endif

#endif
