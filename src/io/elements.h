/* The types that elements have in files, and how they become a tensor's: in place where the bytes are the same, by
 * conversion to the next larger type that we have where not. */
#ifndef TP_IO_ELEMENTS_H
#define TP_IO_ELEMENTS_H

#include "io/file.h"
#include "tensor/tensor.h"

typedef enum tp_element {
    TP_ELEMENT_BOOL,
    TP_ELEMENT_U8,
    TP_ELEMENT_I8,
    TP_ELEMENT_U16,
    TP_ELEMENT_I16,
    TP_ELEMENT_U32,
    TP_ELEMENT_I32,
    TP_ELEMENT_U64,
    TP_ELEMENT_I64,
    TP_ELEMENT_F8_E4M3, /* "fn": no infinities, largest 448 */
    TP_ELEMENT_F8_E5M2,
    TP_ELEMENT_F8_E8M0, /* a power of two without sign */
    TP_ELEMENT_F16,
    TP_ELEMENT_BF16,
    TP_ELEMENT_F32,
    TP_ELEMENT_F64,
    TP_ELEMENT_COUNT
} tp_element;

/* Bytes of one element in the file. */
size_t tp_element_size(tp_element element);
/* What it becomes: itself, int32 for the smaller whole types, int64 for uint32 and uint64, float32 for the smaller floating ones. */
tp_dtype tp_element_dtype(tp_element element);
/* "float16", "uint32": PyTorch's word. */
const char *tp_element_name(tp_element element);
/* The type whose bytes are those of a dtype. */
tp_element tp_element_of(tp_dtype dtype);

/* Elements that lie one after the other in a file, or in memory that was unpacked from it. */
typedef struct tp_elements {
    tp_location at;
    const char *op, *path; /* for reports */
    const char *name;      /* of the tensor, for reports; NULL where it has none */
    unsigned char *bytes;  /* size of the element * numel of the shape of them */
    uint64_t offset;       /* of the first in the file, for reports */
    tp_mapping *mapping;   /* that they lie in; NULL where they have to be copied */
    tp_element element;
    bool big; /* the bytes of an element come in big-endian order */
} tp_elements;

/* A contiguous tensor of them, in place (it then holds the mapping) or converted. Owned by the innermost scope; poison after an error,
 * which is reported. */
tp_tensor *tp_elements_tensor(const tp_elements *e, tp_shape shape);

/* Reports FORMAT with file, offset and reason; false. */
bool tp_file_bad(tp_location at, const char *op, const char *path, uint64_t offset,
                 const char *reason, const char *want);

#endif
