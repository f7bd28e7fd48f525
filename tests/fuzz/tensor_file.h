/* The targets that open files of tensors: every tensor is printed, so that its bytes are read, and its tree too. */
#ifndef TAPER_TESTS_FUZZ_TENSOR_FILE_H
#define TAPER_TESTS_FUZZ_TENSOR_FILE_H

#include "fuzz/fuzz.h"
#include "io/tensor_file.h"

static inline void fuzz_tensor_file(const uint8_t *data, size_t size) {
    fuzz_begin();
    tp_mapping *mapping = tp_mapping_copy(TP_HERE, "fuzz", data, size);
    tp_tensor_file *file = mapping ? tp_tensor_file_read(TP_HERE, "fuzz", "file", mapping) : NULL;
    tp_named_list list = tp_tensor_file_list(file);
    for (size_t i = 0; i < list.count; i++) {
        char text[256];
        tp_format(list.items[i].tensor, text, sizeof text);
        tp_tensor_file_get(file, list.items[i].name);
    }
    FILE *nowhere = file ? fopen("/dev/null", "w") : NULL;
    if (nowhere) {
        tp_value_print(tp_tensor_file_value(file), nowhere);
        fclose(nowhere);
    }
    tp_tensor_file_close(file);
    fuzz_end();
}

#endif
