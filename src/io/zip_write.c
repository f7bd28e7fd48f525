#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/crc32.h"
#include "io/zip.h"

/* What the directory says of a record that was written. */
typedef struct tp_zip_written {
    char *name;
    uint16_t method;
    uint32_t crc;
    uint64_t packed, size, header;
} tp_zip_written;

enum {
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    ZIP64_EXTRA = 28,    /* an extra field with three sizes */
    PADDING_ID = 0x4246, /* "FB", as PyTorch's writer marks its padding */
    FIRST_DATE = 0x21,   /* 1980-01-01: the same file whenever it is written */
    UTF8_NAMES = 1 << 11 /* a flag */
};
static const uint64_t LIMIT32 = 0xFFFFFFFF; /* stands for a size that the 64-bit field has */

/* ---- numbers ---- */

typedef struct bytes {
    unsigned char data[CENTRAL_BYTES + ZIP64_EXTRA + 4 + TP_ZIP_ALIGNMENT];
    size_t used;
} bytes;

static void put(bytes *b, uint64_t value, int size) {
    for (int i = 0; i < size; i++) b->data[b->used++] = (unsigned char)(value >> (8 * i));
}

static uint64_t short_size(uint64_t size) { return size >= LIMIT32 ? LIMIT32 : size; }

/* Version needed, flags, method, time, date, sum, sizes, length of the name: what both headers share. */
static void put_common(bytes *b, const tp_zip_written *e) {
    bool large = e->size >= LIMIT32 || e->packed >= LIMIT32 || e->header >= LIMIT32;
    put(b, large ? 45 : 20, 2);
    put(b, UTF8_NAMES, 2);
    put(b, e->method, 2);
    put(b, 0, 2);
    put(b, FIRST_DATE, 2);
    put(b, e->crc, 4);
    put(b, short_size(e->packed), 4);
    put(b, short_size(e->size), 4);
    put(b, strlen(e->name), 2);
}

/* ---- records ---- */

static bool put_file(tp_zip_writer *writer, const void *data, size_t size) {
    writer->used += size;
    return tp_file_write(writer->file, data, size);
}

/* The local header, with an extra field that makes the bytes behind it begin at a multiple of the alignment. */
static bool put_local(tp_zip_writer *writer, const tp_zip_written *e) {
    bytes b = {.used = 0};
    bool large = e->size >= LIMIT32 || e->packed >= LIMIT32;
    size_t name = strlen(e->name), extra = large ? 20 : 0;
    size_t end = (size_t)((writer->used + LOCAL_BYTES + name + extra + 4) % TP_ZIP_ALIGNMENT);
    size_t padding = (TP_ZIP_ALIGNMENT - end) % TP_ZIP_ALIGNMENT;
    put(&b, 0x04034b50, 4);
    put_common(&b, e);
    put(&b, extra + 4 + padding, 2);
    if (!put_file(writer, b.data, b.used) || !put_file(writer, e->name, name)) return false;
    b.used = 0;
    if (large) {
        put(&b, 1, 2);
        put(&b, 16, 2);
        put(&b, e->size, 8);
        put(&b, e->packed, 8);
    }
    put(&b, PADDING_ID, 2);
    put(&b, padding, 2);
    for (size_t i = 0; i < padding; i++) put(&b, 'Z', 1);
    return put_file(writer, b.data, b.used);
}

static bool put_central(tp_zip_writer *writer, const tp_zip_written *e) {
    bytes b = {.used = 0};
    uint64_t fields[] = {e->size, e->packed, e->header};
    uint64_t large = 0;
    for (int i = 0; i < 3; i++) large += fields[i] >= LIMIT32;
    put(&b, 0x02014b50, 4);
    put(&b, large ? 45 : 20, 2);
    put_common(&b, e);
    put(&b, large ? 4 + 8 * large : 0, 2);
    put(&b, 0, 2 + 2 + 2); /* no comment, first disk, no attributes */
    put(&b, 0, 4);
    put(&b, short_size(e->header), 4);
    if (!put_file(writer, b.data, b.used) || !put_file(writer, e->name, strlen(e->name)))
        return false;
    b.used = 0;
    if (large) {
        put(&b, 1, 2);
        put(&b, 8 * large, 2);
        for (int i = 0; i < 3; i++)
            if (fields[i] >= LIMIT32) put(&b, fields[i], 8);
    }
    return put_file(writer, b.data, b.used);
}

static tp_zip_written *new_entry(tp_zip_writer *writer, const char *name) {
    if (writer->count == writer->room) {
        size_t room = writer->room ? 2 * writer->room : 16;
        tp_zip_written *more = tp_resize(writer->entries, room * sizeof *more);
        if (!more) return NULL;
        writer->entries = more;
        writer->room = room;
    }
    char *copy = strlen(name) <= UINT16_MAX ? tp_string_copy(name) : NULL;
    if (!copy) return NULL;
    tp_zip_written *entry = &writer->entries[writer->count++];
    *entry = (tp_zip_written){.name = copy, .header = writer->used};
    return entry;
}

bool tp_zip_add(tp_zip_writer *writer, const char *name, const void *data, size_t size) {
    tp_zip_written *entry = new_entry(writer, name);
    unsigned char *packed = entry && writer->compress && size ? tp_block_allocate(size) : NULL;
    if (!entry || (writer->compress && size && !packed)) {
        tp_fail_memory(writer->file->at, writer->file->op, size);
        writer->failed = true;
        return false;
    }
    entry->crc = tp_crc32(0, data, size);
    entry->size = entry->packed = size;
    int64_t made = packed ? tp_zip_deflate(data, size, packed, size) : 0;
    if (made > 0) {
        entry->method = TP_ZIP_DEFLATED;
        entry->packed = (uint64_t)made;
    }
    bool fine = put_local(writer, entry) &&
                put_file(writer, made > 0 ? packed : data, (size_t)entry->packed);
    if (packed) tp_block_release(packed, size);
    return fine;
}

static bool put_end(tp_zip_writer *writer, uint64_t start) {
    bytes b = {.used = 0};
    uint64_t end = writer->used, count = writer->count;
    if (count >= UINT16_MAX || start >= LIMIT32 || end - start >= LIMIT32) {
        put(&b, 0x06064b50, 4);
        put(&b, 44, 8);
        put(&b, 45, 2);
        put(&b, 45, 2);
        put(&b, 0, 8); /* this disk, the directory's */
        put(&b, count, 8);
        put(&b, count, 8);
        put(&b, end - start, 8);
        put(&b, start, 8);
        put(&b, 0x07064b50, 4);
        put(&b, 0, 4);
        put(&b, end, 8);
        put(&b, 1, 4);
    }
    uint64_t short_count = count >= UINT16_MAX ? UINT16_MAX : count;
    put(&b, 0x06054b50, 4);
    put(&b, 0, 4);
    put(&b, short_count, 2);
    put(&b, short_count, 2);
    put(&b, short_size(end - start), 4);
    put(&b, short_size(start), 4);
    put(&b, 0, 2);
    return put_file(writer, b.data, b.used);
}

bool tp_zip_finish(tp_zip_writer *writer) {
    uint64_t start = writer->used;
    bool fine = !writer->failed;
    for (size_t i = 0; i < writer->count; i++) {
        fine = fine && put_central(writer, &writer->entries[i]);
        tp_delete(writer->entries[i].name);
    }
    fine = fine && put_end(writer, start);
    tp_delete(writer->entries);
    *writer = (tp_zip_writer){.file = writer->file, .failed = writer->failed};
    return fine;
}
