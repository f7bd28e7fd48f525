/* What a layer makes of a shape, without data: it runs on a batch of no samples. */
#include <stdio.h>

#include "nn/layer_text.h"

typedef struct refusal {
    bool seen;
    char *problem, *want;
} refusal;

static void note_refusal(const tp_error *error, void *user) {
    refusal *r = user;
    if (r->seen) return;
    r->seen = true;
    snprintf(r->problem, 512, "%s", error->got);
    snprintf(r->want, 512, "%s", error->want);
}

bool tp_text_shape_after(tp_location at, tp_module *layer, tp_shape *shape, char *problem,
                         char *want) {
    if (shape->ndim + 1 >= TP_MAX_DIMS) {
        snprintf(problem, 512, "%s reaches it", tp_shape_text(*shape));
        snprintf(want, 512, "fewer dimensions");
        return false;
    }
    tp_shape batch = {.ndim = shape->ndim + 1};
    for (int i = 0; i < shape->ndim; i++) batch.dims[i + 1] = shape->dims[i];
    tp_error_state *errors = &tp_ctx()->error;
    tp_error_handler handler = errors->handler;
    void *user = errors->user;
    bool clean = errors->first.code == TP_ERROR_NONE;
    refusal noted = {.problem = problem, .want = want};
    tp_scope scope = tp_scope_begin();
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_set_error_handler(note_refusal, &noted);
    tp_eval_at(at, layer); /* batch norm in training wants samples */
    tp_tensor *y =
        tp_call_at(at, layer, tp_empty_at(at, (tp_create_args){batch, TP_DTYPE_DEFAULT, false}));
    bool fine = !tp_is_poison(y) && !noted.seen;
    if (fine) {
        shape->ndim = y->ndim - 1;
        for (int i = 0; i < shape->ndim; i++) shape->dims[i] = y->shape[i + 1];
    }
    tp_train_at(at, layer);
    tp_grad_mode_end(&mode);
    tp_scope_end(&scope);
    tp_set_error_handler(handler, user);
    if (clean) errors->first.code = TP_ERROR_NONE; /* the caller reports it */
    return fine;
}
