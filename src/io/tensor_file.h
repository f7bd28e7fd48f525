/* An opened file of tensors, whatever its format: each reader fills one of these. */
#ifndef TP_IO_TENSOR_FILE_H
#define TP_IO_TENSOR_FILE_H

#include <taper/io.h>

#include "io/elements.h"
#include "io/values.h"

struct tp_tensor_file {
    tp_location at;
    const char *op;
    char *path;
    tp_tensor_format format;
    tp_mapping *mapping;
    tp_values *values;    /* owns the tensors; the names of some formats lie in it */
    const tp_value *root; /* of .pth files */
    size_t count, room;
    tp_named_tensor *items; /* in the file's order */
    tp_element *elements;   /* what each of them is in the file */
    tp_named_tensor *state; /* what tp_tensor_file_state() gave */
    size_t *by_name;        /* numbers of items, sorted by name */
    size_t metadata_count;
    tp_metadata *metadata;
};

/* tp_load_tensors() for any operation. */
tp_tensor_file *tp_tensor_file_open(tp_location at, const char *op, const char *path);
/* The same over bytes that are mapped already; takes the mapping over. */
tp_tensor_file *tp_tensor_file_read(tp_location at, const char *op, const char *path,
                                    tp_mapping *mapping);
/* Adds a tensor that the innermost scope owns, under a name that lives as long as the file; the file owns it from now on. False after an
 * error, also where x is poison. */
bool tp_tensor_file_add(tp_tensor_file *file, const char *name, tp_tensor *x, tp_element element);
/* The same for a tensor that file->values owns already. */
bool tp_tensor_file_list_add(tp_tensor_file *file, const char *name, tp_tensor *x,
                             tp_element element);
/* Reports FORMAT with the file, the offset and the reason; false. */
bool tp_tensor_file_bad(const tp_tensor_file *file, uint64_t offset, const char *reason);

/* The readers. False after an error, which is reported. */
bool tp_safetensors_read(tp_tensor_file *file);
bool tp_npy_read_file(tp_tensor_file *file);
bool tp_zip_read_file(tp_tensor_file *file); /* .pth or .npz, whichever the entries say */
bool tp_pickle_read_file(
    tp_tensor_file *file); /* .pth of before 1.6, or a pickle of plain values */

/* tp_tensor_file_state(); `parallel`: "module." may be taken off. False after an error. */
bool tp_tensor_file_find_state(tp_location at, tp_tensor_file *file, const char *prefix,
                               bool parallel, tp_named_list *state);
/* The format that a file's name asks for: safetensors unless it ends in something else that is known. */
tp_tensor_format tp_tensor_format_of(const char *path);
/* A dictionary of named tensors, or a tree, as a .pth file. */
bool tp_pth_write_tensors(const char *op, tp_location at, const tp_save_tensors_args *args);
bool tp_pth_write(const char *op, tp_location at, const char *path, const tp_value *value);
/* tp_save_tensors() for any operation. */
bool tp_tensors_write(const char *op, tp_location at, tp_save_tensors_args args);

#endif
