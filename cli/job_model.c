/* What a run trains, and with what: from names and numbers to objects. */
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "job.h"
#include "report.h"
#include "words.h"

enum { MOST_NAMES = 128 };

/* Remembers an error of the parser so that it can be shown with a caret. */
static void remember(const tp_error *error, void *user) { tp_error_format(error, user, 512); }

/* "nn_from_text: ...: got "linaer:1" at column 9: ..." with the text and a caret under the word. */
static void show_caret(const char *line, const char *layers) {
    const char *column = strstr(line, "at column ");
    fprintf(stderr, "taper: --model is not understood.\n  %s\n", layers);
    if (column) fprintf(stderr, "  %*s^\n", atoi(column + 10) - 1, "");
    const char *what = column ? strchr(column, ':') : NULL;
    fprintf(stderr, "  %s\n", what ? what + 2 : line);
}

/* ---- models by name ---- */

/* A name of the listing and the options behind it: "mobilenet_v2:width=0.5,small". */
static const tp_model_info *find_model(const char *text) {
    size_t length = strcspn(text, ":");
    const tp_model_info *info;
    for (size_t i = 0; (info = tp_model_listing(i)) != NULL; i++)
        if (strlen(info->name) == length && strncmp(info->name, text, length) == 0) return info;
    return NULL;
}

const tp_model_info *job_model_info(const char *text) { return text ? find_model(text) : NULL; }

/* Reads one option behind the name; false where there is none like it. */
static bool read_model_option(tp_model_args *args, const char *text, size_t length) {
    char *stop = NULL;
    const char *equals = memchr(text, '=', length), *end = text + length;
    double value = equals ? strtod(equals + 1, &stop) : 0;
    if (!equals && length == 5 && strncmp(text, "small", 5) == 0) return args->small_input = true;
    if (!equals || stop != end || stop == equals + 1) return false;
    size_t name = (size_t)(equals - text);
    if (name == 7 && strncmp(text, "dropout", 7) == 0 && value >= 0 && value <= 1)
        args->dropout = value == 0 ? TP_ZERO : value;
    else if (name == 5 && strncmp(text, "width", 5) == 0 && value > 0 && value <= 10)
        args->width_mult = value;
    else if (name == 7 && strncmp(text, "classes", 7) == 0 && value >= 1 && value < 1e6)
        args->num_classes = (int64_t)value;
    else
        return false;
    return true;
}

static bool read_model_options(tp_model_args *args, const char *text) {
    for (const char *at = text + strcspn(text, ":"); *at;) {
        size_t length = strcspn(++at, ",");
        if (!read_model_option(args, at, length)) {
            fprintf(
                stderr,
                "taper: --model %s: \"%.*s\" is none of its options; they are small, dropout=P, "
                "width=FACTOR, classes=N.\n",
                text, (int)length, at);
            return false;
        }
        at += length;
    }
    return true;
}

static tp_module *named_model(const job *j, const tp_model_info *info, tp_shape sample,
                              int classes) {
    tp_model_args args = {
        .name = info->name, .num_classes = classes, .sample = sample, .no_init = j->no_init};
    return read_model_options(&args, j->model) ? tp_model_by_name_at(TP_HERE, args) : NULL;
}

/* Whether the text was meant to be a name, and says which one. */
static bool meant_a_name(const char *text) {
    const char *names[MOST_NAMES];
    size_t count = 0;
    const tp_model_info *info;
    while (count < MOST_NAMES && (info = tp_model_listing(count)) != NULL)
        names[count++] = info->name;
    const char *near =
        strpbrk(text, " (") ? NULL : tp_nearest_word(text, strcspn(text, ":"), names, count);
    if (near)
        fprintf(stderr,
                "taper: there is no model \"%s\"; did you mean %s? (`taper help models` has all, "
                "`taper help layers` how to write one out.)\n",
                text, near);
    return near != NULL;
}

