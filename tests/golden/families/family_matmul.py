"""Products of vectors, matrices and batches: values and gradients, exact in float32 as well."""

import torch
import torch.nn.functional as F

from golden_writer import grads, grid

PAIRS = [
    ((5,), (5,)),
    ((1,), (1,)),
    ((3, 4), (4,)),
    ((4,), (4, 3)),
    ((3, 4), (4, 5)),
    ((1, 7), (7, 1)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((1, 3, 4), (5, 4, 2)),
    ((5, 3, 4), (1, 4, 2)),
    ((2, 1, 3, 4), (3, 4, 2)),
    ((2, 3, 2, 4), (2, 3, 4, 2)),
    ((2, 1, 2, 3), (1, 3, 3, 2)),
    ((0, 4), (4, 3)),
    ((3, 0), (0, 4)),
    ((0,), (0,)),
    ((2, 0, 3), (3, 2)),
    ((0, 2, 3), (3, 2)),
    ((9, 17), (17, 9)),
]


def shape_word(shape):
    return "x".join(map(str, shape))


def write_case(out, case, function, named, **options):
    tensors = {k: v.double().requires_grad_() for k, v in named.items()}
    y = function(*tensors.values())
    out.case(case, **options)
    out.tensors(**tensors, y=y)
    upstream, got = grads(y, list(tensors.values()))
    out.tensors(dy=upstream, **{"d" + k: g for k, g in zip(tensors, got)})


def write(out):
    for a, b in PAIRS:
        write_case(
            out,
            f"matmul/{shape_word(a)},{shape_word(b)}",
            torch.matmul,
            {"a": grid(a, step=1 / 4, span=8), "b": grid(b, step=1 / 4, span=8)},
            op="matmul",
        )
    # Transposed operands: `a_stored` is given, the op sees its transpose.
    a, b = grid((4, 3)), grid((5, 4))
    write_case(
        out,
        "matmul_transposed/both",
        lambda p, q: p.t() @ q.t(),
        {"a": a, "b": b},
        op="matmul",
        transpose_a=1,
        transpose_b=1,
    )
    write_case(
        out,
        "matmul_transposed/a",
        lambda p, q: p.t() @ q,
        {"a": a, "b": grid((4, 5))},
        op="matmul",
        transpose_a=1,
    )
    write_case(
        out,
        "matmul_transposed/b",
        lambda p, q: p @ q.t(),
        {"a": grid((3, 4)), "b": b},
        op="matmul",
        transpose_b=1,
    )
    write_case(out, "outer/3,4", torch.outer, {"a": grid((3,)), "b": grid((4,))}, op="outer")
    write_case(out, "outer/0,2", torch.outer, {"a": grid((0,)), "b": grid((2,))}, op="outer")
    write_case(out, "dot/6", torch.dot, {"a": grid((6,)), "b": grid((6,))}, op="dot")
    write_case(out, "dot/0", torch.dot, {"a": grid((0,)), "b": grid((0,))}, op="dot")
    write_case(out, "mv/3x4", torch.mv, {"a": grid((3, 4)), "b": grid((4,))}, op="mv")
    write_case(out, "mm/3x4,4x2", torch.mm, {"a": grid((3, 4)), "b": grid((4, 2))}, op="mm")
    write_case(
        out, "bmm/2x3x4,2x4x2", torch.bmm, {"a": grid((2, 3, 4)), "b": grid((2, 4, 2))}, op="bmm"
    )
    for shape, beta, alpha in (
        ((2,), 1.0, 1.0),
        ((3, 2), 0.5, -2.0),
        ((3, 1), 0.0, 1.0),
        ((), 2.0, 0.25),
    ):
        write_case(
            out,
            f"addmm/{shape_word(shape) or 'scalar'}",
            lambda c, p, q: torch.addmm(c, p, q, beta=beta, alpha=alpha),
            {"c": grid(shape), "a": grid((3, 4)), "b": grid((4, 2))},
            op="addmm",
            beta=beta,
            alpha=alpha,
        )
    for shape in ((4,), (3, 4), (2, 3, 4), (0, 4)):
        for bias in (True, False):
            named = {"x": grid(shape), "weight": grid((5, 4))}
            if bias:
                named["bias"] = grid((5,))
            write_case(
                out,
                f"linear/{shape_word(shape)}{'' if bias else ',no_bias'}",
                F.linear,
                named,
                op="linear",
            )
    for p, q in (
        ((3, 4), (3, 4)),
        ((3,), (4,)),
        ((2, 3), (4, 2)),
        ((), (2, 2)),
        ((2, 3, 4), (3, 4, 2)),
        ((2, 3, 4), (2, 3, 5)),
        ((2, 3), ()),
    ):
        x, y = torch.zeros(p), torch.zeros(q)
        try:
            torch.matmul(x, y)
        except RuntimeError:
            out.case(
                f"error/{shape_word(p) or 'scalar'},{shape_word(q) or 'scalar'}",
                op="matmul",
                error=1,
            )
            out.tensors(a=x, b=y)
