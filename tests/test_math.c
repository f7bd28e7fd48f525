/* The kernels' own exp, log, sin, ... against C's in higher precision, over the whole range of floats, for every instruction set
 * of this machine: errors in units of the last place, and special values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

typedef struct function {
    const char *name;
    int kind;
    double (*exact)(double);
    long double (*more_exact)(
        long double);                 /* for the double kernels; NULL: C's own is what they call */
    double float_limit, double_limit; /* units of the last place */
} function;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static long double sigmoid_long(long double x) { return 1 / (1 + expl(-x)); }
static double reciprocal_root(double x) { return 1 / sqrt(x); }

static const function functions[] = {
    {"exp", TP_UNARY_exp, exp, expl, 1.5, 2},
    {"exp2", TP_UNARY_exp2, exp2, exp2l, 1.5, 2},
    {"expm1", TP_UNARY_expm1, expm1, expm1l, 2, 2},
    {"log", TP_UNARY_log, log, logl, 1.5, 2},
    {"log2", TP_UNARY_log2, log2, log2l, 2.5, 2.5},
    {"log10", TP_UNARY_log10, log10, log10l, 2.5, 2.5},
    {"log1p", TP_UNARY_log1p, log1p, log1pl, 3, 3},
    {"sigmoid", TP_UNARY_sigmoid, sigmoid, sigmoid_long, 2.5, 3},
    {"tanh", TP_UNARY_tanh, tanh, tanhl, 2.5, 3},
    {"rsqrt", TP_UNARY_rsqrt, reciprocal_root, NULL, 1.5, 0},
    {"sin", TP_UNARY_sin, sin, NULL, 1, 0},
    {"cos", TP_UNARY_cos, cos, NULL, 1, 0},
    {"tan", TP_UNARY_tan, tan, NULL, 1, 0},
    {"asin", TP_UNARY_asin, asin, NULL, 1, 0},
    {"acos", TP_UNARY_acos, acos, NULL, 1, 0},
    {"atan", TP_UNARY_atan, atan, NULL, 1, 0},
    {"sinh", TP_UNARY_sinh, sinh, NULL, 1, 0},
    {"cosh", TP_UNARY_cosh, cosh, NULL, 1, 0},
    {"erf", TP_UNARY_erf, erf, NULL, 2, 0},
    {"erfc", TP_UNARY_erfc, erfc, NULL, 1, 0},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0], COUNT = 1 << 15 };

static const double special[] = {
    0,         -0.0,      1,      -1,    0.5,    -0.5,   2,       -2,      INFINITY, -INFINITY,
    NAN,       1e-45,     -1e-45, 1e-40, -1e-40, 3.4e38, -3.4e38, 88.72,   88.73,    -87.4,
    -103.9,    -104.5,    127.9,  128,   -126.5, -149.4, 9,       20,      1e-8,     -1e-8,
    0.9999999, 1.0000001, 4,      -4,    10.0,   -10.0,  1e10,    16777216};

/* An error of `got` in units of the last place of a float (or a double) near `want`; 0 where both are NaN or the same. */
static double units(double got, double want, bool is_float) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    double rounded = is_float ? (double)(float)want : want;
    if (got == rounded) return 0;
    if (isinf(got) || isinf(rounded))
        return fabs(want) > 3.4028233e38 && fabs(got) > 3.4028233e38 ? 1 : INFINITY;
    int exponent;
    frexp(want, &exponent);
    double unit = is_float ? ldexp(1, (exponent < -125 ? -125 : exponent) - 24)
                           : ldexp(1, (exponent < -1021 ? -1021 : exponent) - 53);
    return fabs(got - want) / unit;
}

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static float values32[COUNT], results32[COUNT];
static double values64[COUNT], results64[COUNT];

/* Half of the numbers over all floats, half where functions live. */
static void draw(uint32_t seed) {
    for (int i = 0; i < COUNT; i++) {
        uint32_t bits = next_random(&seed);
        if (i < (int)(sizeof special / sizeof special[0]))
            values32[i] = (float)special[i];
        else if (i % 2)
            memcpy(&values32[i], &bits, 4);
        else
            values32[i] = ldexpf((float)(int32_t)bits, -31 + (int)(next_random(&seed) % 12) - 4);
        values64[i] = values32[i];
    }
}

