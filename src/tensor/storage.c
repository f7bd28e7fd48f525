#include <string.h>

#include "base/alloc.h"
#include "tensor/tensor.h"

/* The bytes lie behind their header in one block: one trip to the free list for each tensor. */
enum { HEADER = (sizeof(tp_storage) + 63) / 64 * 64 };

tp_storage *tp_storage_new(size_t bytes) {
    tp_storage *storage = tp_block_allocate(HEADER + bytes);
    if (!storage) return NULL;
    *storage = (tp_storage){.refs = 1, .bytes = bytes, .data = (char *)storage + HEADER};
    return storage;
}

tp_storage *tp_storage_inside(tp_storage *parent, void *data, size_t bytes) {
    tp_storage *storage = tp_block_allocate(HEADER);
    if (!storage) return NULL;
    *storage =
        (tp_storage){.refs = 1, .bytes = bytes, .data = data, .parent = parent, .external = true};
    parent->refs++;
    return storage;
}

tp_storage *tp_storage_external(void *data, size_t bytes, void (*deleter)(void *, void *),
                                void *user) {
    tp_storage *storage = tp_block_allocate(HEADER);
    if (!storage) return NULL;
    *storage = (tp_storage){.refs = 1,
                            .bytes = bytes,
                            .data = data,
                            .deleter = deleter,
                            .user = user,
                            .external = true};
    return storage;
}

void tp_storage_release(tp_storage *storage) {
    while (storage && --storage->refs == 0) {
        tp_storage *parent = storage->parent;
        if (storage->deleter) storage->deleter(storage->data, storage->user);
        tp_block_release(storage, HEADER + (storage->external ? 0 : storage->bytes));
        storage = parent;
    }
}
