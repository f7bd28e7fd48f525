/** @file tensor.h
 *  Tensors: what they are, how they are made, read, printed, and how long they live.
 *
 *  A tensor is an n-dimensional array of one data type, dimensions in reading order, 0-based, negative from
 *  the end. Every tensor has exactly one owner: the innermost scope (what an operation makes), a module, an
 *  optimiser, or the user (tp_keep()). Nobody frees temporaries.
 */
#ifndef TAPER_TENSOR_H
#define TAPER_TENSOR_H

#include <stdio.h>
#include <taper/error.h>
#include <taper/export.h>
#ifdef __cplusplus
#include <initializer_list>
#endif

TP_BEGIN_DECLS

/** A tensor. Its fields are private; the functions below read them. */
typedef struct tp_tensor tp_tensor;

/** Data types, in the order of promotion. */
typedef enum tp_dtype {
    TP_DTYPE_DEFAULT, /**< zero: what the function takes when no type is named */
    TP_BOOL,
    TP_UINT8,
    TP_INT32,
    TP_INT64,
    TP_FLOAT32,
    TP_FLOAT64,
    TP_DTYPE_COUNT
} tp_dtype;

/** Most dimensions that a tensor can have. */
#define TP_MAX_DIMS 8

/** Sizes of a tensor, or a list of dimensions; passed by value. */
typedef struct tp_shape {
    int ndim;
    int64_t dims[TP_MAX_DIMS];
} tp_shape;

/** Builds a shape from `count` sizes. More than TP_MAX_DIMS gives ndim = -1, which every user of it refuses. */
TP_API tp_shape tp_shape_make(size_t count, const int64_t *dims);

TP_END_DECLS

#ifdef __cplusplus
inline tp_shape tp_shape_list(std::initializer_list<int64_t> dims) {
    return tp_shape_make(dims.size(), dims.begin());
}
/** A shape from its sizes: tp_shape(64, 784); tp_shape() is that of a scalar. */
#define tp_shape(...) tp_shape_list({__VA_ARGS__})
#else
/** A shape from its sizes: tp_shape(64, 784); tp_shape() is that of a scalar. The macro counts them. */
#define tp_shape(...)                                                              \
    tp_shape_make(sizeof((const int64_t[]){0, __VA_ARGS__}) / sizeof(int64_t) - 1, \
                  (const int64_t[]){0, __VA_ARGS__} + 1)
#endif
/** A list of dimensions to work along: .dims = tp_dims(0, 2). */
#define tp_dims(...) tp_shape(__VA_ARGS__)

TP_BEGIN_DECLS

/** @name Data types
 *  @{ */
/** Bytes of one element: 1, 1, 4, 8, 4, 8. 0 for a value that is no dtype. */
TP_API size_t tp_dtype_size(tp_dtype dtype);
/** "float32", "int64", ... Never NULL. */
TP_API const char *tp_dtype_name(tp_dtype dtype);
/** True for float32 and float64. */
TP_API bool tp_dtype_is_floating(tp_dtype dtype);
/** The type that an operation on both gives, as torch.promote_types. */
TP_API tp_dtype tp_promote_types(tp_dtype a, tp_dtype b);
/** The type that freshly made floating tensors get: float32 unless changed for this thread. */
TP_API tp_dtype tp_get_default_dtype(void);
/** Sets it; float32 or float64, others are refused. */
TP_API void tp_set_default_dtype(tp_dtype dtype);
/** @} */

/** @name What a tensor is
 *  A dead tensor (its scope has ended) is reported, and the answer is then 0 or NULL.
 *  @{ */
/** Number of dimensions. */
TP_API int tp_ndim(const tp_tensor *x);
/** Size along a dimension, negative from the end. */
TP_API int64_t tp_size(const tp_tensor *x, int dim);
/** All sizes. */
TP_API tp_shape tp_shape_of(const tp_tensor *x);
/** Elements from one to the next along a dimension, in elements; may be 0 (expanded) or negative (flipped slice). */
TP_API int64_t tp_stride(const tp_tensor *x, int dim);
/** Number of elements. */
TP_API int64_t tp_numel(const tp_tensor *x);
/** Data type. */
TP_API tp_dtype tp_dtype_of(const tp_tensor *x);
/** True where the elements lie in reading order without gaps. */
TP_API bool tp_is_contiguous(const tp_tensor *x);
/** True where both have the same sizes. */
TP_API bool tp_same_shape(const tp_tensor *a, const tp_tensor *b);
/** True for the tensor that stands for an earlier error. */
TP_API bool tp_is_poison(const tp_tensor *x);
/** True while somebody owns x; best effort once its memory was used again. */
TP_API bool tp_is_alive(const tp_tensor *x);
/** First element. Read through tp_stride() where the tensor is not contiguous. Writing through the pointer is
 *  not seen by autograd; call it on leaves, outside of a recorded graph. NULL for poison and for no elements. */
