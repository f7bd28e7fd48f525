/** @file data.h
 *  Data sets, and loaders that make batches of them.
 *
 *      tp_loader *ld = tp_loader_new(tp_mnist("train"), .batch_size = 32, .shuffle = true);
 *      tp_batch b;
 *      for (int epoch = 0; epoch < 2; epoch++)
 *          while (tp_next(ld, &b)) {
 *              ... b.x (32, 1, 28, 28) float32, b.y (32) int64 ...
 *          }
 *      tp_loader_free(ld);
 *
 *  A data set goes away with the last loader, subset or map that uses it; tp_dataset_free() is for
 *  one that nobody uses. tp_dataset_keep() makes the user one of those who use it.
 *
 *  A data set of your own is a struct whose first member is `tp_dataset base`:
 *
 *      typedef struct points { tp_dataset base; ... } points;
 *      static bool points_get(const tp_dataset *d, int64_t i, void *x, void *y, tp_why *why);
 *
 *      points *p = tp_dataset_new(points, points_get);
 *      p->base.size = 1000;
 *      p->base.x_shape = tp_shape(2);
 *      p->base.y_dtype = TP_INT64;
 */
#ifndef TAPER_DATA_H
#define TAPER_DATA_H

#include <taper/random.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** A data set: `size` samples, each an x and, where there are targets, a y. */
typedef struct tp_dataset tp_dataset;

/** Where a sample's author says why there is none; shown in the error. */
typedef struct tp_why {
    char text[240];
} tp_why;

/** Writes sample `index`, 0 <= index < size: x in the data set's x_shape and x_dtype, y in y_shape
 *  and y_dtype, in reading order. Either may be NULL: not wanted. Called by several threads at a
 *  time, never with a tensor of the caller's at hand. False, with a reason in `why`, where it
 *  cannot. */
typedef bool (*tp_sample_function)(const tp_dataset *dataset, int64_t index, void *x, void *y,
                                   tp_why *why);

/** The same for data sets whose samples change from epoch to epoch, by random transforms. `epoch` counts from 1 as a loader
 *  does; 0 outside of one. */
typedef bool (*tp_epoch_sample_function)(const tp_dataset *dataset, int64_t index, uint32_t epoch,
                                         void *x, void *y, tp_why *why);

/** The first member of every data set. Its author sets what comes before "private"; the rest has
 *  accessors below. */
struct tp_dataset {
    tp_sample_function get;
    /** Frees what the author's struct holds; NULL where there is nothing. */
    void (*release)(tp_dataset *dataset);
    /** Asked in the place of get where it is not NULL. */
    tp_epoch_sample_function get_in_epoch;
    const char *name;          /**< shown in reports; must stay where it is */
    int64_t size;              /**< number of samples */
    tp_shape x_shape, y_shape; /**< of one sample; of no dimensions for a number or a label */
    tp_dtype x_dtype;          /**< float32 by default */
    tp_dtype y_dtype;          /**< left out where there are no targets */
    /** x are pictures in bytes: a loader makes floats of them, byte / 255. x_shape is (channels,
     * height, width). */
    bool pictures;
    const char *const *classes; /**< their names, or NULL */
    int class_count;            /**< 0 where y is no label */

    /** @cond */
    uint32_t life;
    int users;
    bool kept;
    tp_dataset *previous, *next; /* in the thread's list of those that ended */
    const struct tp_dataset_source *source;
    /** @endcond */
};

/** @name Making data sets
 *  Each returns a data set, or NULL after an error. One that uses others takes a part in keeping
 *  them alive. Where a data set handed in is NULL, because its constructor failed and reported it,
 *  NULL comes back.
 *  @{ */
/** Makes a data set of `bytes` bytes, zeroed, with `tp_dataset base` first; NULL when out of
 *  memory. */
TP_API void *tp_dataset_new_at(tp_location at, size_t bytes, tp_sample_function get);
/** tp_dataset_new(points, points_get): a new data set of your own struct type, whose first member
 *  must be `tp_dataset base`. */
#define tp_dataset_new(type, get) \
    ((type *)tp_dataset_new_at(   \
        TP_HERE, sizeof(type) + 0 * sizeof(char[offsetof(type, base) ? -1 : 1]), get))

/** Samples along dimension 0 of x (N, ...) and y (N, ...), as TensorDataset; y may be NULL. Shares
 *  their bytes and keeps them alive; a tensor that is not contiguous is copied. Byte tensors stay
 *  bytes. Errors: SHAPE where the numbers of samples differ. */
TP_API tp_dataset *tp_tensor_dataset_at(tp_location at, tp_tensor *x, tp_tensor *y);
#define tp_tensor_dataset(x, y) tp_tensor_dataset_at(TP_HERE, x, y)

/** The samples of those numbers, in that order; copies the list. Errors: INDEX. */
TP_API tp_dataset *tp_subset_at(tp_location at, tp_dataset *dataset, const int64_t *indices,
                                int64_t count);