tp_module *job_model(const job *j, tp_shape sample, int classes) {
    const tp_model_info *info = find_model(j->model);
    if (info) return named_model(j, info, sample, classes);
    char line[512] = "";
    tp_set_error_handler(remember, line);
    tp_module *model = tp_nn_from_text(j->model, sample.ndim ? sample : tp_shape(1, 28, 28));
    tp_clear_error();
    report_errors();
    if (!model && !meant_a_name(j->model)) show_caret(line, j->model);
    return model;
}

bool job_read_shape(const char *text, tp_shape *shape) {
    int64_t dims[TP_MAX_DIMS] = {0};
    int count = 0;
    while (*text && count < TP_MAX_DIMS) {
        int used = 0;
        long long size;
        if (sscanf(text, "%lld%n", &size, &used) != 1 || size < 1) return false;
        dims[count++] = size;
        text += used;
        if (*text == 'x' && text[1]) text++;
    }
    *shape = tp_shape_make(count, dims);
    return count > 0 && !*text;
}

const char *job_shape_text(tp_shape shape, char *buffer, size_t size) {
    size_t used = 0;
    buffer[0] = 0;
    for (int i = 0; i < shape.ndim && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%lld", i ? "x" : "",
                                 (long long)shape.dims[i]);
    return buffer;
}

tp_optim *job_optim(const job *j, tp_module *model) {
    double lr = j->lr < 0 ? 0 : j->lr == 0 ? TP_ZERO : j->lr;
    double decay = j->weight_decay < 0 ? 0 : j->weight_decay == 0 ? TP_ZERO : j->weight_decay;
    switch (word_index(j->optimizer, job_optimizers, JOB_OPTIMIZERS)) {
    case 0:
        return tp_sgd(model, .lr = j->lr < 0 ? 0.01 : lr, .momentum = j->momentum,
                      .weight_decay = decay, .nesterov = j->nesterov);
    case 2: return tp_adamw(model, .lr = lr, .weight_decay = decay);
    case 3: return tp_rmsprop(model, .lr = lr, .momentum = j->momentum, .weight_decay = decay);
    case 4: return tp_adagrad(model, .lr = lr, .weight_decay = decay);
    default: return tp_adam(model, .lr = lr, .weight_decay = decay);
    }
}

/* The schedule proper, in units of `steps` steps (an epoch, or 1 where it goes by epochs). */
static tp_schedule *plain_schedule(const job *j, tp_optim *optim, int kind, int64_t steps) {
    switch (kind) {
    case 1: return tp_step_lr(optim, .step_size = j->step_size * steps, .gamma = j->step_gamma);
    case 2: return tp_cosine_annealing_lr(optim, .t_max = j->epochs * steps - j->warmup);
    case 3:
        return tp_one_cycle_lr(optim, .max_lr = tp_optim_lr(optim, 0),
                               .total_steps = j->epochs * steps);
    default: return tp_reduce_lr_on_plateau(optim, .factor = j->step_gamma);
    }
}

bool job_schedule(const job *j, tp_optim *optim, int64_t steps, tp_schedule **schedule,
                  bool *per_step) {
    int kind = word_index(j->schedule, job_schedules, JOB_SCHEDULES);
    *per_step = j->warmup > 0 || kind == 3;
    *schedule = NULL;
    if (kind == 0 && !j->warmup) return true;
    if (j->warmup >= j->epochs * steps) {
        fprintf(stderr, "taper train: --warmup %lld, but the run has %lld steps.\n",
                (long long)j->warmup, (long long)(j->epochs * steps));
        return false;
    }
    if (kind) *schedule = plain_schedule(j, optim, kind, *per_step ? steps : 1);
    if (kind && !*schedule) return false;
    if (j->warmup) *schedule = tp_warmup_lr(optim, .steps = j->warmup, .next = *schedule);
    return *schedule != NULL;
}
