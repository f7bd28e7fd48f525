"""Arithmetic, comparison and logic of two tensors: values, broadcasting, gradients."""

import math

import torch

from golden_writer import distinct, grads, grid, integers

INF, NAN = math.inf, math.nan


def div_mode(mode):
    return lambda a, b: torch.div(a, b, rounding_mode=mode)


DIFFERENTIABLE = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "div_floor": div_mode("floor"),
    "div_trunc": div_mode("trunc"),
    "remainder": torch.remainder,
    "fmod": torch.fmod,
    "pow": torch.pow,
    "atan2": torch.atan2,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "hypot": torch.hypot,
    "xlogy": torch.xlogy,
    "logaddexp": torch.logaddexp,
}
COMPARE = {
    "eq": torch.eq,
    "ne": torch.ne,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
}
LOGIC = {
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
}
BITWISE = {
    "bitwise_and": torch.bitwise_and,
    "bitwise_or": torch.bitwise_or,
    "bitwise_xor": torch.bitwise_xor,
}
SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((3, 4), (3, 1)),
    ((3, 1), (1, 4)),
    ((3, 4), ()),
    ((), (2, 2)),
    ((2, 1, 3), (4, 1)),
    ((2, 3, 1, 2), (3, 2, 1)),
    ((0, 3), (1, 3)),
    ((2, 0), (2, 1)),
    ((1,), (3, 2, 2)),
    ((1, 1), (1,)),
]
EDGE = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, INF, -INF, NAN]


def shape_word(shape):
    return "x".join(map(str, shape)) or "scalar"


def inputs(name, shape_a, shape_b):
    """Inputs where the op is smooth: no zero divisors, no powers of negatives, no kinks."""
    a, b = distinct(shape_a) + 1 / 16, grid(shape_b, span=16)
    if name in ("div", "div_floor", "div_trunc", "remainder", "fmod"):
        b = torch.where(b == 0, torch.full_like(b, 1.5), b) + 1 / 32
    if name in ("pow", "xlogy"):
        a = a.abs() if name == "pow" else a
        b = b if name == "pow" else b.abs() + 0.25
    return a, b


def write_pair(out, case, function, a, b, **options):
    a, b = a.double().requires_grad_(), b.double().requires_grad_()
    y = function(a, b)
    out.case(case, **options)
    out.tensors(a=a, b=b, y=y)
    if y.requires_grad:
        try:
            upstream, (da, db) = grads(y, [a, b])
        except RuntimeError:  # fmod and remainder have no rule for b in this version
            a2 = a.detach().requires_grad_()
            upstream, (da,) = grads(function(a2, b.detach()), [a2])
            db = None
        out.tensors(dy=upstream, da=da, db=db)


def write_edges(out):
    """Every pair of special values, once; ties of maximum and minimum included."""
    a = torch.tensor(EDGE, dtype=torch.float32)[:, None]
    b = torch.tensor(EDGE, dtype=torch.float32)[None, :]
    for name, function in {**DIFFERENTIABLE, **COMPARE, **LOGIC}.items():
        out.case(f"{name}/edges", op=name)
        out.tensors(a=a, b=b, y=function(a, b))


def write_ties(out):
    a = torch.tensor([1.0, 2.0, 3.0, -1.0], dtype=torch.float64)
    b = torch.tensor([1.0, 1.0, 4.0, -1.0], dtype=torch.float64)
    for name in ("maximum", "minimum"):
        write_pair(out, f"{name}/ties", DIFFERENTIABLE[name], a, b, op=name)
    base = torch.tensor([0.0, 0.0, 0.0, 0.0, 2.0], dtype=torch.float64)
    exponent = torch.tensor([0.0, 1.0, 2.0, 0.5, 0.0], dtype=torch.float64)
    write_pair(out, "pow/zero_base", torch.pow, base, exponent, op="pow")


def write_integers(out):
    """Integer division and powers: signs, wrap-around, zero divisors left out."""
    for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        low = 0 if dtype in (torch.uint8, torch.bool) else -9
        high = 2 if dtype == torch.bool else 256 if dtype == torch.uint8 else 10
        a, b = integers((12,), low, high).to(dtype), integers((12,), low, high).to(dtype)
        for name, function in {**DIFFERENTIABLE, **COMPARE, **LOGIC, **BITWISE}.items():
            c = b
            if name in ("div_floor", "div_trunc", "remainder", "fmod"):
                c = torch.where(b == 0, torch.ones_like(b), b)
            if name == "pow":
                c = (b.to(torch.int64).abs() % 4).to(dtype)
            try:
                y = function(a, c)
            except RuntimeError:
                out.case(f"{name}.{str(dtype)[6:]}", op=name, error=1)
                out.tensors(a=a, b=c)
                continue
            out.case(f"{name}.{str(dtype)[6:]}", op=name)
            out.tensors(a=a, b=c, y=y)
    big = torch.tensor([2**31 - 1, -(2**31), 2**30, 46341], dtype=torch.int32)
    other = torch.tensor([1, -1, 2, 46341], dtype=torch.int32)
    for name in ("add", "sub", "mul"):
        out.case(f"{name}.wrap", op=name)
        out.tensors(a=big, b=other, y=DIFFERENTIABLE[name](big, other))


def write(out):
    for name, function in DIFFERENTIABLE.items():
        for shape_a, shape_b in SHAPES if name in ("add", "sub", "mul", "div") else SHAPES[:6]:
            a, b = inputs(name, shape_a, shape_b)
            write_pair(
                out, f"{name}/{shape_word(shape_a)},{shape_word(shape_b)}", function, a, b, op=name
            )
    for name, function in {**COMPARE, **LOGIC}.items():
        for shape_a, shape_b in SHAPES[:4]:
            a, b = integers(shape_a, -1, 2).double(), integers(shape_b, -1, 2).double()
            write_pair(
                out, f"{name}/{shape_word(shape_a)},{shape_word(shape_b)}", function, a, b, op=name
            )
    write_edges(out)
    write_ties(out)
    write_integers(out)
    a, b = distinct((2, 3)), grid((3,))
    for alpha in (2.0, -0.5):
        for name in ("add", "sub"):
            write_pair(
                out,
                f"{name}/alpha{alpha:g}",
                lambda p, q: getattr(torch, name)(p, q, alpha=alpha),
                a,
                b,
                op=name,
                alpha=alpha,
            )
    for weight in (0.0, 0.25, 1.0):
        write_pair(
            out,
            f"lerp/{weight:g}",
            lambda p, q: torch.lerp(p, q, weight),
            a,
            distinct((2, 3)),
            op="lerp",
            weight=weight,
        )
    for shape_a, shape_b in SHAPES:
        a, b = distinct(shape_a), grid(shape_b) + 1 / 16
        case = f"add_relu/{shape_word(shape_a)},{shape_word(shape_b)}"
        write_pair(out, case, lambda p, q: torch.relu(p + q), a, b, op="add_relu")
    a = torch.tensor(EDGE, dtype=torch.float32)
    out.case("add_relu/edges", op="add_relu")
    out.tensors(a=a[:, None], b=a[None, :], y=torch.relu(a[:, None] + a[None, :]))
