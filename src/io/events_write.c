/* Event files that grow. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/events.h"
#include "io/events_histogram.h"
#include "io/png.h"
#include "io/records.h"
#include "ops/loop.h"
#include "tensor/tensor.h"

struct tp_event_writer {
    char *path;
    FILE *stream;
    bool failed; /* reported already */
    bool hparams;
};

enum { HOST = 64, TRIES = 1000, MOST_PIXELS = 1 << 28 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool refuse(tp_location at, const char *op, const char *got, const char *want) {
    tp_fail(at, op, TP_ERROR_ARGUMENT, got, want, NULL);
    return false;
}

static bool fail_file(tp_location at, const char *op, const char *path, int error) {
    tp_fail(at, op, TP_ERROR_FILE, tp_text("%s: %s", path, strerror(error ? error : EIO)), NULL,
            NULL);
    return false;
}

/* ---- the file ---- */

/* Opens a file that is not there yet; its name is what TensorBoard looks for. */
static FILE *open_new(char *path, size_t size, const char *folder) {
    char host[HOST] = "localhost";
    if (gethostname(host, sizeof host - 1) != 0) snprintf(host, sizeof host, "localhost");
    for (char *c = host; *c; c++)
        if (*c == '/') *c = '_';
    for (int i = 0; i < TRIES; i++) {
        snprintf(path, size, "%s/events.out.tfevents.%010lld.%s.%ld.%d", folder, (long long)now(),
                 host, (long)getpid(), i);
        FILE *stream = fopen(path, "wbx");
        if (stream || errno != EEXIST) return stream;
    }
    return NULL;
}

static bool put(tp_location at, const char *op, tp_event_writer *writer, const tp_event *event) {
    double wall_time = event && event->wall_time != 0 ? event->wall_time : now();
    size_t bytes = 0;
    void *record = tp_event_pack(event, wall_time, &bytes);
    if (!record) {
        tp_fail_memory(at, op, bytes);
        return false;
    }
    unsigned char head[TP_RECORD_HEAD], tail[TP_RECORD_TAIL];
    tp_record_head(head, bytes);
    tp_record_tail(tail, record, bytes);
    errno = 0;
    bool fine = fwrite(head, sizeof head, 1, writer->stream) == 1 &&
                (bytes == 0 || fwrite(record, bytes, 1, writer->stream) == 1) &&
                fwrite(tail, sizeof tail, 1, writer->stream) == 1;
    tp_delete(record);
    if (fine) return true;
    writer->failed = true;
    return fail_file(at, op, writer->path, errno);
}

tp_event_writer *tp_event_writer_new_at(tp_location at, const char *folder) {
    const char *op = "event_writer_new";
    if (!folder || !folder[0]) {
        refuse(at, op, folder ? "\"\"" : "NULL", "the path of a folder");
        return NULL;
    }
    if (!tp_events_available(at, op)) return NULL;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fail_file(at, op, folder, errno);
        return NULL;
    }
    size_t size = strlen(folder) + HOST + 96;
    tp_event_writer *writer = tp_new(sizeof *writer);
    if (writer) writer->path = tp_new(size);
    if (!writer || !writer->path) {
        tp_fail_memory(at, op, size);
        tp_delete(writer);
        return NULL;
    }
    errno = 0;
    writer->stream = open_new(writer->path, size, folder);
    if (!writer->stream) fail_file(at, op, writer->path, errno);
    if (writer->stream && put(at, op, writer, NULL)) return writer;
    if (writer->stream) fclose(writer->stream);
    tp_delete(writer->path);
    tp_delete(writer);
    return NULL;
}

const char *tp_event_writer_path(const tp_event_writer *writer) {
    return writer ? writer->path : NULL;
}

bool tp_event_writer_flush_at(tp_location at, tp_event_writer *writer) {
    if (!writer) return refuse(at, "event_writer_flush", "NULL", "a writer");
    if (writer->failed) return false;
    errno = 0;
    if (fflush(writer->stream) == 0) return true;
    writer->failed = true;
    return fail_file(at, "event_writer_flush", writer->path, errno);
}

bool tp_event_writer_close_at(tp_location at, tp_event_writer *writer) {
    if (!writer) return true;
    errno = 0;
    bool fine = fclose(writer->stream) == 0;
    if (!fine && !writer->failed) fail_file(at, "event_writer_close", writer->path, errno);
    fine = fine && !writer->failed;
    tp_delete(writer->path);
    tp_delete(writer);
    return fine;
}

/* ---- events ---- */

/* What is missing for an event of its kind; NULL where nothing is. */
static const char *missing(const tp_event *event) {
    switch (event->kind) {
    case TP_EVENT_SCALAR: return NULL;
    case TP_EVENT_TEXT: return event->text ? NULL : "a text";
    case TP_EVENT_IMAGE: return event->png && event->png_bytes ? NULL : "an encoded picture";
    case TP_EVENT_HISTOGRAM:
        return event->limits && event->counts && event->buckets ? NULL : "limits and counts";
    case TP_EVENT_HPARAMS:
        for (size_t i = 0; i < event->hparam_count; i++)
            if (!event->hparams || !event->hparams[i].name) return "names of hyperparameters";
        for (size_t i = 0; i < event->metric_count; i++)
            if (!event->metrics || !event->metrics[i]) return "tags of metrics";
        return NULL;
    default: return "an event of another kind than OTHER";
    }
}

