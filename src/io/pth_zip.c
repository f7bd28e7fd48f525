/* .pth files that are zip archives. */
#include <string.h>

#include "base/alloc.h"
#include "io/npy.h"
#include "io/pth.h"

/* The entry of that name in the root folder. */
static const tp_zip_entry *find_in_root(const tp_pth_reader *reader, const char *name) {
    const char *full = tp_text("%.*s%s", (int)reader->root, reader->pickle_name, name);
    return tp_zip_find(reader->zip, full);
}

static bool find_storage(tp_pth_reader *reader, const tp_pth_storage *storage,
                         tp_pth_bytes *bytes) {
    const char *name = tp_text("data/%.200s", storage->key);
    const tp_zip_entry *entry = find_in_root(reader, name);
    if (!entry)
        return tp_tensor_file_bad(reader->file, storage->place,
                                  tp_text("the archive has no entry \"%s\"", name));
    bytes->bytes = tp_zip_bytes(reader->zip, entry, &bytes->unpacked);
    bytes->size = entry->size;
    bytes->offset = bytes->unpacked ? 0 : entry->offset;
    return bytes->bytes != NULL;
}

/* "little" or "big"; files from before PyTorch 2.1 do not say, and are little-endian unless a rare machine wrote them. */
static bool read_byte_order(tp_pth_reader *reader) {
    const tp_zip_entry *entry = find_in_root(reader, "byteorder");
    if (!entry) return true;
    void *unpacked;
    const unsigned char *bytes = tp_zip_bytes(reader->zip, entry, &unpacked);
    if (!bytes) return false;
    reader->big = entry->size == 3 && memcmp(bytes, "big", 3) == 0;
    bool known = reader->big || (entry->size == 6 && memcmp(bytes, "little", 6) == 0);
    tp_delete(unpacked);
    return known || tp_tensor_file_bad(reader->file, entry->offset,
                                       "a byte order that is neither little nor big");
}

/* Programs of TorchScript have their weights in an archive of the same build, but objects instead of containers around them. */
static bool refuse_script(const tp_pth_reader *reader) {
    tp_fail(reader->file->at, reader->file->op, TP_ERROR_UNSUPPORTED,
            tp_text("%s: a TorchScript program", reader->file->path), "a file of torch.save()",
            "in PyTorch: torch.save(torch.jit.load(path).state_dict(), other)");
    return false;
}

bool tp_pth_read_zip(tp_tensor_file *file, const tp_zip *zip, const char *pickle_name) {
    const tp_zip_entry *entry = tp_zip_find(zip, pickle_name);
    void *unpacked;
    const unsigned char *bytes = tp_zip_bytes(zip, entry, &unpacked);
    if (!bytes) return false;
    tp_pth_reader reader;
    tp_pth_begin(&reader, file, bytes, entry->size, entry->packed, unpacked ? 0 : entry->offset);
    reader.find = find_storage;
    reader.zip = zip;
    reader.pickle_name = pickle_name;
    reader.root = strlen(pickle_name) - strlen("data.pkl");
    bool fine =
        find_in_root(&reader, "constants.pkl") ? refuse_script(&reader) : read_byte_order(&reader);
    if (fine) fine = tp_pth_finish(&reader, tp_pickle_read(&reader.pickle));
    tp_pth_end(&reader);
    tp_delete(unpacked);
    return fine;
}

/* The pickle in the root folder, whatever that is called ("archive", or the file's own name); NULL where there is none. */
static const char *find_pickle(const tp_zip *zip, bool *arrays) {
    static const char last[] = "data.pkl";
    *arrays = false;
    const char *found = NULL;
    for (size_t i = 0; i < zip->count; i++) {
        const char *name = zip->entries[i].name, *slash = strrchr(name, '/');
        const char *base = slash ? slash + 1 : name;
        size_t length = strlen(name);
        *arrays = *arrays || (length > 4 && strcmp(name + length - 4, ".npy") == 0);
        if (strcmp(base, last) == 0 && (!found || length < strlen(found))) found = name;
    }
    return found;
}

bool tp_zip_read_file(tp_tensor_file *file) {
    tp_zip zip;
    bool arrays = false;
    bool fine = tp_zip_open(&zip, file->at, file->op, file->path, file->mapping);
    if (fine) {
        const char *pickle = find_pickle(&zip, &arrays);
        if (pickle)
            fine = tp_pth_read_zip(file, &zip, pickle);
        else if (arrays || !zip.count)
            fine = tp_npz_read_entries(file, &zip);
        else
            fine =
                tp_tensor_file_bad(file, 0, "a zip archive with neither data.pkl nor arrays in it");
    }
    tp_zip_close(&zip);
    return fine;
}
