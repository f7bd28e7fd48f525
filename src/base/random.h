/* Random numbers: the streams of PyTorch's CPU generator, and a counter-based generator beside it.
 *
 * The generator is the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998). Every fill below
 * consumes it exactly as the PyTorch operation of that name does on a contiguous tensor with n
 * elements, so the same seed gives the same values: uniform and integer ones to the bit, normal
 * ones to the bit as well where PyTorch runs its AVX2 kernel (its choice on today's x86) and within
 * a few units in the last place elsewhere. Values do not depend on our own instruction set.
 *
 * The counter-based one is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", 2011): a word is a pure function of (seed, stream, index, position), so threads and
 * loader workers draw in any order and get the same values. Dropout and augmentation use it.
 *
 * Nothing here allocates or fails; sizes of 0 are fine. Only the C library is needed. */
#ifndef TP_BASE_RANDOM_H
#define TP_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TP_MT_WORDS = 624 };

/* The seed of PyTorch's default generator before anybody calls manual_seed. */
#define TP_DEFAULT_SEED UINT64_C(67280421310721)

/* Plain data: a copy is a second generator that goes on from the same place. */
typedef struct tp_generator {
    uint64_t seed;               /* as given; the twister itself uses the low 32 bits, as PyTorch */
    uint32_t state[TP_MT_WORDS]; /* the current block, before tempering */
    uint32_t next;               /* words of the block already handed out */
    bool has_next_double;        /* Box-Muller makes two normals: the second waits here */
    bool has_next_float;         /* kept for PyTorch's sake, whose CPU operations never set it */
    double next_double;
    float next_float;
} tp_generator;

/* Starts the stream of `seed`, as torch.manual_seed and Generator.manual_seed. */
void tp_generator_seed(tp_generator *g, uint64_t seed);
/* Skips `words` 32-bit words of the stream. */
void tp_generator_discard(tp_generator *g, uint64_t words);

/* A generator as bytes, the same on every machine (little-endian, checked on loading). */
enum { TP_GENERATOR_BYTES = 40 + 4 * TP_MT_WORDS };
void tp_generator_state_save(const tp_generator *g, uint8_t bytes[TP_GENERATOR_BYTES]);
/* False, and *g as it was, where the bytes are not a state that save wrote. */
bool tp_generator_state_load(tp_generator *g, const uint8_t *bytes, size_t size);

/* The next word of the stream; random64 puts the first of two words on top. */
uint32_t tp_random32(tp_generator *g);
uint64_t tp_random64(tp_generator *g);
/* The next n words at once. */
void tp_random_words(tp_generator *g, uint32_t *out, int64_t n);

/* x.uniform_(low, high), and torch.rand with 0 and 1. */
void tp_random_uniform_f32(tp_generator *g, float *out, int64_t n, double low, double high);
void tp_random_uniform_f64(tp_generator *g, double *out, int64_t n, double low, double high);

/* x.normal_(mean, std), and torch.randn with 0 and 1. As in PyTorch, fewer than 16 elements are
 * drawn one by one in double, and 16 or more in blocks of 16, the last block drawn twice where n is
 * no multiple of 16. */
void tp_random_normal_f32(tp_generator *g, float *out, int64_t n, double mean, double std);
void tp_random_normal_f64(tp_generator *g, double *out, int64_t n, double mean, double std);
/* One value as PyTorch draws those of small or non-contiguous tensors. */
double tp_random_normal_one(tp_generator *g, double mean, double std);
/* The step inside: n uniforms, a multiple of 16, become normals in place. `portable` keeps it from
 * the fused instructions of the processor; the result is the same. */
void tp_random_box_muller(float *x, int64_t n, float mean, float std, bool portable);

/* torch.randint(low, high) and x.random_(low, high), low < high: low <= value < high. As in PyTorch
 * a range from 2^32 up takes two words a value, which only the 64-bit and floating types can hold.
 * The floating ones narrow the range first so that rounding never leaves it. */
void tp_random_integers_i64(tp_generator *g, int64_t *out, int64_t n, int64_t low, int64_t high);
void tp_random_integers_i32(tp_generator *g, int32_t *out, int64_t n, int64_t low, int64_t high);
void tp_random_integers_u8(tp_generator *g, uint8_t *out, int64_t n, int64_t low, int64_t high);
void tp_random_integers_bool(tp_generator *g, bool *out, int64_t n, int64_t low, int64_t high);
void tp_random_integers_f32(tp_generator *g, float *out, int64_t n, int64_t low, int64_t high);
void tp_random_integers_f64(tp_generator *g, double *out, int64_t n, int64_t low, int64_t high);

