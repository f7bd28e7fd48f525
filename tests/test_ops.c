/* Every operation in ops.def, automatically: gradients against central differences on each of its samples, the same results
 * for tensors that are not contiguous, and a reference vector and a line of documentation for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/node.h"
#include "support/tensors.h"

#define OP(name) extern const tp_op tp_op_##name;
#include "ops/ops.def"
#undef OP

static const tp_op *const ops[] = {
#define OP(name) &tp_op_##name,
#include "ops/ops.def"
#undef OP
};
enum { OPS = sizeof ops / sizeof ops[0] };

/* Where functions of unary.def have no derivative: central differences must not straddle these points. */
static const struct kinks {
    const char *name;
    double at[8];
    int count;
} kinks[] = {
#define UNARY(name, types, forward, gradient, saves, low, high, parameters, ...) \
    {#name, {__VA_ARGS__}, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))},
#define PREDICATE(name, forward)
#include "ops/unary.def"
};

/* ---- drawing inputs ---- */

static uint64_t seed;

static double uniform(double low, double high) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(seed >> 11) / 9007199254740992.0;
}

static bool near_kink(const tp_op *op, double value) {
    for (size_t k = 0; k < sizeof kinks / sizeof kinks[0]; k++)
        for (int i = 0; i < kinks[k].count && strcmp(kinks[k].name, op->name) == 0; i++)
            if (fabs(value - kinks[k].at[i]) < 1e-3) return true;
    return false;
}

static bool too_close(const double *drawn, int64_t count, double value, double apart) {
    for (int64_t i = 0; i < count; i++)
        if (fabs(drawn[i] - value) < apart) return true;
    return false;
}

/* The inputs of a sample, float64. Values that must lie apart do so across all inputs. */
static void draw(const tp_op *op, const tp_op_sample *s, tp_tensor **inputs) {
    double drawn[1024];
    int64_t count = 0;
    bool whole = s->low == 0 && s->high == 0;
    for (int i = 0; i < s->inputs; i++) {
        inputs[i] = tp_empty(tp_sample_shape_of(s->shape[i]), .dtype = TP_FLOAT64);
        double *values = tp_data(inputs[i]);
        for (int64_t k = 0; k < tp_numel(inputs[i]); k++) {
            double value;
            int tries = 0;
            do {
                value = whole ? uniform(-1, 1) : uniform(s->low, s->high);
                assert_true(tries++ < 10000);
            } while (near_kink(op, value) ||
                     (s->apart > 0 && too_close(drawn, count, value, s->apart)));
            values[k] = value;
            assert_true(count < 1024);
            drawn[count++] = value;
        }
    }
}

/* ---- what is held of every op ---- */

typedef struct running {
    const tp_op *op;
    int variant;
} running;

static tp_tensor *apply(tp_tensor *const *inputs, int n, void *user) {
    const running *r = user;
    (void)n;
    return r->op->apply(inputs, r->variant);
}

static void report(const tp_op *op, int sample, const char *what) {
    seen_error error = take_error();
    fail_msg("%s, sample %d: %s. %s", op->name, sample, what, error.count ? error.text : "");
}

static void check_gradients(const tp_op *op, const tp_op_sample *s, int sample,
                            tp_tensor **inputs) {
    running r = {op, s->variant};
    /* The conversion to float32 and back rounds: only a wide step sees past that. */
    double eps = strcmp(op->name, "to") == 0 ? 1e-2 : 0;
    for (int i = 0; i < s->inputs; i++) tp_requires_grad(inputs[i]);
    if (!tp_gradcheck(apply, inputs, s->inputs, &r, .eps = eps))
        report(op, sample, "the gradient is wrong");
    for (int i = 0; i < s->inputs; i++) tp_clear_grad(inputs[i]);
}

static bool same_values(const tp_tensor *a, const tp_tensor *b) {
    size_t bytes = (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a));
    char *p = malloc(bytes + 1), *q = malloc(bytes + 1);
    bool same = p && q && tp_dtype_of(a) == tp_dtype_of(b) && tp_same_shape(a, b) &&
                tp_copy_out(a, p) && tp_copy_out(b, q);
    bool bitwise = same && memcmp(p, q, bytes) == 0;
    if (same && !bitwise && tp_dtype_of(a) == TP_FLOAT64) { /* sums may run in another order */
        const double *x = (const double *)(void *)p, *y = (const double *)(void *)q;
        bitwise = true;
        for (int64_t i = 0; i < tp_numel(a); i++)
            bitwise = bitwise && fabs(x[i] - y[i]) <= 1e-12 * (1 + fabs(x[i]));
    }
    free(p);
    free(q);
    return bitwise;
}

static void check_sample(const tp_op *op, const tp_op_sample *s, int sample) {
    tp_tensor *inputs[3] = {NULL}, *spread[3] = {NULL};
    seed = (uint64_t)(sample + 1) * 1000003u;
    draw(op, s, inputs);
    tp_tensor *plain = op->apply(inputs, s->variant);
    if (!plain || tp_is_poison(plain)) report(op, sample, "it fails");
    for (int i = 0; i < s->inputs; i++) spread[i] = scattered(inputs[i]);
    tp_tensor *other = op->apply(spread, s->variant);
    if (!other || tp_is_poison(other))
        report(op, sample, "it fails where inputs are not contiguous");
    if (!same_values(plain, other))
        report(op, sample, "it gives something else where inputs are not contiguous");
    if (op->backward) {
        check_gradients(op, s, sample, inputs);
        check_gradients(op, s, sample, spread);
    } else {
        for (int i = 0; i < s->inputs; i++) tp_requires_grad(inputs[i]);
        if (tp_wants_grad(op->apply(inputs, s->variant)))
            report(op, sample, "it is recorded without a backward");
    }
    if (take_error().count) report(op, sample, "an error was reported");
}