TP_API void *tp_data(const tp_tensor *x);
/** tp_data() for float32; any other type is an error and gives NULL. */
TP_API float *tp_data_float(const tp_tensor *x);
/** The only element, converted to double. Poison gives NaN and its first error surfaces. */
TP_API double tp_item_at(tp_location at, const tp_tensor *x);
#define tp_item(x) tp_item_at(TP_HERE, x)
/** The element at (i, j, ...), as many indices as dimensions, negative from the end, converted to double:
 *  tp_get(x, 0, -1). NaN after an error. */
TP_API double tp_get_at(tp_location at, const tp_tensor *x, tp_shape index);
#define tp_get(x, ...) tp_get_at(TP_HERE, x, tp_shape(__VA_ARGS__))
/** Sets one element in place, converted from double. */
TP_API void tp_set_at(tp_location at, tp_tensor *x, tp_shape index, double value);
#define tp_set(x, value, ...) tp_set_at(TP_HERE, x, tp_shape(__VA_ARGS__), value)
/** Copies all elements in reading order to `out`, which holds tp_numel(x) elements of tp_dtype_of(x). False after an error. */
TP_API bool tp_copy_out_at(tp_location at, const tp_tensor *x, void *out);
#define tp_copy_out(x, out) tp_copy_out_at(TP_HERE, x, out)
/** @} */

/** Arguments of the functions that take a shape only. */
typedef struct tp_create_args {
    tp_shape shape;
    tp_dtype dtype;     /**< the default floating type when left out */
    bool requires_grad; /**< a leaf whose gradient is wanted */
} tp_create_args;

/** @name Creation
 *  All are owned by the innermost scope and contiguous; the type is the default one unless .dtype says so.
 *  Errors: SHAPE for a negative size, MEMORY.
 *  @{ */
/** Elements not set. */
TP_API tp_tensor *tp_empty_at(tp_location at, tp_create_args args);
#define tp_empty(...) tp_empty_at(TP_HERE, TP_MAKE(tp_create_args, .shape = __VA_ARGS__))
/** All 0. */
TP_API tp_tensor *tp_zeros_at(tp_location at, tp_create_args args);
#define tp_zeros(...) tp_zeros_at(TP_HERE, TP_MAKE(tp_create_args, .shape = __VA_ARGS__))
/** All 1. */
TP_API tp_tensor *tp_ones_at(tp_location at, tp_create_args args);
#define tp_ones(...) tp_ones_at(TP_HERE, TP_MAKE(tp_create_args, .shape = __VA_ARGS__))

/** Arguments of tp_full. */
typedef struct tp_full_args {
    tp_shape shape;
    double value;
    tp_dtype dtype;
    bool requires_grad;
} tp_full_args;
/** All `value`: tp_full(tp_shape(2, 3), 7). */
TP_API tp_tensor *tp_full_at(tp_location at, tp_full_args args);
#define tp_full(...) tp_full_at(TP_HERE, TP_MAKE(tp_full_args, .shape = __VA_ARGS__))

/** Arguments of tp_scalar. */
typedef struct tp_scalar_args {
    double value;
    tp_dtype dtype;
    bool requires_grad;
} tp_scalar_args;
/** A tensor of no dimensions with one value. */
TP_API tp_tensor *tp_scalar_at(tp_location at, tp_scalar_args args);
#define tp_scalar(...) tp_scalar_at(TP_HERE, TP_MAKE(tp_scalar_args, .value = __VA_ARGS__))

/** Arguments of tp_arange. */
typedef struct tp_arange_args {
    double start, end, step; /**< step 0 stands for 1 */
    tp_dtype dtype;
    bool requires_grad;
} tp_arange_args;
/** tp_arange(5) is 0, 1, 2, 3, 4; tp_arange(2, 5) is 2, 3, 4; in general start, start + step, ... below end: (ceil((end - start) / step)). int64 where all three are whole and no type is
 *  named, the default floating type else. */
TP_API tp_tensor *tp_arange_at(tp_location at, tp_arange_args args);
#define tp_arange(...) tp_arange_at(TP_HERE, TP_MAKE(tp_arange_args, .start = __VA_ARGS__))

/** Arguments of tp_linspace. */
typedef struct tp_linspace_args {
    double start, end;
    int64_t steps;
    tp_dtype dtype;
    bool requires_grad;
} tp_linspace_args;
/** `steps` values from start to end, both included: (steps). */
TP_API tp_tensor *tp_linspace_at(tp_location at, tp_linspace_args args);
#define tp_linspace(...) tp_linspace_at(TP_HERE, TP_MAKE(tp_linspace_args, .start = __VA_ARGS__))

