#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/crc32.h"
#include "io/elements.h"
#include "io/zip.h"

enum {
    END_BYTES = 22,     /* of the record that ends a file */
    END64_BYTES = 56,   /* of its larger form */
    LOCATOR_BYTES = 20, /* of what tells where that is */
    CENTRAL_BYTES = 46, /* of an entry in the directory, without name, extra fields and comment */
    LOCAL_BYTES = 30,   /* of what stands before the bytes of an entry, likewise */
    COMMENT_BYTES = 65535, /* at most, at the end of a file */
    ENCRYPTED = 1,         /* a flag */
    ZIP64_FIELD = 1        /* the extra field with sizes of 64 bits */
};

static uint64_t number(const unsigned char *bytes, int size) {
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

bool tp_zip_bad(const tp_zip *zip, uint64_t offset, const char *reason) {
    return tp_file_bad(zip->at, zip->op, zip->path, offset, reason, "a zip archive");
}

bool tp_zip_is(const tp_mapping *mapping) {
    return mapping->size >= END_BYTES &&
           (memcmp(mapping->data, "PK\3\4", 4) == 0 || memcmp(mapping->data, "PK\5\6", 4) == 0);
}

/* ---- the end of the file, which tells where the directory is ---- */

typedef struct directory {
    uint64_t offset, size, count, end; /* end: what stands behind the directory begins here */
} directory;

static bool read_end64(const tp_zip *zip, uint64_t end, directory *d) {
    const unsigned char *data = zip->mapping->data;
    if (end < LOCATOR_BYTES || memcmp(data + end - LOCATOR_BYTES, "PK\6\7", 4) != 0) return true;
    uint64_t at = number(data + end - LOCATOR_BYTES + 8, 8);
    if (at > end - LOCATOR_BYTES || end - LOCATOR_BYTES - at < END64_BYTES ||
        memcmp(data + at, "PK\6\6", 4) != 0)
        return tp_zip_bad(zip, end - LOCATOR_BYTES, "the 64-bit end record is not where it should");
    *d = (directory){number(data + at + 48, 8), number(data + at + 40, 8),
                     number(data + at + 32, 8), at};
    return true;
}

static bool find_directory(const tp_zip *zip, directory *d) {
    const unsigned char *data = zip->mapping->data;
    uint64_t size = zip->mapping->size, end = size - END_BYTES;
    uint64_t least = end > COMMENT_BYTES ? end - COMMENT_BYTES : 0;
    while (memcmp(data + end, "PK\5\6", 4) != 0 ||
           number(data + end + 20, 2) != size - END_BYTES - end) {
        if (end == least) return tp_zip_bad(zip, size, "the directory at the end is missing");
        end--;
    }
    *d = (directory){number(data + end + 16, 4), number(data + end + 12, 4),
                     number(data + end + 10, 2), end};
    if (!read_end64(zip, end, d)) return false;
    if (d->offset > d->end || d->size > d->end - d->offset)
        return tp_zip_bad(zip, end, "the directory does not lie in the file");
    if (d->count > d->size / CENTRAL_BYTES)
        return tp_zip_bad(zip, end, "more entries than the directory has room for");
    return true;
}

/* ---- entries ---- */

/* Sizes of all ones stand in an extra field in 64 bits, those that need it, in this order. */
static bool read_zip64(tp_zip_entry *entry, const unsigned char *extra, uint64_t length) {
    uint64_t *const fields[] = {&entry->size, &entry->packed, &entry->header};
    bool needed = false;
    for (int i = 0; i < 3; i++) needed = needed || *fields[i] == 0xFFFFFFFF;
    while (needed && length >= 4) {
        uint64_t id = number(extra, 2), size = number(extra + 2, 2);
        if (size > length - 4) return false;
        if (id == ZIP64_FIELD) {
            const unsigned char *at = extra + 4;
            for (int i = 0; i < 3; i++) {
                if (*fields[i] != 0xFFFFFFFF) continue;
                if (extra + 4 + size - at < 8) return false;
                *fields[i] = number(at, 8);
                at += 8;
            }
            return true;
        }
        extra += 4 + size;
        length -= 4 + size;
    }
    return !needed;
}

/* What the local header says of its length, and whether the bytes lie before the directory. */
static bool place_entry(const tp_zip *zip, tp_zip_entry *entry, uint64_t central,
                        const directory *d) {
    const unsigned char *data = zip->mapping->data;
    const char *name = tp_text("%.80s", entry->name);
    if (entry->header > d->offset || d->offset - entry->header < LOCAL_BYTES ||
        memcmp(data + entry->header, "PK\3\4", 4) != 0)
        return tp_zip_bad(zip, central, tp_text("entry \"%s\" is not where it should be", name));
    uint64_t before =
        LOCAL_BYTES + number(data + entry->header + 26, 2) + number(data + entry->header + 28, 2);
    uint64_t room = d->offset - entry->header;
    if (before > room || entry->packed > room - before)
        return tp_zip_bad(zip, central,
                          tp_text("entry \"%s\" says that it has %llu bytes, which go past the "
                                  "directory",
                                  name, (unsigned long long)entry->packed));
    entry->offset = entry->header + before;
    /* Deflate makes at most 1,032 bytes of one; whoever promises more wants our memory. */
    bool lies = entry->method == TP_ZIP_STORED
                    ? entry->size != entry->packed
                    : entry->size / 1032 > entry->packed || entry->size > SIZE_MAX / 4;
    if (lies)
        return tp_zip_bad(zip, central,
                          tp_text("entry \"%s\" says that %llu bytes become %llu", name,
                                  (unsigned long long)entry->packed,
                                  (unsigned long long)entry->size));
    return true;
}

static bool read_entry(tp_zip *zip, const directory *d, uint64_t *at, char **names) {
    const unsigned char *data = zip->mapping->data, *e = data + *at;
    uint64_t left = d->offset + d->size - *at;
    if (left < CENTRAL_BYTES || memcmp(e, "PK\1\2", 4) != 0)
        return tp_zip_bad(zip, *at, "an entry of the directory is missing");
    uint64_t name = number(e + 28, 2), extra = number(e + 30, 2), comment = number(e + 32, 2);
    if (left - CENTRAL_BYTES < name + extra + comment)
        return tp_zip_bad(zip, *at, "an entry goes past the end of the directory");
    memcpy(*names, e + CENTRAL_BYTES, name); /* a 0 stands behind it already */
    tp_zip_entry entry = {.name = *names,
                          .flags = (uint16_t)number(e + 8, 2),
                          .method = (uint16_t)number(e + 10, 2),
                          .crc = (uint32_t)number(e + 16, 4),
                          .packed = number(e + 20, 4),
                          .size = number(e + 24, 4),
                          .header = number(e + 42, 4)};
    *names += name + 1;
    if (strlen(entry.name) != name) return tp_zip_bad(zip, *at, "a name with a zero byte in it");
    if (!read_zip64(&entry, e + CENTRAL_BYTES + name, extra))
        return tp_zip_bad(zip, *at, "an entry without the 64-bit sizes that it promises");
    if (!place_entry(zip, &entry, *at, d)) return false;
    zip->entries[zip->count++] = entry;
    *at += CENTRAL_BYTES + name + extra + comment;
    return true;
}

static int compare_places(const void *a, const void *b) {
    const tp_zip_entry *x = a, *y = b;
    if (x->header != y->header) return x->header < y->header ? -1 : 1;
    return 0;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const tp_zip_entry *)a)->name, ((const tp_zip_entry *)b)->name);
}

