#include "result.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "precision.h"
#include "report.h"

/* The epoch whose weights the model has at the end. */
static const tp_epoch *kept_epoch(const result *r) {
    const tp_history *h = r->history;
    if (h->count == 0) return NULL;
    int64_t number = r->job->keep_best && h->best_epoch > 0 ? h->best_epoch : (int64_t)h->count;
    return &h->epochs[number - 1];
}

void result_print(const result *r) {
    const tp_history *h = r->history;
    printf("\n%s: %zu epoch%s, %" PRId64 " steps in %.1f s\n", tp_stop_text(h->stop), h->count,
           h->count == 1 ? "" : "s", h->steps, h->seconds);
    if (h->best_epoch > 0)
        printf("best epoch %" PRId64 " with a loss of %.4f%s\n", h->best_epoch, h->best_loss,
               r->job->keep_best ? ": its weights are kept" : "");
    printf("test accuracy %.2f %% (%" PRId64 " of %" PRId64 " pictures), loss %.4f\n",
           100 * r->test->accuracy, r->test->correct, r->test->samples, r->test->loss);
    printf("files in %s\n", r->out);
}

/* A pair of a key and a number; null for what JSON cannot say. */
static void number(FILE *stream, const char *key, double value) {
    if (isfinite(value))
        fprintf(stream, "\"%s\": %.9g, ", key, value);
    else
        fprintf(stream, "\"%s\": null, ", key);
}

static void text(FILE *stream, const char *key, const char *value, const char *after) {
    fprintf(stream, "\"%s\": ", key);
    report_json_string(stream, value);
    fputs(after, stream);
}

void result_print_json(const result *r, FILE *stream) {
    const tp_history *h = r->history;
    const tp_epoch *e = kept_epoch(r);
    fputc('{', stream);
    number(stream, "test_accuracy", r->test->accuracy);
    number(stream, "test_loss", r->test->loss);
    number(stream, "train_loss", e ? e->train_loss : NAN);
    number(stream, "train_accuracy", e ? e->train_accuracy : NAN);
    number(stream, "val_loss", e ? e->valid_loss : NAN);
    number(stream, "val_accuracy", e ? e->valid_accuracy : NAN);
    fprintf(stream, "\"epochs_run\": %zu, \"steps\": %" PRId64 ", ", h->count, h->steps);
    fprintf(stream, "\"best_epoch\": %" PRId64 ", ", h->best_epoch);
    number(stream, "train_seconds", h->seconds);
    number(stream, "test_seconds", r->test->seconds);
    fprintf(stream, "\"parameters\": %" PRId64 ", \"seed\": %" PRId64 ", \"threads\": %d, ",
            r->parameters, r->job->seed, tp_get_num_threads());
    text(stream, "precision", precision_name(), ", ");
    text(stream, "stop", tp_stop_text(h->stop), ", ");
    text(stream, "data", r->data, ", ");
    text(stream, "model", r->job->model, ", ");
    text(stream, "out", r->out, "}\n");
}

bool result_write(const result *r, const char *path) {
    FILE *stream = fopen(path, "w");
    if (stream) {
        result_print_json(r, stream);
        bool written = !ferror(stream);
        if (fclose(stream) == 0 && written) return true;
    }
    report_failure("cannot write %s: %s.", path, strerror(errno));
    return false;
}
