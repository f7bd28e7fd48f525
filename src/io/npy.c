#include "io/npy.h"

#include "base/fail.h"
#include "io/flat.h"

tp_tensor *tp_npy_tensor(const tp_npy_source *source, tp_element *element) {
    tp_npy_header header;
    if (!tp_npy_read_header(source, &header)) return tp_poison();
    if (element) *element = header.element;
    tp_elements e = {.at = source->at,
                     .op = source->op,
                     .path = source->path,
                     .name = source->name,
                     .bytes = source->bytes + header.bytes,
                     .offset = source->offset + header.bytes,
                     .mapping = source->mapping,
                     .element = header.element,
                     .big = header.big};
    int ndim = header.shape.ndim;
    if (!header.fortran_order || ndim < 2 || tp_shape_numel(header.shape) == 0)
        return tp_elements_tensor(&e, header.shape);
    /* The bytes are those of the transposed array in reading order. */
    tp_shape turned = {.ndim = ndim};
    int64_t stride[TP_MAX_DIMS], step = 1;
    for (int i = 0; i < ndim; i++) {
        turned.dims[ndim - 1 - i] = header.shape.dims[i];
        stride[i] = step;
        step *= header.shape.dims[i];
    }
    tp_tensor *base = tp_elements_tensor(&e, turned);
    if (tp_is_poison(base)) return base;
    tp_tensor *x = tp_make_view(source->at, source->op, base, header.shape, stride, 0);
    tp_free(base);
    return x;
}

tp_tensor *tp_npy_read_at(tp_location at, const char *path) {
    if (!path)
        return tp_fail(at, "npy_read", TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
    tp_mapping *mapping = tp_mapping_open(at, "npy_read", path);
    if (!mapping) return tp_poison();
    tp_npy_source source = {.at = at,
                            .op = "npy_read",
                            .path = path,
                            .bytes = mapping->data,
                            .size = mapping->size,
                            .mapping = mapping};
    tp_tensor *x = tp_npy_tensor(&source, NULL);
    tp_mapping_release(mapping);
    return x;
}

/* ---- writing ---- */

bool tp_npy_write_at(tp_location at, const char *path, tp_tensor *x) {
    if (!path) {
        tp_fail(at, "npy_write", TP_ERROR_ARGUMENT, "path NULL", "the path of a file", NULL);
        return false;
    }
    if (!tp_writable(at, "npy_write", x)) return false;
    char header[TP_NPY_HEADER_ROOM];
    size_t length = tp_npy_put_header(header, x);
    tp_flat flat;
    tp_file_writer writer;
    if (!tp_flat_begin(&flat, at, "npy_write", x)) return false;
    bool fine = tp_file_write_begin(&writer, at, "npy_write", path);
    if (fine) {
        if (tp_file_write(&writer, header, length)) tp_file_write(&writer, flat.data, flat.bytes);
        fine = tp_file_write_end(&writer);
    }
    tp_flat_end(&flat);
    return fine;
}
