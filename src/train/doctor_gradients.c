/* Mistakes that gradients and updates tell. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "autograd/lazy.h"
#include "backend/backend.h"
#include "base/alloc.h"
#include "tensor/tensor.h"
#include "train/doctor.h"

/* ---- norms ---- */

/* Eight sums side by side, so that compilers make vectors of them. */
#define DEFINE_SQUARES(type)                                                    \
    static double squares_##type(const type *x, int64_t count) {                \
        double sums[8] = {0}, sum = 0;                                          \
        int64_t i = 0;                                                          \
        for (; i + 8 <= count; i += 8)                                          \
            for (int k = 0; k < 8; k++) sums[k] += (double)x[i + k] * x[i + k]; \
        for (; i < count; i++) sum += (double)x[i] * x[i];                      \
        for (int k = 0; k < 8; k++) sum += sums[k];                             \
        return sum;                                                             \
    }
DEFINE_SQUARES(float)
DEFINE_SQUARES(double)

static double norm_of_values(const tp_tensor *x) {
    const void *data = x->data;
    return sqrt(x->dtype == TP_FLOAT32 ? squares_float(data, x->numel)
                                       : squares_double(data, x->numel));
}

/* The norm of a gradient that waits, computed beside it: it stays as it is, and so does the bit pattern of the update. */
static double norm_of_waiting(const tp_tensor *x) {
    tp_context *context = tp_ctx();
    double norm = NAN;
    TP_SCOPE {
        tp_tensor *product = tp_make_like(TP_MAKE(tp_location, NULL, 0), "doctor", x);
        if (!product->poison) {
            tp_gemm_args args = tp_lazy_product(x, x->lazy->dy);
            args.c = product->data;
            args.c_row = x->shape[1];
            if (context->kernels->gemm[tp_float_index(x->dtype)](tp_context_pool(context), &args))
                norm = norm_of_values(product);
        }
    }
    return norm;
}

/* 0 where there is no gradient; NaN where it cannot be told. */
static double gradient_norm(const tp_tensor *x) {
    if (x->lazy) return x->has_grad ? NAN : norm_of_waiting(x);
    if (!x->has_grad || !x->grad) return 0;
    return x->grad->contiguous && x->grad->data ? norm_of_values(x->grad) : NAN;
}

/* ---- the log for the report ---- */

static bool log_begin(tp_doctor *doctor) {
    if (doctor->log) return true;
    tp_gradient_log *log = tp_new(sizeof *log);
    if (!log) return false;
    doctor->log = log;
    log->room = 64;
    for (size_t i = 0; i < doctor->patient_count; i++) log->weights += doctor->patients[i].weight;
    log->names = tp_new((log->weights + 1) * sizeof *log->names);
    log->steps = tp_new(log->room * sizeof *log->steps);
    log->norms = tp_new((log->weights * log->room + 1) * sizeof *log->norms);
    bool fine = log->names && log->steps && log->norms;
    for (size_t i = 0, k = 0; fine && i < doctor->patient_count; i++)
        if (doctor->patients[i].weight)
            fine = (log->names[k++] = tp_string_copy(doctor->patients[i].name)) != NULL;
    if (fine) return true;
    tp_gradient_log_free(log);
    doctor->log = NULL;
    return false;
}

static void log_norms(tp_doctor *doctor) {
    if (!log_begin(doctor) || doctor->log->looks == doctor->log->room) return;
    tp_gradient_log *log = doctor->log;
    size_t k = 0;
    for (size_t i = 0; i < doctor->patient_count; i++)
        if (doctor->patients[i].weight)
            log->norms[k++ * log->room + log->looks] = doctor->patients[i].norm;
    log->steps[log->looks++] = (double)doctor->steps;
}

/* ---- what they tell ---- */

/* The first and last weight that gets a gradient. */
static bool ends_of(const tp_doctor *doctor, const tp_patient **first, const tp_patient **last) {
    int count = 0;
    for (size_t i = 0; i < doctor->patient_count; i++) {
        const tp_patient *p = &doctor->patients[i];
        if (!p->weight || !isfinite(p->norm)) continue;
        if (!count++) *first = p;
        *last = p;
    }
    return count >= 3;
}

static void check_vanishing(tp_doctor *doctor) {
    const tp_patient *first = NULL, *last = NULL;
    bool vanished = ends_of(doctor, &first, &last) && last->norm > 0 && first->norm > 0 &&
                    first->norm < 1e-4 * last->norm;
    doctor->vanished = vanished ? doctor->vanished + 1 : 0;
    if (doctor->vanished >= 2)
        tp_doctor_hint(
            doctor, TP_HINT_VANISHING,
            "The gradient of %s is %.1e, that of %s is %.1e: %.0e times smaller. The first"
            " layers hardly learn.\nUse ReLU or a relative instead of sigmoid and tanh,"
            " batch normalisation, shortcuts around layers, or fewer layers.",
            first->name, first->norm, last->name, last->norm, last->norm / first->norm);
}

