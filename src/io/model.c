/* Whole modules in files. */
#include <taper/io.h>

#include "base/context.h"
#include "io/safetensors.h"

bool tp_save_at(tp_location at, const char *path, tp_module *module) {
    uint32_t errors = tp_ctx()->error.count;
    tp_named_list state = tp_state_dict_at(at, module);
    if (tp_ctx()->error.count != errors) return false;
    static const tp_metadata format = {"format", "pt"}; /* the keys are PyTorch's */
    return tp_tensors_write("save", at,
                            (tp_save_tensors_args){.path = path,
                                                   .items = state.items,
                                                   .count = state.count,
                                                   .metadata = &format,
                                                   .metadata_count = 1});
}

bool tp_load_at(tp_location at, tp_load_args args) {
    tp_tensor_file *file = tp_tensor_file_open(at, "load", args.path);
    if (!file) return false;
    tp_named_list list = tp_tensor_file_list(file);
    bool fine = tp_load_state_at(at, (tp_load_state_args){.module = args.module,
                                                          .items = list.items,
                                                          .count = list.count,
                                                          .partial = args.partial});
    tp_tensor_file_close(file);
    return fine;
}
