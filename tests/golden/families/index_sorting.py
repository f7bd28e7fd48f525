"""The index family's second half: sorting, counting, creation by formula."""

import math

import torch
import torch.nn.functional as F

from golden_writer import distinct, integers
from index_case import write_case

INF, NAN = math.inf, math.nan


def write_sorting(out):
    special = torch.tensor([3.0, NAN, -INF, 1, INF, -0.0, 0.0, NAN, 1], dtype=torch.float64)
    tied = torch.tensor([[2, 1, 2, 1, 3], [0, 0, 0, 0, 0]])
    for descending in (False, True):
        for tag, t, dim in (
            ("matrix0", distinct((4, 3)), 0),
            ("matrix1", distinct((3, 4)), -1),
            ("special", special, 0),
            ("ties", tied, 1),
            ("uint8", integers((8,), 0, 256, torch.uint8), 0),
            ("bool", torch.tensor([True, False, True, False]), 0),
            ("scalar", torch.tensor(2.5).double(), 0),
            ("empty", torch.zeros(0).double(), 0),
            ("long", integers((70,), -20, 20), 0),
        ):
            write_case(
                out,
                f"sort/{tag}{',descending' if descending else ''}",
                lambda x: tuple(torch.sort(x, dim=dim, descending=descending, stable=True)),
                {"x": t},
                op="sort",
                dim=dim,
                descending=int(descending),
                stable=1,
            )
            if tag in ("matrix1", "special", "ties"):
                write_case(
                    out,
                    f"argsort/{tag}{',descending' if descending else ''}",
                    lambda x: torch.sort(x, dim=dim, descending=descending, stable=True)[1],
                    {"x": t},
                    (),
                    op="argsort",
                    dim=dim,
                    descending=int(descending),
                    stable=1,
                )
    for k, dim, largest in (
        (2, -1, True),
        (2, 0, False),
        (1, 1, True),
        (4, 1, False),
        (0, 1, True),
        (3, 0, True),
        (5, 1, True),
    ):
        write_case(
            out,
            f"topk/{k},{dim},{'largest' if largest else 'smallest'}",
            lambda x: tuple(torch.topk(x, k, dim, largest)),
            {"x": distinct((3, 4))},
            op="topk",
            k=k,
            dim=dim,
            largest=int(largest),
        )
    few_nan = torch.tensor([1.0, NAN, 3, -INF, INF, 2], dtype=torch.float64)
    for largest in (True, False):
        write_case(
            out,
            f"topk/nan,{'largest' if largest else 'smallest'}",
            lambda x: tuple(torch.topk(x, 3, 0, largest)),
            {"x": few_nan},
            (),
            op="topk",
            k=3,
            dim=0,
            largest=int(largest),
        )


