/* The training doctor: when it looks, and what it says. */
#include "train/doctor.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <taper/train.h>

#include "base/alloc.h"
#include "base/context.h"
#include "base/fail.h"
#include "optim/optim.h"

/* ---- hints ---- */

static const char *const titles[] = {
#define TITLE(name, title) title,
    TP_HINT_LIST(TITLE)
#undef TITLE
};

void tp_doctor_hint(tp_doctor *doctor, tp_hint_kind kind, const char *format, ...) {
    if (doctor->given[kind]) return;
    doctor->given[kind] = true;
    tp_hint *hint = &doctor->hints[doctor->hint_count++];
    *hint = (tp_hint){.kind = kind, .step = doctor->steps, .title = titles[kind]};
    char text[sizeof hint->reason + sizeof hint->fix];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    char *fix = strchr(text, '\n');
    if (fix) *fix++ = 0;
    snprintf(hint->reason, sizeof hint->reason, "%s", text);
    snprintf(hint->fix, sizeof hint->fix, "%s", fix ? fix : "");
    if (doctor->args.on_hint) doctor->args.on_hint(hint, doctor->args.user);
}

const tp_hint *tp_doctor_hints(const tp_doctor *doctor, size_t *count) {
    if (count) *count = doctor ? doctor->hint_count : 0;
    return doctor ? doctor->hints : NULL;
}

void tp_doctor_print(const tp_doctor *doctor, FILE *stream) {
    for (size_t i = 0; doctor && i < doctor->hint_count; i++) {
        const tp_hint *hint = &doctor->hints[i];
        fprintf(stream, "hint, step %lld: %s: %s\n  %s\n", (long long)hint->step, hint->title,
                hint->reason, hint->fix);
    }
}

/* ---- life ---- */

static void note_kind(tp_module *module, void *user) {
    tp_doctor *doctor = user;
    const char *type = tp_module_type(module);
    if (strcmp(type, "ReLU") == 0) doctor->has_relus = true;
    if (strncmp(type, "Dropout", 7) == 0 || strncmp(type, "BatchNorm", 9) == 0)
        doctor->has_modes = true;
}

/* A patient for each parameter that is trained. */
static bool admit(tp_doctor *doctor) {
    tp_named_list list = tp_parameters_at(doctor->at, doctor->args.module);
    doctor->patients = tp_new((list.count + 1) * sizeof *doctor->patients);
    if (!doctor->patients) return false;
    for (size_t i = 0; i < list.count; i++) {
        tp_tensor *x = list.items[i].tensor;
        if (!tp_wants_grad(x) || !tp_numel(x)) continue;
        doctor->patients[doctor->patient_count++] = (tp_patient){
            .name = list.items[i].name, .tensor = x, .weight = x->ndim > 1, .change = NAN};
    }
    return true;
}

tp_doctor *tp_doctor_new_at(tp_location at, tp_doctor_args args) {
    if (!args.module) {
        tp_fail(at, "doctor_new", TP_ERROR_ARGUMENT, "module NULL", "a module", NULL);
        return NULL;
    }
    tp_doctor *doctor = tp_new(sizeof *doctor);
    if (doctor) {
        doctor->at = at;
        doctor->args = args;
        doctor->next_look = 1;
        doctor->first_loss = doctor->best_valid = doctor->train_at_best = NAN;
        tp_apply_at(at, args.module, note_kind, doctor);
        if (admit(doctor)) return doctor;
    }
    tp_doctor_free(doctor);
    tp_fail_memory(at, "doctor_new", sizeof *doctor);
    return NULL;
}

void tp_gradient_log_free(tp_gradient_log *log) {
    if (!log) return;
    for (size_t i = 0; log->names && i < log->weights; i++) tp_delete(log->names[i]);
    tp_delete(log->names);
    tp_delete(log->steps);
    tp_delete(log->norms);
    tp_delete(log);
}

