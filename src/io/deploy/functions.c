/* The functions of exported C. In float each has the order of additions of the library's kernel for the baseline instruction set, whose
 * vectors hold four numbers: what is added up in four lanes there is added up in l[4] here. */
#include "io/deploy/deploy.h"

#define BIT(function) ((uint64_t)1 << (function))

typedef struct function_text {
    const char *text;
    uint64_t needs;
} function_text;

/* clang-format off */
static const function_text functions[TP_DEPLOY_FUNCTIONS] = {
[TP_DEPLOY_BITS] = {
"typedef union bits {\n    float f;\n    unsigned int u;\n    int i;\n} bits;\n", 0},
/* backend/cpu/kernels/gemm_math.h: exp_minus */
[TP_DEPLOY_EXP_MINUS] = {
"/* exp(-x) - 1 = result + (scale - 1) for x >= 0 */\n"
"static float exp_minus(float x, float *scale) {\n"
"    const float shift = 12582912.0f;\n"
"    bits b;\n"
"    float n, r, y = 1.0f / 5040;\n"
"    x = -(x > 87.33654f ? 87.33654f : x);\n"
"    b.f = x * 1.4426950408889634f + shift;\n"
"    n = b.f - shift;\n"
"    r = x - n * 0.693359375f;\n"
"    r = r - n * -2.12194440e-4f;\n"
"    y = y * r + 1.0f / 720;\n"
"    y = y * r + 1.0f / 120;\n"
"    y = y * r + 1.0f / 24;\n"
"    y = y * r + 1.0f / 6;\n"
"    y = y * r + 0.5f;\n"
"    y = y * (r * r) + r;\n"
"    b.u = (b.u + 127) << 23;\n"
"    *scale = b.f;\n"
"    return y * b.f;\n"
"}\n", BIT(TP_DEPLOY_BITS)},
/* backend/cpu/kernels/math_tmpl.h */
[TP_DEPLOY_EXP] = {
"static float power_of_two(float shifted) {\n"
"    bits b, s;\n"
"    b.f = shifted;\n"
"    s.f = 12582912.0f;\n"
"    b.u = (b.u - s.u + 127) << 23;\n"
"    return b.f;\n"
"}\n"
"static float exp_tail(float r) {\n"
"    float y = 1.0f / 5040;\n"
"    y = y * r + 1.0f / 720;\n"
"    y = y * r + 1.0f / 120;\n"
"    y = y * r + 1.0f / 24;\n"
"    y = y * r + 1.0f / 6;\n"
"    return y * r + 0.5f;\n"
"}\n", BIT(TP_DEPLOY_BITS)},
/* backend/cpu/kernels/lanes.h: exp */
[TP_DEPLOY_EXP_LANES] = {
"static float exp_of(float x) {\n"
"    const float shift = 12582912.0f;\n"
"    int vanishes = x < -87.0f, power, half;\n"
"    float n, r, y = 1.0f / 5040;\n"
"    bits b, low, high;\n"
"    x = vanishes ? -87.0f : x;\n"
"    x = x > 89.0f ? 89.0f : x;\n"
"    b.f = x * 1.4426950408889634f + shift;\n"
"    n = b.f - shift;\n"
"    r = x - n * 0.693359375f - n * -2.12194440e-4f;\n"
"    y = y * r + 1.0f / 720;\n"
"    y = y * r + 1.0f / 120;\n"
"    y = y * r + 1.0f / 24;\n"
"    y = y * r + 1.0f / 6;\n"
"    y = y * r + 0.5f;\n"
"    y = y * r + 1.0f;\n"
"    y = y * r + 1.0f;\n"
"    power = b.i - 0x4b400000;\n"
"    half = power < 0 ? -((1 - power) / 2) : power / 2;\n"
"    low.i = (half + 127) * (1 << 23);\n"
"    high.i = (power - half + 127) * (1 << 23);\n"
"    y = y * low.f * high.f;\n"
"    return vanishes ? 0.0f : y;\n"
"}\n", BIT(TP_DEPLOY_BITS)},
/* backend/cpu/kernels/lanes.h: log, of numbers of at least 1 */
[TP_DEPLOY_LOG_LANES] = {
"static float log_of(float x) {\n"
"    bits b, m;\n"
"    int exponent;\n"
"    float f, e, s, z, half_square, r;\n"
"    b.f = x;\n"
"    exponent = (b.i - 0x3f3504f3) >> 23;\n"
"    m.i = b.i - exponent * (1 << 23);\n"
"    f = m.f - 1;\n"
"    e = (float)exponent;\n"
"    s = f / (f + 2);\n"
"    z = s * s;\n"
"    half_square = f * f * 0.5f;\n"
"    r = 2.0f / 11;\n"
"    r = r * z + 2.0f / 9;\n"
"    r = r * z + 2.0f / 7;\n"
"    r = r * z + 2.0f / 5;\n"
"    r = r * z + 2.0f / 3;\n"
"    r = r * z;\n"
"    return e * 0.693359375f + (f - (half_square - (s * (half_square + r) + e * -2.12194440e-4f)));\n"
"}\n", BIT(TP_DEPLOY_BITS)},
/* backend/conv_plain.c */
[TP_DEPLOY_CONV] = {
"/* x (groups * c, h, w), weights (groups * o, c, kh, kw), y (groups * o, oh, ow) */\n"
"static void conv(const float *x, float *y, const float *weights, const float *bias, int groups, int c,\n"
"                 int h, int w, int o, int oh, int ow, int kh, int kw, int sh, int sw, int dh, int dw,\n"
"                 int top, int left) {\n"
"    int n, i, j, k, a, b;\n"
"    for (n = 0; n < groups * o; n++, weights += c * kh * kw)\n"
"        for (i = 0; i < oh; i++)\n"
"            for (j = 0; j < ow; j++) {\n"
"                const float *from = x + n / o * c * h * w, *weight = weights;\n"
"                float sum = 0;\n"
"                for (k = 0; k < c; k++, from += h * w)\n"
"                    for (a = 0; a < kh; a++)\n"
"                        for (b = 0; b < kw; b++, weight++) {\n"
"                            int row = i * sh - top + a * dh, column = j * sw - left + b * dw;\n"
"                            if (row < 0 || row >= h || column < 0 || column >= w) continue;\n"
"                            sum += from[row * w + column] * *weight;\n"
"                        }\n"
"                *y++ = sum + bias[n];\n"
"            }\n"
"}\n", 0},
/* backend/cpu/kernels/gemm_dot.h for one row; block 0: gemm_small.h and gemm_outer.h */
[TP_DEPLOY_DENSE] = {
"/* y (n) = weights (n, k) x (k) + bias, in blocks of k and four lanes, or in one line where block is 0 */\n"
"static void dense(const float *x, float *y, const float *weights, const float *bias, int n, int k,\n"
"                  int block) {\n"
"    int i, p, q;\n"
"    for (i = 0; i < n; i++, weights += k) {\n"
"        float total = 0;\n"
"        for (p = 0; p < k; p += block ? block : k) {\n"
"            int end = block && p + block < k ? p + block : k;\n"
"            float l[4] = {0, 0, 0, 0}, sum;\n"
"            for (q = p; q < end; q++) l[block ? (q - p) & 3 : 0] += x[q] * weights[q];\n"
"            sum = block ? (l[0] + l[1]) + (l[2] + l[3]) : l[0];\n"
"            total = p ? sum + total : sum;\n"
"        }\n"
"        y[i] = total + bias[i];\n"
"    }\n"
"}\n", 0},
[TP_DEPLOY_MAX_POOL] = {
"static void max_pool(const float *x, float *y, int c, int h, int w, int oh, int ow, int kh, int kw,\n"
"                     int sh, int sw, int dh, int dw, int top, int left) {\n"
"    int n, i, j, a, b;\n"
"    for (n = 0; n < c; n++, x += h * w)\n"
"        for (i = 0; i < oh; i++)\n"
"            for (j = 0; j < ow; j++) {\n"
"                float best = 0;\n"
"                int any = 0;\n"
"                for (a = 0; a < kh; a++)\n"
"                    for (b = 0; b < kw; b++) {\n"
"                        int row = i * sh - top + a * dh, column = j * sw - left + b * dw;\n"
"                        float v;\n"
"                        if (row < 0 || row >= h || column < 0 || column >= w) continue;\n"
"                        v = x[row * w + column];\n"
"                        if (!any || v > best || v != v) best = v;\n"
"                        any = 1;\n"
"                    }\n"
"                *y++ = best;\n"
"            }\n"
"}\n", 0},
/* backend/cpu/kernels/pool_average.h */
[TP_DEPLOY_AVERAGE_POOL] = {
"static void average_pool(const float *x, float *y, int c, int h, int w, int oh, int ow, int kh, int kw,\n"
"                         int sh, int sw, int top, int left, int inside) {\n"
"    int n, i, j, a, b;\n"
"    for (n = 0; n < c; n++, x += h * w)\n"
"        for (i = 0; i < oh; i++)\n"
"            for (j = 0; j < ow; j++) {\n"
"                int r0 = i * sh - top, c0 = j * sw - left, r1 = r0 + kh, c1 = c0 + kw;\n"
"                int down = h + top - r0 < kh ? h + top - r0 : kh;\n"
"                int across = w + left - c0 < kw ? w + left - c0 : kw;\n"
"                float sum = 0;\n"
"                r0 = r0 < 0 ? 0 : r0;\n"
"                c0 = c0 < 0 ? 0 : c0;\n"
"                r1 = r1 > h ? h : r1;\n"
"                c1 = c1 > w ? w : c1;\n"
"                for (b = c0; b < c1; b++) {\n"
"                    float column = x[r0 * w + b];\n"
"                    for (a = r0 + 1; a < r1; a++) column += x[a * w + b];\n"
"                    sum += column;\n"
"                }\n"
"                *y++ = sum / (float)(inside ? (r1 - r0) * (c1 - c0) : down * across);\n"
"            }\n"
"}\n", 0},
[TP_DEPLOY_GLOBAL_AVERAGE] = {
"static void global_average(const float *x, float *y, int c, int n) {\n"
"    int i, k;\n"
"    for (i = 0; i < c; i++, x += n) {\n"
"        float l[4] = {0, 0, 0, 0};\n"
"        for (k = 0; k < n; k++) l[k & 3] += x[k];\n"
"        y[i] = ((l[0] + l[2]) + (l[1] + l[3])) / (float)n;\n"
"    }\n"
"}\n", 0},
[TP_DEPLOY_GLOBAL_MAX] = {
"static void global_max(const float *x, float *y, int c, int n) {\n"
"    int i, k;\n"
"    for (i = 0; i < c; i++, x += n) {\n"
"        y[i] = x[0];\n"
"        for (k = 1; k < n; k++)\n"
"            if (x[k] > y[i] || x[k] != x[k]) y[i] = x[k];\n"
"    }\n"
"}\n", 0},
/* backend/cpu/kernels/norm_rows.h */
[TP_DEPLOY_SCALE_SHIFT] = {
"/* (x - mean) scale + shift for each of c channels of n values */\n"
"static void scale_shift(const float *x, float *y, const float *mean, const float *scale,\n"
"                        const float *shift, int c, int n) {\n"
"    int i, k;\n"
"    for (i = 0; i < c; i++)\n"
"        for (k = 0; k < n; k++) *y++ = (*x++ - mean[i]) * scale[i] + shift[i];\n"
"}\n", 0},
[TP_DEPLOY_RELU] = {
"static void relu(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];\n"
"}\n", 0},
[TP_DEPLOY_LEAKY_RELU] = {
"static void leaky_relu(const float *x, float *y, float slope, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];\n"
"}\n", 0},
[TP_DEPLOY_CLIP] = {
"static void clip(const float *x, float *y, float low, float high, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) {\n"
"        float v = x[i] < low ? low : x[i];\n"
"        y[i] = v > high ? high : v;\n"
"    }\n"
"}\n", 0},
[TP_DEPLOY_HARD_SWISH] = {
"static void hard_swish(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] < -3 ? 0 : (x[i] > 3 ? x[i] : x[i] * (x[i] + 3) / 6);\n"
"}\n", 0},
[TP_DEPLOY_HARD_SIGMOID] = {
"static void hard_sigmoid(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i] < -3 ? 0 : (x[i] > 3 ? 1 : x[i] / 6 + 0.5f);\n"
"}\n", 0},
[TP_DEPLOY_SIGMOID] = {
"static void sigmoid(const float *x, float *y, int k) {\n"
"    int i;\n"
"    for (i = 0; i < k; i++) {\n"
"        float v = x[i] < 0 ? x[i] : -x[i], n, r, e, half, rest;\n"
"        v = v < -104.0f ? -104.0f : v;\n"
"        n = (v * 1.4426950408889634f + 12582912.0f) - 12582912.0f;\n"
"        r = (v - n * 0.693359375f) - n * -2.12194440e-4f;\n"
"        e = 1.0f + (r + r * r * exp_tail(r));\n"
"        half = n * 0.5f + 12582912.0f;\n"
"        rest = (n - (half - 12582912.0f)) + 12582912.0f;\n"
"        e = e * power_of_two(half) * power_of_two(rest);\n"
"        y[i] = (x[i] < 0 ? e : 1.0f) / (1.0f + e);\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP)},
[TP_DEPLOY_SIGMOID_FUSED] = {
"/* behind a product */\n"
"static void sigmoid_behind(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) {\n"
"        float scale, e = exp_minus(x[i] < 0 ? -x[i] : x[i], &scale);\n"
"        e = e + scale;\n"
"        y[i] = (x[i] < 0 ? e : 1.0f) / (1 + e);\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP_MINUS)},
[TP_DEPLOY_TANH] = {
"static void tanh_all(const float *x, float *y, int k) {\n"
"    int i;\n"
"    for (i = 0; i < k; i++) {\n"
"        float a = x[i] < 0 ? -x[i] : x[i], v, n, r, q, scale, m;\n"
"        a = a > 20.0f ? 20.0f : a;\n"
"        v = a + a;\n"
"        n = (v * 1.4426950408889634f + 12582912.0f) - 12582912.0f;\n"
"        r = (v - n * 0.693359375f) - n * -2.12194440e-4f;\n"
"        q = r + r * r * exp_tail(r);\n"
"        scale = power_of_two(n + 12582912.0f);\n"
"        m = scale * q + (scale - 1.0f);\n"
"        m = m / (m + 2.0f);\n"
"        y[i] = x[i] < 0 ? -m : m;\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP)},
[TP_DEPLOY_TANH_FUSED] = {
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
[TP_DEPLOY_ADD] = {
"static void add(const float *a, const float *b, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = a[i] + b[i];\n"
"}\n", 0},
[TP_DEPLOY_MULTIPLY] = {
"static void multiply(const float *a, const float *b, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = a[i] * b[i];\n"
"}\n", 0},
[TP_DEPLOY_COPY] = {
"static void copy(const float *x, float *y, int n) {\n"
"    int i;\n"
"    for (i = 0; i < n; i++) y[i] = x[i];\n"
"}\n", 0},
/* backend/cpu/kernels/softmax_tmpl.h and softmax_rows.h */
[TP_DEPLOY_SOFTMAX] = {
"static void softmax(const float *x, float *y, int rows, int n) {\n"
"    int i, k, s;\n"
"    for (i = 0; i < rows; i++, x += n, y += n) {\n"
"        double total = 0;\n"
"        float top = x[0], factor;\n"
"        for (k = 1; k < n; k++)\n"
"            if (x[k] > top || x[k] != x[k]) top = x[k];\n"
"        for (s = 0; s < n; s += 256) {\n"
"            float l[4] = {0, 0, 0, 0};\n"
"            for (k = s; k < n && k < s + 256; k++) l[k & 3] += y[k] = exp_of(x[k] - top);\n"
"            total += (double)((l[0] + l[2]) + (l[1] + l[3]));\n"
"        }\n"
"        factor = (float)(1 / total);\n"
"        for (k = 0; k < n; k++) y[k] = y[k] * factor;\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP_LANES)},
[TP_DEPLOY_LOG_SOFTMAX] = {
"static void log_softmax(const float *x, float *y, int rows, int n) {\n"
"    int i, k, s;\n"
"    for (i = 0; i < rows; i++, x += n, y += n) {\n"
"        double total = 0;\n"
"        float top = x[0], shift;\n"
"        for (k = 1; k < n; k++)\n"
"            if (x[k] > top || x[k] != x[k]) top = x[k];\n"
"        for (s = 0; s < n; s += 256) {\n"
"            float l[4] = {0, 0, 0, 0};\n"
"            for (k = s; k < n && k < s + 256; k++) l[k & 3] += exp_of(x[k] - top);\n"
"            total += (double)((l[0] + l[2]) + (l[1] + l[3]));\n"
"        }\n"
"        shift = log_of((float)total);\n"
"        for (k = 0; k < n; k++) y[k] = x[k] - top - shift;\n"
"    }\n"
"}\n", BIT(TP_DEPLOY_EXP_LANES) | BIT(TP_DEPLOY_LOG_LANES)},
[TP_DEPLOY_QUANTIZE] = {
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
[TP_DEPLOY_CONV_INT8] = {
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
[TP_DEPLOY_DENSE_INT8] = {
"static void dense_int8(const signed char *x, float *y, const signed char *weights, const float *scale,\n"
"                       const float *bias, int n, int k) {\n"
"    int i, p;\n"
"    for (i = 0; i < n; i++, weights += k) {\n"
"        int sum = 0;\n"
"        for (p = 0; p < k; p++) sum += x[p] * weights[p];\n"
"        y[i] = (float)sum * scale[i] + bias[i];\n"
"    }\n"
"}\n", 0},
};
/* clang-format on */

void tp_deploy_functions(FILE *to, uint64_t wanted) {
    for (int i = TP_DEPLOY_FUNCTIONS - 1; i >= 0; i--)
        if (wanted >> i & 1) wanted |= functions[i].needs;
    for (int i = 0; i < TP_DEPLOY_FUNCTIONS; i++)
        if (wanted >> i & 1) fprintf(to, "%s\n", functions[i].text);
}