static void test_op(void **state) {
    const tp_op *op = *state;
    assert_non_null(op->name);
    assert_true(op->backward || (op->reason && op->reason[0]));
    assert_non_null(op->apply);
    assert_non_null(op->samples);
    assert_true(op->samples[0].inputs > 0);
    int sample = 0;
    for (const tp_op_sample *s = op->samples; s->inputs > 0; s++, sample++)
        TP_SCOPE { check_sample(op, s, sample); }
}

/* ---- reference vectors and documentation ---- */

/* Descriptors whose public function has another name, and that of their vectors. */
static const char *const other_names[][3] = {
    {"cube", "pow", "pow"},        {"power", "pow", "pow"},       {"inverse_root", "pow", "pow"},
    {"gelu_tanh", "gelu", "gelu"}, {"max_dim", "max_dim", "max"}, {"min_dim", "min_dim", "min"}};

/* The name of an op's public function (1) or of its vectors (2). */
static const char *name_for(const tp_op *op, int column) {
    for (size_t i = 0; i < sizeof other_names / sizeof other_names[0]; i++)
        if (strcmp(other_names[i][0], op->name) == 0) return other_names[i][column];
    return op->name;
}

/* Copies need none, and PyTorch has no unit_step. */
static const char *const without_vectors[] = {"clone", "to", "contiguous", "unit_step"};

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text) text[fread(text, 1, (size_t)size, file)] = '\0';
    fclose(file);
    return text;
}

/* Whether one of the files of that ending in a folder holds the text. */
static bool found_in(const char *folder, const char *ending, const char *wanted) {
    DIR *dir = opendir(folder);
    bool found = false;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
        char path[1024];
        size_t length = strlen(entry->d_name), tail = strlen(ending);
        if (length < tail || strcmp(entry->d_name + length - tail, ending) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        char *text = read_text(path);
        found = text && strstr(text, wanted);
        free(text);
    }
    if (dir) closedir(dir);
    return found;
}

static void test_vectors(void **state) {
    (void)state;
    int missing = 0;
    for (int i = 0; i < OPS; i++) {
        char wanted[128];
        bool exempt = false;
        for (size_t k = 0; k < sizeof without_vectors / sizeof without_vectors[0]; k++)
            exempt = exempt || strcmp(without_vectors[k], ops[i]->name) == 0;
        snprintf(wanted, sizeof wanted, "\noption op %s\n", name_for(ops[i], 2));
        if (exempt || found_in(TP_GOLDEN_DIR, ".txt", wanted)) continue;
        fprintf(stderr, "no reference vector for %s in tests/golden\n", ops[i]->name);
        missing++;
    }
    assert_int_equal(missing, 0);
}

static void test_documentation(void **state) {
    (void)state;
    int missing = 0;
    for (int i = 0; i < OPS; i++) {
        char wanted[128];
        snprintf(wanted, sizeof wanted, "\n#define tp_%s(", name_for(ops[i], 1));
        if (found_in(TP_SOURCE_DIR "/include/taper/ops", ".h", wanted) ||
            found_in(TP_SOURCE_DIR "/include/taper", ".h", wanted))
            continue;
        fprintf(stderr, "no public header has tp_%s()\n", name_for(ops[i], 1));
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* The harness itself: a wrong gradient must not pass. */
static tp_tensor *wrong_twice(tp_tensor *const *inputs, int n, void *user) {
    (void)n, (void)user;
    tp_tensor *x = inputs[0];
    tp_tensor *y = tp_make_like(TP_HERE, "wrong", x);
    for (int64_t i = 0; i < x->numel; i++)
        ((double *)(void *)y->data)[i] = 2.01 * ((double *)(void *)x->data)[i];
    tp_record(TP_HERE, &tp_op_clone, y, 1, &x);
    return y;
}

static void test_wrong_gradient_is_found(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_requires_grad(tp_ones(tp_shape(3), .dtype = TP_FLOAT64));
        assert_false(tp_gradcheck(wrong_twice, &x, 1));
        assert_int_equal(take_error().code, TP_ERROR_VALUE);
    }
}

int main(void) {
    static struct CMUnitTest tests[OPS + 3];
    static char names[OPS][64];
    watch_errors();
    for (int i = 0; i < OPS; i++) {
        snprintf(names[i], sizeof names[i], "op_%s", ops[i]->name);
        tests[i] = (struct CMUnitTest){names[i], test_op, NULL, NULL, (void *)(uintptr_t)ops[i]};
    }
    tests[OPS] = (struct CMUnitTest)cmocka_unit_test(test_vectors);
    tests[OPS + 1] = (struct CMUnitTest)cmocka_unit_test(test_documentation);
    tests[OPS + 2] = (struct CMUnitTest)cmocka_unit_test(test_wrong_gradient_is_found);
    return _cmocka_run_group_tests("ops", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
