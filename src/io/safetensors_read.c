/* Tensors of a safetensors file, in the mapped file itself where that can be. */
#include "base/alloc.h"
#include "io/safetensors.h"

static tp_tensor *entry_tensor(const tp_safetensors_reader *r, const tp_safetensors_entry *entry) {
    const tp_tensor_file *file = r->file;
    if (entry->element == TP_ELEMENT_COUNT)
        return tp_fail(
            file->at, file->op, TP_ERROR_UNSUPPORTED,
            tp_text("%s: tensor \"%.80s\" of type %.40s", file->path, entry->name, entry->type),
            "BOOL, U8 to U64, I8 to I64, F8_E4M3, F8_E5M2, F8_E8M0, F16, BF16, F32 or F64", NULL);
    uint64_t offset = 8 + r->header + (uint64_t)entry->begin;
    const tp_elements e = {.at = file->at,
                           .op = file->op,
                           .path = file->path,
                           .name = entry->name,
                           .bytes = file->mapping->data + offset,
                           .offset = offset,
                           .mapping = file->mapping,
                           .element = entry->element};
    return tp_elements_tensor(&e, entry->shape);
}

bool tp_safetensors_read(tp_tensor_file *file) {
    tp_safetensors_reader r = {.file = file};
    file->format = TP_TENSOR_FORMAT_SAFETENSORS;
    bool fine = tp_safetensors_read_header(&r);
    for (size_t i = 0; fine && i < r.count; i++)
        fine = tp_tensor_file_add(file, r.entries[i].name, entry_tensor(&r, &r.entries[i]),
                                  r.entries[i].element);
    tp_delete(r.entries);
    return fine;
}
