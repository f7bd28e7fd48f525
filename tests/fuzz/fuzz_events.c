/* Event files: the frames around records, and the records themselves without their frames, whose checksums chance does not meet. */
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>

#include "base/alloc.h"
#include "fuzz/fuzz.h"
#include "io/events.h"
#include "io/records.h"

/* Reads all that an event points at. */
static bool take_event(const tp_event *event, void *user) {
    volatile size_t *sum = user;
    *sum += strlen(event->tag) + (event->text ? strlen(event->text) : 0);
    for (size_t i = 0; i < event->buckets; i++) *sum += event->limits[i] > event->counts[i];
    for (size_t i = 0; i < event->png_bytes; i++) *sum += ((const unsigned char *)event->png)[i];
    for (size_t i = 0; i < event->hparam_count; i++)
        *sum += strlen(event->hparams[i].name) +
                (event->hparams[i].text ? strlen(event->hparams[i].text) : 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_begin();
    volatile size_t sum = 0;
    bool memory;
    size_t offset = 0, bytes = 0;
    const unsigned char *record = NULL;
    const char *why = NULL;
    while (tp_record_next(data, size, &offset, &record, &bytes, &why) == TP_RECORD_FINE)
        tp_event_unpack(record, bytes, take_event, (void *)&sum, &memory);
    tp_event_unpack(data, size, take_event, (void *)&sum, &memory);
    fuzz_end();
    return 0;
}

static void take_packed(const tp_event *event, fuzz_take *take, void *user) {
    size_t bytes = 0;
    void *packed = tp_event_pack(event, 1, &bytes);
    if (packed) take(packed, bytes, user);
    tp_delete(packed);
}

void fuzz_seeds(fuzz_take *take, void *user) {
    static const double numbers[] = {1, 2, 3};
    static const tp_hparam hparams[] = {{"lr", 0.5, NULL}, {"optimizer", 0, "adam"}};
    static const tp_event events[] = {
        {.kind = TP_EVENT_SCALAR, .tag = "loss", .step = 3, .value = 0.5},
        {.kind = TP_EVENT_TEXT, .tag = "note", .text = "hello"},
        {.kind = TP_EVENT_IMAGE, .tag = "x", .png = "png", .png_bytes = 3, .width = 1, .height = 1},
        {.kind = TP_EVENT_HISTOGRAM,
         .tag = "w",
         .num = 6,
         .limits = numbers,
         .counts = numbers,
         .buckets = 3},
        {.kind = TP_EVENT_HPARAMS, .hparams = hparams, .hparam_count = 2},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) take_packed(&events[i], take, user);
    unsigned char framed[TP_RECORD_HEAD + 5 + TP_RECORD_TAIL];
    tp_record_head(framed, 5);
    memcpy(framed + TP_RECORD_HEAD, "hello", 5);
    tp_record_tail(framed + TP_RECORD_HEAD + 5, "hello", 5);
    take(framed, sizeof framed, user);
}
