/* The safetensors format, https://github.com/huggingface/safetensors: eight bytes with the header's length N (little-endian), N bytes
 * of JSON that begin with '{' and may end with spaces, then the values of all tensors, little-endian, in reading order, without
 * holes or overlaps. */
#ifndef TP_IO_SAFETENSORS_H
#define TP_IO_SAFETENSORS_H

#include <taper/io.h>

#include "io/file.h"

/* The longest header that the format's own implementation takes. */
#define TP_SAFETENSORS_MAX_HEADER 100000000
#define TP_SAFETENSORS_METADATA   "__metadata__"

/* One type of the format. */
typedef struct tp_safetensors_type {
    const char *name;
    tp_dtype dtype; /* what it becomes; TP_DTYPE_DEFAULT: Taper has nothing for it */
    int bits;       /* of one element */
} tp_safetensors_type;

/* NULL where the format has no such type. */
const tp_safetensors_type *tp_safetensors_type_named(const char *name);
/* "F32", ... */
const char *tp_safetensors_name_of(tp_dtype dtype);

/* One tensor of a file as the header describes it. */
typedef struct tp_safetensors_entry {
    const char *name; /* in the mapping */
    const tp_safetensors_type *type;
    tp_shape shape;
    int64_t begin, end; /* of its bytes, from the first byte after the header */
    int64_t numel;
    uint64_t offset; /* where the header speaks of it, for reports */
    tp_tensor *tensor;
} tp_safetensors_entry;

struct tp_tensor_file {
    tp_location at;
    const char *op;
    char *path;
    tp_mapping *mapping;
    uint64_t header; /* its bytes, the length not counted */
    size_t count, room;
    tp_safetensors_entry *entries;
    tp_named_tensor *items; /* in the order of entries */
    size_t *by_name;        /* numbers of entries, sorted by name */
    size_t metadata_count, metadata_room;
    tp_metadata *metadata;
};

/* Reads and checks the header: fills entries and metadata. False after an error, which is reported. */
bool tp_safetensors_read_header(tp_tensor_file *file);
/* Reports FORMAT with the file, the offset and the reason; false. */
bool tp_safetensors_bad(const tp_tensor_file *file, uint64_t offset, const char *reason);
/* tp_load_tensors() for any operation. */
tp_tensor_file *tp_tensor_file_open(tp_location at, const char *op, const char *path);
/* tp_save_tensors() for any operation. */
bool tp_tensors_write(const char *op, tp_location at, tp_save_tensors_args args);

#endif