/** Arguments of tp_eye. */
typedef struct tp_eye_args {
    int64_t n, m; /**< m 0 stands for n */
    tp_dtype dtype;
    bool requires_grad;
} tp_eye_args;
/** Ones on the diagonal: (n, m). */
TP_API tp_tensor *tp_eye_at(tp_location at, tp_eye_args args);
#define tp_eye(...) tp_eye_at(TP_HERE, TP_MAKE(tp_eye_args, .n = __VA_ARGS__))

/** Arguments of tp_from_data and tp_from_blob. */
typedef struct tp_data_args {
    const void *data;
    tp_shape shape;
    tp_dtype dtype; /**< of the C array; float32 by default */
    bool requires_grad;
    /** tp_from_blob only: called with data and user when the last tensor on it is gone; may be NULL. */
    void (*deleter)(void *data, void *user);
    void *user;
} tp_data_args;
/** Copies a C array in reading order: tp_from_data(values, tp_shape(2, 3)). */
TP_API tp_tensor *tp_from_data_at(tp_location at, tp_data_args args);
#define tp_from_data(...) tp_from_data_at(TP_HERE, TP_MAKE(tp_data_args, .data = __VA_ARGS__))
/** Uses a C array where it lies, without a copy; it must outlive every tensor on it. */
TP_API tp_tensor *tp_from_blob_at(tp_location at, tp_data_args args);
#define tp_from_blob(...) tp_from_blob_at(TP_HERE, TP_MAKE(tp_data_args, .data = __VA_ARGS__))

/** Like x in sizes and, unless a type is named, in type. */
typedef struct tp_like_args {
    const tp_tensor *x;
    tp_dtype dtype;
    bool requires_grad;
} tp_like_args;
/** Elements not set. */
TP_API tp_tensor *tp_empty_like_at(tp_location at, tp_like_args args);
#define tp_empty_like(...) tp_empty_like_at(TP_HERE, TP_MAKE(tp_like_args, .x = __VA_ARGS__))
/** All 0. */
TP_API tp_tensor *tp_zeros_like_at(tp_location at, tp_like_args args);
#define tp_zeros_like(...) tp_zeros_like_at(TP_HERE, TP_MAKE(tp_like_args, .x = __VA_ARGS__))
/** All 1. */
TP_API tp_tensor *tp_ones_like_at(tp_location at, tp_like_args args);
#define tp_ones_like(...) tp_ones_like_at(TP_HERE, TP_MAKE(tp_like_args, .x = __VA_ARGS__))
/** All `value`. */
TP_API tp_tensor *tp_full_like_at(tp_location at, const tp_tensor *x, double value);
#define tp_full_like(x, value) tp_full_like_at(TP_HERE, x, value)
/** @} */

/** @name Lifetime
 *  @{ */
/** An open scope: its depth. */
typedef struct tp_scope {
    int depth;
    bool open;
} tp_scope;
/** Opens a scope: what operations make from now on goes away when it closes. */
TP_API tp_scope tp_scope_begin(void);
/** Closes a scope and every deeper one that a return or break left open. Closing twice does nothing. */
TP_API void tp_scope_end(tp_scope *scope);
/** TP_SCOPE { ... }: a block whose temporaries go away at its end; return, break and goto leave it safely. */
#define TP_SCOPE TP_SCOPE_AS(TP_UNIQUE(tp_scope_line_))
#define TP_SCOPE_AS(scope)                                                       \
    for (tp_scope scope TP_CLEANUP(tp_scope_end) = tp_scope_begin(); scope.open; \
         tp_scope_end(&scope))
/** Makes the user the owner: x outlives its scope until tp_free(). Returns x. */
TP_API tp_tensor *tp_keep(tp_tensor *x);
/** Moves x to the scope outside the innermost one, so that a function's result outlives its TP_SCOPE. Returns x. */
TP_API tp_tensor *tp_escape(tp_tensor *x);
/** Ends x now: what the user kept, or a temporary before its scope ends. NULL and poison are fine. */
TP_API void tp_free(tp_tensor *x);
/** @} */

/** @name Printing
 *  @{ */
/** Options as torch.set_printoptions; zero stands for the default. */
typedef struct tp_print_options {
    int precision; /**< digits after the point: 4 */
    int threshold; /**< elements above which the middle is left out: 1000 */
    int edgeitems; /**< items shown at each end then: 3 */
    int linewidth; /**< characters a line: 80 */
} tp_print_options;
/** Sets this thread's options. */
TP_API void tp_set_printoptions(tp_print_options options);
/** Prints x as PyTorch does, with a newline, on stdout. */
TP_API void tp_print(const tp_tensor *x);
/** The same on any stream. */
TP_API void tp_fprint(FILE *stream, const tp_tensor *x);
/** The same text without the last newline, into a buffer; returns the whole length as snprintf does, -1 when out of memory. */
TP_API int tp_format(const tp_tensor *x, char *buffer, size_t size);
/** @} */

TP_END_DECLS

#endif
