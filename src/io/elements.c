#include "io/elements.h"

#include <math.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the writers put values as they lie in memory, which has to be little-endian"
#endif

static const struct kind {
    const char *name;
    tp_dtype dtype;
    uint8_t size;
    bool same; /* the bytes of the file are those of the dtype */
} kinds[TP_ELEMENT_COUNT] = {
    [TP_ELEMENT_BOOL] = {"bool", TP_BOOL, 1, true},
    [TP_ELEMENT_U8] = {"uint8", TP_UINT8, 1, true},
    [TP_ELEMENT_I8] = {"int8", TP_INT32, 1, false},
    [TP_ELEMENT_U16] = {"uint16", TP_INT32, 2, false},
    [TP_ELEMENT_I16] = {"int16", TP_INT32, 2, false},
    [TP_ELEMENT_U32] = {"uint32", TP_INT64, 4, false},
    [TP_ELEMENT_I32] = {"int32", TP_INT32, 4, true},
    [TP_ELEMENT_U64] = {"uint64", TP_INT64, 8, false},
    [TP_ELEMENT_I64] = {"int64", TP_INT64, 8, true},
    [TP_ELEMENT_F8_E4M3] = {"float8_e4m3fn", TP_FLOAT32, 1, false},
    [TP_ELEMENT_F8_E5M2] = {"float8_e5m2", TP_FLOAT32, 1, false},
    [TP_ELEMENT_F8_E8M0] = {"float8_e8m0fnu", TP_FLOAT32, 1, false},
    [TP_ELEMENT_F16] = {"float16", TP_FLOAT32, 2, false},
    [TP_ELEMENT_BF16] = {"bfloat16", TP_FLOAT32, 2, false},
    [TP_ELEMENT_F32] = {"float32", TP_FLOAT32, 4, true},
    [TP_ELEMENT_F64] = {"float64", TP_FLOAT64, 8, true},
};

size_t tp_element_size(tp_element element) { return kinds[element].size; }
tp_dtype tp_element_dtype(tp_element element) { return kinds[element].dtype; }
const char *tp_element_name(tp_element element) { return kinds[element].name; }

tp_element tp_element_of(tp_dtype dtype) {
    int element = 0;
    while (kinds[element].dtype != dtype || !kinds[element].same) element++;
    return (tp_element)element;
}

bool tp_file_bad(tp_location at, const char *op, const char *path, uint64_t offset,
                 const char *reason, const char *want) {
    tp_fail(at, op, TP_ERROR_FORMAT,
            tp_text("%s: at byte %llu: %s", path, (unsigned long long)offset, reason), want, NULL);
    return false;
}

/* ---- one element ---- */

/* The value of sign, exponent and mantissa of a small floating type; `top` is its largest exponent, which stands for infinity and NaN
 * where `infinite`. */
