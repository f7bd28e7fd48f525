/** @file vision.h
 *  Data sets of pictures.
 *
 *  Each makes a tp_dataset whose x are pictures in bytes, (1, 28, 28), and whose y are labels; a
 *  loader makes floats in [0, 1] of them. See taper/data.h for what can be done with one.
 */
#ifndef TAPER_VISION_H
#define TAPER_VISION_H

#include <taper/data.h>

TP_BEGIN_DECLS

/** Arguments of tp_mnist, tp_fashion_mnist and tp_kmnist. */
typedef struct tp_mnist_args {
    const char *split; /**< "train" (60,000 pictures) or "test" (10,000) */
    const char
        *root; /**< look in this folder, or its subfolder "mnist" and the like, and nowhere else */
    bool no_download;
    /** Called now and then while a file is downloaded; total is 0 where unknown. May be NULL. */
    void (*progress)(const char *file, int64_t done, int64_t total, void *user);
    void *user;
} tp_mnist_args;
/** Handwritten digits (LeCun and others, 1998) from its four IDX files, plain or gzipped.
 *
 *  They are looked for in the folder that the environment variable TAPER_DATA names, in its
 *  subfolders "mnist" and "MNIST/raw", and in the user's cache, $XDG_CACHE_HOME/taper/mnist; else
 *  they are downloaded there from a list of mirrors (where TAPER_MIRROR is set, from
 *  $TAPER_MIRROR/mnist alone) and checked. NULL after an error: FILE or NETWORK, naming the places,
 *  where they cannot be had; FORMAT for a damaged file, naming the file, the byte and what is
 *  wrong.
 */
TP_API tp_dataset *tp_mnist_at(tp_location at, tp_mnist_args args);
#define tp_mnist(...) tp_mnist_at(TP_HERE, TP_MAKE(tp_mnist_args, .split = __VA_ARGS__))
/** Clothes in the form of MNIST (Xiao and others, 2017); in subfolders "fashion", "fashion-mnist"
 *  and "FashionMNIST/raw". */
TP_API tp_dataset *tp_fashion_mnist_at(tp_location at, tp_mnist_args args);
#define tp_fashion_mnist(...) \
    tp_fashion_mnist_at(TP_HERE, TP_MAKE(tp_mnist_args, .split = __VA_ARGS__))
/** Cursive Japanese in the form of MNIST (Clanuwat and others, 2018); in subfolders "kmnist" and
 *  "KMNIST/raw". */
TP_API tp_dataset *tp_kmnist_at(tp_location at, tp_mnist_args args);
#define tp_kmnist(...) tp_kmnist_at(TP_HERE, TP_MAKE(tp_mnist_args, .split = __VA_ARGS__))

/** The pictures of any two IDX files of bytes, plain or gzipped: pictures (N, height, width) and
 *  labels (N). Errors: FILE, FORMAT. */
TP_API tp_dataset *tp_idx_dataset_at(tp_location at, const char *pictures, const char *labels);
#define tp_idx_dataset(pictures, labels) tp_idx_dataset_at(TP_HERE, pictures, labels)

/** Arguments of tp_digits. */
typedef struct tp_digits_args {
    const char *split; /**< "train" or "test": never the same pictures */
    int64_t count;     /**< 60,000 for "train", 10,000 for "test" */
    uint64_t seed;
} tp_digits_args;
/** Synthetic digits: 28 x 28 pictures like handwriting, drawn from stroke models when they are
 *  first asked for; no files needed. The same on every machine for the same seed. */
TP_API tp_dataset *tp_digits_at(tp_location at, tp_digits_args args);
#define tp_digits(...) tp_digits_at(TP_HERE, TP_MAKE(tp_digits_args, .split = __VA_ARGS__))

TP_END_DECLS

#endif
