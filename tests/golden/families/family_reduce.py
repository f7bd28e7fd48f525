"""Reductions, cumulative sums, norms and softmax along dimensions: values and gradients."""

import math

import torch

from golden_writer import distinct, grads, grid, integers

INF, NAN = math.inf, math.nan
DIMS = [None, 0, 1, -1, (0, 2), (-2, -1), (0, 1, 2)]


def dims_word(dim):
    if dim is None:
        return "all"
    return ",".join(map(str, dim)) if isinstance(dim, tuple) else str(dim)


def write_case(out, case, function, x, **options):
    """Refusals of torch are recorded too: option error 1."""
    x = x.clone()
    if x.is_floating_point():
        x.requires_grad_()
    try:
        y = function(x)
    except (RuntimeError, IndexError):
        out.case(case, error=1, **options)
        out.tensors(x=x)
        return
    out.case(case, **options)
    indices = None
    if isinstance(y, tuple):
        y, indices = y
    out.tensors(x=x, y=y, indices=indices)
    if y.requires_grad:
        try:
            dy, (dx,) = grads(y, [x])
        except RuntimeError:  # the variance of one value: this version's own backward fails
            return
        out.tensors(dy=dy, dx=dx)


def call(function, dim, keepdim, **more):
    if dim is None:
        return lambda x: function(x, **more)
    return lambda x: function(x, dim, keepdim=keepdim, **more)


def several_dims(function, dim, keepdim, correction):
    if dim is None:
        return lambda x: function(
            x, dim=tuple(range(x.dim())), correction=correction, keepdim=keepdim
        )
    return lambda x: function(x, dim=dim, correction=correction, keepdim=keepdim)


def over_dims(out, op, function, dims, shape=(2, 3, 4), make=distinct, **options):
    more = {k: v for k, v in options.items()}
    for dim in dims:
        for keepdim in (False, True) if dim is not None else (False,):
            tags = "".join(f",{k}={v}" for k, v in options.items())
            write_case(
                out,
                f"{op}/{dims_word(dim)}{',keepdim' if keepdim else ''}{tags}",
                call(function, dim, keepdim, **more),
                make(shape),
                op=op,
                dim=dim,
                keepdim=1 if keepdim else None,
                **options,
            )


def write_sums(out):
    over_dims(out, "sum", torch.sum, DIMS)
    over_dims(out, "mean", torch.mean, DIMS)
    over_dims(out, "prod", torch.prod, [None, 0, 1, -1])
    over_dims(out, "logsumexp", torch.logsumexp, [0, 1, -1, (0, 2), (0, 1, 2)])
    for op, function in (("var", torch.var), ("std", torch.std)):
        for correction in (0, 1, 2):
            for dim in (DIMS if correction == 1 else [None, 1, (0, 2)]):
                for keepdim in (False, True) if correction == 1 and dim is not None else (False,):
                    kept = ",keepdim" if keepdim else ""
                    write_case(
                        out,
                        f"{op}/{dims_word(dim)}{kept},correction={correction}",
                        several_dims(function, dim, keepdim, correction),
                        distinct((2, 3, 4)),
                        op=op,
                        dim=dim,
                        keepdim=1 if keepdim else None,
                        correction=correction,
                    )
        write_case(out, f"{op}/one_value", function, grid((1,)), op=op)
        write_case(
            out, f"{op}/constant", function, torch.full((4,), 1.5, dtype=torch.float64), op=op
        )
    offset = grid((16,)) + 1e6  # a naive sum of squares loses these digits
    write_case(out, "var/offset", torch.var, offset, op="var")
    for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        x = integers((3, 4), 0, 2 if dtype == torch.bool else 100).to(dtype)
        for op, function in (("sum", torch.sum), ("prod", torch.prod)):
            write_case(out, f"{op}.{str(dtype)[6:]}", function, x, op=op)
            write_case(out, f"{op}.{str(dtype)[6:]}/0", lambda t: function(t, 0), x, op=op, dim=0)
    for place, values in (
        ("none", [2.0, -3, 4]),
        ("one", [2.0, 0, 4]),
        ("two", [0.0, 3, 0]),
        ("nan", [NAN, 1, 0]),
    ):
        x = torch.tensor(values, dtype=torch.float64)
        write_case(out, f"prod/zeros_{place}", torch.prod, x, op="prod")
        write_case(
            out,
            f"prod/zeros_{place},dim",
            lambda t: torch.prod(t, 0),
            torch.stack([x, x + 1], 1),
            op="prod",
            dim=0,
        )


def write_extrema(out):
    tied = torch.tensor([[1.0, 3, 3, 2], [3, 0, 3, 3], [-1, -1, -1, -1]], dtype=torch.float64)
    special = torch.tensor(
        [[1.0, NAN, 2], [INF, 1, -INF], [NAN, NAN, INF], [-INF, -INF, -INF]], dtype=torch.float64
    )
    for op in ("max", "min"):
        function = getattr(torch, op)
        over_dims(out, op, function, [None, 0, 1, -1])
        over_dims(out, "a" + op, getattr(torch, "a" + op), DIMS)
        over_dims(out, "arg" + op, getattr(torch, "arg" + op), [None, 0, 1, -1])
        for tag, x in (("ties", tied), ("special", special)):
            write_case(out, f"{op}/{tag},all", function, x, op=op)
            write_case(out, f"a{op}/{tag},all", getattr(torch, "a" + op), x, op="a" + op)
            write_case(out, f"arg{op}/{tag},all", getattr(torch, "arg" + op), x, op="arg" + op)
            for dim in (0, 1):
                write_case(out, f"{op}/{tag},{dim}", lambda t: function(t, dim), x, op=op, dim=dim)
                write_case(
                    out,
                    f"a{op}/{tag},{dim}",
                    lambda t: getattr(torch, "a" + op)(t, dim),
                    x,
                    op="a" + op,
                    dim=dim,
                )
                write_case(
                    out,
                    f"arg{op}/{tag},{dim}",
                    lambda t: getattr(torch, "arg" + op)(t, dim),
                    x,
                    op="arg" + op,
                    dim=dim,
                )
        for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
            x = integers((3, 4), 0, 2 if dtype == torch.bool else 100).to(dtype)
            write_case(out, f"{op}.{str(dtype)[6:]}/1", lambda t: function(t, 1), x, op=op, dim=1)


