/*
 * golden.h: reader of the reference vectors in tests/golden (format: tests/golden/README.md).
 *
 * It depends on the C library alone, so that nothing under test takes part in judging the test.
 *
 *     golden_file *file = golden_load("unary");
 *     for (golden_case *c = NULL; (c = golden_next(file, c, "exp/")) != NULL;) {
 *         const golden_tensor *x = golden_need(c, "x");
 *         ...
 *         if (!golden_close_float(golden_need(c, "y32"), got, count, 1e-6, 1e-6, c->name)) failed++;
 *     }
 *     golden_free(file);
 *
 * golden_find and golden_next return NULL where there is nothing; golden_load, golden_need and
 * golden_need_case instead print file, line, case and key to stderr and exit with status 1, because
 * a test without its vectors has failed.
 */
#ifndef TAPER_TESTS_GOLDEN_H
#define TAPER_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOLDEN_MAX_DIMS 8

/**
 * One tensor, row-major. Every dtype has `values`, exactly those that were written (a float32's
 * decimals are rounded to float); the integer and bool ones have `integers` as well.
 */
typedef struct golden_tensor {
    const char *key;
    const char *dtype; /* float32, float64, int64, int32, uint8 or bool */
    int ndim;
    int64_t shape[GOLDEN_MAX_DIMS];
    size_t count;
    double *values;
    int64_t *integers; /* NULL for the float dtypes */
    int line;
    const struct golden_case *owner;
} golden_tensor;

/** An option's word, or a text of several lines joined by '\n' (none after the last line). */
typedef struct golden_pair {
    const char *key;
    const char *value;
} golden_pair;

typedef struct golden_case {
    const char *name;
    int line;
    golden_tensor *tensors;
    int n_tensors;
    golden_pair *options;
    int n_options;
    golden_pair *texts;
    int n_texts;
    struct golden_file *file;
} golden_case;

typedef struct golden_file {
    char *path;
    char *bytes; /* the whole file; names, words and texts point into it */
    golden_case *cases;
    int n_cases;
} golden_file;

/**
 * Loads a family by its name ("unary") or a file by its path (anything with '/' or '.').
 * A name is looked for in $TAPER_GOLDEN, in TP_GOLDEN_DIR (a compile-time definition), then in
 * tests/golden under the working directory and up to three folders above it.
 */
golden_file *golden_load(const char *name_or_path);

/** As golden_load, but from memory and without exiting: NULL and a reason in `why` when it is bad. */
golden_file *golden_parse(const char *path, const char *bytes, size_t size, char *why,
                          size_t why_size);

void golden_free(golden_file *file);

/** The case after `after` (NULL: the first) whose name starts with `prefix`; NULL at the end. */
golden_case *golden_next(golden_file *file, const golden_case *after, const char *prefix);

/** The case of exactly this name, or NULL. */
golden_case *golden_find_case(golden_file *file, const char *name);
golden_case *golden_need_case(golden_file *file, const char *name);

/** The tensor of this key, or NULL. */
const golden_tensor *golden_find(const golden_case *c, const char *key);
const golden_tensor *golden_need(const golden_case *c, const char *key);

/** An option as word, number, integer or list "1,2,3"; `otherwise` where the case has none. */
const char *golden_word(const golden_case *c, const char *key, const char *otherwise);
double golden_number(const golden_case *c, const char *key, double otherwise);
int64_t golden_integer(const golden_case *c, const char *key, int64_t otherwise);
/** Writes at most `max` members to `out`; returns how many there are, -1 where there is no such key. */
int golden_list(const golden_case *c, const char *key, int64_t *out, int max);
/** A text, or NULL. */
const char *golden_text(const golden_case *c, const char *key);

/** Bytes of one element of a dtype by name; exits on an unknown name. */
size_t golden_element_size(const char *dtype);
/** Writes the elements in the tensor's own dtype (float, double, int64_t, int32_t, uint8_t, bool). */
void golden_copy(const golden_tensor *t, void *out);
/** Writes the elements converted to float or double. */
void golden_copy_float(const golden_tensor *t, float *out);
void golden_copy_double(const golden_tensor *t, double *out);

/** What a comparison found. */
typedef struct golden_difference {
    size_t bad;       /* elements out of tolerance */
    size_t first_bad; /* flat index of the first of them */
    double max_absolute;
    double max_relative; /* over elements whose expected value is finite and not zero */
} golden_difference;

/**
 * Compares as torch.allclose(got, want, rtol, atol, equal_nan=True) does:
 * |got - want| <= atol + rtol * |want|; infinities must be equal, NaN must meet NaN.
 */
golden_difference golden_compare(const golden_tensor *want, const double *got, size_t count,
                                 double rtol, double atol);

/**
 * true when all `count` elements are close. Otherwise prints `what`, the case, the first bad index in
 * every dimension with both values, and the largest errors to stderr, and returns false. A wrong
 * count is a failure too.
 */
bool golden_close_double(const golden_tensor *want, const double *got, size_t count, double rtol,
                         double atol, const char *what);
bool golden_close_float(const golden_tensor *want, const float *got, size_t count, double rtol,
                        double atol, const char *what);
/** `got` in the tensor's own dtype; integers and bools must be equal whatever the tolerances. */
bool golden_close(const golden_tensor *want, const void *got, size_t count, double rtol,
                  double atol, const char *what);
/** true when ndim and shape are the tensor's; otherwise prints both. */
bool golden_same_shape(const golden_tensor *want, int ndim, const int64_t *shape, const char *what);

#endif