static bool add(tp_location at, const char *op, tp_event_writer *writer, const tp_event *event) {
    if (!writer) return refuse(at, op, "writer NULL", "a writer");
    if (writer->failed) return false;
    if (event->kind != TP_EVENT_HPARAMS && (!event->tag || !event->tag[0]))
        return refuse(at, op, "no tag", "a name for the value, such as \"loss/train\"");
    const char *want = missing(event);
    if (want) return refuse(at, op, "an event without it", want);
    return put(at, op, writer, event);
}

bool tp_add_event_at(tp_location at, tp_event_writer *writer, const tp_event *event) {
    if (!event) return refuse(at, "add_event", "NULL", "an event");
    return add(at, "add_event", writer, event);
}

bool tp_add_scalar_at(tp_location at, tp_event_writer *writer, const char *tag, double value,
                      int64_t step) {
    tp_event event = {.kind = TP_EVENT_SCALAR, .tag = tag, .step = step, .value = value};
    return add(at, "add_scalar", writer, &event);
}

bool tp_add_text_at(tp_location at, tp_event_writer *writer, const char *tag, const char *text,
                    int64_t step) {
    tp_event event = {.kind = TP_EVENT_TEXT, .tag = tag, .step = step, .text = text};
    return add(at, "add_text", writer, &event);
}

bool tp_add_hparams_at(tp_location at, tp_hparams_args args) {
    if (args.writer && args.writer->hparams)
        return refuse(at, "add_hparams", "hyperparameters for the second time",
                      "one call for each file");
    tp_event event = {.kind = TP_EVENT_HPARAMS,
                      .hparams = args.hparams,
                      .hparam_count = args.count,
                      .metrics = args.metrics,
                      .metric_count = args.metric_count};
    if (!add(at, "add_hparams", args.writer, &event)) return false;
    args.writer->hparams = true;
    return true;
}

/* ---- tensors ---- */

static bool usable(tp_location at, const char *op, const tp_tensor *x) {
    return x && x->life == TP_ALIVE && !x->poison ? true : tp_usable(at, op, x);
}

/* All elements of x as double, and `more` bytes behind them; NULL after an error, reported. Freed by tp_delete(). */
static double *values_of(tp_location at, const char *op, tp_tensor *x, size_t more) {
    size_t bytes = (size_t)x->numel * sizeof(double) + more;
    double *values = tp_new(bytes + 1);
    if (!values) {
        tp_fail_memory(at, op, bytes);
        return NULL;
    }
    bool fine = true;
    TP_SCOPE {
        tp_tensor *copy =
            tp_empty_at(at, (tp_create_args){.shape = tp_shape_copy(x), .dtype = TP_FLOAT64});
        fine = !tp_is_poison(copy);
        if (fine) tp_copy_elements(copy, x);
        if (fine && x->numel) fine = tp_copy_out_at(at, copy, values);
    }
    if (fine) return values;
    tp_delete(values);
    return NULL;
}

bool tp_add_histogram_at(tp_location at, tp_event_writer *writer, const char *tag,
                         tp_tensor *values, int64_t step) {
    const char *op = "add_histogram";
    if (!usable(at, op, values)) return false;
    tp_event event = {.kind = TP_EVENT_HISTOGRAM, .tag = tag, .step = step};
    double *numbers = values_of(at, op, values, sizeof(tp_histogram));
    if (!numbers) return false;
    tp_histogram *room = (tp_histogram *)(void *)(numbers + values->numel);
    bool any = tp_histogram_of(&event, numbers, (size_t)values->numel, room);
    bool fine = any ? add(at, op, writer, &event)
                    : refuse(at, op, tp_tensor_text(values), "at least one finite value");
    tp_delete(numbers);
    return fine;
}

/* (C, H, W) numbers to (H, W, C) bytes. */
static void to_bytes(uint8_t *out, const double *in, int64_t channels, int64_t area, double scale) {
    for (int64_t i = 0; i < area; i++)
        for (int64_t c = 0; c < channels; c++) {
            double value = in[c * area + i] * scale;
            out[i * channels + c] = (uint8_t)(value > 0 ? value < 255 ? lrint(value) : 255 : 0);
        }
}

bool tp_add_image_at(tp_location at, tp_event_writer *writer, const char *tag, tp_tensor *image,
                     int64_t step) {
    const char *op = "add_image";
    if (!usable(at, op, image)) return false;
    int n = image->ndim;
    int64_t channels = n == 3 ? image->shape[0] : 1;
    bool type = image->dtype == TP_UINT8 || tp_is_float_type(image->dtype);
    if ((n != 2 && n != 3) || !type || image->numel == 0 || image->numel > MOST_PIXELS ||
        (channels != 1 && channels != 3 && channels != 4))
        return refuse(at, op, tp_tensor_text(image),
                      "a picture (C, H, W) or (H, W) of bytes or floats, C of 1, 3 or 4");
    double *values = values_of(at, op, image, (size_t)image->numel);
    if (!values) return false;
    uint8_t *pixels = (uint8_t *)(values + image->numel);
    tp_event event = {.kind = TP_EVENT_IMAGE, .tag = tag, .step = step, .channels = channels};
    event.height = image->shape[n - 2];
    event.width = image->shape[n - 1];
    to_bytes(pixels, values, channels, event.height * event.width,
             image->dtype == TP_UINT8 ? 1 : 255);
    void *png = tp_png_store(pixels, event.height, event.width, (int)channels, &event.png_bytes);
    tp_delete(values);
    if (!png) {
        tp_fail_memory(at, op, (size_t)image->numel);
        return false;
    }
    event.png = png;
    bool fine = add(at, op, writer, &event);
    tp_delete(png);
    return fine;
}
