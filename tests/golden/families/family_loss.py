"""Losses: values and gradients for every reduction and option; refusals as `error 1`."""

import torch
import torch.nn.functional as F

from golden_writer import distinct, grads, grid, integers

with_logits = F.binary_cross_entropy_with_logits
REDUCTIONS = ("mean", "sum", "none")


def write_case(out, case, function, named, differentiate, **options):
    """`named` are the op's tensors in order; `differentiate` names those that get a gradient."""
    tensors = {k: v.clone().requires_grad_() if k in differentiate else v for k, v in named.items()}
    out.case(case, **options)
    out.tensors(**tensors)
    try:
        y = function(**tensors)
    except (RuntimeError, ValueError, IndexError):
        out.options(error=1)
        return
    out.tensors(y=y)
    dy, got = grads(y, [tensors[k] for k in differentiate])
    out.tensors(dy=dy, **{"d" + k: g for k, g in zip(differentiate, got)})


def write_cross_entropy(out):
    weight = torch.tensor([0.5, 1.0, 2.0, 0.25, 1.5], dtype=torch.float64)
    for shape in ((4, 5), (3, 5, 2), (2, 5, 2, 2), (5,), (1, 5)):
        target_shape = shape[:1] + shape[2:] if len(shape) > 1 else ()
        word = "x".join(map(str, shape))
        for reduction in REDUCTIONS:
            for tag, options in (
                ("", {}),
                (",weight", {"weight": weight}),
                (",smooth", {"label_smoothing": 0.1}),
                (",weight,smooth", {"weight": weight, "label_smoothing": 0.25}),
                (",ignore", {"ignore_index": 2}),
                (
                    ",weight,smooth,ignore",
                    {"weight": weight, "label_smoothing": 0.1, "ignore_index": 1},
                ),
            ):
                if len(shape) != 2 and tag not in ("", ",weight,smooth,ignore"):
                    continue
                named = {"x": distinct(shape), "target": integers(target_shape, 0, 5)}
                plain = {k: v for k, v in options.items() if k != "weight"}
                if "ignore_index" in options and target_shape:
                    named["target"].view(-1)[1:3] = options["ignore_index"]
                if "weight" in options:
                    named["weight"] = weight
                write_case(
                    out,
                    f"cross_entropy/{word},{reduction}{tag}",
                    lambda x, target, weight=None: F.cross_entropy(
                        x, target, weight, reduction=reduction, **plain
                    ),
                    named,
                    ["x"],
                    op="cross_entropy",
                    reduction=reduction,
                    **plain,
                )
    for shape in ((4, 5), (2, 5, 3), (5,)):
        axis = 1 if len(shape) > 1 else 0
        for reduction in REDUCTIONS:
            for tag, weighted, smoothing in (("", False, 0.0), (",weight,smooth", True, 0.1)):
                named = {"x": distinct(shape), "probabilities": torch.softmax(grid(shape), axis)}
                if weighted:
                    named["weight"] = weight
                write_case(
                    out,
                    f"cross_entropy/probabilities,{'x'.join(map(str, shape))},{reduction}{tag}",
                    lambda x, probabilities, weight=None: F.cross_entropy(
                        x, probabilities, weight, reduction=reduction, label_smoothing=smoothing
                    ),
                    named,
                    ["x", "probabilities"],
                    op="cross_entropy",
                    reduction=reduction,
                    label_smoothing=smoothing or None,
                )


