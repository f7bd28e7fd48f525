/* Normal numbers by Box and Muller's transform (1958): a pair of uniforms gives
 * sqrt(-2 log u) (cos 2 pi v, sin 2 pi v).
 *
 * For float32 the logarithm and the sine and cosine are evaluated in float with the polynomials of
 * Moshier's Cephes library and with the fused steps of PyTorch's AVX2 kernel, so that the bits are
 * its bits. The loops run over BLOCK pairs at a time and hold no branches. */
#include <math.h>

#include "base/random.h"
#include "base/random_fma.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_FMA_TARGET 1
#else
#define HAVE_FMA_TARGET 0
#endif

enum { GROUP = 16, BLOCK = 512 }; /* PyTorch's group: 8 radii, then 8 angles; elements a pass */

static inline uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Both ways to fuse; `instruction` is a constant where this is inlined. */
static inline __attribute__((always_inline)) float fuse(float a, float b, float c,
                                                        bool instruction) {
    return instruction ? __builtin_fmaf(a, b, c) : tp_fma_portable(a, b, c);
}
#define FMA(a, b, c) fuse(a, b, c, instruction)

/* log(x), 0 < x <= 1 and normal: x = 2^e m with m in [sqrt(1/2), sqrt(2)), a polynomial in m - 1. */
static inline __attribute__((always_inline)) float log_fused(float x, bool instruction) {
    uint32_t bits = float_bits(x);
    float e = (float)((int32_t)(bits >> 23) - 126);
    float m = bits_float((bits & 0x007fffffu) | 0x3f000000u); /* in [1/2, 1) */
    uint32_t small = m < 0.707106781186547524f ? 0xffffffffu : 0;
    e -= bits_float(small & float_bits(1.0f));
    float t = (m - 1.0f) + bits_float(small & float_bits(m));
    float square = t * t;
    float y = 7.0376836292e-2f;
    y = FMA(y, t, -1.1514610310e-1f);
    y = FMA(y, t, 1.1676998740e-1f);
    y = FMA(y, t, -1.2420140846e-1f);
    y = FMA(y, t, 1.4249322787e-1f);
    y = FMA(y, t, -1.6668057665e-1f);
    y = FMA(y, t, 2.0000714765e-1f);
    y = FMA(y, t, -2.4999993993e-1f);
    y = FMA(y, t, 3.3333331174e-1f);
    y = FMA(y * t, square, e * -2.12194440e-4f); /* log 2 in two parts: 0.693359375 and this */
    y = FMA(-square, 0.5f, y);
    return FMA(e, 0.693359375f, t + y);
}

/* sin(x) and cos(x), 0 <= x < 8192: the remainder by pi/4, with pi/4 in three parts, then a
 * polynomial each; the octant says which is which and with what sign. */
