/* Mistakes in the data: inputs that were not scaled, labels, samples that are in both parts. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "data/loader.h"
#include "tensor/tensor.h"
#include "train/doctor.h"

/* ---- inputs ---- */

static bool readable(const tp_tensor *x) {
    return x && x->life == TP_ALIVE && !x->poison && x->contiguous && x->data && x->numel > 0;
}

static double value_at(const tp_tensor *x, int64_t i) {
    return x->dtype == TP_FLOAT32 ? (double)((const float *)(const void *)x->data)[i]
                                  : ((const double *)(const void *)x->data)[i];
}

/* Whole numbers from 0 to 255 in a sample that is large enough for a picture. */
void tp_doctor_look_at_input(tp_doctor *doctor, const tp_batch *batch) {
    enum { LOOKS = 4096, SMALLEST = 49 };
    const tp_tensor *x = batch->x;
    if (doctor->given[TP_HINT_RAW_INPUT] || !readable(x) || !tp_is_float_type(x->dtype)) return;
    if (x->ndim < 2 || !x->shape[0] || x->numel / x->shape[0] < SMALLEST) return;
    int64_t stride = x->numel / LOOKS + 1;
    double most = 0;
    for (int64_t i = 0; i < x->numel; i += stride) {
        double v = value_at(x, i);
        if (v != floor(v) || v < 0 || v > 255) return;
        if (v > most) most = v;
    }
    if (most < 100) return;
    tp_doctor_hint(
        doctor, TP_HINT_RAW_INPUT,
        "The inputs are whole numbers up to %.0f, as bytes of pictures are: 255 times larger"
        " than what initialisation and learning rates expect.\nDivide them by 255 (a loader"
        " does it for data sets that say .pictures), and better also take off the mean.",
        most);
}

/* ---- labels ---- */

static void note_labels(tp_label_watch *watch, const tp_tensor *y) {
    const int64_t *labels = (const int64_t *)(const void *)y->data;
    for (int64_t i = 0; i < y->numel; i++) {
        int64_t label = labels[i];
        if (label < 0 || label >= TP_MOST_LABELS) {
            watch->done = true; /* too many to count, or a label that is passed over */
            return;
        }
        watch->counts[label]++;
        if (watch->samples++) {
            watch->pairs++;
            watch->equal_pairs += label == watch->last;
        }
        watch->last = label;
    }
}

/* Whether equal labels follow one another far more often than in a random order: half way to always, and beyond what chance does. */
static bool in_sequence(const tp_label_watch *watch) {
    double n = (double)watch->samples, expected = 0;
    for (int i = 0; i < TP_MOST_LABELS; i++) {
        double share = (double)watch->counts[i] / n;
        expected += share * share;
    }
    double seen = (double)watch->equal_pairs / (double)watch->pairs;
    double noise = 6 * sqrt(expected * (1 - expected) / (double)watch->pairs);
    return seen > expected + fmax(0.5 * (1 - expected), noise);
}

void tp_doctor_look_at_labels(tp_doctor *doctor, bool all_seen) {
    tp_label_watch *watch = &doctor->labels;
    if (watch->done || watch->samples < 32 || watch->pairs < 1) return;
    int different = 0;
    for (int i = 0; i < TP_MOST_LABELS; i++) different += watch->counts[i] > 0;
    if (different == 1 && all_seen)
        tp_doctor_hint(doctor, TP_HINT_ONE_LABEL,
                       "All %lld labels of the first epoch are %lld: there is nothing to tell"
                       " apart.\nCheck how labels are read, and that a subset has samples of every"
                       " class (tp_balanced_subset).",
                       (long long)watch->samples, (long long)watch->last);
    if (different > 1 && in_sequence(watch))
        tp_doctor_hint(
            doctor, TP_HINT_SORTED,
            "%.0f %% of the samples have the label of the one before them: they come class by"
            " class, and the model forgets one while it sees the next.\nMake the training"
            " loader with .shuffle = true.",
            100 * (double)watch->equal_pairs / (double)watch->pairs);
    if (all_seen) watch->done = true;
}

/* ---- the same samples twice ---- */

/* Of large data sets one sample in PART is noted: that part of what is shared is found. */
enum { PART = 8, FEW = 4096 };
enum { HASHED = 24, SMALLEST_SAMPLE = 16, MOST_PRINTS = 1 << 20, CHECKED = 512 };

/* A fingerprint of some values of a sample, spread over all of it. Nothing is decided by it alone. */
static uint64_t fingerprint(const char *data, int64_t values, size_t item) {
    uint64_t hash = 0x9e3779b97f4a7c15U;
    int64_t stride = values / HASHED + 1;
    for (int64_t i = 0; i < values; i += stride) {
        uint64_t word = 0;
        memcpy(&word, data + (size_t)i * item, item);
        hash = (hash ^ word) * 0xff51afd7ed558ccdU;
        hash ^= hash >> 32;
    }
    return hash | 1;
}

static int64_t part_noted(const tp_doctor *doctor) {
    return tp_loader_samples(doctor->args.loader) > FEW ? PART : 1;
}

static bool is_noted(int64_t index, int64_t part) {
    return part == 1 || (uint64_t)index * 0x9e3779b97f4a7c15U < UINT64_MAX / (uint64_t)part;
}