static void check_exploding(tp_doctor *doctor) {
    const tp_patient *worst = NULL;
    double most = 0;
    for (size_t i = 0; i < doctor->patient_count; i++) {
        const tp_patient *p = &doctor->patients[i];
        if (!p->weight || !isfinite(p->norm)) continue;
        double size = norm_of_values(p->tensor), ratio = size > 0 ? p->norm / size : 0;
        if (ratio > most) most = ratio, worst = p;
    }
    doctor->exploded = most > 100 ? doctor->exploded + 1 : 0;
    if (doctor->exploded >= 2 && worst)
        tp_doctor_hint(
            doctor, TP_HINT_EXPLODING,
            "The gradient of %s is %.3g, %.0f times as large as the weight itself.\nScale inputs"
            " and targets to about -1 to 1, keep the library's initialisation, limit"
            " gradients (clip_norm), or lower the learning rate.",
            worst->name, worst->norm, most);
}

static void check_missing(tp_doctor *doctor) {
    char names[160] = "";
    size_t used = 0;
    int count = 0;
    for (size_t i = 0; i < doctor->patient_count; i++) {
        const tp_patient *p = &doctor->patients[i];
        if (p->looks < 3 || p->without < p->looks) continue;
        if (count++ < 4 && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.36s", used ? ", " : "",
                                     p->name);
    }
    if (count)
        tp_doctor_hint(
            doctor, TP_HINT_NO_GRADIENT,
            "In %d looks %s%s had no gradient, or one of zeros alone: %s.\nIs each layer used"
            " in forward? Does tp_detach, TP_NO_GRAD or a step function cut the way to"
            " the loss? What is not to learn can be frozen with tp_freeze.",
            doctor->patients[0].looks, names, count > 4 ? " and others" : "",
            count == 1 ? "it does not learn" : "they do not learn");
}

/* ---- updates ---- */

static float probe_at(const tp_tensor *x, int64_t i) {
    return x->dtype == TP_FLOAT32 ? ((const float *)(const void *)x->data)[i]
                                  : (float)((const double *)(const void *)x->data)[i];
}

static int64_t probe_stride(const tp_tensor *x) { return x->numel / TP_PROBE + 1; }

static void remember_values(tp_doctor *doctor) {
    for (size_t i = 0; i < doctor->patient_count; i++) {
        tp_patient *p = &doctor->patients[i];
        p->kept = 0;
        if (!p->weight || !p->tensor->contiguous) continue;
        for (int64_t k = 0; k < p->tensor->numel && p->kept < TP_PROBE;
             k += probe_stride(p->tensor))
            p->before[p->kept++] = probe_at(p->tensor, k);
    }
    doctor->changing = true;
}

void tp_doctor_note_changes(tp_doctor *doctor) {
    doctor->changing = false;
    for (size_t i = 0; i < doctor->patient_count; i++) {
        tp_patient *p = &doctor->patients[i];
        double change = 0, size = 0;
        for (int k = 0; k < p->kept; k++) {
            double now = probe_at(p->tensor, k * probe_stride(p->tensor)), before = p->before[k];
            change += (now - before) * (now - before);
            size += before * before;
        }
        p->change = p->kept && size > 0 ? sqrt(change / size) : NAN;
    }
}

double tp_doctor_change(const tp_doctor *doctor) {
    double most = NAN;
    for (size_t i = 0; i < doctor->patient_count; i++)
        if (doctor->patients[i].weight) most = fmax(most, doctor->patients[i].change);
    return most;
}

void tp_doctor_look_at_gradients(tp_doctor *doctor) {
    for (size_t i = 0; i < doctor->patient_count; i++) {
        tp_patient *p = &doctor->patients[i];
        if (p->tensor->life != TP_ALIVE) return; /* the model has changed under our hands */
        p->norm = gradient_norm(p->tensor);
        p->looks++;
        p->without += p->norm == 0;
    }
    log_norms(doctor);
    check_vanishing(doctor);
    check_exploding(doctor);
    check_missing(doctor);
    remember_values(doctor);
}

/* ---- the learning rate ---- */

/* From the loss since the start and from how much an update changes the weights; about a thousandth is usual. */
void tp_doctor_look_at_rate(tp_doctor *doctor) {
    double first = doctor->first_loss, recent = tp_doctor_recent_loss(doctor);
    double change = tp_doctor_change(doctor), room = 0.02 * fabs(first);
    if (doctor->steps < 2 * TP_RECENT_LOSSES || !isfinite(first) || !isfinite(recent)) return;
    bool rises = recent > first + 0.3 * fabs(first) + 0.05;
    bool stands = recent > first - room && doctor->steps >= 200 && change > 0.03;
    if (rises || stands)
        tp_doctor_hint(
            doctor, TP_HINT_RATE_HIGH,
            "The loss was %.4g at the start and is %.4g after %lld steps%s%s.\nTry a tenth of"
            " the learning rate; `taper train --find-lr` and tp_find_lr suggest one.",
            first, recent, (long long)doctor->steps,
            isfinite(change) ? ", and an update changes weights by up to " : "",
            isfinite(change) ? tp_text("%.2g %%", 100 * change) : "");
    bool enough = doctor->steps >= 200 || (doctor->epochs > 0 && doctor->steps >= 64);
    if (enough && doctor->epochs <= 3 && change < 2e-4 && recent > first - 0.05 * fabs(first) &&
        !rises && first > 0.05)
        tp_doctor_hint(
            doctor, TP_HINT_RATE_LOW,
            "After %lld steps the loss has moved from %.4g to %.4g only, and an update changes"
            " weights by no more than %.1g %%; about 0.1 %% is usual.\nTry ten times the"
            " learning rate; `taper train --find-lr` and tp_find_lr suggest one.",
            (long long)doctor->steps, first, recent, 100 * change);
}
