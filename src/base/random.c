/* MT19937 and the uniform, whole-number and permutation streams made from it. */
#include "base/random.h"

#include <math.h>
#include <string.h>

#include "base/random_fma.h"

/* Words are made in bulk into a buffer of this many on the stack, then turned into values. */
enum { CHUNK = 512 };

/* ---- the twister ---- */

enum { MT_SHIFT = 397 };

/* One word of the next block from three of this one. */
static inline uint32_t mt_mix(uint32_t a, uint32_t b, uint32_t far) {
    uint32_t y = (a & 0x80000000u) | (b & 0x7fffffffu);
    return far ^ (y >> 1) ^ (-(b & 1u) & 0x9908b0dfu);
}

static inline uint32_t mt_temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* The next block in place. Each loop reads either words not yet written or words written at least
 * 227 before, so the compiler vectorises both. */
static void mt_next_block(uint32_t *state) {
    int i = 0;
    for (; i < TP_MT_WORDS - MT_SHIFT; i++)
        state[i] = mt_mix(state[i], state[i + 1], state[i + MT_SHIFT]);
    for (; i < TP_MT_WORDS - 1; i++)
        state[i] = mt_mix(state[i], state[i + 1], state[i + MT_SHIFT - TP_MT_WORDS]);
    state[i] = mt_mix(state[i], state[0], state[i + MT_SHIFT - TP_MT_WORDS]);
}

void tp_generator_seed(tp_generator *g, uint64_t seed) {
    memset(g, 0, sizeof *g);
    g->seed = seed;
    g->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < TP_MT_WORDS; i++) {
        uint32_t last = g->state[i - 1];
        g->state[i] = 1812433253u * (last ^ (last >> 30)) + i;
    }
    g->next = TP_MT_WORDS;
}

void tp_generator_discard(tp_generator *g, uint64_t words) {
    while (words > TP_MT_WORDS - g->next) {
        words -= TP_MT_WORDS - g->next;
        mt_next_block(g->state);
        g->next = 0;
    }
    g->next += (uint32_t)words;
}

uint32_t tp_random32(tp_generator *g) {
    if (g->next == TP_MT_WORDS) {
        mt_next_block(g->state);
        g->next = 0;
    }
    return mt_temper(g->state[g->next++]);
}

uint64_t tp_random64(tp_generator *g) {
    uint64_t high = tp_random32(g);
    return (high << 32) | tp_random32(g);
}

void tp_random_words(tp_generator *g, uint32_t *out, int64_t n) {
    while (n > 0) {
        if (g->next == TP_MT_WORDS) {
            mt_next_block(g->state);
            g->next = 0;
        }
        int count = TP_MT_WORDS - (int)g->next;
        if (count > n) count = (int)n;
        const uint32_t *state = g->state + g->next;
        for (int i = 0; i < count; i++) out[i] = mt_temper(state[i]);
        g->next += (uint32_t)count;
        out += count;
        n -= count;
    }
}

/* ---- saved states ----
 * bytes 0-7 "tp-mt19" and version 1; 8-15 seed; 16-19 words used; 20 bit 0 a double waits, bit 1 a
 * float; 24-31 the double; 32-35 the float; 36-39 zero; from 40 the block. */

static const uint8_t state_magic[8] = {'t', 'p', '-', 'm', 't', '1', '9', 1};