void tp_doctor_free(tp_doctor *doctor) {
    if (!doctor) return;
    tp_gradient_log_free(doctor->log);
    tp_delete(doctor->patients);
    tp_delete(doctor->prints);
    tp_delete(doctor);
}

void tp_doctor_discharge(tp_doctor *doctor, struct tp_history *history) {
    if (!doctor) return;
    history->gradients = doctor->log;
    doctor->log = NULL;
    if (!doctor->hint_count) return;
    tp_hint *hints = tp_new(doctor->hint_count * sizeof *hints);
    if (!hints) return; /* they were shown */
    memcpy(hints, doctor->hints, doctor->hint_count * sizeof *hints);
    history->hints = hints;
    history->hint_count = doctor->hint_count;
}

/* ---- a step ---- */

/* The first steps, then ever more rarely: fewer than one step in a hundred of a long run. */
static int64_t look_after(int64_t step) {
    static const int64_t early[] = {1, 2, 10, 50, 100};
    for (size_t i = 0; i < sizeof early / sizeof early[0]; i++)
        if (step < early[i]) return early[i];
    return step + (step < 1600 ? 200 - step % 200 : step / 8);
}

/* Gradients that an optimiser has used and nobody has cleared: backward has added to them. */
static void look_for_stale(tp_doctor *doctor) {
    bool stale = false;
    for (size_t i = 0; i < doctor->patient_count && !stale; i++) {
        const tp_tensor *x = doctor->patients[i].tensor;
        stale = x->life == TP_ALIVE && x->used_grad;
    }
    doctor->stale = stale ? doctor->stale + 1 : 0;
    if (doctor->stale == 3)
        tp_doctor_hint(doctor, TP_HINT_ZERO_GRAD,
                       "Three steps in a row added their gradients to those that the optimiser had"
                       " used already: each update follows the sum over all steps so far.\nCall"
                       " tp_zero_grad(optim) before tp_backward(loss) in each step.");
}

static void look_at_mode(tp_doctor *doctor) {
    if (!doctor->has_modes || tp_is_training_at(doctor->at, doctor->args.module)) return;
    tp_doctor_hint(doctor, TP_HINT_MODE,
                   "The model is trained in evaluation mode: dropout drops nothing, and batch"
                   " normalisation uses statistics that no longer learn.\nCall tp_train(model)"
                   " before the first step and after each evaluation.");
}

void tp_doctor_evaluating(tp_doctor *doctor) {
    if (!doctor || !doctor->has_modes) return;
    if (!tp_is_training_at(doctor->at, doctor->args.module)) return;
    tp_doctor_hint(doctor, TP_HINT_MODE,
                   "The model is evaluated in training mode: dropout drops, and batch normalisation"
                   " uses and changes the statistics of each batch.\nCall tp_eval(model) before the"
                   " evaluation and tp_train(model) after it, or use tp_evaluate().");
}

double tp_doctor_recent_loss(const tp_doctor *doctor) {
    int64_t count = doctor->steps < TP_RECENT_LOSSES ? doctor->steps : TP_RECENT_LOSSES;
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += doctor->recent[i];
    return count ? sum / (double)count : NAN;
}

/* The first loss stands for the start; of small batches, whose losses are noisy, the mean of the first eight. */
static void note_loss(tp_doctor *doctor, double loss, int64_t batch) {
    enum { LARGE_BATCH = 16, FIRST_SMALL = 8 };
    doctor->recent[doctor->steps % TP_RECENT_LOSSES] = loss;
    doctor->steps++;
    if (doctor->steps == 1)
        doctor->first_loss = loss;
    else if (batch < LARGE_BATCH && doctor->steps <= FIRST_SMALL)
        doctor->first_loss += (loss - doctor->first_loss) / (double)doctor->steps;
}

/* Errors inside of a look are nobody's business: it is given up, and what is known of errors stays as it was. */
typedef struct quiet {
    tp_error_handler handler;
    void *user;
    tp_error last, first;
    uint32_t count;
    struct tp_generator generator;
} quiet;

