/* The parts of a training report. Each adds its section and does nothing where what it needs is not there. False after an error. */
#ifndef TP_TRAIN_REPORT_H
#define TP_TRAIN_REPORT_H

#include <taper/train_report.h>

typedef struct tp_verdict tp_verdict;

/* report_facts.c */
bool tp_report_add_facts(tp_location at, const tp_train_report_args *args);
bool tp_report_add_layers(tp_location at, const tp_train_report_args *args);
bool tp_report_add_costs(tp_location at, const tp_train_report_args *args);
/* report_test.c: what the model makes of the test data. */
bool tp_report_add_test(tp_location at, const tp_train_report_args *args,
                        const tp_verdict *verdict);
bool tp_report_add_mistakes(tp_location at, const tp_train_report_args *args,
                            const tp_verdict *verdict);
/* report_inside.c: filters and activations. */
bool tp_report_add_inside(tp_location at, const tp_train_report_args *args);

/* verdict.c: each test sample judged, once for all parts of the report. */
enum { TP_MISTAKES = 24 };
typedef struct tp_mistake {
    int64_t index, label, taken; /* of the sample; what it is; what it was taken for */
    double share;                /* how sure the model was */
} tp_mistake;
struct tp_verdict {
    bool classes; /* the output is one number a class, the targets are labels */
    int64_t samples, correct;
    double loss;          /* mean over the samples */
    tp_tensor *confusion; /* (C, C) int64, of the innermost scope; NULL unless classes */
    int mistakes;
    tp_mistake worst[TP_MISTAKES]; /* the surest first */
};
/* Judges all samples of a loader in evaluation mode. False after an error, reported. */
bool tp_verdict_make(tp_location at, tp_module *module, tp_loader *loader, tp_loss_function loss,
                     tp_verdict *verdict);

/* The loader whose data the model is tested on; NULL where there is none. */
static inline tp_loader *tp_report_test_loader(const tp_train_report_args *args) {
    return args->test ? args->test : args->valid;
}
/* "109,386" in one of the thread's buffers. */
const char *tp_grouped_text(int64_t value);

#endif
