/* golden_compare.c: converts reference tensors and holds computed values to them. */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t golden_element_size(const char *dtype) {
    if (!strcmp(dtype, "float32")) return sizeof(float);
    if (!strcmp(dtype, "float64")) return sizeof(double);
    if (!strcmp(dtype, "int64")) return sizeof(int64_t);
    if (!strcmp(dtype, "int32")) return sizeof(int32_t);
    if (!strcmp(dtype, "uint8")) return sizeof(uint8_t);
    if (!strcmp(dtype, "bool")) return sizeof(bool);
    fprintf(stderr, "golden: unknown dtype %s\n", dtype);
    exit(1);
}

void golden_copy_float(const golden_tensor *t, float *out) {
    for (size_t i = 0; i < t->count; i++) out[i] = (float)t->values[i];
}

void golden_copy_double(const golden_tensor *t, double *out) {
    for (size_t i = 0; i < t->count; i++) out[i] = t->values[i];
}

void golden_copy(const golden_tensor *t, void *out) {
    if (!t->integers) {
        if (golden_element_size(t->dtype) == sizeof(float))
            golden_copy_float(t, out);
        else
            golden_copy_double(t, out);
        return;
    }
    bool is_bool = !strcmp(t->dtype, "bool");
    size_t size = golden_element_size(t->dtype);
    for (size_t i = 0; i < t->count; i++) {
        int64_t value = t->integers[i];
        if (is_bool)
            ((bool *)out)[i] = value != 0;
        else if (size == 8)
            ((int64_t *)out)[i] = value;
        else if (size == 4)
            ((int32_t *)out)[i] = (int32_t)value;
        else
            ((uint8_t *)out)[i] = (uint8_t)value;
    }
}

golden_difference golden_compare(const golden_tensor *want, const double *got, size_t count,
                                 double rtol, double atol) {
    golden_difference d = {0};
    size_t n = count < want->count ? count : want->count;
    for (size_t i = 0; i < n; i++) {
        double w = want->values[i], g = got[i];
        bool bad;
        if (isfinite(w) && isfinite(g)) {
            double error = fabs(g - w);
            bad = !(error <= atol + rtol * fabs(w));
            if (error > d.max_absolute) d.max_absolute = error;
            if (w != 0 && error / fabs(w) > d.max_relative) d.max_relative = error / fabs(w);
        } else {
            bad = isnan(w) ? !isnan(g) : w != g;
            if (bad) d.max_absolute = d.max_relative = INFINITY;
        }
        if (bad && d.bad++ == 0) d.first_bad = i;
    }
    if (count != want->count) {
        if (d.bad == 0) d.first_bad = n;
        d.bad += count < want->count ? want->count - count : count - want->count;
    }
    return d;
}

static void print_label(const golden_tensor *want, const char *what) {
    const golden_case *c = want->owner;
    fprintf(stderr, "%s: ", what ? what : "golden");
    if (c) fprintf(stderr, "%s:%d: case %s, ", c->file->path, want->line, c->name);
    fprintf(stderr, "%s: ", want->key);
}

/* A flat index in reading order, as [i, j, k]. */
static void print_index(const golden_tensor *t, size_t flat) {
    int64_t index[GOLDEN_MAX_DIMS] = {0};
    for (int d = t->ndim - 1; d >= 0; d--) {
        index[d] = (int64_t)(flat % (size_t)t->shape[d]);
        flat /= (size_t)t->shape[d];
    }
    fprintf(stderr, "[");
    for (int d = 0; d < t->ndim; d++) fprintf(stderr, d ? ", %lld" : "%lld", (long long)index[d]);
    fprintf(stderr, "]");
}

bool golden_close_double(const golden_tensor *want, const double *got, size_t count, double rtol,
                         double atol, const char *what) {
    if (count != want->count) {
        print_label(want, what);
        fprintf(stderr, "%zu values, expected %zu\n", count, want->count);
        return false;
    }
    golden_difference d = golden_compare(want, got, count, rtol, atol);
    if (d.bad == 0) return true;
    print_label(want, what);
    print_index(want, d.first_bad);
    fprintf(stderr, " is %.17g, expected %.17g; %zu of %zu differ (rtol %g, atol %g); ",
            got[d.first_bad], want->values[d.first_bad], d.bad, count, rtol, atol);
    fprintf(stderr, "max absolute error %.3g, relative %.3g\n", d.max_absolute, d.max_relative);
    return false;
}

static double *doubles(size_t count) {
    double *values = malloc((count + 1) * sizeof *values);
    if (!values) {
        fprintf(stderr, "golden: out of memory\n");
        exit(1);
    }
    return values;
}

bool golden_close_float(const golden_tensor *want, const float *got, size_t count, double rtol,
                        double atol, const char *what) {
    double *wide = doubles(count);
    for (size_t i = 0; i < count; i++) wide[i] = (double)got[i];
    bool close = golden_close_double(want, wide, count, rtol, atol, what);
    free(wide);
    return close;
}

static int64_t integer_at(const void *got, size_t i, size_t size) {
    if (size == 8) return ((const int64_t *)got)[i];
    if (size == 4) return ((const int32_t *)got)[i];
    return ((const uint8_t *)got)[i];
}

bool golden_close(const golden_tensor *want, const void *got, size_t count, double rtol,
                  double atol, const char *what) {
    size_t size = golden_element_size(want->dtype);
    if (!want->integers && size == sizeof(float)) {
        return golden_close_float(want, got, count, rtol, atol, what);
    }
    if (!want->integers) return golden_close_double(want, got, count, rtol, atol, what);
    if (count != want->count) {
        print_label(want, what);
        fprintf(stderr, "%zu values, expected %zu\n", count, want->count);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t value = integer_at(got, i, size);
        if (value == want->integers[i]) continue;
        print_label(want, what);
        print_index(want, i);
        fprintf(stderr, " is %lld, expected %lld\n", (long long)value,
                (long long)want->integers[i]);
        return false;
    }
    return true;
}

static void print_shape(int ndim, const int64_t *shape) {
    fprintf(stderr, "(");
    for (int d = 0; d < ndim; d++) { fprintf(stderr, d ? ", %lld" : "%lld", (long long)shape[d]); }
    fprintf(stderr, ")");
}

bool golden_same_shape(const golden_tensor *want, int ndim, const int64_t *shape,
                       const char *what) {
    bool same = ndim == want->ndim;
    for (int d = 0; same && d < ndim; d++) same = shape[d] == want->shape[d];
    if (same) return true;
    print_label(want, what);
    fprintf(stderr, "shape ");
    print_shape(ndim, shape);
    fprintf(stderr, ", expected ");
    print_shape(want->ndim, want->shape);
    fprintf(stderr, "\n");
    return false;
}