static void put_bytes(uint8_t *bytes, uint64_t value, int count) {
    for (int i = 0; i < count; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_bytes(const uint8_t *bytes, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

void tp_generator_state_save(const tp_generator *g, uint8_t bytes[TP_GENERATOR_BYTES]) {
    uint64_t double_bits = 0;
    uint32_t float_bits = 0;
    if (g->has_next_double) memcpy(&double_bits, &g->next_double, sizeof double_bits);
    if (g->has_next_float) memcpy(&float_bits, &g->next_float, sizeof float_bits);
    memcpy(bytes, state_magic, 8);
    put_bytes(bytes + 8, g->seed, 8);
    put_bytes(bytes + 16, g->next, 4);
    put_bytes(bytes + 20, (g->has_next_double ? 1u : 0u) | (g->has_next_float ? 2u : 0u), 4);
    put_bytes(bytes + 24, double_bits, 8);
    put_bytes(bytes + 32, float_bits, 4);
    put_bytes(bytes + 36, 0, 4);
    for (int i = 0; i < TP_MT_WORDS; i++) put_bytes(bytes + 40 + 4 * i, g->state[i], 4);
}

bool tp_generator_state_load(tp_generator *g, const uint8_t *bytes, size_t size) {
    if (size != TP_GENERATOR_BYTES || memcmp(bytes, state_magic, 8) != 0) return false;
    uint64_t next = get_bytes(bytes + 16, 4), flags = get_bytes(bytes + 20, 4);
    if (next > TP_MT_WORDS || flags > 3 || get_bytes(bytes + 36, 4) != 0) return false;
    uint32_t any = 0; /* a twister of zeros would give zeros for ever */
    for (int i = 0; i < TP_MT_WORDS; i++) any |= (uint32_t)get_bytes(bytes + 40 + 4 * i, 4);
    if (any == 0) return false;
    memset(g, 0, sizeof *g);
    g->seed = get_bytes(bytes + 8, 8);
    g->next = (uint32_t)next;
    g->has_next_double = (flags & 1) != 0;
    g->has_next_float = (flags & 2) != 0;
    uint64_t double_bits = get_bytes(bytes + 24, 8);
    uint32_t float_bits = (uint32_t)get_bytes(bytes + 32, 4);
    memcpy(&g->next_double, &double_bits, sizeof double_bits);
    memcpy(&g->next_float, &float_bits, sizeof float_bits);
    for (int i = 0; i < TP_MT_WORDS; i++) g->state[i] = (uint32_t)get_bytes(bytes + 40 + 4 * i, 4);
    return true;
}

/* ---- uniform ---- */

void tp_random_uniform_f32(tp_generator *g, float *out, int64_t n, double low, double high) {
    uint32_t words[CHUNK];
    /* The bounds are rounded to float, their difference too; the rest is in double, where the
     * product of two 24-bit numbers is exact. */
    float low32 = (float)low;
    float width32 = (float)high - low32;
    double base = (double)low32, width = (double)width32;
    for (int64_t start = 0; start < n; start += CHUNK) {
        int count = n - start < CHUNK ? (int)(n - start) : CHUNK;
        tp_random_words(g, words, count);
        for (int i = 0; i < count; i++)
            out[start + i] = (float)((int32_t)(words[i] & 0xffffffu) * 0x1p-24 * width + base);
    }
}

/* 53 bits of two words, the first on top, as a double in [0, 1). */
static inline double unit_double(uint32_t high, uint32_t low) {
    return (double)(int64_t)(((uint64_t)(high & 0x1fffffu) << 32) | low) * 0x1p-53;
}

void tp_random_uniform_f64(tp_generator *g, double *out, int64_t n, double low, double high) {
    uint32_t words[CHUNK];
    double width = high - low;
    bool unit = low == 0 && width == 1;
    for (int64_t start = 0; start < n; start += CHUNK / 2) {
        int count = n - start < CHUNK / 2 ? (int)(n - start) : CHUNK / 2;
        tp_random_words(g, words, 2 * (int64_t)count);
        for (int i = 0; i < count; i++) {
            double u = unit_double(words[2 * i], words[2 * i + 1]);
            out[start + i] = unit ? u : fma(u, width, low); /* PyTorch's kernel is fused here */
        }
    }
}

/* ---- whole numbers ---- */

/* low + random % range, one word a value below 2^32 and two from there on; arithmetic wraps. */
static inline int64_t draw_integer(tp_generator *g, uint64_t range, uint64_t low, bool wide) {
    if (wide && range >> 32) return (int64_t)(tp_random64(g) % range + low);
    return (int64_t)((range >> 32 ? tp_random32(g) : tp_random32(g) % (uint32_t)range) + low);
}

#define DEFINE_INTEGERS(NAME, TYPE, WIDE)                                              \
    void tp_random_integers_##NAME(tp_generator *g, TYPE *out, int64_t n, int64_t low, \
                                   int64_t high) {                                     \
        uint64_t range = (uint64_t)high - (uint64_t)low;                               \
        for (int64_t i = 0; i < n; i++)                                                \
            out[i] = (TYPE)draw_integer(g, range, (uint64_t)low, WIDE);                \
    }
DEFINE_INTEGERS(i64, int64_t, true)
DEFINE_INTEGERS(i32, int32_t, false)
DEFINE_INTEGERS(u8, uint8_t, false)
DEFINE_INTEGERS(bool, bool, false)

/* The distance between neighbours of a type with `digits` bits, at |x| > 2^digits. */
static int64_t float_step(int64_t x, int digits) {
    uint64_t size = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    int top = 0;
    while (size >>= 1) top++;
    return (int64_t)1 << (top - digits + 1);
}

/* A value of a floating type as int64: 2^63, which rounding may give, becomes INT64_MIN as the
 * conversion of x86 has it, and PyTorch relies on that. */
static int64_t to_int64(double x) { return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN; }

/* The bounds of a floating type, moved inwards where rounding a value could cross them. */
#define DEFINE_FLOAT_INTEGERS(NAME, TYPE, DIGITS)                                      \
    void tp_random_integers_##NAME(tp_generator *g, TYPE *out, int64_t n, int64_t low, \
                                   int64_t high) {                                     \
        int64_t after_low = to_int64((double)(TYPE)(low + 1));                         \
        if (after_low < low) low = after_low + float_step(low + 1, DIGITS);            \
        int64_t before_high = to_int64((double)(TYPE)(high - 1));                      \
        if (before_high >= high) high = before_high - float_step(high - 1, DIGITS);    \
        uint64_t range = (uint64_t)high - (uint64_t)low;                               \
        for (int64_t i = 0; i < n; i++)                                                \
            out[i] = (TYPE)draw_integer(g, range, (uint64_t)low, true);                \
    }
DEFINE_FLOAT_INTEGERS(f32, float, 24)
DEFINE_FLOAT_INTEGERS(f64, double, 53)

#define DEFINE_ANY(NAME, TYPE, EXPRESSION)                             \
    void tp_random_any_##NAME(tp_generator *g, TYPE *out, int64_t n) { \
        for (int64_t i = 0; i < n; i++) out[i] = (TYPE)(EXPRESSION);   \
    }