static inline float small_float(uint32_t bits, int exponent_bits, int mantissa_bits,
                                bool infinite) {
    uint32_t mantissa = bits & ((1U << mantissa_bits) - 1);
    uint32_t top = (1U << exponent_bits) - 1, exponent = bits >> mantissa_bits & top;
    uint32_t sign = bits >> (exponent_bits + mantissa_bits) & 1;
    int bias = (int)(top >> 1);
    uint32_t word;
    if (exponent == top && infinite) {
        word = 0x7F800000 | mantissa << (23 - mantissa_bits);
    } else if (exponent) {
        word = (exponent + 127 - (uint32_t)bias) << 23 | mantissa << (23 - mantissa_bits);
    } else { /* 0, or too small for an exponent of its own: exact in float */
        float value = ldexpf((float)mantissa, 1 - bias - mantissa_bits);
        memcpy(&word, &value, sizeof word);
    }
    word |= sign << 31;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static float float_of_bits(uint32_t word) {
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static float half(uint32_t bits) { return small_float(bits, 5, 10, true); }
static float brain(uint32_t bits) { return float_of_bits(bits << 16); }
static float e5m2(uint32_t bits) { return small_float(bits, 5, 2, true); }
static float e4m3(uint32_t bits) {
    return (bits & 0x7F) == 0x7F ? NAN : small_float(bits, 4, 3, false);
}
static float e8m0(uint32_t bits) { return bits == 0xFF ? NAN : ldexpf(1, (int)bits - 127); }

static int32_t whole_of(tp_element element, uint32_t bits) {
    switch (element) {
    case TP_ELEMENT_I8: return (int8_t)bits;
    case TP_ELEMENT_I16: return (int16_t)bits;
    default: return (int32_t)bits;
    }
}

/* ---- all of them ---- */

static inline uint64_t word_at(const unsigned char *bytes, size_t size, bool big) {
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) word |= (uint64_t)bytes[big ? size - 1 - i : i] << (8 * i);
    return word;
}

static bool bad_element(const tp_elements *e, int64_t i, const char *what) {
    return tp_file_bad(e->at, e->op, e->path, e->offset + (uint64_t)i * kinds[e->element].size,
                       e->name ? tp_text("tensor \"%.80s\": %s", e->name, what) : what, NULL);
}

/* A C bool that is neither 0 nor 1 must not come into being. */
static bool bools_sound(const tp_elements *e, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (e->bytes[i] > 1) return bad_element(e, i, tp_text("a bool that is %d", e->bytes[i]));
    return true;
}

static bool fits_int64(const tp_elements *e, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (e->bytes[8 * i + (e->big ? 0 : 7)] & 0x80)
            return bad_element(e, i, "a uint64 of 2^63 or more, which int64 cannot hold");
    return true;
}

/* Bytes as they are, turned round where they have to be. */
static void copy_words(const tp_elements *e, char *out, int64_t n, size_t size) {
    if (!e->big || size == 1) {
        memcpy(out, e->bytes, (size_t)n * size);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t word = word_at(e->bytes + (size_t)i * size, size, true);
        memcpy(out + (size_t)i * size, &word, size);
    }
}

/* A loop for each type, so that a file of millions of halves does not ask for its type at each. */
#define EACH(size, value)                                                               \
    for (int64_t i = 0; i < n; i++) {                                                   \
        uint32_t bits = (uint32_t)word_at(e->bytes + (size_t)i * (size), size, e->big); \
        out[i] = value;                                                                 \
    }                                                                                   \
    return

static void convert_to_float(const tp_elements *e, float *out, int64_t n) {
    switch (e->element) {
    case TP_ELEMENT_F16: EACH(2, half(bits));
    case TP_ELEMENT_BF16: EACH(2, brain(bits));
    case TP_ELEMENT_F8_E5M2: EACH(1, e5m2(bits));
    case TP_ELEMENT_F8_E4M3: EACH(1, e4m3(bits));
    default: EACH(1, e8m0(bits));
    }
}

static void convert_to_whole(const tp_elements *e, int32_t *out, int64_t n) {
    size_t size = kinds[e->element].size;
    EACH(size, whole_of(e->element, bits));
}

static void convert_to_long(const tp_elements *e, int64_t *out, int64_t n) { EACH(4, bits); }

static void convert(const tp_elements *e, tp_tensor *x) {
    const struct kind *kind = &kinds[e->element];
    if (kind->same || e->element == TP_ELEMENT_U64)
        copy_words(e, x->data, x->numel, kind->size);
    else if (kind->dtype == TP_FLOAT32)
        convert_to_float(e, (float *)(void *)x->data, x->numel);
    else if (kind->dtype == TP_INT32)
        convert_to_whole(e, (int32_t *)(void *)x->data, x->numel);
    else
        convert_to_long(e, (int64_t *)(void *)x->data, x->numel);
}

static void release_mapping(void *data, void *user) {
    (void)data;
    tp_mapping_release(user);
}

static tp_tensor *in_place(const tp_elements *e, tp_shape shape, size_t size) {
    tp_mapping_hold(e->mapping);
    tp_storage *storage = tp_storage_external(e->bytes, size, release_mapping, e->mapping);
    if (storage)
        return tp_make_over(e->at, e->op, storage, e->bytes, kinds[e->element].dtype, shape);
    tp_mapping_release(e->mapping);
    return tp_fail_memory(e->at, e->op, sizeof(tp_storage));
}

tp_tensor *tp_elements_tensor(const tp_elements *e, tp_shape shape) {
    const struct kind *kind = &kinds[e->element];
    int64_t numel = tp_shape_numel(shape);
    if (numel > 0 && e->element == TP_ELEMENT_BOOL && !bools_sound(e, numel)) return tp_poison();
    if (numel > 0 && e->element == TP_ELEMENT_U64 && !fits_int64(e, numel)) return tp_poison();
    bool same = (kind->same || e->element == TP_ELEMENT_U64) && (!e->big || kind->size == 1);
    if (numel > 0 && same && e->mapping && (uintptr_t)e->bytes % kind->size == 0)
        return in_place(e, shape, (size_t)numel * kind->size);
    tp_tensor *x = tp_make_shape(e->at, e->op, kind->dtype, shape);
    if (!tp_is_poison(x) && numel > 0) convert(e, x);
    return x;
}