static void ignore_error(const tp_error *error, void *user) { (void)error, (void)user; }

static quiet quiet_begin(void) {
    tp_context *context = tp_ctx();
    quiet q = {context->error.handler, context->error.user,  context->error.last,
               context->error.first,   context->error.count, context->generator};
    tp_set_error_handler(ignore_error, NULL);
    return q;
}

static void quiet_end(const quiet *q) {
    tp_context *context = tp_ctx();
    tp_set_error_handler(q->handler, q->user);
    context->error.last = q->last;
    context->error.first = q->first;
    context->error.count = q->count;
    context->generator = q->generator;
}

static void look_closely(tp_doctor *doctor, const tp_batch *batch, const tp_tensor *output,
                         double loss) {
    quiet q = quiet_begin();
    TP_NO_GRAD
        TP_SCOPE {
            doctor->looks++;
            tp_doctor_look_at_input(doctor, batch);
            tp_doctor_look_at_output(doctor, batch, output, loss);
            tp_doctor_look_at_gradients(doctor);
            tp_doctor_look_at_rate(doctor);
            if (doctor->steps == 200) tp_doctor_look_at_units(doctor);
        }
    quiet_end(&q);
}

void tp_doctor_step(tp_doctor *doctor, const tp_batch *batch, const tp_tensor *output,
                    const tp_tensor *loss) {
    if (!doctor || !batch || !output || !loss) return;
    if (output->life != TP_ALIVE || output->poison || loss->life != TP_ALIVE || loss->poison ||
        loss->numel != 1)
        return;
    double value = tp_item_at(doctor->at, loss);
    note_loss(doctor, value, batch->size);
    look_for_stale(doctor);
    if (doctor->changing) tp_doctor_note_changes(doctor);
    if (doctor->epochs == 0) tp_doctor_note_samples(doctor, batch);
    if (doctor->steps == 1) look_at_mode(doctor);
    if (doctor->steps < doctor->next_look) return;
    doctor->next_look = look_after(doctor->steps);
    look_closely(doctor, batch, output, value);
}

/* ---- an epoch ---- */

/* Validation gets worse for three epochs in a row while training gets better. */
static void look_for_overfitting(tp_doctor *doctor, double train, double valid) {
    if (!isfinite(train) || !isfinite(valid)) return;
    if (!(valid >= doctor->best_valid)) {
        doctor->best_valid = valid, doctor->train_at_best = train;
        doctor->best_epoch = doctor->epochs;
        return;
    }
    if (doctor->epochs - doctor->best_epoch < 3) return;
    if (valid < 1.05 * doctor->best_valid || train > 0.95 * doctor->train_at_best) return;
    tp_doctor_hint(
        doctor, TP_HINT_OVERFITTING,
        "Since epoch %lld the validation loss has risen from %.4g to %.4g while the training"
        " loss fell from %.4g to %.4g: the model learns its samples by heart.\nStop early"
        " (patience, restore_best), or use more data, augmentation, weight decay, dropout"
        " or a smaller model.",
        (long long)doctor->best_epoch, doctor->best_valid, valid, doctor->train_at_best, train);
}

void tp_doctor_epoch(tp_doctor *doctor, double train_loss, double valid_loss) {
    if (!doctor) return;
    doctor->epochs++;
    quiet q = quiet_begin();
    TP_NO_GRAD
        TP_SCOPE {
            if (doctor->epochs == 1) {
                tp_doctor_look_at_labels(doctor, true);
                tp_doctor_look_for_leak(doctor);
            }
            tp_doctor_look_at_rate(doctor);
            if (doctor->epochs <= 3 || doctor->epochs % 5 == 0) tp_doctor_look_at_units(doctor);
        }
    quiet_end(&q);
    look_for_overfitting(doctor, train_loss, valid_loss);
}