DEFINE_ANY(i64, int64_t, tp_random64(g) & INT64_MAX)
DEFINE_ANY(i32, int32_t, tp_random32(g) & INT32_MAX)
DEFINE_ANY(u8, uint8_t, tp_random32(g) & 0xff)
DEFINE_ANY(bool, bool, tp_random32(g) & 1)
DEFINE_ANY(f32, float, tp_random32(g) % ((1u << 24) + 1))
DEFINE_ANY(f64, double, tp_random64(g) % ((UINT64_C(1) << 53) + 1))

/* ---- bernoulli, exponential ---- */

#define DEFINE_BERNOULLI(NAME, TYPE)                                                   \
    void tp_random_bernoulli_##NAME(tp_generator *g, TYPE *out, int64_t n, double p) { \
        double uniform[CHUNK];                                                         \
        for (int64_t start = 0; start < n; start += CHUNK) {                           \
            int count = n - start < CHUNK ? (int)(n - start) : CHUNK;                  \
            tp_random_uniform_f64(g, uniform, count, 0, 1);                            \
            for (int i = 0; i < count; i++) out[start + i] = (TYPE)(uniform[i] < p);   \
        }                                                                              \
    }
DEFINE_BERNOULLI(u8, uint8_t)
DEFINE_BERNOULLI(f32, float)