def write_counting(out):
    write_case(
        out,
        "one_hot/given",
        lambda x: F.one_hot(x, 4),
        {"x": integers((2, 3), 0, 4)},
        (),
        op="one_hot",
        num_classes=4,
    )
    write_case(
        out,
        "one_hot/inferred",
        lambda x: F.one_hot(x),
        {"x": torch.tensor([0, 2, 1])},
        (),
        op="one_hot",
    )
    write_case(
        out,
        "one_hot/scalar",
        lambda x: F.one_hot(x, 3),
        {"x": torch.tensor(1)},
        (),
        op="one_hot",
        num_classes=3,
    )
    write_case(
        out,
        "one_hot/empty",
        lambda x: F.one_hot(x, 3),
        {"x": torch.zeros(0, dtype=torch.int64)},
        (),
        op="one_hot",
        num_classes=3,
    )
    write_case(
        out,
        "one_hot/error_high",
        lambda x: F.one_hot(x, 3),
        {"x": torch.tensor([3])},
        (),
        op="one_hot",
        num_classes=3,
    )
    write_case(
        out,
        "one_hot/error_negative",
        lambda x: F.one_hot(x, 3),
        {"x": torch.tensor([-1])},
        (),
        op="one_hot",
        num_classes=3,
    )
    counted = torch.tensor([0, 3, 1, 3, 3, 5])
    write_case(out, "bincount/plain", torch.bincount, {"input": counted}, (), op="bincount")
    write_case(
        out,
        "bincount/minlength",
        lambda input: torch.bincount(input, minlength=9),
        {"input": counted},
        (),
        op="bincount",
        minlength=9,
    )
    write_case(
        out,
        "bincount/short_minlength",
        lambda input: torch.bincount(input, minlength=2),
        {"input": counted},
        (),
        op="bincount",
        minlength=2,
    )
    for dtype in (torch.float32, torch.float64, torch.int64):
        write_case(
            out,
            f"bincount/weights.{str(dtype)[6:]}",
            lambda input, weights: torch.bincount(input, weights),
            {"input": counted, "weights": torch.tensor([1, 2, 3, 4, -5, 6]).to(dtype)},
            (),
            op="bincount",
        )
    write_case(
        out,
        "bincount/empty",
        lambda input: torch.bincount(input, minlength=3),
        {"input": torch.zeros(0, dtype=torch.int64)},
        (),
        op="bincount",
        minlength=3,
    )
    write_case(
        out,
        "bincount/error_negative",
        torch.bincount,
        {"input": torch.tensor([1, -1])},
        (),
        op="bincount",
    )
    for tag, t in (
        ("ints", torch.tensor([3, 1, 3, 2, 1, 3])),
        ("matrix", torch.tensor([[2, 1], [1, 5]])),
        ("floats", torch.tensor([0.5, -1.0, 0.5, INF, -1.0])),
        ("zeros", torch.tensor([0.0, -0.0, 1.0])),
        ("bools", torch.tensor([True, False, True])),
        ("empty", torch.zeros(0, dtype=torch.int64)),
        ("uint8", torch.tensor([200, 3, 200], dtype=torch.uint8)),
    ):
        write_case(
            out,
            f"unique/{tag}",
            lambda x: torch.unique(x, return_inverse=True, return_counts=True),
            {"x": t},
            (),
            op="unique",
        )
    for tag, t in (
        ("ints", torch.tensor([1, 1, 2, 2, 1, 3, 3, 3])),
        ("empty", torch.zeros(0, dtype=torch.int64)),
    ):
        write_case(
            out,
            f"unique_consecutive/{tag}",
            lambda x: torch.unique_consecutive(x, return_inverse=True, return_counts=True),
            {"x": t},
            (),
            op="unique_consecutive",
        )
    boundaries = torch.tensor([0.0, 1, 2, 4])
    for right in (False, True):
        write_case(
            out,
            f"bucketize/{'right' if right else 'left'}",
            lambda x, boundaries: torch.bucketize(x, boundaries, right=right),
            {"x": torch.tensor([-1.0, 0, 0.5, 2, 4, 9]), "boundaries": boundaries},
            (),
            op="bucketize",
            right=int(right),
        )


def write_creation(out):
    for start, stop, step in ((0, 5, 1), (1, 10, 3), (5, 0, -2), (0, 0, 1), (2, 1, 1)):
        out.case(f"arange/{start},{stop},{step}", op="arange", start=start, stop=stop, step=step)
        if (stop - start) * step < 0:
            out.options(error=1)
        else:
            out.tensor("y", torch.arange(start, stop, step))
    for start, stop, step in (
        (0.0, 1.0, 0.1),
        (0.0, 1.0, 0.3),
        (1.0, -1.0, -0.25),
        (0.5, 2.75, 0.75),
    ):
        out.case(
            f"arange_float/{start:g},{stop:g},{step:g}",
            op="arange",
            start=start,
            stop=stop,
            step=step,
        )
        out.tensors(
            y32=torch.arange(start, stop, step),
            y64=torch.arange(start, stop, step, dtype=torch.float64),
        )
    for start, stop, steps in (
        (0.0, 1.0, 5),
        (-2.0, 3.0, 7),
        (1.0, 1.0, 3),
        (0.0, 1.0, 1),
        (0.0, 1.0, 0),
        (5.0, -5.0, 11),
    ):
        out.case(
            f"linspace/{start:g},{stop:g},{steps}",
            op="linspace",
            start=start,
            stop=stop,
            steps=steps,
        )
        out.tensors(
            y32=torch.linspace(start, stop, steps),
            y64=torch.linspace(start, stop, steps, dtype=torch.float64),
        )
    for n, m in ((3, 3), (2, 4), (3, 1), (0, 2)):
        out.case(f"eye/{n},{m}", op="eye", n=n, m=m)
        out.tensor("y", torch.eye(n, m))
