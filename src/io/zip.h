/* Zip archives over a mapped file (PKWARE's APPNOTE 6.3): entries are found by the central directory and used where they lie. A library
 * would hand out copies; here a stored entry is bytes of the mapping, and only compressed ones are unpacked. Names are looked up, never
 * turned into paths: nothing is written to disk. */
#ifndef TP_IO_ZIP_H
#define TP_IO_ZIP_H

#include "io/file.h"

typedef struct tp_zip_entry {
    const char *name; /* ended by 0 */
    uint16_t method;  /* TP_ZIP_STORED, TP_ZIP_DEFLATED or one that we do not have */
    uint16_t flags;
    uint32_t crc;
    uint64_t packed, size; /* bytes in the file, and once unpacked */
    uint64_t header;       /* where its local header begins */
    uint64_t offset;       /* where its bytes begin */
} tp_zip_entry;

enum { TP_ZIP_STORED = 0, TP_ZIP_DEFLATED = 8 };

typedef struct tp_zip {
    tp_location at;
    const char *op, *path;
    const tp_mapping *mapping;
    size_t count;
    tp_zip_entry *entries; /* sorted by name */
    char *names;
} tp_zip;

/* Whether bytes begin as a zip archive does. */
bool tp_zip_is(const tp_mapping *mapping);
/* Reads and checks the directory: every entry lies in the file, none overlaps another, none is there twice, none is larger than what
 * its packed bytes can give. False after an error, which is reported; end it all the same. */
bool tp_zip_open(tp_zip *zip, tp_location at, const char *op, const char *path,
                 const tp_mapping *mapping);
void tp_zip_close(tp_zip *zip);
/* NULL where there is none of that name. */
const tp_zip_entry *tp_zip_find(const tp_zip *zip, const char *name);
/* The bytes of an entry: those of the mapping where it is stored, else unpacked with tp_new() and handed out in *unpacked as well, for
 * tp_delete(). NULL after an error (FORMAT, UNSUPPORTED, MEMORY), which is reported; never NULL for no bytes. */
unsigned char *tp_zip_bytes(const tp_zip *zip, const tp_zip_entry *entry, void **unpacked);
/* Reports FORMAT at an offset; false. */
bool tp_zip_bad(const tp_zip *zip, uint64_t offset, const char *reason);

/* Unpacks deflated bytes: exactly `size` of them with that sum. NULL, or what is wrong. */
const char *tp_zip_inflate(const unsigned char *packed, size_t packed_size, unsigned char *out,
                           size_t size);
/* Packs; returns the bytes that took, 0 where they would be more than `room`, or -1 where this build cannot. */
int64_t tp_zip_deflate(const void *bytes, size_t size, unsigned char *out, size_t room);

/* ---- writing ---- */

/* Bytes of data begin at multiples of this in the file, so that a reader can use them where they lie. */
enum { TP_ZIP_ALIGNMENT = 64 };

typedef struct tp_zip_writer {
    tp_file_writer *file;
    uint64_t used; /* bytes so far */
    bool compress, failed;
    size_t count, room;
    struct tp_zip_written *entries;
} tp_zip_writer;

/* Adds a record. False where writing failed, which tp_file_write_end() reports, or memory ran out, which is reported here and leaves
 * `failed` set: then abandon the file. */
bool tp_zip_add(tp_zip_writer *writer, const char *name, const void *bytes, size_t size);
/* Writes the directory; the file is ended by the caller. Frees what the writer holds, in any case. */
bool tp_zip_finish(tp_zip_writer *writer);

#endif