static void test_float(void **state) {
    const tp_kernels *kernels = *state;
    for (int f = 0; f < FUNCTIONS; f++) {
        double worst = 0, at = 0, got = 0;
        for (uint32_t round = 1; round <= 4; round++) {
            draw(round * 77777 + (uint32_t)f);
            kernels->unary[functions[f].kind][TP_FLOAT32](
                COUNT, (void *const[]){results32, values32}, (const int64_t[]){1, 1}, NULL);
            for (int i = 0; i < COUNT; i++) {
                double error = units(results32[i], functions[f].exact(values32[i]), true);
                if (error > worst) worst = error, at = values32[i], got = results32[i];
            }
        }
        if (getenv("TP_SHOW_ULP"))
            fprintf(stderr, "%-10s %-8s %.3f at %.9g\n", kernels->name, functions[f].name, worst,
                    at);
        if (!(worst <= functions[f].float_limit))
            fail_msg("%s of %.9g is %.9g: off by %.3g units (%s)", functions[f].name, at, got,
                     worst, kernels->name);
    }
}

static void test_double(void **state) {
    const tp_kernels *kernels = *state;
    for (int f = 0; f < FUNCTIONS; f++) {
        if (!functions[f].more_exact) continue;
        double worst = 0, at = 0, got = 0;
        draw(4242);
        kernels->unary[functions[f].kind][TP_FLOAT64](COUNT, (void *const[]){results64, values64},
                                                      (const int64_t[]){1, 1}, NULL);
        for (int i = 0; i < COUNT; i++) {
            double error = units(results64[i], (double)functions[f].more_exact(values64[i]), false);
            if (error > worst) worst = error, at = values64[i], got = results64[i];
        }
        if (getenv("TP_SHOW_ULP"))
            fprintf(stderr, "%-10s %-8s double %.3f at %.17g\n", kernels->name, functions[f].name,
                    worst, at);
        if (!(worst <= functions[f].double_limit))
            fail_msg("%s of %.17g is %.17g: off by %.3g units (%s)", functions[f].name, at, got,
                     worst, kernels->name);
    }
}

static void test_pow(void **state) {
    const tp_kernels *kernels = *state;
    static float a[COUNT], b[COUNT];
    enum { SPECIAL = sizeof special / sizeof special[0] };
    uint32_t seed = 99;
    draw(5);
    for (int i = 0; i < COUNT; i++) {
        a[i] = values32[i];
        b[i] = i % 3 ? ldexpf((float)(int32_t)next_random(&seed), -28)
                     : (float)((int)(next_random(&seed) % 19) - 9);
        if (i < SPECIAL * SPECIAL)
            a[i] = (float)special[i % SPECIAL], b[i] = (float)special[i / SPECIAL];
    }
    kernels->binary[TP_BINARY_pow][TP_FLOAT32](COUNT, (void *const[]){results32, a, b},
                                               (const int64_t[]){1, 1, 1}, NULL);
    for (int i = 0; i < COUNT; i++) {
        double want = pow((double)a[i], (double)b[i]), error = units(results32[i], want, true);
        if (!(error <= 1))
            fail_msg("%.9g to the power %.9g is %.9g instead of %.9g (%s)", (double)a[i],
                     (double)b[i], (double)results32[i], want, kernels->name);
    }
}

/* Odd functions keep the sign of zero. */
static void test_signs(void **state) {
    const tp_kernels *kernels = *state;
    static const int odd[] = {TP_UNARY_sinh, TP_UNARY_tanh, TP_UNARY_asin, TP_UNARY_atan,
                              TP_UNARY_erf};
    float in[16] = {-0.0F}, out[16];
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        kernels->unary[odd[i]][TP_FLOAT32](16, (void *const[]){out, in}, (const int64_t[]){1, 1},
                                           NULL);
        assert_true(signbit(out[0]) && out[0] == 0 && !signbit(out[1]));
    }
}

int main(void) {
    static struct CMUnitTest tests[4 * TP_CPU_LEVEL_COUNT];
    static char names[4 * TP_CPU_LEVEL_COUNT][32];
    size_t count = 0;
    for (int level = 0; level < TP_CPU_LEVEL_COUNT; level++) {
        if (!tp_cpu_runs((tp_cpu_level)level)) continue;
        const tp_kernels *kernels = tp_kernels_choose((tp_cpu_level)level);
        if (strcmp(kernels->name, tp_cpu_name((tp_cpu_level)level)) != 0) continue;
        static const CMUnitTestFunction run[] = {test_float, test_double, test_pow, test_signs};
        static const char *const what[] = {"float", "double", "pow", "signs"};
        for (int i = 0; i < 4; i++, count++) {
            snprintf(names[count], sizeof names[count], "%s_%s", kernels->name, what[i]);
            tests[count] =
                (struct CMUnitTest){names[count], run[i], NULL, NULL, (void *)(uintptr_t)kernels};
        }
    }
    return _cmocka_run_group_tests("math", tests, count, NULL, NULL);
}
