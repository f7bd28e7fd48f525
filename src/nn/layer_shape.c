/* What a layer makes of a shape, without data: it runs on a batch of no samples. */
#include "nn/layer_text.h"

bool tp_text_shape_after(tp_location at, tp_module *layer, tp_shape *shape, tp_quiet *quiet) {
    tp_quiet_begin(quiet);
    tp_scope scope = tp_scope_begin();
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_shape batch = {.ndim = shape->ndim + 1};
    for (int i = 0; i < shape->ndim && i + 1 < TP_MAX_DIMS; i++) batch.dims[i + 1] = shape->dims[i];
    tp_eval_at(at, layer); /* batch norm in training wants samples */
    tp_tensor *y =
        tp_call_at(at, layer, tp_empty_at(at, (tp_create_args){batch, TP_DTYPE_DEFAULT, false}));
    bool fine = !tp_is_poison(y) && !quiet->seen;
    if (fine) {
        shape->ndim = y->ndim - 1;
        for (int i = 0; i < shape->ndim; i++) shape->dims[i] = y->shape[i + 1];
    }
    tp_train_at(at, layer);
    tp_grad_mode_end(&mode);
    tp_scope_end(&scope);
    tp_quiet_end(quiet);
    return fine;
}