#define tp_subset(dataset, indices, count) \
    tp_subset_at(TP_HERE, (tp_dataset *)(dataset), indices, count)

/** Arguments of tp_random_split. */
typedef struct tp_random_split_args {
    tp_dataset *dataset;
    const double *sizes;     /**< counts that sum to the size, or fractions that sum to 1 */
    int count;               /**< how many parts */
    tp_dataset **parts;      /**< where they go */
    uint64_t seed;           /**< not 0: from a generator of its own with this seed, else: */
    tp_generator *generator; /**< NULL: the thread's */
} tp_random_split_args;
/** Parts of random samples that do not overlap, the same as torch.utils.data.random_split makes:
 *  tp_random_split(d, (double[]){0.9, 0.1}, 2, parts, .seed = 1). False, and parts NULL, after an
 *  error (ARGUMENT). */
TP_API bool tp_random_split_at(tp_location at, tp_random_split_args args);
#define tp_random_split(...) \
    tp_random_split_at(TP_HERE, TP_MAKE(tp_random_split_args, .dataset = (tp_dataset *)__VA_ARGS__))

/** Arguments of tp_balanced_subset. */
typedef struct tp_balanced_subset_args {
    tp_dataset *dataset; /**< with labels */
    int64_t per_class;
    uint64_t seed; /**< 0: the first of each class, in the order of the data set; else chosen and
                      ordered at random */
} tp_balanced_subset_args;
/** `per_class` samples of each class. Errors: VALUE where a class has fewer, DTYPE where y is no
 *  label. */
TP_API tp_dataset *tp_balanced_subset_at(tp_location at, tp_balanced_subset_args args);
#define tp_balanced_subset(...)    \
    tp_balanced_subset_at(TP_HERE, \
                          TP_MAKE(tp_balanced_subset_args, .dataset = (tp_dataset *)__VA_ARGS__))

/** Makes a sample of the new data set out of one of the old: reads x and y, writes new_x and new_y
 *  (each may be NULL: not wanted, and then what it was made of may be NULL too). Called by several
 *  threads at a time. False, with a reason in `why`, where it cannot. */
typedef bool (*tp_map_function)(int64_t index, const void *x, const void *y, void *new_x,
                                void *new_y, void *user, tp_why *why);
/** Arguments of tp_map. What is left out stays as it is in the data set. */
typedef struct tp_map_args {
    tp_dataset *dataset;
    tp_map_function function;
    void *user;
    tp_shape x_shape, y_shape; /**< with x_dtype or y_dtype */
    tp_dtype x_dtype, y_dtype; /**< not left out: the new samples have this type and shape */
} tp_map_args;
/** Applies a function to each sample as it is asked for. */
TP_API tp_dataset *tp_map_at(tp_location at, tp_map_args args);
#define tp_map(...) tp_map_at(TP_HERE, TP_MAKE(tp_map_args, .dataset = (tp_dataset *)__VA_ARGS__))
/** @} */

/** @name Life and contents
 *  @{ */
/** Counts the user among those who use it, until tp_dataset_free(). Returns it. */
TP_API tp_dataset *tp_dataset_keep_at(tp_location at, tp_dataset *dataset);
#define tp_dataset_keep(dataset) tp_dataset_keep_at(TP_HERE, (tp_dataset *)(dataset))
/** Ends it where nobody uses it (any more), and takes tp_dataset_keep() back. NULL and one that has
 *  ended are fine. */
TP_API void tp_dataset_free(tp_dataset *dataset);
/** Number of samples. */
TP_API int64_t tp_dataset_size_at(tp_location at, const tp_dataset *dataset);
#define tp_dataset_size(dataset) tp_dataset_size_at(TP_HERE, (const tp_dataset *)(dataset))
/** Its name, "MNIST train". */
TP_API const char *tp_dataset_name_at(tp_location at, const tp_dataset *dataset);
#define tp_dataset_name(dataset) tp_dataset_name_at(TP_HERE, (const tp_dataset *)(dataset))
/** The name of a class, "7" or "Ankle boot"; its number as text where it has no name. Never NULL.
 */
TP_API const char *tp_class_name_at(tp_location at, const tp_dataset *dataset, int64_t label);
#define tp_class_name(dataset, label) \
    tp_class_name_at(TP_HERE, (const tp_dataset *)(dataset), label)
/** The labels of all samples, (N) int64, owned by the innermost scope. Errors: DTYPE where y is no
 *  label. */
TP_API tp_tensor *tp_dataset_labels_at(tp_location at, tp_dataset *dataset);
#define tp_dataset_labels(dataset) tp_dataset_labels_at(TP_HERE, (tp_dataset *)(dataset))
/** @} */