def write_logic(out):
    x = integers((3, 4), 0, 3).clamp(max=1).bool()
    x[0], x[1] = True, False
    for op in ("any", "all"):
        function = getattr(torch, op)
        write_case(out, f"{op}/all", function, x, op=op)
        for dim in (0, 1, -1):
            for keepdim in (False, True):
                write_case(
                    out,
                    f"{op}/{dim}{',keepdim' if keepdim else ''}",
                    lambda t: function(t, dim, keepdim=keepdim),
                    x,
                    op=op,
                    dim=dim,
                    keepdim=1 if keepdim else None,
                )
        write_case(
            out,
            f"{op}/floats",
            lambda t: function(t, 1),
            torch.tensor([[0.0, NAN], [0, 0], [-0.0, 2]]).double(),
            op=op,
            dim=1,
        )


def write_norms(out):
    for p in (2.0, 1.0, 3.0, 0.0, INF, -INF, 0.5):
        for dim in (None, 1, (0, 2)):
            write_case(
                out,
                f"norm/{p:g},{dims_word(dim)}",
                lambda t: torch.linalg.vector_norm(t, p, dim=dim),
                distinct((2, 3, 4)),
                op="norm",
                p=p,
                dim=dim,
            )
        write_case(
            out,
            f"norm/{p:g},keepdim",
            lambda t: torch.linalg.vector_norm(t, p, dim=1, keepdim=True),
            distinct((2, 3)),
            op="norm",
            p=p,
            dim=1,
            keepdim=1,
        )
        zeros = torch.tensor([[0.0, 0, 0], [0, 3, -4], [2, -2, 2]], dtype=torch.float64)
        write_case(
            out,
            f"norm/{p:g},zeros",
            lambda t: torch.linalg.vector_norm(t, p, dim=1),
            zeros,
            op="norm",
            p=p,
            dim=1,
        )


def write_along(out):
    """Ops that keep the shape: cumulative ones and softmax."""
    for op in ("cumsum", "cumprod", "softmax", "log_softmax"):
        function = getattr(torch, op)
        for dim in (0, 1, 2, -1, -3):
            write_case(
                out, f"{op}/{dim}", lambda t: function(t, dim), distinct((2, 3, 4)), op=op, dim=dim
            )
        write_case(out, f"{op}/scalar", lambda t: function(t, 0), grid(()), op=op, dim=0)
        write_case(out, f"{op}/0x3", lambda t: function(t, 1), grid((0, 3)), op=op, dim=1)
        write_case(out, f"{op}/3x0", lambda t: function(t, 1), grid((3, 0)), op=op, dim=1)
    for op in ("cumsum", "cumprod"):
        for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
            x = integers((5,), 0, 2 if dtype == torch.bool else 100).to(dtype)
            write_case(
                out, f"{op}.{str(dtype)[6:]}", lambda t: getattr(torch, op)(t, 0), x, op=op, dim=0
            )
    zero = torch.tensor([2.0, 0, 3, 0, 4], dtype=torch.float64)
    write_case(out, "cumprod/zeros", lambda t: torch.cumprod(t, 0), zero, op="cumprod", dim=0)
    extremes = torch.tensor(
        [
            [1000.0, 1000, 999],
            [-1000, 0, 1000],
            [INF, 0, 1],
            [-INF, 0, 1],
            [-INF, -INF, -INF],
            [NAN, 0, 1],
            [1e-30, 0, -1e-30],
        ],
        dtype=torch.float64,
    )
    for op in ("softmax", "log_softmax", "logsumexp"):
        write_case(
            out, f"{op}/extremes", lambda t: getattr(torch, op)(t, 1), extremes, op=op, dim=1
        )


def write_empty(out):
    for op in (
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "amax",
        "argmax",
        "any",
        "all",
        "var",
        "std",
        "logsumexp",
    ):
        function = getattr(torch, op)
        if op != "logsumexp":
            write_case(
                out, f"{op}/empty,all", function, torch.zeros(0, 3, dtype=torch.float64), op=op
            )
        for dim in (0, 1):
            write_case(
                out,
                f"{op}/empty,{dim}",
                lambda t: function(t, dim),
                torch.zeros(0, 3, dtype=torch.float64),
                op=op,
                dim=dim,
            )
    for op in ("sum", "mean", "prod", "max", "argmax", "any", "std"):
        write_case(out, f"{op}/scalar", getattr(torch, op), grid(()), op=op)


def write(out):
    write_sums(out)
    write_extrema(out)
    write_logic(out)
    write_norms(out)
    write_along(out)
    write_empty(out)
