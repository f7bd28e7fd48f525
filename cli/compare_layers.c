#include "compare_layers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "run_folder.h"
#include "weights.h"

/* ---- two tensors ---- */

static double gap(double a, double b) {
    if (a == b || (isnan(a) && isnan(b))) return 0;
    return isnan(a) || isnan(b) ? INFINITY : fabs(a - b);
}

bool difference_of(difference *d, tp_tensor *x, tp_tensor *y, double tolerance) {
    double largest = 0;
    *d = (difference){0};
    TP_SCOPE {
        tp_tensor *a = tp_contiguous(tp_to(x, TP_FLOAT64)),
                  *b = tp_contiguous(tp_to(y, TP_FLOAT64));
        const double *p = tp_data(a), *q = tp_data(b);
        for (int64_t i = 0; i < tp_numel(a); i++) {
            double here = gap(p[i], q[i]);
            if (isfinite(p[i])) largest = fmax(largest, fabs(p[i]));
            if (isfinite(q[i])) largest = fmax(largest, fabs(q[i]));
            d->count += here > tolerance;
            if (here <= d->most) continue;
            d->most = here;
            d->worst = i;
            d->a = p[i];
            d->b = q[i];
        }
    }
    d->relative = largest > 0 ? d->most / largest : d->most;
    return d->count > 0;
}

void difference_show(const difference *d, const tp_tensor *x) {
    int64_t index[TP_MAX_DIMS], rest = d->worst;
    for (int i = tp_ndim(x) - 1; i >= 0; i--) {
        index[i] = rest % tp_size(x, i);
        rest /= tp_size(x, i);
    }
    printf("at (");
    for (int i = 0; i < tp_ndim(x); i++) printf(i ? ", %" PRId64 : "%" PRId64, index[i]);
    printf("): %.7g and %.7g\n", d->a, d->b);
}

/* ---- two networks ---- */

/* What each layer gave, in the order in which they ran. */
typedef struct trace {
    char **names;
    tp_tensor **values;
    size_t count, room;
    bool failed;
} trace;

/* "features.3" below the network. */
static void full_name(const tp_module *module, char *out, size_t size) {
    size_t used = 0;
    if (module->parent && module->parent->parent) {
        full_name(module->parent, out, size);
        used = strlen(out);
    }
    snprintf(out + used, size - used, "%s%s", used ? "." : "", tp_module_name(module));
}

static tp_tensor *note(tp_module *module, tp_tensor *x, tp_tensor *y, void *user) {
    (void)x;
    trace *t = user;
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 32;
        char **names = realloc(t->names, room * sizeof *names);
        if (names) t->names = names;
        tp_tensor **values = names ? realloc(t->values, room * sizeof *values) : NULL;
        if (!values) {
            t->failed = true;
            return NULL;
        }
        t->values = values;
        t->room = room;
    }
    char name[512], whole[640];
    full_name(module, name, sizeof name);
    snprintf(whole, sizeof whole, "%s (%s)", name, tp_module_type(module));
    t->names[t->count] = strdup(whole);
    t->values[t->count] = tp_keep(tp_clone(tp_detach(y)));
    t->failed = t->failed || !t->names[t->count];
    t->count++;
    return NULL;
}

static void watch(tp_module *module, void *user) {
    if (tp_child_count(module) == 0) tp_add_hook(module, note, user);
}

static void trace_end(trace *t) {
    for (size_t i = 0; i < t->count; i++) {
        free(t->names[i]);
        tp_free(t->values[i]);
    }
    free(t->names);
    free(t->values);
}

/* The batch from the file, or one sample of random numbers. NULL after an error, reported. */
static tp_tensor *batch_of(const char *input, tp_shape sample) {
    tp_shape batch = {.ndim = 1, .dims = {1}};
    if (input) {
        tp_tensor *x = tp_npy_read(input);
        return tp_is_poison(x) ? NULL : tp_to(x, TP_FLOAT32);
    }
    for (int i = 0; i < sample.ndim && batch.ndim < TP_MAX_DIMS; i++)
        batch.dims[batch.ndim++] = sample.dims[i];
    tp_manual_seed(1);
    return tp_randn(batch);
}

static bool run_traced(const char *path, const compare_settings *s, trace *t) {
    job j = job_defaults();
    j.model = s->model;
    j.sample = s->sample;
    tp_module *net = run_load_model(&j, path);
    bool fine = net != NULL;
    if (fine) {
        tp_eval(net);
        tp_apply(net, watch, t);
        TP_NO_GRAD
            TP_SCOPE {
                tp_tensor *x = batch_of(s->input, j.sample);
                fine = x && !tp_is_poison(tp_call(net, x)) && !t->failed;
            }
    }
    tp_module_free(net);
    job_release(&j);
    return fine;
}

static int show_layers(const trace *a, const trace *b, double tolerance) {
    const char *first = NULL;
    size_t count = a->count < b->count ? a->count : b->count;
    int width = 5;
    for (size_t i = 0; i < count; i++)
        if ((int)strlen(a->names[i]) > width) width = (int)strlen(a->names[i]);
    if (width > 32) width = 32;
    for (size_t i = 0; i < count; i++) {
        difference d;
        char shape[96];
        printf("  %-*.*s %-18s ", width, width, a->names[i],
               weights_shape_text(shape, a->values[i]));
        if (!tp_same_shape(a->values[i], b->values[i])) {
            printf("other shapes\n");
        } else if (!difference_of(&d, a->values[i], b->values[i], tolerance)) {
            printf("the same\n");
            continue;
        } else {
            printf("differs by %.3g (%.2g of the largest)\n", d.most, d.relative);
        }
        if (!first) first = a->names[i];
    }
    if (first)
        printf("\nThe first that differs is %s.\n", first);
    else
        printf("\nEvery layer gives the same.\n");
    return first ? EXIT_FAILED : EXIT_FINE;
}

int compare_layers(const char *first, const char *second, const compare_settings *s) {
    trace a = {0}, b = {0};
    int status = EXIT_FAILED;
    if (run_traced(first, s, &a) && run_traced(second, s, &b))
        status = show_layers(&a, &b, s->tolerance);
    trace_end(&a);
    trace_end(&b);
    return status;
}
