/** @file autograd.h
 *  Gradients: an operation is recorded on the tape as it runs; tp_backward() walks the tape in reverse.
 */
#ifndef TAPER_AUTOGRAD_H
#define TAPER_AUTOGRAD_H

#include <stdio.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Asks for the gradient of a leaf; floating types only. Returns x. */
TP_API tp_tensor *tp_requires_grad_at(tp_location at, tp_tensor *x);
#define tp_requires_grad(x) tp_requires_grad_at(TP_HERE, x)
/** Sets or clears the wish; clearing it on a result of recorded operations is an error (use tp_detach()). Returns x. */
TP_API tp_tensor *tp_set_requires_grad_at(tp_location at, tp_tensor *x, bool wanted);
#define tp_set_requires_grad(x, wanted) tp_set_requires_grad_at(TP_HERE, x, wanted)
/** True for a leaf that wants a gradient and for results that depend on one. */
TP_API bool tp_wants_grad(const tp_tensor *x);
/** True for a tensor that no recorded operation made. */
TP_API bool tp_is_leaf(const tp_tensor *x);
/** Keeps the gradient of a result of operations, which is otherwise dropped once used. Returns x. */
TP_API tp_tensor *tp_retain_grad_at(tp_location at, tp_tensor *x);
#define tp_retain_grad(x) tp_retain_grad_at(TP_HERE, x)

/** Arguments of tp_backward. */
typedef struct tp_backward_args {
    tp_tensor *x;
    tp_tensor *
        gradient; /**< d(target)/dx in the shape of x; may be left out where x has one element (then 1) */
    bool retain_graph; /**< keep what was saved, so that backward can run again */
} tp_backward_args;
/** Computes the gradients of x with respect to every leaf it depends on and adds them to their .grad.
 *  Errors: GRAPH where nothing recorded leads to x, where x has several elements and no gradient is given, and
 *  where the graph was consumed by an earlier backward; MODIFIED where a saved value was edited in place since.
 *  Returns false after an error. */
TP_API bool tp_backward_at(tp_location at, tp_backward_args args);
#define tp_backward(...) tp_backward_at(TP_HERE, TP_MAKE(tp_backward_args, .x = __VA_ARGS__))

/** The gradient of x, owned by x, or NULL where there is none yet. Same sizes and type as x. */
TP_API tp_tensor *tp_grad(const tp_tensor *x);
/** Sets the gradient of a leaf by copying g (same sizes and type), or drops it where g is NULL. */
TP_API void tp_set_grad_at(tp_location at, tp_tensor *x, tp_tensor *g);
#define tp_set_grad(x, g) tp_set_grad_at(TP_HERE, x, g)
/** Drops the gradient, as zero_grad(set_to_none=True) does. */
TP_API void tp_clear_grad(tp_tensor *x);
/** A view of x that no gradient flows through. */
TP_API tp_tensor *tp_detach_at(tp_location at, tp_tensor *x);
#define tp_detach(x) tp_detach_at(TP_HERE, x)

/** @name No-grad mode
 *  @{ */
/** What TP_NO_GRAD holds; do not use directly. */
typedef struct tp_grad_mode {
    bool previous;
    bool open;
} tp_grad_mode;
/** Turns recording on or off for this thread and returns what to restore. */
TP_API tp_grad_mode tp_grad_mode_begin(bool enabled);
/** Restores it; twice does nothing. */
TP_API void tp_grad_mode_end(tp_grad_mode *mode);
/** True while operations are recorded. */
TP_API bool tp_is_grad_enabled(void);
/** TP_NO_GRAD { ... }: nothing in the block is recorded. Leaving it early is safe. */
#define TP_NO_GRAD TP_GRAD_MODE_AS(false, TP_UNIQUE(tp_grad_mode_line_))
/** TP_ENABLE_GRAD { ... }: records again inside TP_NO_GRAD. */
#define TP_ENABLE_GRAD TP_GRAD_MODE_AS(true, TP_UNIQUE(tp_grad_mode_line_))
#define TP_GRAD_MODE_AS(enabled, mode)                                                            \
    for (tp_grad_mode mode TP_CLEANUP(tp_grad_mode_end) = tp_grad_mode_begin(enabled); mode.open; \
         tp_grad_mode_end(&mode))
/** @} */

/** @name Functions of your own
 *  @{ */
/** What a user-defined function sees in forward and backward. */
typedef struct tp_function_context tp_function_context;
/** A function with its own backward, as torch.autograd.Function. */
typedef struct tp_function {
    const char *name; /**< shown in errors and graphs */
    /** Computes the result from n inputs. Runs without recording. */
    tp_tensor *(*forward)(tp_function_context *context, tp_tensor *const *inputs, int n,
                          void *user);
    /** Given d(target)/d(result), puts d(target)/d(inputs[i]) in grads[i], NULL where not wanted. */
    void (*backward)(tp_function_context *context, tp_tensor *grad, tp_tensor **grads, int n,
                     void *user);
} tp_function;
/** Saves a tensor for backward; call it in forward only, at most 8 times. */
TP_API void tp_save_for_backward(tp_function_context *context, tp_tensor *x);
/** The i-th tensor saved, in the order of saving; NULL after an error (for instance edited in place since). */
TP_API tp_tensor *tp_saved_tensor(tp_function_context *context, int i);
/** True where input i wants a gradient. */
TP_API bool tp_needs_input_grad(const tp_function_context *context, int i);
/** Applies f to n inputs. `user` is handed to forward and backward. */
TP_API tp_tensor *tp_function_apply_at(tp_location at, const tp_function *f,
                                       tp_tensor *const *inputs, int n, void *user);
#define tp_function_apply(f, inputs, n, user) tp_function_apply_at(TP_HERE, f, inputs, n, user)
/** @} */

/** Options of tp_gradcheck. Zero stands for the default. */
typedef struct tp_gradcheck_args {
    /** Any differentiable computation of n inputs; called many times, must give the same for the same inputs. */
    tp_tensor *(*function)(tp_tensor *const *inputs, int n, void *user);
    tp_tensor *const *inputs; /**< float64; those that want a gradient are checked */
    int n;
    void *user;
    double eps;  /**< step of the central difference: 1e-6 */
    double atol; /**< 1e-5 */
    double rtol; /**< 1e-3 */
    bool
        quiet; /**< false: a mismatch is reported as an error (VALUE) that names input, element and both numbers */
} tp_gradcheck_args;
/** Compares backward with central differences, element by element, in double. True where they agree. */
TP_API bool tp_gradcheck_at(tp_location at, tp_gradcheck_args args);
#define tp_gradcheck(...) \
    tp_gradcheck_at(TP_HERE, TP_MAKE(tp_gradcheck_args, .function = __VA_ARGS__))

/** Looks for NaN and Inf in every result and gradient; the first is an error (NUMBER) that names the operation, the layer
 *  and the caller's line, and turns the mode off. Slow: for finding where they come from. */
TP_API void tp_set_detect_anomaly(bool enabled);

/** Prints the recorded operations that lead to x, one a line, newest first: number, name, sizes, where it was called. */
TP_API void tp_graph_print(FILE *stream, const tp_tensor *x);
/** The same as a Graphviz digraph. */
TP_API void tp_graph_dot(FILE *stream, const tp_tensor *x);

TP_END_DECLS

#endif