def write_cross_entropy_corners(out):
    def plain(x, target):
        return F.cross_entropy(x, target)

    big = torch.tensor([[1000.0, 0, -1000], [-1000, 1000, 0], [0, 0, 0]], dtype=torch.float64)
    write_case(
        out,
        "cross_entropy/extremes",
        plain,
        {"x": big, "target": torch.tensor([0, 2, 1])},
        ["x"],
        op="cross_entropy",
    )
    write_case(
        out,
        "cross_entropy/all_ignored",
        lambda x, target: F.cross_entropy(x, target, ignore_index=-100),
        {"x": grid((3, 4)), "target": torch.full((3,), -100)},
        ["x"],
        op="cross_entropy",
        ignore_index=-100,
    )
    write_case(
        out,
        "cross_entropy/empty,sum",
        lambda x, target: F.cross_entropy(x, target, reduction="sum"),
        {"x": grid((0, 4)), "target": torch.zeros(0, dtype=torch.int64)},
        ["x"],
        op="cross_entropy",
        reduction="sum",
    )
    write_case(
        out,
        "cross_entropy/empty,mean",
        plain,
        {"x": grid((0, 4)), "target": torch.zeros(0, dtype=torch.int64)},
        ["x"],
        op="cross_entropy",
    )
    for tag, x, target in (
        ("label_high", grid((2, 3)), torch.tensor([0, 3])),
        ("label_low", grid((2, 3)), torch.tensor([-1, 0])),
        ("batch", grid((2, 3)), torch.tensor([0, 1, 2])),
        ("column", grid((2, 3)), torch.tensor([[0], [1]])),
    ):
        write_case(
            out,
            f"cross_entropy/error,{tag}",
            plain,
            {"x": x, "target": target},
            ["x"],
            op="cross_entropy",
        )


def write_nll(out):
    weight = torch.tensor([0.5, 1.0, 2.0, 0.25], dtype=torch.float64)
    for shape in ((3, 4), (2, 4, 3), (4,)):
        for reduction in REDUCTIONS:
            for weighted in (False, True):
                for ignore in (None, 1):
                    named = {
                        "x": torch.log_softmax(distinct(shape), 1 if len(shape) > 1 else 0),
                        "target": integers(shape[:1] + shape[2:] if len(shape) > 1 else (), 0, 4),
                    }
                    if weighted:
                        named["weight"] = weight
                    if ignore is not None and len(shape) > 1:
                        named["target"].view(-1)[1] = ignore
                    more = {} if ignore is None else {"ignore_index": ignore}
                    tags = (",weight" if weighted else "") + (
                        ",ignore" if ignore is not None else ""
                    )
                    write_case(
                        out,
                        f"nll_loss/{'x'.join(map(str, shape))},{reduction}{tags}",
                        lambda x, target, weight=None: F.nll_loss(
                            x, target, weight, reduction=reduction, **more
                        ),
                        named,
                        ["x"],
                        op="nll_loss",
                        reduction=reduction,
                        **more,
                    )


