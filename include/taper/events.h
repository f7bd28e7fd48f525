/** @file events.h
 *  TensorBoard's event files: writing them by hand or from tp_fit(), and reading them.
 *
 *      tp_event_writer *w = tp_event_writer_new("runs/first");
 *      tp_add_scalar(w, "loss/train", loss, step);
 *      tp_add_histogram(w, "fc.weight", weight, step);
 *      tp_event_writer_close(w);
 *
 *  and then, in a shell, `tensorboard --logdir runs`. tp_fit(..., .events = "runs/first") writes a run's losses, accuracies
 *  and learning rate by itself. Names are those of torch.utils.tensorboard.SummaryWriter.
 *
 *  Each record has its length and two checksums (masked CRC32C), and holds one protocol buffer. A build without protobuf-c
 *  reports UNSUPPORTED.
 */
#ifndef TAPER_EVENTS_H
#define TAPER_EVENTS_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** What an event says. */
typedef enum tp_event_kind {
    TP_EVENT_SCALAR,
    TP_EVENT_IMAGE,
    TP_EVENT_HISTOGRAM,
    TP_EVENT_TEXT,
    TP_EVENT_HPARAMS, /**< the hyperparameters of a run, as its start gives them */
    TP_EVENT_OTHER    /**< anything that Taper has no form for; only met in reading */
} tp_event_kind;

/** A hyperparameter: a number, or a text where text is not NULL. */
typedef struct tp_hparam {
    const char *name;
    double number;
    const char *text;
} tp_hparam;

/** One event: what is said of `tag` at a step. Which members count follows from the kind. */
typedef struct tp_event {
    tp_event_kind kind;
    const char *tag;
    int64_t step;
    double wall_time; /**< seconds since 1970 */

    double value;             /**< SCALAR */
    const char *text;         /**< TEXT: ends with 0; TensorBoard shows it as Markdown */
    const void *png;          /**< IMAGE: an encoded picture, `png_bytes` long */
    size_t png_bytes;         /**< of it */
    int64_t height, width;    /**< of it, in pixels */
    int64_t channels;         /**< of it: 1 grey, 3 RGB, 4 RGBA */
    double min, max;          /**< HISTOGRAM: of the values */
    double num;               /**< how many there are */
    double sum, sum_squares;  /**< of them */
    const double *limits;     /**< right edges of the buckets, rising */
    const double *counts;     /**< values in each */
    size_t buckets;           /**< how many buckets */
    const tp_hparam *hparams; /**< HPARAMS */
    size_t hparam_count;      /**< how many */
    const char *const
        *metrics; /**< HPARAMS, in writing: tags of the scalars that say how good a run was */
    size_t metric_count; /**< how many */
} tp_event;

/** @name Writing
 *  Each function returns false after an error: FILE, ARGUMENT, MEMORY. A writer whose file failed once reports it once
 *  and then stays silent.
 *  @{ */
/** A file of events that grows. */
typedef struct tp_event_writer tp_event_writer;
/** Makes the folder (its parent has to be there) and in it a new file, events.out.tfevents.TIME.HOST.PROCESS.NUMBER.
 *  Owned by the user until tp_event_writer_close(). NULL after an error: FILE, MEMORY, UNSUPPORTED. */
TP_API tp_event_writer *tp_event_writer_new_at(tp_location at, const char *folder);
#define tp_event_writer_new(folder) tp_event_writer_new_at(TP_HERE, folder)
/** The file's path; belongs to the writer. */
TP_API const char *tp_event_writer_path(const tp_event_writer *writer);
/** Hands everything to the system, so that a TensorBoard that runs sees it. */
TP_API bool tp_event_writer_flush_at(tp_location at, tp_event_writer *writer);
#define tp_event_writer_flush(writer) tp_event_writer_flush_at(TP_HERE, writer)
/** Ends it; NULL is fine. */
TP_API bool tp_event_writer_close_at(tp_location at, tp_event_writer *writer);
#define tp_event_writer_close(writer) tp_event_writer_close_at(TP_HERE, writer)

/** Writes any event but OTHER; a wall_time of 0 stands for now. */
TP_API bool tp_add_event_at(tp_location at, tp_event_writer *writer, const tp_event *event);
#define tp_add_event(writer, event) tp_add_event_at(TP_HERE, writer, event)
/** One number, kept as float32. */
TP_API bool tp_add_scalar_at(tp_location at, tp_event_writer *writer, const char *tag, double value,
                             int64_t step);
#define tp_add_scalar(writer, tag, value, step) tp_add_scalar_at(TP_HERE, writer, tag, value, step)
/** A picture (C, H, W) or (H, W), C of 1, 3 or 4, as PNG: uint8, or floats in [0, 1], which are cut off there. */
TP_API bool tp_add_image_at(tp_location at, tp_event_writer *writer, const char *tag,
                            tp_tensor *image, int64_t step);
#define tp_add_image(writer, tag, image, step) tp_add_image_at(TP_HERE, writer, tag, image, step)
/** How the values of a tensor of any type and at least one element are distributed, in TensorFlow's buckets, each 10 % wider than the
 *  one before. NaN and infinities are left out. */
TP_API bool tp_add_histogram_at(tp_location at, tp_event_writer *writer, const char *tag,
                                tp_tensor *values, int64_t step);
#define tp_add_histogram(writer, tag, values, step) \
    tp_add_histogram_at(TP_HERE, writer, tag, values, step)
/** A text, shown as Markdown. */
TP_API bool tp_add_text_at(tp_location at, tp_event_writer *writer, const char *tag,
                           const char *text, int64_t step);
#define tp_add_text(writer, tag, text, step) tp_add_text_at(TP_HERE, writer, tag, text, step)

/** Arguments of tp_add_hparams. */
typedef struct tp_hparams_args {
    tp_event_writer *writer;
    const tp_hparam *hparams; /**< name and value of each */
    size_t count;
    const char *const
        *metrics; /**< tags of scalars in the same folder by which runs are compared */
    size_t metric_count;
} tp_hparams_args;
/** The hyperparameters of the run that the folder holds; once a file. */
TP_API bool tp_add_hparams_at(tp_location at, tp_hparams_args args);
#define tp_add_hparams(...) \
    tp_add_hparams_at(TP_HERE, TP_MAKE(tp_hparams_args, .writer = __VA_ARGS__))
/** @} */

/** @name Reading
 *  @{ */
/** The events of a file. */
typedef struct tp_event_file tp_event_file;
/** Reads a whole event file of any program. A record whose checksum is wrong is an error (FORMAT) that names the byte; one that the
 *  file's end cuts short belongs to a run that still writes, and ends the list. Owned by the user until tp_event_file_close(). NULL
 *  after an error: FILE, FORMAT, MEMORY, UNSUPPORTED. */
TP_API tp_event_file *tp_event_file_open_at(tp_location at, const char *path);
#define tp_event_file_open(path) tp_event_file_open_at(TP_HERE, path)
/** How many events it has, one for each value. */
TP_API size_t tp_event_file_count(const tp_event_file *file);
/** The i-th one; NULL past the last. Belongs to the file, with all that it points at. */
TP_API const tp_event *tp_event_file_get(const tp_event_file *file, size_t i);
/** Whether the file ends inside a record. */
TP_API bool tp_event_file_truncated(const tp_event_file *file);
/** Ends it; NULL is fine. */
TP_API void tp_event_file_close(tp_event_file *file);
/** @} */

TP_END_DECLS

#endif
