/** @file optim.h
 *  Optimisers: they own their state and update parameters that modules or the user own.
 *
 *  Parameters and gradients of a group are moved into one flat block each, so that an update is one pass over memory. The
 *  gradient of a linear layer's weight is computed where it is used, without a trip through memory, unless somebody
 *  asks for it with tp_grad().
 */
#ifndef TAPER_OPTIM_H
#define TAPER_OPTIM_H

#include <taper/nn.h>

TP_BEGIN_DECLS

/** An optimiser. */
typedef struct tp_optim tp_optim;

/** Arguments of tp_sgd. */
typedef struct tp_sgd_args {
    tp_module *module;            /**< whose parameters; or NULL and: */
    tp_tensor *const *parameters; /**< leaves that want gradients, kept by the caller */
    size_t count;                 /**< how many */
    double lr;                    /**< required */
    double momentum, dampening, weight_decay;
    bool nesterov; /**< needs momentum and no dampening */
    bool maximize; /**< climb instead */
} tp_sgd_args;
/** Stochastic gradient descent as torch.optim.SGD: d = g + weight_decay p; v = momentum v + (1 - dampening) d (v = d at the
 *  first step); p -= lr v (Nesterov: lr (d + momentum v)). Owned by the user, ended by tp_optim_free(). NULL after an error. */
TP_API tp_optim *tp_sgd_at(tp_location at, tp_sgd_args args);
#define tp_sgd(...) tp_sgd_at(TP_HERE, TP_MAKE(tp_sgd_args, .module = (tp_module *)__VA_ARGS__))

/** Arguments of tp_adam and tp_adamw. */
typedef struct tp_adam_args {
    tp_module *module;
    tp_tensor *const *parameters;
    size_t count;
    double lr;           /**< 0.001 */
    double beta1, beta2; /**< 0.9, 0.999 */
    double eps;          /**< 1e-8 */
    double
        weight_decay; /**< Adam: 0, added to the gradient; AdamW: 0.01, applied to the parameter */
    bool amsgrad;
    bool maximize;
} tp_adam_args;
/** Adam (Kingma and Ba, 2014) as torch.optim.Adam. */
TP_API tp_optim *tp_adam_at(tp_location at, tp_adam_args args);
#define tp_adam(...) tp_adam_at(TP_HERE, TP_MAKE(tp_adam_args, .module = (tp_module *)__VA_ARGS__))
/** AdamW (Loshchilov and Hutter, 2017) as torch.optim.AdamW. */
TP_API tp_optim *tp_adamw_at(tp_location at, tp_adam_args args);
#define tp_adamw(...) \
    tp_adamw_at(TP_HERE, TP_MAKE(tp_adam_args, .module = (tp_module *)__VA_ARGS__))

/** Arguments of tp_rmsprop. */
typedef struct tp_rmsprop_args {
    tp_module *module;
    tp_tensor *const *parameters;
    size_t count;
    double lr;    /**< 0.01 */
    double alpha; /**< 0.99 */
    double eps;   /**< 1e-8 */
    double weight_decay, momentum;
    bool centered;
    bool maximize;
} tp_rmsprop_args;
/** RMSprop (Tieleman and Hinton, 2012) as torch.optim.RMSprop. */
TP_API tp_optim *tp_rmsprop_at(tp_location at, tp_rmsprop_args args);
#define tp_rmsprop(...) \
    tp_rmsprop_at(TP_HERE, TP_MAKE(tp_rmsprop_args, .module = (tp_module *)__VA_ARGS__))

/** Arguments of tp_adagrad. */
typedef struct tp_adagrad_args {
    tp_module *module;
    tp_tensor *const *parameters;
    size_t count;
    double lr;  /**< 0.01 */
    double eps; /**< 1e-10 */
    double lr_decay, weight_decay, initial_accumulator_value;
    bool maximize;
} tp_adagrad_args;
/** Adagrad (Duchi, Hazan and Singer, 2011) as torch.optim.Adagrad. */
TP_API tp_optim *tp_adagrad_at(tp_location at, tp_adagrad_args args);
#define tp_adagrad(...) \
    tp_adagrad_at(TP_HERE, TP_MAKE(tp_adagrad_args, .module = (tp_module *)__VA_ARGS__))

