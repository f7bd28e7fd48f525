/* PyTorch's files. Since 1.6 a zip archive: NAME/data.pkl is a pickle in which tensors are views of storages, NAME/data/KEY are the
 * storages' bytes, NAME/byteorder may say "big", NAME/version is a number. Before that, and with _use_new_zipfile_serialization=False
 * still, one pickle after the other (a magic number, a version, facts about the system, the object, the storages' keys) and then the
 * storages, each with its size. */
#ifndef TP_IO_PTH_H
#define TP_IO_PTH_H

#include "io/pickle.h"
#include "io/tensor_file.h"
#include "io/zip.h"

/* Where the bytes of a storage are. */
typedef struct tp_pth_bytes {
    unsigned char *bytes;
    uint64_t size, offset;
    void *unpacked; /* for tp_delete() */
} tp_pth_bytes;

typedef struct tp_pth_reader {
    tp_tensor_file *file;
    tp_pickle pickle;
    bool big; /* storages in big-endian order */
    /* Finds a storage's bytes. False after an error, which is reported. */
    bool (*find)(struct tp_pth_reader *reader, const tp_pth_storage *storage, tp_pth_bytes *bytes);
    /* Of the zip form. */
    const tp_zip *zip;
    size_t root; /* characters of the root folder with its slash */
    const char *pickle_name;
    /* Of the legacy form: keys, sorted, and where each storage is. */
    struct tp_pth_place *places;
    size_t place_count;
} tp_pth_reader;

/* A pickle of `size` bytes, which take `packed` bytes of the file, at this offset. */
void tp_pth_begin(tp_pth_reader *reader, tp_tensor_file *file, const unsigned char *bytes,
                  uint64_t size, uint64_t packed, uint64_t offset);
void tp_pth_end(tp_pth_reader *reader);
/* Makes the tensors that the pickle describes and lists them by their paths in the tree. False after an error. */
bool tp_pth_finish(tp_pth_reader *reader, tp_value *root);

bool tp_pth_read_zip(tp_tensor_file *file, const tp_zip *zip, const char *pickle_name);

#endif
