/** @file random.h
 *  Random tensors. The same seed gives the same numbers as PyTorch's CPU generator.
 */
#ifndef TAPER_RANDOM_H
#define TAPER_RANDOM_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** A random number generator (Mersenne Twister, as at::mt19937). NULL stands for this thread's own everywhere. */
typedef struct tp_generator tp_generator;

/** Seeds this thread's generator, as torch.manual_seed. */
TP_API void tp_manual_seed(uint64_t seed);
/** The seed last set; before any, PyTorch's: 67280421310721. */
TP_API uint64_t tp_initial_seed(void);
/** A generator of one's own, owned by the user; NULL when out of memory. */
TP_API tp_generator *tp_generator_new(uint64_t seed);
/** Ends it; NULL is fine. */
TP_API void tp_generator_free(tp_generator *generator);
/** Seeds it again. */
TP_API void tp_generator_manual_seed(tp_generator *generator, uint64_t seed);

/** Arguments of the random tensors that need a shape only. */
typedef struct tp_random_args {
    tp_shape shape;
    tp_generator *generator;
    tp_dtype dtype;
    bool requires_grad;
} tp_random_args;
/** Uniform in [0, 1). */
TP_API tp_tensor *tp_rand_at(tp_location at, tp_random_args args);
#define tp_rand(...) tp_rand_at(TP_HERE, TP_MAKE(tp_random_args, .shape = __VA_ARGS__))
/** Normal, mean 0, deviation 1. */
TP_API tp_tensor *tp_randn_at(tp_location at, tp_random_args args);
#define tp_randn(...) tp_randn_at(TP_HERE, TP_MAKE(tp_random_args, .shape = __VA_ARGS__))
/** Uniform like x. */
TP_API tp_tensor *tp_rand_like_at(tp_location at, const tp_tensor *x);
#define tp_rand_like(x) tp_rand_like_at(TP_HERE, x)
/** Normal like x. */
TP_API tp_tensor *tp_randn_like_at(tp_location at, const tp_tensor *x);
#define tp_randn_like(x) tp_randn_like_at(TP_HERE, x)

/** Arguments of tp_randint. */
typedef struct tp_randint_args {
    int64_t low, high; /**< low <= value < high */
    tp_shape shape;
    tp_generator *generator;
    tp_dtype dtype; /**< int64 by default */
} tp_randint_args;
/** Whole numbers: tp_randint(0, 10, tp_shape(5)). */
TP_API tp_tensor *tp_randint_at(tp_location at, tp_randint_args args);
#define tp_randint(...) tp_randint_at(TP_HERE, TP_MAKE(tp_randint_args, .low = __VA_ARGS__))

/** Arguments of tp_randperm. */
typedef struct tp_randperm_args {
    int64_t n;
    tp_generator *generator;
} tp_randperm_args;
/** 0 .. n-1 in random order: (n) int64. */
TP_API tp_tensor *tp_randperm_at(tp_location at, tp_randperm_args args);
#define tp_randperm(...) tp_randperm_at(TP_HERE, TP_MAKE(tp_randperm_args, .n = __VA_ARGS__))

/** Arguments of tp_bernoulli. */
typedef struct tp_bernoulli_args {
    const tp_tensor *p; /**< probabilities, floating */
    tp_generator *generator;
} tp_bernoulli_args;
/** 1 with probability p, else 0, element by element, in the type of p. */
TP_API tp_tensor *tp_bernoulli_at(tp_location at, tp_bernoulli_args args);
#define tp_bernoulli(...) tp_bernoulli_at(TP_HERE, TP_MAKE(tp_bernoulli_args, .p = __VA_ARGS__))

/** @name In place
 *  Fill x, as the tensor methods of those names do; return x.
 *  @{ */
TP_API tp_tensor *tp_uniform_at(tp_location at, tp_tensor *x, double low, double high,
                                tp_generator *generator);
/** Uniform in [low, high). */
#define tp_uniform_(x, low, high) tp_uniform_at(TP_HERE, x, low, high, NULL)
TP_API tp_tensor *tp_normal_at(tp_location at, tp_tensor *x, double mean, double std,
                               tp_generator *generator);
/** Normal. */
#define tp_normal_(x, mean, std) tp_normal_at(TP_HERE, x, mean, std, NULL)
TP_API tp_tensor *tp_bernoulli_fill_at(tp_location at, tp_tensor *x, double p,
                                       tp_generator *generator);
/** 1 with probability p, else 0. */
#define tp_bernoulli_(x, p) tp_bernoulli_fill_at(TP_HERE, x, p, NULL)
/** @} */

TP_END_DECLS

#endif
