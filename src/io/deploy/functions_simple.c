/* Element by element, views and whole numbers in exported C. */
#include "io/deploy/functions.h"

#define BIT TP_DEPLOY_BIT

/* clang-format off */
const tp_deploy_text tp_deploy_simple[] = {
{TP_DEPLOY_RELU,
"static void relu(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];\n"
"}\n", 0},
{TP_DEPLOY_LEAKY_RELU,
"static void leaky_relu(const float *x, float *y, float slope, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];\n"
"}\n", 0},
{TP_DEPLOY_CLIP,
"static void clip(const float *x, float *y, float low, float high, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) {\n"
"        float v = x[i] < low ? low : x[i];\n"
"        y[i] = v > high ? high : v;\n"
"    }\n"
"}\n", 0},
{TP_DEPLOY_HARD_SWISH,
"static void hard_swish(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] < -3 ? 0 : (x[i] > 3 ? x[i] : x[i] * (x[i] + 3) / 6);\n"
"}\n", 0},
{TP_DEPLOY_HARD_SIGMOID,
"static void hard_sigmoid(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] < -3 ? 0 : (x[i] > 3 ? 1 : x[i] / 6 + 0.5f);\n"
"}\n", 0},
{TP_DEPLOY_SIGMOID,
"static void sigmoid(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = sigmoid_float(x[i]);\n"
"}\n", BIT(TP_DEPLOY_SIGMOID_FLOAT)},
{TP_DEPLOY_SIGMOID_FUSED,
"/* behind a product */\n"
"static void sigmoid_behind(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) {\n"
"        float scale, e = exp_minus(x[i] < 0 ? -x[i] : x[i], &scale);\n"
"        e = e + scale;\n"
"        y[i] = (x[i] < 0 ? e : 1.0f) / (1 + e);\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP_MINUS)},
{TP_DEPLOY_TANH,
"static void tanh_all(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = tanh_float(x[i]);\n"
"}\n", BIT(TP_DEPLOY_TANH_FLOAT)},
{TP_DEPLOY_TANH_FUSED,
"/* behind a product */\n"
"static void tanh_behind(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) {\n"
"        float a = x[i] < 0 ? -x[i] : x[i], scale, m = exp_minus(a + a, &scale);\n"
"        m = m + (scale - 1);\n"
"        m = -m / (2 + m);\n"
"        y[i] = x[i] < 0 ? -m : m;\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP_MINUS)},
{TP_DEPLOY_PRELU,
"/* x (c, n), one slope, or one for each of c */\n"
"static void prelu(const float *x, float *y, const float *slopes, int several, int c, int n) {\n"
"    int i, k;\n"
"    for (i = 0; i < c; i++)\n"
"        for (k = 0; k < n; k++, x++) *y++ = *x > 0 ? *x : *x * slopes[several ? i : 0];\n"
"}\n", 0},
{TP_DEPLOY_ADD,
"static void add(const float *a, const float *b, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = a[i] + b[i];\n"
"}\n", 0},
{TP_DEPLOY_MULTIPLY,
"static void multiply(const float *a, const float *b, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = a[i] * b[i];\n"
"}\n", 0},
{TP_DEPLOY_PAIRWISE,
"/* op 0: a + b, 1: a - b, 2: a b, 3: a / b, 4: the larger, 5: the smaller; steps of 0 repeat an operand */\n"
"static void pairwise(int op, const float *a, const float *b, float *y, int n, int dims, const int *size,\n"
"                     const int *step_a, const int *step_b) {\n"
"    int i, d;\n"
"    for (i = 0; i < n; i++) {\n"
"        int rest = i, at = 0, other = 0;\n"
"        float u, v;\n"
"        for (d = dims - 1; d >= 0; d--) {\n"
"            at += rest % size[d] * step_a[d];\n"
"            other += rest % size[d] * step_b[d];\n"
"            rest /= size[d];\n"
"        }\n"
"        u = a[at];\n"
"        v = b[other];\n"
"        if (op == 0) y[i] = u + v;\n"
"        if (op == 1) y[i] = u - v;\n"
"        if (op == 2) y[i] = u * v;\n"
"        if (op == 3) y[i] = u / v;\n"
"        if (op == 4) y[i] = u > v || u != u ? u : v;\n"
"        if (op == 5) y[i] = u < v || u != u ? u : v;\n"
"    }\n"
"}\n", 0},
{TP_DEPLOY_COPY,
"static void copy(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i];\n"
"}\n", 0},
{TP_DEPLOY_TAKE,
"/* y in reading order from x by steps */\n"
"static void take(const float *x, float *y, int n, int dims, const int *size, const int *step) {\n"
"    int i, d;\n"
"    for (i = 0; i < n; i++) {\n"
"        int rest = i, at = 0;\n"
"        for (d = dims - 1; d >= 0; d--) {\n"
"            at += rest % size[d] * step[d];\n"
"            rest /= size[d];\n"
"        }\n"
"        y[i] = x[at];\n"
"    }\n"
"}\n", 0},
{TP_DEPLOY_JOIN,
"/* x (outer, n) to columns of y (outer, step) */\n"
"static void join(const float *x, float *y, int outer, int n, int step) {\n"
"    int o, i;\n"
"    for (o = 0; o < outer; o++, y += step)\n"
"        for (i = 0; i < n; i++) y[i] = *x++;\n"
"}\n", 0},
{TP_DEPLOY_QUANTIZE,
"/* x / scale, rounded, between -127 and 127 */\n"
"static void quantize(const float *x, signed char *y, float inverse, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) {\n"
"        float v = x[i] * inverse;\n"
"        v = v < -127.0f ? -127.0f : v;\n"
"        v = v > 127.0f ? 127.0f : v;\n"
"        y[i] = (signed char)(v < 0 ? v - 0.5f : v + 0.5f);\n"
"    }\n"
"}\n", 0},
{TP_DEPLOY_CONV_INT8,
"/* As conv, of whole numbers; scale: of each channel of the result */\n"
"static void conv_int8(const signed char *x, float *y, const signed char *weights, const float *scale,\n"
"                      const float *bias, int groups, int c, int h, int w, int o, int oh, int ow, int kh,\n"
"                      int kw, int sh, int sw, int dh, int dw, int top, int left) {\n"
"    int n, i, j, k, a, b;\n"
"    for (n = 0; n < groups * o; n++, weights += c * kh * kw)\n"
"        for (i = 0; i < oh; i++)\n"
"            for (j = 0; j < ow; j++) {\n"
"                const signed char *from = x + n / o * c * h * w, *weight = weights;\n"
"                int sum = 0;\n"
"                for (k = 0; k < c; k++, from += h * w)\n"
"                    for (a = 0; a < kh; a++)\n"
"                        for (b = 0; b < kw; b++, weight++) {\n"
"                            int row = i * sh - top + a * dh, column = j * sw - left + b * dw;\n"
"                            if (row < 0 || row >= h || column < 0 || column >= w) continue;\n"
"                            sum += from[row * w + column] * *weight;\n"
"                        }\n"
"                *y++ = (float)sum * scale[n] + bias[n];\n"
"            }\n"
"}\n", 0},
{TP_DEPLOY_DENSE_INT8,
"static void dense_int8(const signed char *x, float *y, const signed char *weights, const float *scale,\n"
"                       const float *bias, int n, int k) {\n"
"    int i, p;\n"
"    for (i = 0; i < n; i++, weights += k) {\n"
"        int sum = 0;\n"
"        for (p = 0; p < k; p++) sum += x[p] * weights[p];\n"
"        y[i] = (float)sum * scale[i] + bias[i];\n"
"    }\n"
"}\n", 0},
{TP_DEPLOY_FUNCTIONS, NULL, 0},
};
/* clang-format on */
