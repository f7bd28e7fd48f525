"""Optimisers fed given gradients, learning-rate schedules, and gradient clipping.

The gradient at step t = 1, 2, ... of parameter k (w: 0, b: 1), flat element i, is
((7 t + 5 i + 3 k + t i) mod 17 - 8) / 8, plus, when option pull is p, p times the parameter itself:
a test needs no gradient from the file.
"""

import math

import torch

from golden_writer import distinct, grid

STEPS = (1, 2, 10, 30, 100)
OPTIMISERS = [
    ("sgd/plain", torch.optim.SGD, {"lr": 0.1}),
    ("sgd/weight_decay", torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.05}),
    ("sgd/momentum", torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    ("sgd/dampening", torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.5}),
    ("sgd/nesterov", torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    (
        "sgd/nesterov,weight_decay",
        torch.optim.SGD,
        {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ),
    (
        "sgd/dampening,weight_decay",
        torch.optim.SGD,
        {"lr": 0.05, "momentum": 0.8, "dampening": 0.1, "weight_decay": 0.01},
    ),
    (
        "sgd/maximize",
        torch.optim.SGD,
        {"lr": 0.05, "momentum": 0.9, "maximize": True, "weight_decay": 0.01},
    ),
    ("adam/plain", torch.optim.Adam, {"lr": 0.01}),
    ("adam/betas", torch.optim.Adam, {"lr": 0.01, "betas": (0.5, 0.99), "eps": 1e-6}),
    ("adam/weight_decay", torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1}),
    ("adam/amsgrad", torch.optim.Adam, {"lr": 0.01, "amsgrad": True}),
    (
        "adam/amsgrad,weight_decay",
        torch.optim.Adam,
        {"lr": 0.01, "amsgrad": True, "weight_decay": 0.1, "betas": (0.8, 0.9)},
    ),
    ("adam/maximize", torch.optim.Adam, {"lr": 0.01, "maximize": True, "weight_decay": 0.1}),
    ("adamw/plain", torch.optim.AdamW, {"lr": 0.01}),
    (
        "adamw/weight_decay",
        torch.optim.AdamW,
        {"lr": 0.01, "weight_decay": 0.1, "betas": (0.5, 0.99)},
    ),
    ("adamw/zero_decay", torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.0}),
    ("adamw/amsgrad", torch.optim.AdamW, {"lr": 0.01, "amsgrad": True}),
    ("rmsprop/plain", torch.optim.RMSprop, {"lr": 0.01}),
    ("rmsprop/alpha", torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6}),
    ("rmsprop/centered", torch.optim.RMSprop, {"lr": 0.01, "centered": True}),
    ("rmsprop/momentum", torch.optim.RMSprop, {"lr": 0.01, "momentum": 0.9}),
    (
        "rmsprop/momentum,centered,weight_decay",
        torch.optim.RMSprop,
        {"lr": 0.01, "momentum": 0.9, "centered": True, "weight_decay": 0.05},
    ),
    ("adagrad/plain", torch.optim.Adagrad, {"lr": 0.1}),
    ("adagrad/lr_decay", torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.05}),
    ("adagrad/initial", torch.optim.Adagrad, {"lr": 0.1, "initial_accumulator_value": 0.5}),
    ("adagrad/weight_decay", torch.optim.Adagrad, {"lr": 0.1, "weight_decay": 0.05, "eps": 1e-6}),
]
STATE = {
    "momentum_buffer": "momentum_buffer",
    "exp_avg": "exp_avg",
    "exp_avg_sq": "exp_avg_sq",
    "max_exp_avg_sq": "max_exp_avg_sq",
    "square_avg": "square_avg",
    "grad_avg": "grad_avg",
    "sum": "sum",
}


def parameters(dtype):
    w = torch.tensor([[0.5, -1.0, 2.0], [-0.25, 1.5, 0.0]], dtype=dtype)
    b = torch.tensor([1.0, -0.5, 0.125], dtype=dtype)
    return [torch.nn.Parameter(w), torch.nn.Parameter(b)]


def gradient(step, k, p, pull):
    i = torch.arange(p.numel()).reshape(p.shape)
    given = ((7 * step + 5 * i + 3 * k + step * i) % 17 - 8).to(p.dtype) / 8
    return given + pull * p.detach()


def record(out, optimiser, params, step, suffix):
    for name, p in zip("wb", params):
        out.tensor(f"{name}{suffix}_{step}", p)
    if suffix == "32":
        return
    for key, word in STATE.items():
        for name, p in zip("wb", params):
            value = optimiser.state[p].get(key)
            if value is not None:
                out.tensor(f"{word}_{name}_{step}", value)