void tp_random_bernoulli_each_f32(tp_generator *g, uint8_t *out, const float *p, int64_t n) {
    float uniform[CHUNK];
    for (int64_t start = 0; start < n; start += CHUNK) {
        int count = n - start < CHUNK ? (int)(n - start) : CHUNK;
        tp_random_uniform_f32(g, uniform, count, 0, 1);
        for (int i = 0; i < count; i++) out[start + i] = uniform[i] < p[start + i];
    }
}

void tp_random_bernoulli_each_f64(tp_generator *g, uint8_t *out, const double *p, int64_t n) {
    double uniform[CHUNK];
    for (int64_t start = 0; start < n; start += CHUNK) {
        int count = n - start < CHUNK ? (int)(n - start) : CHUNK;
        tp_random_uniform_f64(g, uniform, count, 0, 1);
        for (int i = 0; i < count; i++) out[start + i] = uniform[i] < p[start + i];
    }
}

#define DEFINE_EXPONENTIAL(NAME, TYPE)                                                      \
    void tp_random_exponential_##NAME(tp_generator *g, TYPE *out, int64_t n, double rate) { \
        for (int64_t i = 0; i < n; i++) {                                                   \
            double uniform;                                                                 \
            tp_random_uniform_f64(g, &uniform, 1, 0, 1);                                    \
            out[i] = (TYPE)(-1.0 / rate * log(1.0 - uniform));                              \
        }                                                                                   \
    }
DEFINE_EXPONENTIAL(f32, float)
DEFINE_EXPONENTIAL(f64, double)

/* ---- permutations, and what PyTorch's loader makes of them ---- */

void tp_random_permutation(tp_generator *g, int64_t *out, int64_t n) {
    if (n >= UINT32_MAX / 20) { /* words of 32 bits would no longer be even enough */
        for (int64_t i = 0; i < n; i++) {
            int64_t other = (int64_t)(tp_random64(g) % ((uint64_t)i + 1));
            out[i] = i;
            out[i] = out[other];
            out[other] = i;
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t other = i + (int64_t)(tp_random32(g) % (uint32_t)(n - i));
        int64_t kept = out[i];
        out[i] = out[other];
        out[other] = kept;
    }
}

/* torch.empty((), dtype=torch.int64).random_().item() */
static uint64_t draw_seed(tp_generator *g) { return tp_random64(g) & INT64_MAX; }

void tp_random_epoch_default(tp_generator *g, int64_t *order, int64_t n) {
    tp_generator sampler;
    draw_seed(g); /* the base seed of the workers */
    tp_generator_seed(&sampler, draw_seed(g));
    tp_random_permutation(&sampler, order, n);
}

void tp_random_epoch_own(tp_generator *g, int64_t *order, int64_t n) {
    draw_seed(g);
    tp_random_permutation(g, order, n);
}

void tp_random_epoch_own_end(tp_generator *g, int64_t n) {
    if (n >= UINT32_MAX / 20)
        tp_generator_discard(g, 2 * (uint64_t)n);
    else if (n > 1)
        tp_generator_discard(g, (uint64_t)n - 1);
}

void tp_random_split_order(tp_generator *g, int64_t *indices, int64_t n) {
    tp_random_permutation(g, indices, n);
}

bool tp_random_split_lengths(int64_t n, const double *fractions, int count, int64_t *lengths) {
    double sum = 0;
    int64_t given = 0;
    for (int i = 0; i < count; i++) {
        if (!(fractions[i] >= 0 && fractions[i] <= 1)) return false;
        sum += fractions[i];
        lengths[i] = (int64_t)floor((double)n * fractions[i]);
        given += lengths[i];
    }
    if (!(sum <= 1 && 1 - sum <= 1e-9)) return false;
    for (int i = 0; given < n; i = (i + 1) % count, given++) lengths[i]++;
    return true;
}
