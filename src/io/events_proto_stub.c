/* Where protobuf-c is absent. */
#include "base/fail.h"
#include "io/events.h"

bool tp_events_available(tp_location at, const char *op) {
    tp_fail(at, op, TP_ERROR_UNSUPPORTED, "a build without protobuf-c", NULL,
            "install protobuf-c and its compiler protoc-c, and build again");
    return false;
}

void *tp_event_pack(const tp_event *event, double wall_time, size_t *bytes) {
    (void)event, (void)wall_time;
    *bytes = 0;
    return NULL;
}

bool tp_event_unpack(const void *data, size_t bytes, bool (*take)(const tp_event *, void *),
                     void *user, bool *memory) {
    (void)data, (void)bytes, (void)take, (void)user;
    *memory = false;
    return false;
}