def write_optimiser(out, case, make, pull, **options):
    out.case(case, op=case.split("/")[0], pull=pull, **options)
    for dtype, suffix in ((torch.float64, ""), (torch.float32, "32")):
        params = parameters(dtype)
        if not suffix:
            out.tensors(w=params[0], b=params[1])
        optimiser = make(params)
        for step in range(1, STEPS[-1] + 1):
            for k, p in enumerate(params):
                p.grad = gradient(step, k, p, pull)
            optimiser.step()
            if step in STEPS and (suffix == "" or step in (30, 100)):
                record(out, optimiser, params, step, suffix)


def write_groups(out):
    """w and b in groups of their own; the latter's options end in _b; odd steps have none for b."""
    for case, kind, first, second in (
        (
            "groups/sgd",
            torch.optim.SGD,
            {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
            {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.0},
        ),
        (
            "groups/adam",
            torch.optim.Adam,
            {"lr": 0.02, "weight_decay": 0.1},
            {"lr": 0.005, "weight_decay": 0.0},
        ),
        (
            "groups/adamw",
            torch.optim.AdamW,
            {"lr": 0.02, "weight_decay": 0.1},
            {"lr": 0.005, "weight_decay": 0.3},
        ),
    ):
        params = parameters(torch.float64)
        optimiser = kind(
            [{"params": [params[0]], **first}, {"params": [params[1]], **second}], lr=0.1
        )
        out.case(
            case,
            op=case.split("/")[1],
            pull=0.25,
            **first,
            **{k + "_b": v for k, v in second.items()},
        )
        for step in range(1, 31):
            for k, p in enumerate(params):
                p.grad = gradient(step, k, p, 0.25) if k == 0 or step % 2 == 0 else None
            optimiser.step()
            if step in (1, 2, 10, 30):
                record(out, optimiser, params, step, "")


def schedule_case(out, case, make, count, lr=0.1, momentum=None, metrics=None, **options):
    """lr[t] (and momentum[t]) are what the optimiser has at epoch t, before that epoch's step()."""
    p = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([p], lr=lr, momentum=momentum or 0.0)
    out.case(case, op=case.split("/")[0], base_lr=lr, momentum=momentum, **options)
    schedule = make(optimiser)
    rates, momenta = [], []
    for epoch in range(count):
        rates.append(optimiser.param_groups[0]["lr"])
        momenta.append(optimiser.param_groups[0]["momentum"])
        optimiser.step()
        if metrics is not None:
            schedule.step(metrics[epoch])
        elif epoch + 1 < count:
            schedule.step()
    out.tensor("lr", torch.tensor(rates, dtype=torch.float64))
    if momentum:
        out.tensor("momentum", torch.tensor(momenta, dtype=torch.float64))
    if metrics is not None:
        out.tensor("metric", torch.tensor(metrics, dtype=torch.float64))


def write_schedules(out):
    S = torch.optim.lr_scheduler

    def simple(case, kind, epochs=40, lr=0.1, **options):
        schedule_case(out, case, lambda o: kind(o, **options), epochs, lr, **options)

    simple("step_lr/10", S.StepLR, step_size=10, gamma=0.1)
    simple("step_lr/7", S.StepLR, step_size=7, gamma=0.5)
    simple("multistep_lr/5,12,30", S.MultiStepLR, milestones=[5, 12, 30], gamma=0.1)
    simple("multistep_lr/repeated", S.MultiStepLR, milestones=[4, 4, 9], gamma=0.5)
    simple("exponential_lr/0.9", S.ExponentialLR, gamma=0.9)
    simple("cosine_annealing_lr/40", S.CosineAnnealingLR, T_max=40, eta_min=0.0)
    simple("cosine_annealing_lr/15", S.CosineAnnealingLR, T_max=15, eta_min=0.001)
    simple("linear_lr/5", S.LinearLR, start_factor=1 / 3, end_factor=1.0, total_iters=5)
    simple("linear_lr/10", S.LinearLR, start_factor=0.01, end_factor=1.0, total_iters=10)
    simple("linear_lr/down", S.LinearLR, start_factor=1.0, end_factor=0.25, total_iters=8)
    simple("constant_lr/5", S.ConstantLR, factor=0.25, total_iters=5)
    for anneal in ("cos", "linear"):
        for three in (False, True):
            for pct, div, final in ((0.3, 25.0, 1e4), (0.25, 10.0, 100.0)):
                options = {
                    "max_lr": 0.5,
                    "total_steps": 60,
                    "pct_start": pct,
                    "anneal_strategy": anneal,
                    "three_phase": three,
                    "div_factor": div,
                    "final_div_factor": final,
                }
                schedule_case(
                    out,
                    f"one_cycle_lr/{anneal},{int(three)},{pct:g}",
                    lambda o: S.OneCycleLR(o, **options),
                    60,
                    0.1,
                    momentum=0.9,
                    **options,
                )
    options = {"max_lr": 1.0, "epochs": 5, "steps_per_epoch": 7, "cycle_momentum": False}
    schedule_case(
        out, "one_cycle_lr/epochs", lambda o: S.OneCycleLR(o, **options), 35, 0.1, **options
    )
    options = {"max_lr": 1.0, "total_steps": 20, "base_momentum": 0.7, "max_momentum": 0.99}
    schedule_case(
        out,
        "one_cycle_lr/momentum",
        lambda o: S.OneCycleLR(o, **options),
        20,
        0.1,
        momentum=0.9,
        **options,
    )
    for warmup, start, T_max in ((5, 0.01, 20), (12, 0.25, 10)):

        def warm(optimiser):
            parts = [
                S.LinearLR(optimiser, start_factor=start, total_iters=warmup),
                S.CosineAnnealingLR(optimiser, T_max=T_max),
            ]
            return S.SequentialLR(optimiser, parts, milestones=[warmup])

        schedule_case(
            out,
            f"sequential_lr/{warmup}",
            warm,
            40,
            warmup=warmup,
            start_factor=start,
            T_max=T_max,
        )
    write_plateau(out)


def write_plateau(out):
    S = torch.optim.lr_scheduler
    falling = [1 / (1 + 0.3 * t) if t < 12 else 0.22 + 0.002 * ((t * 5) % 3) for t in range(60)]
    slow = [1.0 - 0.00005 * t for t in range(60)]
    nan_once = [1.0, 0.5, math.nan, 0.6, 0.4] + [0.4] * 25
    for tag, metrics, options in (
        ("min", falling, {"patience": 3}),
        ("min_slow_rel", slow, {"patience": 4, "threshold": 1e-4}),
        ("min_abs", slow, {"patience": 4, "threshold": 1e-4, "threshold_mode": "abs"}),
        ("max", [1 - m for m in falling], {"mode": "max", "patience": 2, "factor": 0.5}),
        (
            "max_abs",
            [1 - m for m in falling],
            {"mode": "max", "patience": 2, "threshold": 0.01, "threshold_mode": "abs"},
        ),
        ("cooldown", falling, {"patience": 2, "cooldown": 5}),
        ("min_lr", falling, {"patience": 1, "min_lr": 0.002}),
        ("eps", falling, {"patience": 0, "factor": 0.5, "eps": 0.01}),
        ("zero_patience", falling, {"patience": 0}),
        ("nan", nan_once, {"patience": 2}),
    ):
        schedule_case(
            out,
            f"reduce_lr_on_plateau/{tag}",
            lambda o: S.ReduceLROnPlateau(o, **options),
            len(metrics),
            0.1,
            metrics=metrics,
            **options,
        )


def write_clipping(out):
    for p in (2.0, 1.0, math.inf, 3.0):
        for limit in (1.0, 1000.0):
            gs = [grid((2, 3)), grid((4,)), grid(())]
            params = [torch.nn.Parameter(torch.zeros_like(g)) for g in gs]
            for q, g in zip(params, gs):
                q.grad = g.clone()
            total = torch.nn.utils.clip_grad_norm_(params, limit, p)
            out.case(
                f"clip_grad_norm/{p:g},{limit:g}", op="clip_grad_norm_", norm_type=p, max_norm=limit
            )
            out.tensors(
                g0=gs[0],
                g1=gs[1],
                g2=gs[2],
                total=total,
                c0=params[0].grad,
                c1=params[1].grad,
                c2=params[2].grad,
            )
    for tag, values in (
        ("zero", [0.0, -0.0, 0.0]),
        ("inf", [1.0, math.inf, -2.0]),
        ("nan", [1.0, math.nan, -2.0]),
    ):
        q = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
        q.grad = torch.tensor(values, dtype=torch.float64)
        out.case(f"clip_grad_norm/{tag}", op="clip_grad_norm_", norm_type=2.0, max_norm=1.0)
        out.tensor("g0", q.grad.clone())
        out.tensors(total=torch.nn.utils.clip_grad_norm_([q], 1.0), c0=q.grad)
    q = torch.nn.Parameter(torch.zeros(3, 4, dtype=torch.float64))
    q.grad = distinct((3, 4))
    out.case("clip_grad_value/0.25", op="clip_grad_value_", clip_value=0.25)
    out.tensor("g0", q.grad.clone())
    torch.nn.utils.clip_grad_value_([q], 0.25)
    out.tensor("c0", q.grad)


def write(out):
    for case, kind, options in OPTIMISERS:
        write_optimiser(out, case, lambda params: kind(params, **options), 0.25, **options)
    write_groups(out)
    write_schedules(out)
    write_clipping(out)
