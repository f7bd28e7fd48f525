/** @file checkpoint.h
 *  Checkpoints: all that a training run needs to go on as if it had never stopped, in one safetensors file.
 *
 *  The file holds, under prefixes, the model ("model.0.weight"), the optimiser ("optim.state.0.momentum_buffer"), the schedule
 *  ("schedule.last_epoch"), the loaders' cursors ("loader", "valid") and the thread's generator ("random"), which dropout draws its keys
 *  from. It is written beside its place, synced and renamed: a run that is killed at any moment leaves the old checkpoint
 *  or the new one, never half of one.
 */
#ifndef TAPER_CHECKPOINT_H
#define TAPER_CHECKPOINT_H

#include <taper/data.h>
#include <taper/io.h>
#include <taper/optim.h>
#include <taper/schedule.h>

TP_BEGIN_DECLS

/** Arguments of tp_checkpoint_save and tp_checkpoint_load. What is NULL is neither written nor read. */
typedef struct tp_checkpoint_args {
    const char *path;
    tp_module *module;
    tp_optim *optim;
    tp_schedule *schedule;
    tp_loader *loader; /**< in the middle of an epoch too */
    tp_loader *valid;
    bool no_random; /**< leave the thread's generator out */
    /** Further tensors to write, under names of your own outside of the prefixes above. tp_checkpoint_load() leaves them to
     *  tp_load_tensors(). */
    const tp_named_tensor *extra;
    size_t extra_count;
} tp_checkpoint_args;

/** Writes a checkpoint: tp_checkpoint_save("run.ckpt", .module = (tp_module *)net, .optim = opt, .loader = ld). False after an error. */
TP_API bool tp_checkpoint_save_at(tp_location at, tp_checkpoint_args args);
#define tp_checkpoint_save(...) \
    tp_checkpoint_save_at(TP_HERE, TP_MAKE(tp_checkpoint_args, .path = __VA_ARGS__))
/** Puts everything back where it was. The file is checked before anything changes, but for the states of optimiser, schedule and
 *  loaders, which are checked one after the other. False after an error (FILE, FORMAT, STATE). */
TP_API bool tp_checkpoint_load_at(tp_location at, tp_checkpoint_args args);
#define tp_checkpoint_load(...) \
    tp_checkpoint_load_at(TP_HERE, TP_MAKE(tp_checkpoint_args, .path = __VA_ARGS__))

TP_END_DECLS

#endif