def write_binary(out):
    for reduction in REDUCTIONS:
        for weighted in (False, True):
            named = {
                "x": torch.sigmoid(grid((3, 2))),
                "target": integers((3, 2), 0, 9).double() / 8,
            }
            if weighted:
                named["weight"] = torch.tensor([0.5, 2.0], dtype=torch.float64).expand(3, 2)
            write_case(
                out,
                f"bce/{reduction}{',weight' if weighted else ''}",
                lambda x, target, weight=None: F.binary_cross_entropy(
                    x, target, weight, reduction=reduction
                ),
                named,
                ["x"],
                op="binary_cross_entropy",
                reduction=reduction,
            )
        for weighted in (False, True):
            for pos in (False, True):
                named = {"x": distinct((3, 2)) * 4, "target": integers((3, 2), 0, 9).double() / 8}
                if weighted:
                    named["weight"] = torch.tensor(
                        [[0.5], [2.0], [1.0]], dtype=torch.float64
                    ).expand(3, 2)
                if pos:
                    named["pos_weight"] = torch.tensor([3.0, 0.5], dtype=torch.float64)
                tags = (",weight" if weighted else "") + (",pos_weight" if pos else "")
                write_case(
                    out,
                    f"bce_with_logits/{reduction}{tags}",
                    lambda x, target, weight=None, pos_weight=None: with_logits(
                        x, target, weight, pos_weight=pos_weight, reduction=reduction
                    ),
                    named,
                    ["x", "target"],
                    op="binary_cross_entropy_with_logits",
                    reduction=reduction,
                )
    ends = torch.tensor([0.0, 1.0, 0.0, 1.0, 1e-30, 0.5], dtype=torch.float64)
    target = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 0.5], dtype=torch.float64)
    write_case(
        out,
        "bce/ends",
        lambda x, target: F.binary_cross_entropy(x, target, reduction="none"),
        {"x": ends, "target": target},
        ["x"],
        op="binary_cross_entropy",
        reduction="none",
    )
    for tag, values in (("float32", torch.tensor([0.0, 1.0, 0.25, 1.0])),):
        write_case(
            out,
            f"bce/ends,{tag}",
            lambda x, target: F.binary_cross_entropy(x, target, reduction="none"),
            {"x": values, "target": torch.tensor([1.0, 0.0, 1.0, 1.0])},
            ["x"],
            op="binary_cross_entropy",
            reduction="none",
        )
    logits = torch.tensor([-1000.0, 1000, -1000, 1000, 0, -0.0, 40, -40], dtype=torch.float64)
    write_case(
        out,
        "bce_with_logits/extremes",
        lambda x, target: with_logits(x, target, reduction="none"),
        {"x": logits, "target": torch.tensor([0.0, 1, 1, 0, 1, 0, 0, 1], dtype=torch.float64)},
        ["x"],
        op="binary_cross_entropy_with_logits",
        reduction="none",
    )
    write_case(
        out,
        "bce/error,range",
        lambda x, target: F.binary_cross_entropy(x, target),
        {"x": torch.tensor([1.5]).double(), "target": torch.tensor([1.0]).double()},
        ["x"],
        op="binary_cross_entropy",
    )
    write_case(
        out,
        "bce/error,shape",
        lambda x, target: F.binary_cross_entropy(x, target),
        {"x": torch.full((3, 1), 0.5).double(), "target": torch.zeros(3).double()},
        ["x"],
        op="binary_cross_entropy",
    )


def write_regression(out):
    table = [
        ("mse", F.mse_loss, {}),
        ("l1", F.l1_loss, {}),
        ("smooth_l1", F.smooth_l1_loss, {"beta": 1.0}),
        ("smooth_l1", F.smooth_l1_loss, {"beta": 0.25}),
        ("smooth_l1", F.smooth_l1_loss, {"beta": 0.0}),
        ("huber", F.huber_loss, {"delta": 1.0}),
        ("huber", F.huber_loss, {"delta": 0.5}),
    ]
    for name, function, more in table:
        for reduction in REDUCTIONS:
            for shape in ((3, 4), (), (0, 2)):
                target = grid(shape)
                x = target + distinct(shape) if shape != () else target + 0.5
                if len(shape) == 2 and shape[0]:
                    x[0, 0] = target[0, 0]  # the kink
                    x[0, 1] = target[0, 1] + 1
                    x[0, 2] = target[0, 2] - 0.25
                tags = "".join(f",{k}={v:g}" for k, v in more.items())
                write_case(
                    out,
                    f"{name}/{'x'.join(map(str, shape)) or 'scalar'},{reduction}{tags}",
                    lambda x, target: function(x, target, reduction=reduction, **more),
                    {"x": x, "target": target},
                    ["x", "target"],
                    op=name + "_loss",
                    reduction=reduction,
                    **more,
                )


def write_divergence(out):
    for log_target in (False, True):
        for reduction in REDUCTIONS + ("batchmean",):
            target = torch.softmax(grid((3, 4)), 1)
            if not log_target:
                target[1] = torch.tensor([0.0, 1, 0, 0])  # 0 log 0 is 0
            named = {
                "x": torch.log_softmax(distinct((3, 4)), 1),
                "target": target.log() if log_target else target,
            }
            write_case(
                out,
                f"kl_div/{reduction}{',log_target' if log_target else ''}",
                lambda x, target: F.kl_div(x, target, reduction=reduction, log_target=log_target),
                named,
                ["x", "target"] if log_target else ["x"],
                op="kl_div",
                reduction=reduction,
                log_target=1 if log_target else None,
            )


def write(out):
    write_cross_entropy(out)
    write_cross_entropy_corners(out)
    write_nll(out)
    write_binary(out)
    write_regression(out)
    write_divergence(out)
