/* Where a NaN or Inf came from: the batch is run again with the same random numbers, each result looked at. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>

#include "tensor/tensor.h"
#include "train/run.h"

/* What the first error of the second run said. */
typedef struct finding {
    bool found;
    char text[TP_TEXT_BYTES];
} finding;

static void note_error(const tp_error *error, void *user) {
    finding *f = user;
    if (f->found || error->code != TP_ERROR_NUMBER) return;
    f->found = true;
    /* "a NaN or Inf at element 3 of its result (10, 4) float32 in layer 2" of "log" */
    snprintf(f->text, sizeof f->text, "%s made the first: %.300s", error->op, error->got);
}

/* The number of non-finite elements in row i of a contiguous x. */
static bool row_is_bad(const tp_tensor *x, int64_t i) {
    int64_t n = x->ndim && x->shape[0] ? x->numel / x->shape[0] : x->numel;
    for (int64_t k = i * n; k < (i + 1) * n; k++) {
        double value = x->dtype == TP_FLOAT32 ? (double)((const float *)(const void *)x->data)[k]
                                              : ((const double *)(const void *)x->data)[k];
        if (!isfinite(value)) return true;
    }
    return false;
}

static bool can_look(const tp_tensor *x) {
    return x && x->life == TP_ALIVE && !x->poison && x->contiguous && x->data &&
           tp_is_float_type(x->dtype);
}

static bool is_bad(const tp_tensor *x) {
    if (!x || !can_look(x)) return false;
    int64_t rows = x->ndim ? x->shape[0] : 1;
    for (int64_t i = 0; i < rows; i++)
        if (row_is_bad(x, i)) return true;
    return false;
}

/* The numbers of the samples whose rows of `output` are not finite; of all where it does not tell. */
static void list_samples(char *text, size_t size, const tp_batch *batch, const tp_tensor *output) {
    bool tells = output && can_look(output) && output->ndim && output->shape[0] == batch->size &&
                 is_bad(output);
    int64_t count = 0;
    size_t used = (size_t)snprintf(text, size, "samples");
    for (int64_t i = 0; i < batch->size; i++) {
        if (tells && output && !row_is_bad(output, i)) continue;
        if (count++ < 8)
            used += (size_t)snprintf(text + used, size - used, "%s %lld", count > 1 ? "," : "",
                                     (long long)batch->index[i]);
    }
    if (count > 8) snprintf(text + used, size - used, " and %lld more", (long long)(count - 8));
}

/* Runs the batch again as it was; the finding, and which samples had to do with it. */
static void run_again(tp_run *run, const tp_batch *batch, finding *f, char *samples, size_t size) {
    tp_context *context = tp_ctx();
    struct tp_generator after = context->generator;
    tp_error_state *state = &context->error;
    tp_error_handler handler = state->handler;
    void *user = state->user;
    tp_error_code first = state->first.code;
    context->generator = run->before;
    tp_set_error_handler(note_error, f);
    tp_set_detect_anomaly(true);
    TP_SCOPE {
        tp_tensor *output = tp_call_at(run->at, run->args.module, batch->x);
        list_samples(samples, size, batch, output);
        tp_tensor *loss = run->args.loss(output, batch->y ? batch->y : batch->x);
        if (!f->found && loss && !tp_is_poison(loss)) {
            tp_zero_grad_at(run->at, run->args.optim);
            tp_backward_at(run->at, (tp_backward_args){.x = loss});
        }
    }
    tp_set_detect_anomaly(false);
    tp_set_error_handler(handler, user);
    state->first.code = first; /* what was noted is not an error of the program's */
    context->generator = after;
}

/* The name of a parameter or buffer that is not finite, or NULL. */
static const char *bad_parameter(tp_run *run) {
    tp_named_list list = tp_state_dict_at(run->at, run->args.module);
    for (size_t i = 0; i < list.count; i++)
        if (is_bad(list.items[i].tensor)) return list.items[i].name;
    return NULL;
}

void tp_run_explain(tp_run *run, const tp_batch *batch, const char *what, double value) {
    finding f = {false, ""};
    char samples[200] = "", got[TP_TEXT_BYTES];
    long long step = (long long)run->history.steps + (batch != NULL);
    const char *parameter = bad_parameter(run);
    const char *hint = "a lower learning rate, .clip_norm, or logs and divisions kept away from 0";
    if (parameter) {
        snprintf(f.text, sizeof f.text,
                 "%s is not finite since the update of step %lld or before the run", parameter,
                 batch ? step - 1 : step);
        if (batch) list_samples(samples, sizeof samples, batch, NULL);
    } else if (batch && is_bad(batch->x)) {
        snprintf(f.text, sizeof f.text, "the data itself is not finite");
        list_samples(samples, sizeof samples, batch, batch->x);
        hint = "clean the data set";
    } else if (batch && is_bad(batch->y)) {
        snprintf(f.text, sizeof f.text, "the targets are not finite");
        list_samples(samples, sizeof samples, batch, batch->y);
        hint = "clean the data set";
    } else if (batch) {
        run_again(run, batch, &f, samples, sizeof samples);
        if (!f.found) snprintf(f.text, sizeof f.text, "no single operation made it");
    }
    if (batch)
        snprintf(got, sizeof got, "%s %g in step %lld (epoch %lld, batch %lld): %s; %s", what,
                 value, step, (long long)run->epoch + 1, (long long)batch->number, f.text, samples);
    else
        snprintf(got, sizeof got, "%s %g after step %lld (epoch %lld)%s%s", what, value, step,
                 (long long)run->epoch + 1, f.text[0] ? ": " : "", f.text);
    tp_fail(run->at, "fit", TP_ERROR_NUMBER, got, "finite numbers", hint);
}