/** A batch. The tensors live until the next tp_next(); tp_keep() what is to live longer. */
typedef struct tp_batch {
    tp_tensor *x;         /**< (n, ...) */
    tp_tensor *y;         /**< (n, ...), labels int64; NULL where the data set has no targets */
    const int64_t *index; /**< numbers of the samples in the data set, until the next tp_next() */
    int64_t size;         /**< n */
    int64_t number;       /**< 0, 1, ... in the epoch */
} tp_batch;

/** Most channels that .mean and .std can tell apart. */
#define TP_MAX_CHANNELS 4

/** What a loader makes of pictures; also of tp_dataset_batch(). */
typedef struct tp_picture_args {
    bool raw;                     /**< leave pictures in bytes, uint8 */
    double mean[TP_MAX_CHANNELS]; /**< taken off byte / 255, a channel each */
    double std[TP_MAX_CHANNELS];  /**< then divided by; 0 stands for 1 */
} tp_picture_args;

/** The samples of those numbers as tensors of the innermost scope. False after an error. */
TP_API bool tp_dataset_batch_at(tp_location at, tp_dataset *dataset, const int64_t *indices,
                                int64_t count, tp_picture_args pictures, tp_batch *batch);
#define tp_dataset_batch(dataset, indices, count, batch)                  \
    tp_dataset_batch_at(TP_HERE, (tp_dataset *)(dataset), indices, count, \
                        TP_MAKE(tp_picture_args, false), batch)

/** @name Loader
 *  @{ */
/** Makes batches of a data set, epoch after epoch. */
typedef struct tp_loader tp_loader;

/** Arguments of tp_loader_new. */
typedef struct tp_loader_args {
    tp_dataset *dataset;
    int64_t batch_size; /**< 1 */
    bool shuffle;       /**< a new random order each epoch */
    bool drop_last;     /**< leave out a last batch that is smaller */
    /** Where the order comes from. 0: the thread's generator, as DataLoader(shuffle=True) after
     * torch.manual_seed. Else a generator of the loader's own, as DataLoader(shuffle=True,
     * generator=torch.Generator().manual_seed(seed)). */
    uint64_t seed;
    int workers;  /**< threads that prepare batches ahead; 0: the caller does it. Never changes what
                     is delivered. */
    int prefetch; /**< batches that each worker may be ahead: 2 */
    bool raw;     /**< leave pictures in bytes, uint8 */
    double mean[TP_MAX_CHANNELS]; /**< taken off byte / 255, a channel each: .mean = {0.1307} */
    double std[TP_MAX_CHANNELS];  /**< then divided by; 0 stands for 1 */
} tp_loader_args;
/** A loader, owned by the user; NULL after an error (also where the data set is NULL: then it was
 *  reported). Errors: ARGUMENT, and VALUE where drop_last leaves no batch. */
TP_API tp_loader *tp_loader_new_at(tp_location at, tp_loader_args args);
#define tp_loader_new(...) \
    tp_loader_new_at(TP_HERE, TP_MAKE(tp_loader_args, .dataset = (tp_dataset *)__VA_ARGS__))
/** Ends the loader, a scope that it still has open, and data sets that nobody else uses. NULL is
 *  fine. */
TP_API void tp_loader_free(tp_loader *loader);
/** Ends the scope of the last batch with all that was computed in it, opens the next one and makes
 *  a batch in it. False at the end of the epoch, with the scope closed; the next call begins the
 *  next epoch. False, too, after an error. */
TP_API bool tp_next_at(tp_location at, tp_loader *loader, tp_batch *batch);
#define tp_next(loader, batch) tp_next_at(TP_HERE, loader, batch)
/** Leaves the epoch under way: the next tp_next() begins a new one. */
TP_API void tp_loader_reset(tp_loader *loader);
/** Number of batches in an epoch. */
TP_API int64_t tp_loader_batches(const tp_loader *loader);
/** Number of samples in an epoch: those of the batches that are delivered. */
TP_API int64_t tp_loader_samples(const tp_loader *loader);
/** Epochs that were begun. */
TP_API int64_t tp_loader_epoch(const tp_loader *loader);
/** What it loads. */
TP_API tp_dataset *tp_loader_dataset(const tp_loader *loader);

/** Bytes of a saved cursor. */
#define TP_LOADER_STATE_BYTES 2624
/** Writes where the loader stands: epoch, batches delivered, and what its order comes from. The
 *  same on every machine. */
TP_API void tp_loader_save_state(const tp_loader *loader,
                                 unsigned char bytes[TP_LOADER_STATE_BYTES]);
/** Puts it there, so that the next tp_next() gives what it would have given then. The thread's
 *  generator is not touched. Errors: STATE where the bytes are no such state or that of a loader of
 *  other sizes. */
TP_API bool tp_loader_load_state_at(tp_location at, tp_loader *loader, const unsigned char *bytes,
                                    size_t size);
#define tp_loader_load_state(loader, bytes, size) \
    tp_loader_load_state_at(TP_HERE, loader, bytes, size)
/** @} */

TP_END_DECLS

#endif