/* No two entries share bytes or a name. */
static bool check_entries(const tp_zip *zip) {
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_places);
    for (size_t i = 1; i < zip->count; i++) {
        const tp_zip_entry *before = &zip->entries[i - 1], *entry = &zip->entries[i];
        if (entry->header < before->offset + before->packed)
            return tp_zip_bad(
                zip, entry->header,
                tp_text("entry \"%.80s\" overlaps \"%.80s\"", entry->name, before->name));
    }
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_names);
    for (size_t i = 1; i < zip->count; i++)
        if (strcmp(zip->entries[i - 1].name, zip->entries[i].name) == 0)
            return tp_zip_bad(zip, zip->entries[i].header,
                              tp_text("there are two entries \"%.80s\"", zip->entries[i].name));
    return true;
}

bool tp_zip_open(tp_zip *zip, tp_location at, const char *op, const char *path,
                 const tp_mapping *mapping) {
    *zip = (tp_zip){.at = at, .op = op, .path = path, .mapping = mapping};
    directory d = {0};
    if (!tp_zip_is(mapping)) return tp_zip_bad(zip, 0, "no zip archive begins like this");
    if (!find_directory(zip, &d)) return false;
    size_t bytes = ((size_t)d.count + 1) * sizeof *zip->entries;
    zip->entries = tp_new(bytes);
    zip->names = tp_new((size_t)d.size + 1); /* longer than all names with their ends */
    if (!zip->entries || !zip->names) {
        tp_fail_memory(at, op, bytes + (size_t)d.size);
        return false;
    }
    char *names = zip->names;
    uint64_t place = d.offset;
    for (uint64_t i = 0; i < d.count; i++)
        if (!read_entry(zip, &d, &place, &names)) return false;
    return check_entries(zip);
}

void tp_zip_close(tp_zip *zip) {
    tp_delete(zip->entries);
    tp_delete(zip->names);
    zip->entries = NULL;
    zip->names = NULL;
    zip->count = 0;
}

const tp_zip_entry *tp_zip_find(const tp_zip *zip, const char *name) {
    const tp_zip_entry key = {.name = name};
    return zip->count ? bsearch(&key, zip->entries, zip->count, sizeof *zip->entries, compare_names)
                      : NULL;
}

/* ---- bytes ---- */

static unsigned char *unpack(const tp_zip *zip, const tp_zip_entry *entry) {
    unsigned char *out = tp_new((size_t)entry->size + 1);
    if (!out) {
        tp_fail_memory(zip->at, zip->op, (size_t)entry->size);
        return NULL;
    }
    const char *why = tp_zip_inflate(zip->mapping->data + entry->offset, (size_t)entry->packed, out,
                                     (size_t)entry->size);
    if (!why && tp_crc32(0, out, (size_t)entry->size) != entry->crc) why = "its check sum is wrong";
    if (!why) return out;
    tp_zip_bad(zip, entry->offset, tp_text("entry \"%.80s\": %s", entry->name, why));
    tp_delete(out);
    return NULL;
}

unsigned char *tp_zip_bytes(const tp_zip *zip, const tp_zip_entry *entry, void **unpacked) {
    *unpacked = NULL;
    if (entry->flags & ENCRYPTED ||
        (entry->method != TP_ZIP_STORED && entry->method != TP_ZIP_DEFLATED)) {
        tp_fail(zip->at, zip->op, TP_ERROR_UNSUPPORTED,
                tp_text("%s: entry \"%.80s\" is %s", zip->path, entry->name,
                        entry->flags & ENCRYPTED ? "encrypted"
                                                 : tp_text("packed by method %d", entry->method)),
                "stored or deflated entries", NULL);
        return NULL;
    }
    if (entry->method == TP_ZIP_STORED) return zip->mapping->data + entry->offset;
    return *unpacked = unpack(zip, entry);
}
