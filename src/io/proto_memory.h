/* protobuf-c takes its memory from the library's allocator. */
#ifndef TP_IO_PROTO_MEMORY_H
#define TP_IO_PROTO_MEMORY_H

#include <protobuf-c/protobuf-c.h>

#include "base/alloc.h"

/* *user is set where memory was refused. */
static inline void *tp_proto_new(void *user, size_t bytes) {
    void *memory = tp_new(bytes ? bytes : 1);
    if (!memory) *(bool *)user = true;
    return memory;
}

static inline void tp_proto_delete(void *user, void *memory) {
    (void)user;
    tp_delete(memory);
}

#define TP_PROTO_ALLOCATOR(refused)                                               \
    (ProtobufCAllocator) {                                                        \
        .alloc = tp_proto_new, .free = tp_proto_delete, .allocator_data = refused \
    }

#endif