static bool make_table(tp_doctor *doctor) {
    if (doctor->prints) return true;
    int64_t samples = doctor->args.loader ? tp_loader_samples(doctor->args.loader) : 0;
    if (!doctor->args.valid || samples < 1 || samples > MOST_PRINTS / 2) {
        doctor->leak_checked = true;
        return false;
    }
    doctor->print_room = 64;
    while (doctor->print_room < 3 * (size_t)(samples / part_noted(doctor))) doctor->print_room *= 2;
    doctor->prints = tp_new(doctor->print_room * sizeof *doctor->prints);
    if (!doctor->prints) doctor->leak_checked = true;
    return doctor->prints != NULL;
}

static tp_fingerprint *find_print(const tp_doctor *doctor, uint64_t hash) {
    size_t i = (size_t)(hash >> 7) & (doctor->print_room - 1);
    while (doctor->prints[i].index && doctor->prints[i].hash != hash)
        i = (i + 1) & (doctor->print_room - 1);
    return &doctor->prints[i];
}

static void note_prints(tp_doctor *doctor, const tp_batch *batch) {
    const tp_tensor *x = batch->x;
    if (doctor->leak_checked || !readable(x) || x->ndim < 2 || !batch->index) return;
    int64_t values = x->numel / x->shape[0];
    if (values < SMALLEST_SAMPLE || !make_table(doctor)) return;
    size_t item = tp_item_size(x->dtype);
    int64_t part = part_noted(doctor);
    for (int64_t i = 0; i < batch->size; i++) {
        if (!is_noted(batch->index[i], part)) continue;
        if (doctor->print_count * 2 >= doctor->print_room) return;
        uint64_t hash = fingerprint(x->data + (size_t)(i * values) * item, values, item);
        tp_fingerprint *place = find_print(doctor, hash);
        if (!place->index) doctor->print_count++;
        *place = (tp_fingerprint){hash, batch->index[i] + 1};
    }
}

void tp_doctor_note_samples(tp_doctor *doctor, const tp_batch *batch) {
    const tp_tensor *y = batch->y;
    if (!doctor->labels.done && readable(y) && y->dtype == TP_INT64 && y->ndim == 1)
        note_labels(&doctor->labels, y);
    if (doctor->steps == 200) tp_doctor_look_at_labels(doctor, false);
    note_prints(doctor, batch);
}

static tp_picture_args pictures_of(const tp_loader *loader) {
    tp_picture_args pictures = {.raw = loader->args.raw};
    memcpy(pictures.mean, loader->args.mean, sizeof pictures.mean);
    memcpy(pictures.std, loader->args.std, sizeof pictures.std);
    return pictures;
}

/* Whether a training sample is the same as one of these, to the byte. */
static bool same_sample(const tp_doctor *doctor, const tp_batch *batch, int64_t i, int64_t other) {
    bool same = false;
    TP_SCOPE {
        tp_batch b;
        if (tp_dataset_batch_at(doctor->at, doctor->args.loader->args.dataset, &other, 1,
                                pictures_of(doctor->args.loader), &b)) {
            const tp_tensor *x = batch->x;
            size_t bytes = (size_t)(x->numel / x->shape[0]) * tp_item_size(x->dtype);
            same = b.x->dtype == x->dtype && (size_t)b.x->numel * tp_item_size(x->dtype) == bytes &&
                   memcmp(b.x->data, x->data + (size_t)i * bytes, bytes) == 0;
        }
    }
    return same;
}

/* How many of some validation samples are training samples too. */
static int64_t count_shared(const tp_doctor *doctor, const tp_batch *batch) {
    const tp_tensor *x = batch->x;
    if (!readable(x) || x->ndim < 2) return 0;
    int64_t values = x->numel / x->shape[0], shared = 0;
    size_t item = tp_item_size(x->dtype);
    for (int64_t i = 0; i < batch->size; i++) {
        const tp_fingerprint *print =
            find_print(doctor, fingerprint(x->data + (size_t)(i * values) * item, values, item));
        if (print->index) shared += same_sample(doctor, batch, i, print->index - 1);
    }
    return shared;
}

void tp_doctor_look_for_leak(tp_doctor *doctor) {
    if (doctor->leak_checked || !doctor->prints) return;
    doctor->leak_checked = true;
    tp_dataset *valid = doctor->args.valid->args.dataset;
    int64_t size = tp_dataset_size(valid), checked = size < CHECKED ? size : CHECKED;
    int64_t indices[CHECKED];
    for (int64_t i = 0; i < checked; i++) indices[i] = i * size / checked;
    tp_batch batch;
    if (checked > 0 && tp_dataset_batch_at(doctor->at, valid, indices, checked,
                                           pictures_of(doctor->args.valid), &batch)) {
        int64_t shared = count_shared(doctor, &batch);
        int64_t part = part_noted(doctor);
        if (shared >= 3 && shared * part * 50 > checked)
            tp_doctor_hint(
                doctor, TP_HINT_LEAK,
                "Of %lld validation samples%s %lld are training samples too, byte for byte:"
                " validation does not tell how new samples fare.\nSplit once, with"
                " tp_random_split, and make both loaders from its parts.",
                (long long)checked, part > 1 ? ", looked for in a part of the training data," : "",
                (long long)shared);
    }
    tp_delete(doctor->prints);
    doctor->prints = NULL;
}