/** Ends an optimiser and its state; parameters live on. NULL is fine. */
TP_API void tp_optim_free(tp_optim *optim);

/** Updates every parameter that has a gradient. False after an error (an earlier one counts: poisoned gradients). */
TP_API bool tp_step_at(tp_location at, tp_optim *optim);
#define tp_step(optim) tp_step_at(TP_HERE, optim)
/** Drops the gradients of its parameters; the next backward starts afresh. Costs no pass over memory. */
TP_API void tp_zero_grad_at(tp_location at, tp_optim *optim);
#define tp_zero_grad(optim) tp_zero_grad_at(TP_HERE, optim)

/** A further group of parameters with options of its own; those left out are the optimiser's. */
typedef struct tp_group_args {
    tp_optim *optim;
    tp_module *module; /**< or NULL and: */
    tp_tensor *const *parameters;
    size_t count;
    double lr, weight_decay, momentum; /**< TP_ZERO for an explicit 0 */
} tp_group_args;
/** Adds it; returns its number (the first group is 0), -1 after an error. A parameter may be in one group only. */
TP_API int tp_optim_add_group_at(tp_location at, tp_group_args args);
#define tp_optim_add_group(...) \
    tp_optim_add_group_at(TP_HERE, TP_MAKE(tp_group_args, .optim = __VA_ARGS__))
/** Number of groups. */
TP_API int tp_optim_group_count(const tp_optim *optim);
/** Learning rate of a group; NaN where there is none. */
TP_API double tp_optim_lr(const tp_optim *optim, int group);
/** Sets it; group -1 means all. */
TP_API void tp_optim_set_lr(tp_optim *optim, int group, double lr);
/** Momentum of SGD and RMSprop, beta1 of Adam; schedules such as OneCycleLR move it. */
TP_API double tp_optim_momentum(const tp_optim *optim, int group);
/** Sets it; group -1 means all. */
TP_API void tp_optim_set_momentum(tp_optim *optim, int group, double momentum);
/** "SGD", "Adam", "AdamW", "RMSprop", "Adagrad". */
TP_API const char *tp_optim_name(const tp_optim *optim);
/** The i-th parameter over all groups, or NULL past the last. */
TP_API tp_tensor *tp_optim_parameter(const tp_optim *optim, size_t i);

/** The whole state as tensors, with PyTorch's names: "state.0.momentum_buffer", "state.3.exp_avg", "state.3.step", and
 *  "param_groups.0.lr". Numbers are float64 tensors of one element. The list and what it names belong to the optimiser;
 *  good until the next step or the next call. */
TP_API tp_named_list tp_optim_state_dict_at(tp_location at, tp_optim *optim);
#define tp_optim_state_dict(optim) tp_optim_state_dict_at(TP_HERE, optim)
/** Takes over a state that tp_optim_state_dict() gave, of an optimiser of the same kind over parameters of the same shapes. All or
 *  nothing: otherwise STATE, and nothing changes. */
TP_API bool tp_optim_load_state_at(tp_location at, tp_optim *optim, const tp_named_tensor *items,
                                   size_t count);
#define tp_optim_load_state(optim, items, count) \
    tp_optim_load_state_at(TP_HERE, optim, items, count)

/** Arguments of tp_clip_grad_norm. */
typedef struct tp_clip_args {
    tp_optim *optim;
    double limit;     /**< max_norm, or clip_value */
    double norm_type; /**< 2; INFINITY for the largest element */
} tp_clip_args;
/** Scales all gradients together so that their norm is at most `limit`; returns the norm before, as clip_grad_norm_. A
 *  NaN or Inf among them gives a NaN or Inf norm and leaves them scaled by it, as PyTorch does. */
TP_API double tp_clip_grad_norm_at(tp_location at, tp_clip_args args);
#define tp_clip_grad_norm(...) \
    tp_clip_grad_norm_at(TP_HERE, TP_MAKE(tp_clip_args, .optim = __VA_ARGS__))
/** Limits each element of each gradient to [-limit, limit], as clip_grad_value_. */
TP_API void tp_clip_grad_value_at(tp_location at, tp_clip_args args);
#define tp_clip_grad_value(...) \
    tp_clip_grad_value_at(TP_HERE, TP_MAKE(tp_clip_args, .optim = __VA_ARGS__))

TP_END_DECLS

#endif
