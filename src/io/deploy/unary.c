/* Functions of one number in exported C, as src/ops/unary.def has them. */
#include <string.h>

#include "io/deploy/functions.h"

#define BIT TP_DEPLOY_BIT

static const tp_deploy_unary rows[] = {
    {"Abs", "each_abs", "magnitude(v)", 0, BIT(TP_DEPLOY_MAGNITUDE)},
    {"Erf", "each_erf", "erf_float(v)", 0, BIT(TP_DEPLOY_ERF)},
    {"Exp", "each_exp", "exp_float(v)", 0, BIT(TP_DEPLOY_EXP_FLOAT)},
    {"Log", "each_log", "log_float(v)", 0, BIT(TP_DEPLOY_LOG_FLOAT)},
    {"Neg", "each_neg", "-v", 0, 0},
    {"Reciprocal", "each_reciprocal", "1.0f / v", 0, 0},
    {"Selu", "each_selu",
     "(float)1.05070098735548049342 * (v > 0 ? v : (float)1.67326324235437728481 * expm1_float(v))",
     0, BIT(TP_DEPLOY_EXPM1)},
    {"Sign", "each_sign", "(float)((v > 0) - (v < 0))", 0, 0},
    {"Softsign", "each_softsign", "v / (1.0f + magnitude(v))", 0, BIT(TP_DEPLOY_MAGNITUDE)},
    {"Sqrt", "each_sqrt", "sqrt_float(v)", 0, BIT(TP_DEPLOY_SQRT)},
    {"celu", "celu", "v > 0 ? v : p0 * expm1_float(v / p0)", 1, BIT(TP_DEPLOY_EXPM1)},
    {"cube", "cube", "v * v * v", 0, 0},
    {"elu", "elu", "v > 0 ? v : p0 * expm1_float(v)", 1, BIT(TP_DEPLOY_EXPM1)},
    {"gelu", "gelu", "0.5f * v * (1.0f + erf_float(v * (float)0.70710678118654752440))", 0,
     BIT(TP_DEPLOY_ERF)},
    {"gelu_tanh", "gelu_tanh",
     "0.5f * v * (1.0f + tanh_float((float)0.79788456080286535588 * (v + 0.044715f * v * v * v)))",
     0, BIT(TP_DEPLOY_TANH_FLOAT)},
    {"hardshrink", "hardshrink", "magnitude(v) <= p0 ? 0 : v", 1, BIT(TP_DEPLOY_MAGNITUDE)},
    {"inverse_root", "inverse_root", "1.0f / sqrt_float(v)", 0, BIT(TP_DEPLOY_SQRT)},
    {"logsigmoid", "logsigmoid", "(v < 0 ? v : 0) - log1p_float(exp_float(-magnitude(v)))", 0,
     BIT(TP_DEPLOY_LOG1P) | BIT(TP_DEPLOY_EXP_FLOAT) | BIT(TP_DEPLOY_MAGNITUDE)},
    {"mish", "mish", "v * tanh_float((v > 0 ? v : 0) + log1p_float(exp_float(-magnitude(v))))", 0,
     BIT(TP_DEPLOY_LOG1P) | BIT(TP_DEPLOY_EXP_FLOAT) | BIT(TP_DEPLOY_TANH_FLOAT) |
         BIT(TP_DEPLOY_MAGNITUDE)},
    {"power", "power", "pow_float(v, p0)", 1, BIT(TP_DEPLOY_POW)},
    {"rsqrt", "rsqrt_all", "1.0f / sqrt_float(v)", 0, BIT(TP_DEPLOY_SQRT)},
    {"silu", "silu", "v * sigmoid_float(v)", 0, BIT(TP_DEPLOY_SIGMOID_FLOAT)},
    {"softplus", "softplus", "v * p0 > p1 ? v : log1p_float(exp_float(v * p0)) / p0", 2,
     BIT(TP_DEPLOY_LOG1P) | BIT(TP_DEPLOY_EXP_FLOAT)},
    {"softshrink", "softshrink", "v > p0 ? v - p0 : (v < -p0 ? v + p0 : 0)", 1, 0},
    {"tanhshrink", "tanhshrink", "v - tanh_float(v)", 0, BIT(TP_DEPLOY_TANH_FLOAT)},
    {"threshold", "threshold", "v <= p0 ? p1 : v", 2, 0},
    {"unit_step", "unit_step", "v > 0 ? 1.0f : 0.0f", 0, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert(ROWS < 64, "a bit for each function");

int tp_deploy_unary_of(const char *op) {
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].op, op) == 0) return i;
    return -1;
}

const tp_deploy_unary *tp_deploy_unary_at(int i) { return &rows[i]; }

uint64_t tp_deploy_unary_needs(uint64_t wanted) {
    uint64_t needs = 0;
    for (int i = 0; i < ROWS; i++)
        if (wanted & BIT(i)) needs |= rows[i].needs;
    return needs;
}

void tp_deploy_unary_write(FILE *to, uint64_t wanted) {
    static const char *const parameters[] = {"", "float p0, ", "float p0, float p1, "};
    for (int i = 0; i < ROWS; i++) {
        if (!(wanted & BIT(i))) continue;
        fprintf(to,
                "static void %s(const float *x, float *y, %sint n) {\n"
                "    int i;\n"
                "    for (i = 0; i < n; i++) {\n"
                "        float v = x[i];\n"
                "        y[i] = %s;\n"
                "    }\n"
                "}\n\n",
                rows[i].name, parameters[rows[i].parameters], rows[i].expression);
    }
}
