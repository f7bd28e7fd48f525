#include "autograd/grad.h"

#include "autograd/lazy.h"
#include "autograd/node.h"
#include "ops/loop.h"

static const tp_location nowhere = {NULL, 0};

bool tp_grad_memory(tp_tensor *x) {
    if (x->grad) return true;
    tp_tensor *grad = tp_make_like(nowhere, "backward", x);
    if (grad->poison) return false;
    x->grad = tp_own(grad);
    return true;
}

void tp_grad_add(tp_tensor *x, tp_tensor *g) {
    if (x->lazy && !tp_lazy_compute(x)) return;
    if (x->has_grad) {
        tp_accumulate(x->grad, g, 1);
        return;
    }
    bool ours_alone = g->owner == TP_OWNER_SCOPE && g->refs == 1 && g->contiguous &&
                      !g->storage->external && g->storage->refs == 1;
    if (!x->grad && ours_alone) {
        x->grad = tp_own(g);
    } else {
        if (!tp_grad_memory(x)) return;
        tp_copy_elements(x->grad, g);
    }
    x->has_grad = true;
}

tp_tensor *tp_requires_grad_at(tp_location at, tp_tensor *x) {
    return tp_set_requires_grad_at(at, x, true);
}

tp_tensor *tp_set_requires_grad_at(tp_location at, tp_tensor *x, bool wanted) {
    TP_CHECK(at, "requires_grad", x);
    if (wanted && !tp_is_float_type(x->dtype))
        return tp_fail(at, "requires_grad", TP_ERROR_DTYPE, tp_tensor_text(x), "float32 or float64",
                       "whole numbers have no gradient");
    if (x->node) {
        if (wanted) return x;
        return tp_fail(at, "requires_grad", TP_ERROR_GRAPH, "the result of a recorded operation",
                       "a leaf", "tp_detach() gives a view that no gradient flows through");
    }
    x->requires_grad = wanted;
    return x;
}

bool tp_wants_grad(const tp_tensor *x) {
    return x && x->life == TP_ALIVE && !x->poison && tp_differentiable(x);
}

bool tp_is_leaf(const tp_tensor *x) { return x && x->life == TP_ALIVE && !x->node; }

tp_tensor *tp_retain_grad_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "retain_grad", x);
    if (!tp_differentiable(x))
        return tp_fail(at, "retain_grad", TP_ERROR_GRAPH, "a tensor that wants no gradient", NULL,
                       "call tp_requires_grad() on a leaf that it depends on");
    x->retain_grad = true;
    return x;
}

tp_tensor *tp_grad(const tp_tensor *x) {
    if (!x || !tp_usable(nowhere, "grad", x)) return NULL;
    if (x->lazy) tp_lazy_compute((tp_tensor *)(uintptr_t)x); /* as if it had been there */
    return x->has_grad ? x->grad : NULL;
}

void tp_set_grad_at(tp_location at, tp_tensor *x, tp_tensor *g) {
    if (!tp_usable(at, "set_grad", x)) return;
    tp_clear_grad(x);
    if (!g || !tp_usable(at, "set_grad", g)) return;
    if (!tp_shapes_equal(x, g) || x->dtype != g->dtype) {
        tp_fail(at, "set_grad", TP_ERROR_SHAPE, tp_tensor_text(g), tp_tensor_text(x), NULL);
        return;
    }
    if (!tp_grad_memory(x)) return;
    tp_copy_elements(x->grad, g);
    x->has_grad = true;
}

void tp_clear_grad(tp_tensor *x) {
    if (!x || !tp_usable(nowhere, "clear_grad", x)) return;
    tp_lazy_drop(x);
    x->has_grad = x->used_grad = false;
}

tp_tensor *tp_detach_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "detach", x);
    return tp_make_view(at, "detach", x, tp_shape_copy(x), x->stride, 0);
}

tp_grad_mode tp_grad_mode_begin(bool enabled) {
    tp_tape *tape = &tp_ctx()->tape;
    tp_grad_mode mode = {tape->no_grad, true};
    tape->no_grad = !enabled;
    return mode;
}

void tp_grad_mode_end(tp_grad_mode *mode) {
    if (!mode || !mode->open) return;
    mode->open = false;
    tp_ctx()->tape.no_grad = mode->previous;
}

bool tp_is_grad_enabled(void) { return !tp_ctx()->tape.no_grad; }
