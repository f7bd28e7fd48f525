/* Mistakes that the output and the loss tell. */
#include <math.h>

#include "tensor/tensor.h"
#include "train/doctor.h"

/* Elements as doubles, whatever floating type. */
static double value_at(const tp_tensor *x, int64_t i) {
    return x->dtype == TP_FLOAT32 ? (double)((const float *)(const void *)x->data)[i]
                                  : ((const double *)(const void *)x->data)[i];
}

static bool readable(const tp_tensor *x) {
    return x && x->life == TP_ALIVE && !x->poison && x->contiguous && x->data && x->numel > 0 &&
           tp_is_float_type(x->dtype);
}

/* ---- classes ---- */

/* What a batch of outputs (n, C) with labels (n) says. */
typedef struct class_look {
    bool distribution;    /* each row is one: from 0 to 1, sum 1 */
    double cross_entropy; /* of the outputs as logits */
    double likelihood;    /* negative logarithm of the outputs as probabilities */
    double accuracy;
    int64_t rows;
} class_look;

static void look_at_row(class_look *look, const tp_tensor *output, int64_t row, int64_t label) {
    int64_t classes = output->shape[1], best = 0;
    double most = -INFINITY, sum = 0, exponentials = 0;
    for (int64_t k = 0; k < classes; k++) {
        double v = value_at(output, row * classes + k);
        if (!(v >= -1e-6 && v <= 1 + 1e-6)) look->distribution = false;
        sum += v;
        if (v > most) most = v, best = k;
    }
    if (fabs(sum - 1) > 1e-3) look->distribution = false;
    for (int64_t k = 0; k < classes; k++)
        exponentials += exp(value_at(output, row * classes + k) - most);
    double mine = value_at(output, row * classes + label);
    look->cross_entropy += most + log(exponentials) - mine;
    look->likelihood -= log(fmax(mine, 1e-12));
    look->accuracy += best == label;
    look->rows++;
}

static class_look look_at_classes(const tp_tensor *output, const tp_tensor *labels) {
    class_look look = {.distribution = true};
    const int64_t *y = (const int64_t *)(const void *)labels->data;
    for (int64_t i = 0; i < output->shape[0]; i++)
        if (y[i] >= 0 && y[i] < output->shape[1]) look_at_row(&look, output, i, y[i]);
    if (look.rows) {
        look.cross_entropy /= (double)look.rows;
        look.likelihood /= (double)look.rows;
        look.accuracy /= (double)look.rows;
    }
    return look;
}

/* Whether the loss is what `mistaken` says and not `meant`: label smoothing moves it a little. */
static bool is_rather(double loss, double mistaken, double meant) {
    return fabs(loss - mistaken) < 0.25 * fabs(loss - meant) &&
           fabs(loss - mistaken) < 0.1 * (1 + fabs(mistaken));
}

static void check_softmax(tp_doctor *doctor, const class_look *look, double loss, int64_t classes) {
    if (!look->distribution || !look->rows) return;
    if (!is_rather(loss, look->cross_entropy, look->likelihood)) return;
    tp_doctor_hint(
        doctor, TP_HINT_SOFTMAX,
        "Each row of the output is a distribution (from 0 to 1, with sum 1), and the loss"
        " %.4g is its cross entropy, which takes the softmax once more: the loss cannot"
        " fall below %.2g and gradients are small.\nLeave the softmax out of the model;"
        " tp_cross_entropy wants its inputs. For probabilities apply tp_softmax outside.",
        loss, log(exp(1) + (double)classes - 1) - 1);
}

static void check_first_loss(tp_doctor *doctor, const class_look *look, double loss,
                             int64_t classes) {
    double expected = log((double)classes);
    if (doctor->steps != 1 || doctor->args.trained_before || look->distribution) return;
    bool cross_entropy = fabs(loss - look->cross_entropy) < 0.05 * (1 + look->cross_entropy);
    if (cross_entropy && loss > 1.8 * expected + 0.5)
        tp_doctor_hint(doctor, TP_HINT_INITIAL_LOSS,
                       "The first loss is %.4g, but who guesses among %lld classes gets ln(%lld) ="
                       " %.4g: the model is sure of wrong answers before it has learnt"
                       " anything.\nScale the inputs to about -1 to 1, and keep the library's"
                       " initialisation, above all in the last layer.",
                       loss, (long long)classes, (long long)classes, expected);
    if (!cross_entropy && look->rows >= 16 && loss < 0.5 * expected &&
        look->accuracy < 0.2 + 1.5 / (double)classes)
        tp_doctor_hint(
            doctor, TP_HINT_INITIAL_LOSS,
            "The first loss is %.4g although only %.0f %% of the batch are right; who guesses"
            " among %lld classes gets ln(%lld) = %.4g. Something divides the loss.\nCheck"
            " the reduction: the mean over the samples, not over samples and classes.",
            loss, 100 * look->accuracy, (long long)classes, (long long)classes, expected);
}

/* ---- yes or no ---- */

static void check_sigmoid(tp_doctor *doctor, const tp_tensor *output, const tp_tensor *target,
                          double loss) {
    double logits = 0, likelihood = 0;
    for (int64_t i = 0; i < output->numel; i++) {
        double x = value_at(output, i), y = value_at(target, i);
        if (!(x >= 0 && x <= 1)) {
            doctor->within_unit = INT64_MIN / 2; /* once outside: no sigmoid */
            return;
        }
        logits += log1p(exp(x)) - x * y;
        likelihood -= y * log(fmax(x, 1e-12)) + (1 - y) * log(fmax(1 - x, 1e-12));
    }
    doctor->within_unit += output->numel;
    double n = (double)output->numel;
    if (doctor->looks < 3 || doctor->within_unit < 64) return;
    if (!is_rather(loss, logits / n, likelihood / n)) return;
    tp_doctor_hint(
        doctor, TP_HINT_SIGMOID,
        "All outputs lie from 0 to 1, and the loss %.4g is the binary cross entropy of them as"
        " logits, which takes the sigmoid once more: no answer can be surer than 73 %%"
        ".\nLeave the sigmoid out of the model, or use tp_binary_cross_entropy.",
        loss);
}

void tp_doctor_look_at_output(tp_doctor *doctor, const tp_batch *batch, const tp_tensor *output,
                              double loss) {
    const tp_tensor *y = batch->y;
    if (!readable(output) || !y || y->life != TP_ALIVE || !y->contiguous || !y->data) return;
    if (y->dtype == TP_INT64 && y->ndim == 1 && output->ndim == 2 && output->shape[1] > 1 &&
        output->shape[0] == y->shape[0]) {
        class_look look = look_at_classes(output, y);
        check_softmax(doctor, &look, loss, output->shape[1]);
        check_first_loss(doctor, &look, loss, output->shape[1]);
    } else if (readable(y) && tp_shapes_equal(output, y)) {
        check_sigmoid(doctor, output, y, loss);
    }
}
