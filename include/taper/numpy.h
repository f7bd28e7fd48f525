/** @file numpy.h
 *  NumPy's files: one array in an .npy, several in an .npz.
 *
 *  Formats 1.0, 2.0 and 3.0 are read, C and Fortran order, either byte order, and all of NumPy's plain numbers: bool, int8 to int64,
 *  uint8 to uint64, float16 to float64. Types that Taper lacks become the next larger one (int32, int64, float32). Complex
 *  numbers, texts, records and Python objects are refused by name. tp_load_tensors() opens .npy and .npz files too.
 */
#ifndef TAPER_NUMPY_H
#define TAPER_NUMPY_H

#include <taper/io.h>

TP_BEGIN_DECLS

/** Reads an .npy file. Where type and byte order are ours the tensor lies in the mapped file, without a copy; changing it does not
 *  change the file. A Fortran-ordered array is a tensor with such strides. Owned by the innermost scope; poison after an
 *  error (FILE, FORMAT, UNSUPPORTED, MEMORY). */
TP_API tp_tensor *tp_npy_read_at(tp_location at, const char *path);
#define tp_npy_read(path) tp_npy_read_at(TP_HERE, path)
/** Writes x as an .npy file of version 1.0, in reading order, byte for byte as numpy.save() does. False after an error. */
TP_API bool tp_npy_write_at(tp_location at, const char *path, tp_tensor *x);
#define tp_npy_write(path, x) tp_npy_write_at(TP_HERE, path, x)

/** Reads one array of an .npz file by its name, "x" or "x.npy"; the others are not touched. As tp_npy_read() else; ARGUMENT, with the
 *  names that are there, where there is none of this name. */
TP_API tp_tensor *tp_npz_read_at(tp_location at, const char *path, const char *name);
#define tp_npz_read(path, name) tp_npz_read_at(TP_HERE, path, name)

/** Arguments of tp_npz_write. */
typedef struct tp_npz_write_args {
    const char *path;
    const tp_named_tensor *items; /**< any strides; names must differ */
    size_t count;
    bool
        compressed; /**< as numpy.savez_compressed(); stored all the same in a build without zlib */
} tp_npz_write_args;
/** Writes named tensors as an .npz file, which numpy.load() opens: tp_npz_write("xy.npz", items, 2). What is not compressed
 *  begins at multiples of 64 bytes, so that readers can map it. False after an error. */
TP_API bool tp_npz_write_at(tp_location at, tp_npz_write_args args);
#define tp_npz_write(...) tp_npz_write_at(TP_HERE, TP_MAKE(tp_npz_write_args, .path = __VA_ARGS__))

TP_END_DECLS

#endif
