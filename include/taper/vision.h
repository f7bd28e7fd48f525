/** @file vision.h
 *  Data sets of pictures.
 *
 *  Each makes a tp_dataset whose x are pictures in bytes, (1, 28, 28), and whose y are labels; a
 *  loader makes floats in [0, 1] of them. See taper/data.h for what can be done with one.
 */
#ifndef TAPER_VISION_H
#define TAPER_VISION_H

#include <taper/data.h>
#include <taper/image.h>
#include <taper/transforms.h>

TP_BEGIN_DECLS

/** Arguments of tp_mnist, tp_fashion_mnist, tp_kmnist, tp_cifar10 and tp_cifar100. */
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

/** Arguments of tp_image_folder and tp_image_csv: which files, and how they become samples. */
typedef struct tp_picture_set_args {
    const char *path; /**< the folder, or the CSV file */
    /** Every picture is made image_size x image_size (bilinear). 0: left as it is; then all must have the size of the
     * first one, unless .transform sees to it. */
    int64_t image_size;
    tp_image_mode mode;      /**< RGB by default */
    bool ignore_orientation; /**< of EXIF */
    /** Done to each picture after that; taken over, also where NULL comes back. Random ones draw from (seed, epoch, number of
     * the sample). */
    tp_transform *transform;
    uint64_t seed;
    /** Decoded pictures, changed as far as nothing is random, are kept in memory up to so many bytes: 0 stands for 1 GiB,
     * negative for none. */
    int64_t cache_bytes;
    /** They are kept in this file instead, mapped, all of them and beyond the end of the program; it is made where it is not
     * there, and made anew where pictures or options have changed. They must have one size. NULL: in memory. */
    const char *cache_file;
    /** The numbers of the classes are those of this data set. NULL: classes are sorted by name. */
    const tp_dataset *classes_of;
    /** tp_image_csv: take the rows whose partition is this; NULL: all. */
    const char *partition;
    /** tp_image_csv: names of columns. NULL: found by usual names, which the comment there lists. */
    const char *file_column, *label_column, *number_column, *partition_column;
    /** tp_image_csv: where the files are. NULL: beside the CSV file or in its folder "images". */
    const char *root;
} tp_picture_set_args;

/** A folder with a folder for each class, as torchvision's ImageFolder: classes are sorted by name, files too, also those in
 *  folders further inside. Files that end in .png, .jpg, .jpeg, .bmp, .ppm, .pgm, .pbm or .pnm count. Pictures are decoded when
 *  they are asked for, by the workers of a loader where it has some. x is (channels, height, width) uint8, or float32 where the
 *  transform gives floats. Errors: FILE, FORMAT where the first picture is none, VALUE where there are no files, ARGUMENT,
 *  MEMORY. A file that cannot be read later is an error of the loader that names it. */
TP_API tp_dataset *tp_image_folder_at(tp_location at, tp_picture_set_args args);
#define tp_image_folder(...) \
    tp_image_folder_at(TP_HERE, TP_MAKE(tp_picture_set_args, .path = __VA_ARGS__))

/** The pictures that a CSV file lists, a row each below a row of column names. The file is in a column called filename, file,
 *  path, image or image_path; the label in label, class, category, semantic_label or target; where there is also numeric_label,
 *  class_id, class_index or label_id, that is the class's number; and the partition in partition, split, subset or set. Errors:
 *  FILE; FORMAT naming the line; VALUE where no row is left; ARGUMENT, MEMORY. */
TP_API tp_dataset *tp_image_csv_at(tp_location at, tp_picture_set_args args);
#define tp_image_csv(...) \
    tp_image_csv_at(TP_HERE, TP_MAKE(tp_picture_set_args, .path = __VA_ARGS__))

/** CIFAR-10 (Krizhevsky, 2009): 50,000 small colour pictures to train on and 10,000 to test, (3, 32, 32). Read from its binary
 *  files or straight from cifar-10-binary.tar.gz, in the places of tp_mnist() with "cifar-10", "cifar-10-batches-bin" or
 *  "cifar10" as the subfolder; else that archive is downloaded. Errors as tp_mnist(). */
TP_API tp_dataset *tp_cifar10_at(tp_location at, tp_mnist_args args);
#define tp_cifar10(...) tp_cifar10_at(TP_HERE, TP_MAKE(tp_mnist_args, .split = __VA_ARGS__))
/** CIFAR-100, the same with 100 classes; its fine labels. In "cifar-100", "cifar-100-binary" or "cifar100". */
TP_API tp_dataset *tp_cifar100_at(tp_location at, tp_mnist_args args);
#define tp_cifar100(...) tp_cifar100_at(TP_HERE, TP_MAKE(tp_mnist_args, .split = __VA_ARGS__))

/** Samples out of NumPy's files: x from one .npy file and y from another, or both from an .npz file, where y is NULL and the
 *  arrays are called x and y, X and y, data and target, images and labels, or x_train and y_train. Bytes of three or four
 *  dimensions, (N, height, width) or (N, channels, height, width), are pictures. Integer y are labels. Errors: FILE, FORMAT,
 *  SHAPE, VALUE. */
TP_API tp_dataset *tp_numpy_dataset_at(tp_location at, const char *x, const char *y);
#define tp_numpy_dataset(x, y) tp_numpy_dataset_at(TP_HERE, x, y)

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
