/* The safetensors format, https://github.com/huggingface/safetensors: eight bytes with the header's length N (little-endian), N bytes
 * of JSON that begin with '{' and may end with spaces, then the values of all tensors, little-endian, in reading order, without
 * holes or overlaps. */
#ifndef TP_IO_SAFETENSORS_H
#define TP_IO_SAFETENSORS_H

#include "io/tensor_file.h"

/* The longest header that the format's own implementation takes. */
#define TP_SAFETENSORS_MAX_HEADER 100000000
#define TP_SAFETENSORS_METADATA   "__metadata__"

/* The type of the format's name; false where it has none such. `bits` of one element; *element is TP_ELEMENT_COUNT where Taper has
 * nothing for it. */
bool tp_safetensors_type(const char *name, tp_element *element, int *bits);
/* "F32", ... */
const char *tp_safetensors_name_of(tp_element element);

/* One tensor of a file as the header describes it. */
typedef struct tp_safetensors_entry {
    const char *name; /* in the mapping */
    const char *type; /* likewise */
    tp_element element;
    int bits; /* of one element */
    tp_shape shape;
    int64_t begin, end; /* of its bytes, from the first byte after the header */
    uint64_t offset;    /* where the header speaks of it, for reports */
} tp_safetensors_entry;

typedef struct tp_safetensors_reader {
    tp_tensor_file *file;
    uint64_t header; /* its bytes, the length not counted */
    size_t count, room, metadata_room;
    tp_safetensors_entry *entries;
} tp_safetensors_reader;

/* Reads and checks the header: fills entries and the file's metadata. False after an error, which is reported. */
bool tp_safetensors_read_header(tp_safetensors_reader *reader);
/* tp_save_tensors() as safetensors, for any operation. */
bool tp_safetensors_write(const char *op, tp_location at, tp_save_tensors_args args);

#endif
