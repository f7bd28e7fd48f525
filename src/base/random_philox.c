/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011).
 * A round multiplies two counter words by constants into 64 bits and mixes the halves with the key,
 * which grows by constants; ten rounds make a block. */
#include "base/random.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2_TARGET 1
#else
#define HAVE_AVX2_TARGET 0
#endif

enum { LANES = 16, TILE = 4 * LANES }; /* blocks made side by side, and their words */

/* LANES blocks at once, word k of block i in c[k][i], so that the compiler vectorises over i. */
static inline __attribute__((always_inline)) void philox_rounds(uint32_t c[4][LANES], uint32_t key0,
                                                                uint32_t key1) {
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LANES; i++) {
            uint64_t p0 = (uint64_t)0xd2511f53u * c[0][i];
            uint64_t p1 = (uint64_t)0xcd9e8d57u * c[2][i];
            c[0][i] = (uint32_t)(p1 >> 32) ^ c[1][i] ^ key0;
            c[2][i] = (uint32_t)(p0 >> 32) ^ c[3][i] ^ key1;
            c[1][i] = (uint32_t)p1;
            c[3][i] = (uint32_t)p0;
        }
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
}

void tp_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xd2511f53u * c0, p1 = (uint64_t)0xcd9e8d57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

typedef struct stream_place {
    uint32_t key[2], stream, index[2];
} stream_place;

/* The TILE words from word 4 * block on. */
static inline __attribute__((always_inline)) void philox_tile(const stream_place *place,
                                                              uint32_t block, uint32_t *out) {
    uint32_t c[4][LANES];
    for (int i = 0; i < LANES; i++) {
        c[0][i] = block + (uint32_t)i;
        c[1][i] = place->stream;
        c[2][i] = place->index[0];
        c[3][i] = place->index[1];
    }
    philox_rounds(c, place->key[0], place->key[1]);
    for (int i = 0; i < LANES; i++)
        for (int k = 0; k < 4; k++) out[4 * i + k] = c[k][i];
}

static void tile_portable(const stream_place *place, uint32_t block, uint32_t *out) {
    philox_tile(place, block, out);
}

#if HAVE_AVX2_TARGET
__attribute__((target("avx2"))) static void tile_avx2(const stream_place *place, uint32_t block,
                                                      uint32_t *out) {
    philox_tile(place, block, out);
}
#endif

typedef void tile_function(const stream_place *place, uint32_t block, uint32_t *out);

static tile_function *choose_tile(void) {
#if HAVE_AVX2_TARGET
    if (__builtin_cpu_supports("avx2")) return tile_avx2;
#endif
    return tile_portable;
}

/* Walks over a stretch of words tile by tile. */
typedef struct word_walk {
    stream_place place;
    tile_function *tile;
    uint64_t next;        /* word to come */
    uint32_t words[TILE]; /* the tile last made */
} word_walk;

static word_walk start_walk(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first) {
    word_walk walk = {{{(uint32_t)seed, (uint32_t)(seed >> 32)},
                       stream,
                       {(uint32_t)index, (uint32_t)(index >> 32)}},
                      choose_tile(),
                      first,
                      {0}};
    return walk;
}

/* Makes up to `wanted` further words, returns how many, and where they are in *words. */
static int walk_on(word_walk *walk, int64_t wanted, const uint32_t **words) {
    int offset = (int)(walk->next % 4);
    int count = TILE - offset;
    if (count > wanted) count = (int)wanted;
    walk->tile(&walk->place, (uint32_t)(walk->next / 4), walk->words);
    walk->next += (uint64_t)count;
    *words = walk->words + offset;
    return count;
}

void tp_philox_words(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first, uint32_t *out,
                     int64_t n) {
    word_walk walk = start_walk(seed, stream, index, first);
    const uint32_t *words;
    for (int count; n > 0; n -= count, out += count) {
        count = walk_on(&walk, n, &words);
        for (int i = 0; i < count; i++) out[i] = words[i];
    }
}

void tp_philox_uniform(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first, float *out,
                       int64_t n) {
    word_walk walk = start_walk(seed, stream, index, first);
    const uint32_t *words;
    for (int count; n > 0; n -= count, out += count) {
        count = walk_on(&walk, n, &words);
        for (int i = 0; i < count; i++) out[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
    }
}

void tp_philox_bernoulli(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first,
                         uint8_t *out, int64_t n, double p) {
    if (!(p > 0 && p < 1)) {
        for (int64_t i = 0; i < n; i++) out[i] = p >= 1;
        return;
    }
    double rounded = p * 0x1p32 + 0.5;
    uint32_t below = rounded >= 0x1p32 ? UINT32_MAX : (uint32_t)rounded;
    word_walk walk = start_walk(seed, stream, index, first);
    const uint32_t *words;
    for (int count; n > 0; n -= count, out += count) {
        count = walk_on(&walk, n, &words);
        for (int i = 0; i < count; i++) out[i] = words[i] < below;
    }
}
