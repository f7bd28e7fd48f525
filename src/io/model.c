/* Whole modules in files. */
#include <string.h>
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

static bool has_child(const tp_module *module, const char *name) {
    for (int i = 0; module && i < tp_child_count(module); i++)
        if (strcmp(tp_module_name(tp_child_get(module, i)), name) == 0) return true;
    return false;
}

bool tp_load_at(tp_location at, tp_load_args args) {
    if (args.report) *args.report = (tp_load_report){0};
    tp_tensor_file *file = tp_tensor_file_open(at, "load", args.path);
    if (!file) return false;
    tp_named_list state;
    bool parallel = !has_child(args.module, "module");
    bool fine = tp_tensor_file_find_state(at, file, args.prefix, parallel, &state) &&
                tp_load_state_at(at, (tp_load_state_args){.module = args.module,
                                                          .items = state.items,
                                                          .count = state.count,
                                                          .partial = args.partial,
                                                          .skip_mismatched = args.skip_mismatched,
                                                          .report = args.report});
    tp_tensor_file_close(file);
    return fine;
}
