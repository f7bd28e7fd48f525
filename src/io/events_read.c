/* Event files as a list of events. */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/events.h"
#include "io/file.h"
#include "io/records.h"

struct tp_event_file {
    tp_event *events;
    void **blocks; /* block i holds what events[i] points at */
    size_t count, room;
    bool truncated;
};

/* ---- copying an event with what it points at ---- */

typedef struct packer {
    char *at; /* NULL: only count */
    size_t bytes;
} packer;

static const void *keep(packer *p, const void *data, size_t bytes) {
    if (!data) return NULL;
    void *place = p->at ? p->at + p->bytes : NULL;
    if (place && bytes) memcpy(place, data, bytes);
    p->bytes += (bytes + 7) / 8 * 8;
    return place;
}

static const char *keep_text(packer *p, const char *text) {
    return text ? keep(p, text, strlen(text) + 1) : NULL;
}

static tp_event keep_event(packer *p, const tp_event *event) {
    tp_event copy = *event;
    size_t bytes = event->hparam_count * sizeof *event->hparams;
    const void *hparams = keep(p, event->hparams, bytes);
    copy.hparams = hparams;
    copy.tag = keep_text(p, event->tag);
    copy.text = keep_text(p, event->text);
    copy.png = keep(p, event->png, event->png_bytes);
    copy.limits = keep(p, event->limits, event->buckets * sizeof *event->limits);
    copy.counts = keep(p, event->counts, event->buckets * sizeof *event->counts);
    for (size_t i = 0; i < event->hparam_count; i++) {
        tp_hparam pair = event->hparams[i];
        pair.name = keep_text(p, pair.name);
        pair.text = keep_text(p, pair.text);
        if (p->at) memcpy(p->at + i * sizeof pair, &pair, sizeof pair);
    }
    return copy;
}

/* Room for one more; false when out of memory. */
static bool grow(tp_event_file *file) {
    if (file->count < file->room) return true;
    size_t more = file->room ? 2 * file->room : 64;
    tp_event *events = file->events ? tp_resize(file->events, more * sizeof *events)
                                    : tp_new(more * sizeof *events);
    if (!events) return false;
    file->events = events;
    void **blocks = file->blocks ? tp_resize(file->blocks, more * sizeof *blocks)
                                 : tp_new(more * sizeof *blocks);
    if (!blocks) return false;
    file->blocks = blocks;
    file->room = more;
    return true;
}

static bool take(const tp_event *event, void *user) {
    tp_event_file *file = user;
    packer p = {NULL, 0};
    keep_event(&p, event);
    if (!grow(file)) return false;
    void *block = tp_new(p.bytes + 1);
    if (!block) return false;
    p = (packer){block, 0};
    file->events[file->count] = keep_event(&p, event);
    file->blocks[file->count++] = block;
    return true;
}

/* ---- the file ---- */

static bool read_all(tp_location at, const char *path, const tp_mapping *mapping,
                     tp_event_file *file) {
    const char *op = "event_file_open";
    size_t offset = 0;
    for (;;) {
        const unsigned char *record = NULL;
        size_t bytes = 0, here = offset;
        const char *why = NULL;
        bool memory = false;
        switch (tp_record_next(mapping->data, mapping->size, &offset, &record, &bytes, &why)) {
        case TP_RECORD_FINE:
            if (tp_event_unpack(record, bytes, take, file, &memory)) continue;
            if (memory) {
                tp_fail_memory(at, op, bytes);
                return false;
            }
            why = "a record that is no event";
            break;
        case TP_RECORD_END: return true;
        case TP_RECORD_TRUNCATED:
            file->truncated = true;
            if (offset > 0) return true;
            why = "no whole record: this is no event file";
            break;
        case TP_RECORD_BAD: break;
        }
        tp_fail(at, op, TP_ERROR_FORMAT, tp_text("%s: at byte %zu: %s", path, here, why), NULL,
                NULL);
        return false;
    }
}

tp_event_file *tp_event_file_open_at(tp_location at, const char *path) {
    const char *op = "event_file_open";
    if (!path) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
        return NULL;
    }
    if (!tp_events_available(at, op)) return NULL;
    tp_mapping *mapping = tp_mapping_open(at, op, path);
    if (!mapping) return NULL;
    tp_event_file *file = tp_new(sizeof *file);
    if (!file) tp_fail_memory(at, op, sizeof *file);
    bool fine = file && read_all(at, path, mapping, file);
    tp_mapping_release(mapping);
    if (fine) return file;
    tp_event_file_close(file);
    return NULL;
}

size_t tp_event_file_count(const tp_event_file *file) { return file ? file->count : 0; }

const tp_event *tp_event_file_get(const tp_event_file *file, size_t i) {
    return file && i < file->count ? &file->events[i] : NULL;
}

bool tp_event_file_truncated(const tp_event_file *file) { return file && file->truncated; }

void tp_event_file_close(tp_event_file *file) {
    if (!file) return;
    for (size_t i = 0; i < file->count; i++) tp_delete(file->blocks[i]);
    tp_delete(file->events);
    tp_delete(file->blocks);
    tp_delete(file);
}
