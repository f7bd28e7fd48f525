/* unique and unique_consecutive: a scan over the elements, in order for the first. */
#include <taper/ops/sort.h>

#include "ops/reduce.h"
#include "ops/sort.h"

/* value: n elements; place[i] is where element i stood, or NULL for i itself. The different ones go to out, how often to count, and
 * to inverse which it was. Returns how many there are. NaN is different from NaN. */
#define SCAN(name, type)                                                                      \
    static int64_t scan_##name(const type *value, const int64_t *place, int64_t n, type *out, \
                               int64_t *count, int64_t *inverse) {                            \
        int64_t found = 0;                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                     \
            if (i == 0 || !(value[i] == value[i - 1])) {                                      \
                out[found] = value[i];                                                        \
                count[found++] = 0;                                                           \
            }                                                                                 \
            count[found - 1]++;                                                               \
            inverse[place ? place[i] : i] = found - 1;                                        \
        }                                                                                     \
        return found;                                                                         \
    }
SCAN(float, float)
SCAN(double, double)
SCAN(int64, int64_t)
SCAN(int32, int32_t)
SCAN(bytes, uint8_t)
#undef SCAN

static int64_t scan(tp_dtype dtype, const void *value, const int64_t *place, int64_t n, void *out,
                    int64_t *count, int64_t *inverse) {
    switch (dtype) {
    case TP_FLOAT32: return scan_float(value, place, n, out, count, inverse);
    case TP_FLOAT64: return scan_double(value, place, n, out, count, inverse);
    case TP_INT64: return scan_int64(value, place, n, out, count, inverse);
    case TP_INT32: return scan_int32(value, place, n, out, count, inverse);
    default: return scan_bytes(value, place, n, out, count, inverse);
    }
}

/* The first `count` elements of x, copied. */
static tp_tensor *cut(tp_location at, const char *op, tp_tensor *x, int64_t count) {
    tp_tensor *out = tp_make(at, op, x->dtype, 1, &count);
    if (!out->poison && count > 0)
        tp_copy_elements(out, tp_make_view(at, op, x, (tp_shape){.ndim = 1, .dims = {count}},
                                           (int64_t[]){1}, 0));
    tp_free(x);
    return out;
}

static tp_tensor *run(tp_location at, const char *op, tp_unique_args args, bool in_order) {
    tp_tensor *x = tp_packed(at, op, args.x);
    if (x->poison) return x;
    int64_t n = x->numel;
    tp_tensor *value = x, *place = NULL;
    if (in_order) {
        value = tp_make(at, op, x->dtype, 1, &n);
        place = tp_make(at, op, TP_INT64, 1, &n);
        if (value->poison || place->poison || !tp_sort_rows(at, op, value, place, x, n, false))
            return tp_poison();
    }
    tp_tensor *out = tp_make(at, op, x->dtype, 1, &n), *count = tp_make(at, op, TP_INT64, 1, &n);
    tp_tensor *inverse = tp_make(at, op, TP_INT64, x->ndim, x->shape);
    if (out->poison || count->poison || inverse->poison) return tp_poison();
    int64_t found =
        scan(x->dtype, value->data, place ? (const int64_t *)(const void *)place->data : NULL, n,
             out->data, (int64_t *)(void *)count->data, (int64_t *)(void *)inverse->data);
    out = cut(at, op, out, found);
    count = cut(at, op, count, found);
    if (out->poison || count->poison) return tp_poison();
    if (args.inverse) *args.inverse = inverse;
    if (args.counts) *args.counts = count;
    return out;
}

tp_tensor *tp_unique_at(tp_location at, tp_unique_args args) {
    if (args.inverse) *args.inverse = tp_poison();
    if (args.counts) *args.counts = tp_poison();
    TP_CHECK(at, "unique", args.x);
    return run(at, "unique", args, true);
}

tp_tensor *tp_unique_consecutive_at(tp_location at, tp_unique_args args) {
    if (args.inverse) *args.inverse = tp_poison();
    if (args.counts) *args.counts = tp_poison();
    TP_CHECK(at, "unique_consecutive", args.x);
    return run(at, "unique_consecutive", args, false);
}
