/* A run as TensorBoard shows it. */
#include <math.h>

#include "data/loader.h"
#include "train/run.h"

static bool add_hparams(const tp_run *run) {
    const tp_fit_args *args = &run->args;
    tp_hparam hparams[] = {
        {.name = "optimizer", .text = tp_optim_name(args->optim)},
        {.name = "lr", .number = tp_optim_lr(args->optim, 0)},
        {.name = "epochs", .number = (double)args->epochs},
        {.name = "batch_size", .number = (double)args->loader->args.batch_size},
        {.name = "parameters", .number = (double)tp_parameter_count_at(run->at, args->module)},
        {.name = "patience", .number = (double)args->patience},
        {.name = "clip_norm", .number = args->clip_norm},
    };
    static const char *const metrics[] = {"loss/train", "accuracy/train", "loss/valid",
                                          "accuracy/valid"};
    return tp_add_hparams_at(run->at, (tp_hparams_args){.writer = run->events,
                                                        .hparams = hparams,
                                                        .count = sizeof hparams / sizeof *hparams,
                                                        .metrics = metrics,
                                                        .metric_count = args->valid ? 4 : 2});
}

bool tp_run_events_begin(tp_run *run) {
    if (!run->args.events) return true;
    run->events = tp_event_writer_new_at(run->at, run->args.events);
    return run->events && add_hparams(run) && tp_event_writer_flush_at(run->at, run->events);
}

static bool add_histograms(const tp_run *run, int64_t step) {
    tp_named_list list = tp_parameters_at(run->at, run->args.module);
    for (size_t i = 0; i < list.count; i++)
        if (!tp_add_histogram_at(run->at, run->events, list.items[i].name, list.items[i].tensor,
                                 step))
            return false;
    return true;
}

bool tp_run_events_add(tp_run *run, const tp_epoch *epoch) {
    if (!run->events) return true;
    const struct {
        const char *tag;
        double value;
    } scalars[] = {
        {"loss/train", epoch->train_loss},
        {"accuracy/train", epoch->train_accuracy},
        {"loss/valid", epoch->valid_loss},
        {"accuracy/valid", epoch->valid_accuracy},
        {"lr", epoch->lr},
        {"grad_norm", epoch->grad_norm},
    };
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (!isnan(scalars[i].value) &&
            !tp_add_scalar_at(run->at, run->events, scalars[i].tag, scalars[i].value, epoch->epoch))
            return false;
    if (run->args.events_histograms && !add_histograms(run, epoch->epoch)) return false;
    return tp_event_writer_flush_at(run->at, run->events);
}

bool tp_run_events_end(tp_run *run) {
    tp_event_writer *writer = run->events;
    run->events = NULL;
    return tp_event_writer_close_at(run->at, writer);
}