static inline __attribute__((always_inline)) void sincos_fused(float x, float *sine, float *cosine,
                                                               bool instruction) {
    int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float k = (float)octant;
    x = FMA(k, -0.78515625f, x);
    x = FMA(k, -2.4187564849853515625e-4f, x);
    x = FMA(k, -3.77489497744594108e-8f, x);
    float z = x * x;
    float c = FMA(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    c = FMA(c, z, 4.166664568298827e-2f);
    c = FMA(c * z, z, -(z * 0.5f)) + 1.0f;
    float s = FMA(-1.9515295891e-4f, z, 8.3321608736e-3f);
    s = FMA(s, z, -1.6666654611e-1f);
    s = FMA(s * z, x, x);
    uint32_t swap = (octant & 2) ? 0xffffffffu : 0;
    uint32_t s_bits = float_bits(s), c_bits = float_bits(c);
    uint32_t sine_sign = (uint32_t)(octant & 4) << 29;
    uint32_t cosine_sign = (uint32_t)((octant + 2) & 4) << 29;
    *sine = bits_float(((c_bits & swap) | (s_bits & ~swap)) ^ sine_sign);
    *cosine = bits_float(((s_bits & swap) | (c_bits & ~swap)) ^ cosine_sign);
}

/* n uniforms become n normals in place, n a multiple of GROUP. */
static inline __attribute__((always_inline)) void normal_groups(float *x, int64_t n, float mean,
                                                                float std, bool instruction) {
    for (int64_t i = 0; i < n; i += GROUP) {
        float *group = x + i;
        for (int j = 0; j < GROUP / 2; j++) {
            float radius = sqrtf(-2.0f * log_fused(1.0f - group[j], instruction));
            float sine, cosine;
            sincos_fused(6.283185307179586f * group[j + GROUP / 2], &sine, &cosine, instruction);
            group[j] = FMA(radius * cosine, std, mean);
            group[j + GROUP / 2] = FMA(radius * sine, std, mean);
        }
    }
}

static void normal_groups_portable(float *x, int64_t n, float mean, float std) {
    normal_groups(x, n, mean, std, false);
}

#if HAVE_FMA_TARGET
__attribute__((target("avx2,fma"))) static void normal_groups_fma(float *x, int64_t n, float mean,
                                                                  float std) {
    normal_groups(x, n, mean, std, true);
}
#endif

void tp_random_box_muller(float *x, int64_t n, float mean, float std, bool portable) {
#if HAVE_FMA_TARGET
    if (!portable && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        normal_groups_fma(x, n, mean, std);
        return;
    }
#else
    (void)portable;
#endif
    normal_groups_portable(x, n, mean, std);
}

static double draw_unit(tp_generator *g) {
    double u;
    tp_random_uniform_f64(g, &u, 1, 0, 1);
    return u;
}

double tp_random_normal_one(tp_generator *g, double mean, double std) {
    double value = g->next_double;
    if (g->has_next_double) {
        g->has_next_double = false;
    } else {
        double u = draw_unit(g), v = draw_unit(g);
        double radius = sqrt(-2.0 * log(1.0 - v)), angle = 6.283185307179586 * u;
        g->next_double = radius * sin(angle);
        g->has_next_double = true;
        value = radius * cos(angle);
    }
    return fma(value, std, mean);
}

void tp_random_normal_f32(tp_generator *g, float *out, int64_t n, double mean, double std) {
    if (n < GROUP) {
        for (int64_t i = 0; i < n; i++) out[i] = (float)tp_random_normal_one(g, mean, std);
        return;
    }
    int64_t whole = n - n % GROUP;
    for (int64_t i = 0; i < whole; i += BLOCK) {
        int64_t count = whole - i < BLOCK ? whole - i : BLOCK;
        tp_random_uniform_f32(g, out + i, count, 0, 1);
        tp_random_box_muller(out + i, count, (float)mean, (float)std, false);
    }
    if (whole == n) return;
    tp_generator_discard(g, (uint64_t)(n - whole)); /* PyTorch draws these and overwrites them */
    tp_random_uniform_f32(g, out + n - GROUP, GROUP, 0, 1);
    tp_random_box_muller(out + n - GROUP, GROUP, (float)mean, (float)std, false);
}

static void normal_group_f64(double *group, double mean, double std) {
    for (int j = 0; j < GROUP / 2; j++) {
        double radius = sqrt(-2.0 * log(1.0 - group[j]));
        double angle = 6.283185307179586 * group[j + GROUP / 2];
        group[j] = fma(radius * cos(angle), std, mean);
        group[j + GROUP / 2] = fma(radius * sin(angle), std, mean);
    }
}

void tp_random_normal_f64(tp_generator *g, double *out, int64_t n, double mean, double std) {
    if (n < GROUP) {
        for (int64_t i = 0; i < n; i++) out[i] = tp_random_normal_one(g, mean, std);
        return;
    }
    int64_t whole = n - n % GROUP;
    for (int64_t i = 0; i < whole; i += GROUP) {
        tp_random_uniform_f64(g, out + i, GROUP, 0, 1);
        normal_group_f64(out + i, mean, std);
    }
    if (whole == n) return;
    tp_generator_discard(g, 2 * (uint64_t)(n - whole));
    tp_random_uniform_f64(g, out + n - GROUP, GROUP, 0, 1);
    normal_group_f64(out + n - GROUP, mean, std);
}
