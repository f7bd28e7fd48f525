/* The npy format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: a magic word, a version, the length of a
 * header, the header, which is a Python dictionary with the keys descr, fortran_order and shape, and the elements. */
#ifndef TP_IO_NPY_H
#define TP_IO_NPY_H

#include <taper/numpy.h>

#include "io/elements.h"

typedef struct tp_npy_header {
    tp_element element;
    bool big;           /* elements in big-endian order */
    bool fortran_order; /* the first dimension runs fastest */
    tp_shape shape;
    size_t bytes; /* of all that stands before the elements */
} tp_npy_header;

/* A file, or an entry of an npz, that is being read. */
typedef struct tp_npy_source {
    tp_location at;
    const char *op, *path;
    const char *name; /* of an entry, else NULL */
    unsigned char *bytes;
    size_t size;
    uint64_t offset;     /* of the first byte in the file, for reports */
    tp_mapping *mapping; /* that the bytes lie in, or NULL where they will go away */
} tp_npy_source;

/* Whether bytes begin as an npy file does. */
bool tp_npy_is(const unsigned char *bytes, size_t size);
/* Reads and checks the header: the elements that it promises are there. False after an error, which is reported. */
bool tp_npy_read_header(const tp_npy_source *source, tp_npy_header *header);
/* The array, in the mapping where that can be, and what its elements are in the file (element may be NULL). Owned by the innermost scope;
 * poison after an error. */
tp_tensor *tp_npy_tensor(const tp_npy_source *source, tp_element *element);

/* What a type is called in a header: "<f4". */
const char *tp_npy_descr(tp_dtype dtype);
/* The element of a type's name without its byte order, "f4"; false where there is none. */
bool tp_npy_element(const char *code, tp_element *element);
/* Writes the header of x, padded to a multiple of 64 bytes, to out (TP_NPY_HEADER_ROOM bytes); returns its length. */
enum { TP_NPY_HEADER_ROOM = 384 };
size_t tp_npy_put_header(char *out, const tp_tensor *x);

/* The arrays of an archive, in the order in which they were written. False after an error. */
struct tp_zip;
struct tp_tensor_file;
bool tp_npz_read_entries(struct tp_tensor_file *file, const struct tp_zip *zip);
/* tp_npz_write() for any operation. */
bool tp_npz_write_file(const char *op, tp_location at, tp_npz_write_args args);

#endif
