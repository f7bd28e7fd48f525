/* What tp_fit() needs of checkpoints beyond their public functions. */
#ifndef TP_IO_CHECKPOINT_FILE_H
#define TP_IO_CHECKPOINT_FILE_H

#include <taper/checkpoint.h>

/* Puts everything back from an opened file; args.path is not looked at. False after an error. */
bool tp_checkpoint_apply(tp_location at, const char *op, const tp_tensor_file *file,
                         const tp_checkpoint_args *args);

#endif
