/* Events as protocol buffers. The file that knows protobuf-c has a stub beside it. */
#ifndef TP_IO_EVENTS_H
#define TP_IO_EVENTS_H

#include <taper/events.h>

/* Whether this build has protobuf-c; else reports UNSUPPORTED for op. */
bool tp_events_available(tp_location at, const char *op);

/* The bytes of an event, or of the first record of a file where event is NULL; freed by tp_delete(). NULL when out of memory, not
 * reported. */
void *tp_event_pack(const tp_event *event, double wall_time, size_t *bytes);
/* Calls `take` for each value of a record; what the event points at lives until it returns. False where the bytes are no event, where
 * memory is out (*memory) or where `take` says so. */
bool tp_event_unpack(const void *data, size_t bytes, bool (*take)(const tp_event *, void *),
                     void *user, bool *memory);

#endif
