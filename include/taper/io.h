/** @file io.h
 *  Files of weights: safetensors, PyTorch's .pth, NumPy's .npz. Readers look at the content, writers at the name's end.
 *
 *  Every writer writes beside the target, syncs and renames, so that a file is either the old one or the new one. A damaged file
 *  is an ordinary error (FORMAT) that names the file, the offset and the reason; sizes are checked before anything is
 *  allocated.
 */
#ifndef TAPER_IO_H
#define TAPER_IO_H

#include <taper/values.h>

TP_BEGIN_DECLS

/** A text that goes with tensors in a file. */
typedef struct tp_metadata {
    const char *key, *value;
} tp_metadata;

/** Saves parameters and buffers of a module under PyTorch's keys: as .pth or .npz where the path ends so, else as safetensors. False
 *  after an error. */
TP_API bool tp_save_at(tp_location at, const char *path, tp_module *module);
#define tp_save(path, module) tp_save_at(TP_HERE, path, (tp_module *)(module))

/** Arguments of tp_load. */
typedef struct tp_load_args {
    const char *path;
    tp_module *module;
    bool partial; /**< missing and unexpected keys are no error (PyTorch's strict=False) */
    bool
        skip_mismatched; /**< keys whose shapes differ are left alone: the new last layer of a model that is fine-tuned */
    const char *
        prefix; /**< only names that begin so are taken, without it: "state_dict.", "module.backbone."; see tp_load() for NULL */
    tp_load_report *report; /**< filled in any case, freed by tp_load_report_free(); or NULL */
} tp_load_args;
/** Loads a file of weights, of any format that tp_load_tensors() opens, into a module with those names, converting types. All or nothing:
 *  after an error (FILE, FORMAT, UNSUPPORTED, STATE) the module is as it was, and false comes back.
 *
 *  Without .prefix the state is found by itself: of a checkpoint of Taper's below "model.", of a .pth file in the dictionary that is
 *  called "state_dict", "model_state_dict", "model", "net", "network", "weights" or "params", or else in the only one that holds
 *  tensors; and "module." before every name, as torch.nn.DataParallel leaves it, is taken off. */
TP_API bool tp_load_at(tp_location at, tp_load_args args);
#define tp_load(...) tp_load_at(TP_HERE, TP_MAKE(tp_load_args, .path = __VA_ARGS__))

/** Arguments of tp_save_tensors. */
typedef struct tp_save_tensors_args {
    const char *path;
    const tp_named_tensor *items; /**< any types and strides; names must differ */
    size_t count;
    const tp_metadata *metadata; /**< or NULL */
    size_t metadata_count;
} tp_save_tensors_args;
/** Saves named tensors: as .pth (a dictionary, for torch.load()) or .npz where the path ends so, else as safetensors. Only that has
 *  metadata; the others leave it out. False after an error. */
TP_API bool tp_save_tensors_at(tp_location at, tp_save_tensors_args args);
#define tp_save_tensors(...) \
    tp_save_tensors_at(TP_HERE, TP_MAKE(tp_save_tensors_args, .path = __VA_ARGS__))

/** What an opened file is. */
typedef enum tp_tensor_format {
    TP_TENSOR_FORMAT_NONE,
    TP_TENSOR_FORMAT_SAFETENSORS,
    TP_TENSOR_FORMAT_PTH, /**< torch.save, or a pickle of plain values */
    TP_TENSOR_FORMAT_NPY,
    TP_TENSOR_FORMAT_NPZ
} tp_tensor_format;

/** An opened file of tensors. */
typedef struct tp_tensor_file tp_tensor_file;
/** Opens a safetensors, .pth, .pt, .npy or .npz file, whichever the content says. Tensors of types that Taper has lie in the mapped
 *  file, without a copy; other types become the next larger one (float16 and bfloat16 float32, int8 and int16 int32, ...). Nothing in
 *  a .pth file is run: what is more than tensors, containers, numbers and texts is refused by name. Owned by the user, ended by
 *  tp_tensor_file_close(). NULL after an error (FILE, FORMAT, UNSUPPORTED, MEMORY). */
TP_API tp_tensor_file *tp_load_tensors_at(tp_location at, const char *path);
#define tp_load_tensors(path) tp_load_tensors_at(TP_HERE, path)
/** Its format. */
TP_API tp_tensor_format tp_tensor_file_format(const tp_tensor_file *file);
/** Its tensors, in the file's order. Those of a .pth file have their paths in its tree as names ("state_dict.conv1.weight"), the one of
 *  an .npy file is "array". They belong to the file; changing one never changes the file, and a view of it (tp_detach()) stays
 *  good after tp_tensor_file_close(). */
TP_API tp_named_list tp_tensor_file_list(const tp_tensor_file *file);
/** One of them, or NULL where there is none of that name. */
TP_API tp_tensor *tp_tensor_file_get(const tp_tensor_file *file, const char *name);
/** The type that a tensor has in the file, "float16" for one that became float32; NULL where there is none of that name. */
TP_API const char *tp_tensor_file_type(const tp_tensor_file *file, const char *name);
/** The tensors of a model's state, as tp_load() finds them: those below `prefix`, without it; or, for NULL, those of a checkpoint's
 *  model, with "module." taken off where all have it. Belongs to the file, good until the next call. Empty after an error (STATE,
 *  MEMORY). */
TP_API tp_named_list tp_tensor_file_state_at(tp_location at, tp_tensor_file *file,
                                             const char *prefix);
#define tp_tensor_file_state(file, prefix) tp_tensor_file_state_at(TP_HERE, file, prefix)
/** The metadata value of a key, or NULL. */
TP_API const char *tp_tensor_file_metadata(const tp_tensor_file *file, const char *key);
/** All metadata, sorted by key where there is any. */
TP_API const tp_metadata *tp_tensor_file_metadata_list(const tp_tensor_file *file, size_t *count);
/** The tree of a .pth file, with numbers and texts beside the tensors; NULL for other formats. It belongs to the file. */
TP_API const tp_value *tp_tensor_file_value(const tp_tensor_file *file);
/** Ends it and its tensors. NULL is fine. */
TP_API void tp_tensor_file_close(tp_tensor_file *file);

TP_END_DECLS

#endif
