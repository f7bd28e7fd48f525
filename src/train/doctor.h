/* The doctor inside. */
#ifndef TP_TRAIN_DOCTOR_H
#define TP_TRAIN_DOCTOR_H

#include <taper/doctor.h>

enum { TP_RECENT_LOSSES = 24, TP_MOST_LABELS = 1024, TP_PROBE = 64 };

/* What is known of one parameter that is trained. */
typedef struct tp_patient {
    const char *name;
    tp_tensor *tensor;
    bool weight;        /* of two or more dimensions */
    int looks, without; /* close looks; those at which it had no gradient, or one of zeros */
    double norm;        /* of its gradient at the last look */
    double change; /* of its values by the last update, relative to their size; NaN: not known */
    int kept;      /* how many values are remembered */
    float before[TP_PROBE]; /* some of its values before the update */
} tp_patient;

/* The labels of the first epoch. */
typedef struct tp_label_watch {
    int64_t counts[TP_MOST_LABELS], samples, pairs, equal_pairs, last;
    bool done, usable;
} tp_label_watch;

/* Fingerprints of the training samples: an open hash table. */
typedef struct tp_fingerprint {
    uint64_t hash;
    int64_t index; /* of the sample, plus 1; 0: free */
} tp_fingerprint;

/* Gradient norms by weight, as they were seen; for the report. */
typedef struct tp_gradient_log {
    size_t weights, looks, room;
    char **names;  /* [weights] */
    double *steps; /* [looks] */
    double *norms; /* [weights][room] */
} tp_gradient_log;

struct tp_doctor {
    tp_location at;
    tp_doctor_args args;
    tp_hint hints[TP_HINT_COUNT];
    size_t hint_count;
    bool given[TP_HINT_COUNT];

    int64_t steps, epochs;
    int64_t next_look; /* the step that is looked at closely next */
    int64_t looks;

    /* the loss */
    double first_loss; /* at the start */
    double recent[TP_RECENT_LOSSES];
    double best_valid, train_at_best;
    int64_t best_epoch;

    /* what the output looks like */
    int64_t within_unit; /* elements of outputs that all lay from 0 to 1 */

    tp_label_watch labels;
    tp_fingerprint *prints;
    size_t print_room, print_count;
    bool leak_checked;

    tp_patient *patients;
    size_t patient_count;
    bool changing;          /* values from before the last update are remembered */
    int vanished, exploded; /* looks in a row */
    tp_gradient_log *log;

    bool has_relus, has_modes; /* layers that can die; that behave differently when training */
    int64_t stale;             /* steps in a row with gradients of the step before */
};

/* doctor.c: gives a hint unless one of the kind was given. The texts are as printf's; reason and fix are separated by a line
 * break. */
void tp_doctor_hint(tp_doctor *doctor, tp_hint_kind kind, const char *format, ...) TP_PRINTF(3, 4);

/* Each looks for its mistakes. */
void tp_doctor_look_at_output(tp_doctor *doctor, const tp_batch *batch, const tp_tensor *output,
                              double loss);
void tp_doctor_look_at_input(tp_doctor *doctor, const tp_batch *batch);
void tp_doctor_note_samples(tp_doctor *doctor, const tp_batch *batch);
void tp_doctor_look_at_labels(tp_doctor *doctor, bool all_seen);
void tp_doctor_look_for_leak(tp_doctor *doctor);
void tp_doctor_look_at_gradients(tp_doctor *doctor);
/* Before any look: how much the last update changed, where that is known. */
void tp_doctor_note_changes(tp_doctor *doctor);
void tp_doctor_look_at_rate(tp_doctor *doctor);
void tp_doctor_look_at_units(tp_doctor *doctor);
/* The largest relative change of a weight by the last update; NaN where none is known. */
double tp_doctor_change(const tp_doctor *doctor);
/* The mean of the last losses. */
double tp_doctor_recent_loss(const tp_doctor *doctor);

void tp_gradient_log_free(tp_gradient_log *log);
/* Hands over hints and log to a history; the doctor has none then. */
struct tp_history;
void tp_doctor_discharge(tp_doctor *doctor, struct tp_history *history);

#endif
