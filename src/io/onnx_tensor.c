/* Tensors of ONNX files: any type, as raw bytes or in a field of their type. */
#include "io/onnx_tensor.h"

#include <string.h>

#include "base/alloc.h"
#include "io/graph/rows.h"

/* Where the elements of a type lie when they are not raw. */
typedef enum field { FIELD_FLOAT, FIELD_INT32, FIELD_INT64, FIELD_DOUBLE, FIELD_UINT64 } field;

typedef enum form { SIGNED, UNSIGNED, FLOATING, HALF, BRAIN } form;

typedef struct element_type {
    int number; /* ONNX's */
    size_t bytes;
    form form;
    field field;
} element_type;

static const element_type types[] = {
    {1, 4, FLOATING, FIELD_FLOAT},   {2, 1, UNSIGNED, FIELD_INT32},
    {3, 1, SIGNED, FIELD_INT32},     {4, 2, UNSIGNED, FIELD_INT32},
    {5, 2, SIGNED, FIELD_INT32},     {6, 4, SIGNED, FIELD_INT32},
    {7, 8, SIGNED, FIELD_INT64},     {9, 1, UNSIGNED, FIELD_INT32},
    {10, 2, HALF, FIELD_INT32},      {11, 8, FLOATING, FIELD_DOUBLE},
    {12, 4, UNSIGNED, FIELD_UINT64}, {13, 8, UNSIGNED, FIELD_UINT64},
    {16, 2, BRAIN, FIELD_INT32},
};

static const element_type *type_of(int number) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].number == number) return &types[i];
    return NULL;
}

static tp_tensor *bad(const tp_onnx_source *source, const TpOnnx__Tensor *t, tp_error_code code,
                      const char *reason) {
    return tp_fail(
        source->at, source->op, code,
        tp_text("%.200s: tensor \"%.80s\": %s", source->path, t->name ? t->name : "", reason), NULL,
        NULL);
}

/* ---- elements as raw bytes ---- */

static uint64_t bits_of(const unsigned char *bytes, size_t count) {
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) bits |= (uint64_t)bytes[i] << (8 * i);
    return bits;
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float float_of_half(uint32_t half) {
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3FF;
    if (exponent == 31) return float_of_bits(sign | 0x7F800000 | mantissa << 13);
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
    float value = (float)mantissa * 0x1p-24f;
    return sign ? -value : value;
}

/* Element i of the file's bytes in the tensor's type. */
static void store_raw(tp_tensor *x, int64_t i, const element_type *type, uint64_t bits) {
    switch (x->dtype) {
    case TP_FLOAT32:
        ((float *)(void *)x->data)[i] = type->form == HALF    ? float_of_half((uint32_t)bits)
                                        : type->form == BRAIN ? float_of_bits((uint32_t)bits << 16)
                                                              : float_of_bits((uint32_t)bits);
        return;
    case TP_FLOAT64: memcpy(x->data + 8 * i, &bits, 8); return;
    case TP_BOOL: ((bool *)x->data)[i] = bits != 0; return;
    case TP_UINT8: ((uint8_t *)x->data)[i] = (uint8_t)bits; return;
    default: break;
    }
    if (type->form == SIGNED && type->bytes < 8) { /* the sign bit stands for all above it */
        uint64_t sign = (uint64_t)1 << (8 * type->bytes - 1);
        bits = ((bits & (2 * sign - 1)) ^ sign) - sign;
    }
    if (x->dtype == TP_INT32)
        ((int32_t *)(void *)x->data)[i] = (int32_t)(uint32_t)bits;
    else
        ((int64_t *)(void *)x->data)[i] = (int64_t)bits;
}

static void store_all_raw(tp_tensor *x, const element_type *type, const unsigned char *bytes) {
    bool same = type->bytes == tp_item_size(x->dtype) && x->dtype != TP_BOOL;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    same = false;
#endif
    if (same) {
        memcpy(x->data, bytes, (size_t)x->numel * type->bytes);
        return;
    }
    for (int64_t i = 0; i < x->numel; i++)
        store_raw(x, i, type, bits_of(bytes + (size_t)i * type->bytes, type->bytes));
}

/* ---- elements in a field of their type ---- */

static size_t field_count(const TpOnnx__Tensor *t, field where) {
    switch (where) {
    case FIELD_FLOAT: return t->n_float_data;
    case FIELD_INT32: return t->n_int32_data;
    case FIELD_INT64: return t->n_int64_data;
    case FIELD_DOUBLE: return t->n_double_data;
    default: return t->n_uint64_data;
    }
}

static uint64_t field_bits(const TpOnnx__Tensor *t, const element_type *type, int64_t i) {
    uint64_t bits = 0;
    switch (type->field) {
    case FIELD_FLOAT: memcpy(&bits, &t->float_data[i], 4); break;
    case FIELD_INT32: return (uint64_t)(int64_t)t->int32_data[i];
    case FIELD_INT64: return (uint64_t)t->int64_data[i];
    case FIELD_DOUBLE: memcpy(&bits, &t->double_data[i], 8); break;
    case FIELD_UINT64: return t->uint64_data[i];
    }
    return bits;
}

/* ---- the tensor ---- */

/* The shape; ndim -1 where it is none or does not fit into memory at all. */
static tp_shape shape_of(const TpOnnx__Tensor *t) {
    tp_shape shape = tp_shape_make(t->n_dims, t->dims);
    for (int d = 0; d < shape.ndim; d++)
        if (shape.dims[d] < 0) shape.ndim = -1;
    if (shape.ndim >= 0 && tp_shape_numel(shape) < 0) shape.ndim = -1;
    return shape;
}

tp_tensor *tp_onnx_tensor(const tp_onnx_source *source, const TpOnnx__Tensor *t) {
    const element_type *type = type_of(t->data_type);
    if (t->data_location == 1 || t->n_external_data)
        return bad(source, t, TP_ERROR_UNSUPPORTED,
                   "its values lie in another file; save the model with them inside");
    if (!type) return bad(source, t, TP_ERROR_UNSUPPORTED, tp_text("type %d", t->data_type));
    tp_shape shape = shape_of(t);
    if (shape.ndim < 0)
        return bad(source, t, TP_ERROR_FORMAT, "a shape that no tensor can have (8 dimensions)");
    uint64_t numel = (uint64_t)tp_shape_numel(shape);
    bool raw = t->has_raw_data && (t->raw_data.len || !field_count(t, type->field));
    uint64_t there = raw ? t->raw_data.len / type->bytes : field_count(t, type->field);
    if (there != numel || (raw && t->raw_data.len % type->bytes))
        return bad(source, t, TP_ERROR_FORMAT,
                   tp_text("%llu values for the shape %s", (unsigned long long)there,
                           tp_shape_text(shape)));
    tp_dtype dtype = t->data_type == 9 ? TP_BOOL : tp_graph_dtype_of(t->data_type);
    tp_tensor *x = tp_make_shape(source->at, source->op, dtype, shape);
    if (x->poison || !x->numel) return x;
    if (raw)
        store_all_raw(x, type, t->raw_data.data);
    else
        for (int64_t i = 0; i < x->numel; i++) store_raw(x, i, type, field_bits(t, type, i));
    return x;
}