/* x.random_(): whole numbers from 0 to the largest of the type, or to 2^24 and 2^53. */
void tp_random_any_i64(tp_generator *g, int64_t *out, int64_t n);
void tp_random_any_i32(tp_generator *g, int32_t *out, int64_t n);
void tp_random_any_u8(tp_generator *g, uint8_t *out, int64_t n);
void tp_random_any_bool(tp_generator *g, bool *out, int64_t n);
void tp_random_any_f32(tp_generator *g, float *out, int64_t n);
void tp_random_any_f64(tp_generator *g, double *out, int64_t n);

/* x.bernoulli_(p): 1 with probability p, else 0, two words a value whatever the type of x.
 * F.dropout in PyTorch draws the kept elements so, with p = 1 - its own. */
void tp_random_bernoulli_u8(tp_generator *g, uint8_t *out, int64_t n, double p);
void tp_random_bernoulli_f32(tp_generator *g, float *out, int64_t n, double p);
/* torch.bernoulli(p) with n probabilities: one word a value for float32, two for float64. */
void tp_random_bernoulli_each_f32(tp_generator *g, uint8_t *out, const float *p, int64_t n);
void tp_random_bernoulli_each_f64(tp_generator *g, uint8_t *out, const double *p, int64_t n);

/* x.exponential_(rate). */
void tp_random_exponential_f32(tp_generator *g, float *out, int64_t n, double rate);
void tp_random_exponential_f64(tp_generator *g, double *out, int64_t n, double rate);

/* torch.randperm(n): 0 .. n-1 in random order. */
void tp_random_permutation(tp_generator *g, int64_t *out, int64_t n);

/* The order of the samples in one epoch of DataLoader(dataset, shuffle=True), n > 0 samples.
 *
 * PyTorch's loader draws twice an epoch. When the iteration starts, the iterator draws a "base
 * seed" for its workers (even when there are none): one random_() of an int64, that is two words,
 * from the loader's generator. When the first batch is asked for, RandomSampler makes the order:
 *
 * (a) Without a generator= argument: the sampler draws another int64 by random_() from the default
 *     generator, seeds a new generator with it, and the order is that one's randperm(n). The
 *     default generator has moved by four words, whatever n is.
 *         torch.manual_seed(1)                          tp_generator_seed(g, 1)
 *         loader = DataLoader(data, 32, shuffle=True)
 *         for x, y in loader: ...                       tp_random_epoch_default(g, order, n)
 *     The same call again gives the next epoch, unless something else draws in between.
 * (b) With generator=g: the base seed comes from g, and the order is randperm(n) straight from g.
 *     When the epoch has been iterated to its end the sampler draws one more randperm(n) from g,
 *     of which it takes no element; an epoch that is left early does not.
 *         loader = DataLoader(data, 32, shuffle=True, generator=g)
 *         for x, y in loader: ...                       tp_random_epoch_own(g, order, n)
 *                                                       ... the batches ...
 *                                                       tp_random_epoch_own_end(g, n)
 * Batch size, drop_last and the number of workers change neither. */
void tp_random_epoch_default(tp_generator *g, int64_t *order, int64_t n);
void tp_random_epoch_own(tp_generator *g, int64_t *order, int64_t n);
void tp_random_epoch_own_end(tp_generator *g, int64_t n);

/* random_split(dataset, lengths, generator=g): part k is the k-th slice of `indices`, which are
 * randperm(n) with n the sum of the lengths. */
void tp_random_split_order(tp_generator *g, int64_t *indices, int64_t n);
/* The lengths that random_split makes of fractions of n: each rounded down, and what remains dealt
 * out one by one from the first. False where a fraction lies outside [0, 1] or they do not sum to
 * 1 (more than 1, or less by over 1e-9 of it). */
bool tp_random_split_lengths(int64_t n, const double *fractions, int count, int64_t *lengths);

/* Philox4x32-10: four words from a counter and a key. */
void tp_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Words first .. first+n-1 of the stream (seed, stream, index), for instance (seed, epoch, sample).
 * Word w is word w % 4 of the block with key = seed (low half first) and counter = {w / 4, stream,
 * low half of index, high half}; a stream has 2^34 words. Pieces may be drawn in any order. */
void tp_philox_words(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first, uint32_t *out,
                     int64_t n);
/* The same words as uniform floats in [0, 1) with 24 bits. */
void tp_philox_uniform(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first, float *out,
                       int64_t n);
/* The same words as 1 with probability p (to 2^-32), else 0. */
void tp_philox_bernoulli(uint64_t seed, uint32_t stream, uint64_t index, uint64_t first,
                         uint8_t *out, int64_t n, double p);

#endif
