"""Pooling: windows of all kinds over planes, ties, NaN, indices, and the sizes that come out."""

import math

import torch
import torch.nn.functional as F

from golden_writer import distinct, grid
from index_case import write_case

OPTIONS = ("kernel", "stride", "padding", "dilation", "ceil_mode", "exclude_pad", "divisor")

# shape, kernel, stride, padding, dilation, ceil_mode
MAX_2D = [
    ((2, 3, 4, 6), 2, 2, 0, 1, False),
    ((2, 7, 5), 2, 2, 0, 1, False),
    ((1, 2, 7, 9), 3, 2, 1, 1, False),
    ((1, 1, 6, 6), 3, 1, 1, 1, False),
    ((1, 1, 7, 7), 2, 3, 0, 1, True),
    ((1, 2, 6, 5), (3, 2), (2, 1), (1, 0), 1, True),
    ((1, 1, 9, 11), 3, 2, 1, 3, False),
    ((1, 1, 5, 40), (2, 2), 2, 0, 1, False),
    ((1, 1, 4, 39), (3, 3), (2, 1), 1, 1, False),
    ((1, 1, 3, 3), 5, 1, 2, 1, False),
    ((2, 2, 1, 1), 1, 1, 0, 1, False),
    ((1, 1, 2, 9), (1, 4), 4, 0, 1, False),
    ((0, 2, 4, 4), 2, 2, 0, 1, False),
]


def write_max(out):
    for shape, kernel, stride, padding, dilation, ceil_mode in MAX_2D:
        name = f"{'x'.join(map(str, shape))},k{kernel},s{stride},p{padding},d{dilation},{ceil_mode}"
        write_case(
            out,
            "max_pool2d/" + name.replace(" ", ""),
            lambda x: F.max_pool2d(
                x, kernel, stride, padding, dilation, ceil_mode, return_indices=False
            ),
            {"x": distinct(shape) if math.prod(shape) else torch.zeros(shape).double()},
            op="max_pool2d",
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            ceil_mode=ceil_mode,
        )
    ties = torch.tensor([[[[1.0, 1, 2, 2], [1, 1, 2, 2], [0, 3, 0, 0], [3, 3, 0, 0]]]]).double()
    nan = torch.tensor([[[[1, math.nan, 2, 2], [math.nan, 5, -math.inf, math.inf]]]]).double()
    low = torch.full((1, 1, 2, 4), -math.inf).double()
    for name, x in (("ties", ties), ("nan", nan), ("lowest", low)):
        write_case(
            out, f"max_pool2d/{name}", lambda x: F.max_pool2d(x, 2), {"x": x}, op="max_pool2d", kernel=2
        )
    for shape, kernel, stride, padding, dilation in (
        ((2, 3, 7), 2, 2, 0, 1),
        ((3, 40), 3, 1, 1, 1),
        ((1, 2, 9), 3, 2, 1, 2),
    ):
        write_case(
            out,
            f"max_pool1d/{'x'.join(map(str, shape))},{kernel},{stride},{padding},{dilation}",
            lambda x: F.max_pool1d(x, kernel, stride, padding, dilation),
            {"x": distinct(shape)},
            op="max_pool1d",
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
        )
    for shape, kernel, stride in (((1, 2, 5, 6), 2, 2), ((2, 6, 7), 3, 2)):
        write_case(
            out,
            f"max_pool2d_indices/{'x'.join(map(str, shape))}",
            lambda x: F.max_pool2d(x, kernel, stride, 1, return_indices=True),
            {"x": distinct(shape)},
            (),
            op="max_pool2d_indices",
            kernel=kernel,
            stride=stride,
            padding=1,
        )
    for name, x, kernel, padding in (
        ("small", grid((1, 1, 2, 2)), 3, 0),
        ("padding", grid((1, 1, 4, 4)), 2, 2),
        ("vector", grid((4,)), 2, 0),
    ):
        write_case(
            out,
            f"max_pool2d/error_{name}",
            lambda x: F.max_pool2d(x, kernel, 1, padding),
            {"x": x},
            op="max_pool2d",
            kernel=kernel,
            stride=1,
            padding=padding,
        )


AVERAGE_2D = [
    ((2, 3, 4, 6), dict(kernel_size=2)),
    ((2, 7, 5), dict(kernel_size=3, stride=2, padding=1)),
    ((1, 2, 7, 9), dict(kernel_size=3, stride=2, padding=1, count_include_pad=False)),
    ((1, 1, 6, 7), dict(kernel_size=3, stride=2, ceil_mode=True)),
    ((1, 1, 6, 7), dict(kernel_size=3, stride=2, padding=1, ceil_mode=True)),
    ((1, 1, 5, 7), dict(kernel_size=(2, 3), stride=(1, 2), padding=(0, 1), divisor_override=5)),
    ((1, 1, 5, 41), dict(kernel_size=(3, 2), stride=2)),
    ((1, 1, 5, 37), dict(kernel_size=3, stride=1, padding=1)),
    ((2, 3, 7, 7), dict(kernel_size=7)),
    ((1, 1, 3, 3), dict(kernel_size=5, stride=1, padding=2, count_include_pad=False)),
    ((0, 2, 4, 4), dict(kernel_size=2)),
    ((1, 1, 1, 4), dict(kernel_size=2)),
]


def write_average(out):
    names = {
        "kernel_size": "kernel",
        "divisor_override": "divisor",
        "count_include_pad": "exclude_pad",
    }
    for i, (shape, options) in enumerate(AVERAGE_2D):
        given = {names.get(k, k): v for k, v in options.items()}
        if "exclude_pad" in given:
            given["exclude_pad"] = True
        write_case(
            out,
            f"avg_pool2d/{i},{'x'.join(map(str, shape))}",
            lambda x: F.avg_pool2d(x, **options),
            {"x": grid(shape)},
            op="avg_pool2d",
            **given,
        )
    for shape, kernel, stride, padding in (((2, 3, 7), 2, 2, 0), ((3, 33), 3, 1, 1)):
        write_case(
            out,
            f"avg_pool1d/{'x'.join(map(str, shape))}",
            lambda x: F.avg_pool1d(x, kernel, stride, padding),
            {"x": grid(shape)},
            op="avg_pool1d",
            kernel=kernel,
            stride=stride,
            padding=padding,
        )


def write_adaptive(out):
    for shape, size in (
        ((2, 3, 7, 5), (3, 2)),
        ((2, 4, 4), (1, 1)),
        ((1, 1, 3, 4), (7, 5)),
        ((1, 2, 6, 6), (6, None)),
        ((1, 1, 20, 17), (1, None)),
    ):
        name = f"{'x'.join(map(str, shape))}_to_{size[0]}x{size[1]}"
        for op in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
            write_case(
                out,
                f"{op}/{name}",
                lambda x: getattr(F, op)(x, size),
                {"x": distinct(shape)},
                op=op,
                size=[n or 0 for n in size],
            )
    for op in ("adaptive_avg_pool1d", "adaptive_max_pool1d"):
        for shape, size in (((2, 3, 7), 3), ((2, 5), 8)):
            write_case(
                out,
                f"{op}/{'x'.join(map(str, shape))}_to_{size}",
                lambda x: getattr(F, op)(x, size),
                {"x": distinct(shape)},
                op=op,
                size=[size],
            )
    write_case(
        out,
        "adaptive_max_pool2d_indices",
        lambda x: F.adaptive_max_pool2d(x, (3, 2), return_indices=True),
        {"x": distinct((1, 2, 7, 5))},
        (),
        op="adaptive_max_pool2d_indices",
        size=[3, 2],
    )


def write_others(out):
    for p in (1.0, 2.0, 3.0):
        write_case(
            out,
            f"lp_pool2d/{p:g}",
            lambda x: F.lp_pool2d(x, p, (2, 3), 2, True),
            {"x": grid((1, 2, 5, 6)).abs() + 0.25},
            op="lp_pool2d",
            norm=p,
            kernel=(2, 3),
            stride=2,
            ceil_mode=True,
        )
    write_case(
        out,
        "lp_pool1d",
        lambda x: F.lp_pool1d(x, 2, 3),
        {"x": grid((2, 2, 7)) + 1 / 16},
        op="lp_pool1d",
        norm=2.0,
        kernel=3,
    )
    for shape, size in (((1, 2, 4, 6), None), ((2, 2, 5, 7), (5, 7))):
        y, indices = F.max_pool2d(distinct(shape), 2, return_indices=True)
        write_case(
            out,
            f"max_unpool2d/{'x'.join(map(str, shape))}",
            lambda x, indices: F.max_unpool2d(x, indices, 2, output_size=size),
            {"x": y, "indices": indices},
            op="max_unpool2d",
            kernel=2,
            size=size,
        )
    y, indices = F.max_pool1d(distinct((2, 3, 9)), 3, 2, return_indices=True)
    write_case(
        out,
        "max_unpool1d",
        lambda x, indices: F.max_unpool1d(x, indices, 3, 2),
        {"x": y, "indices": indices},
        op="max_unpool1d",
        kernel=3,
        stride=2,
    )


def write(out):
    write_max(out)
    write_average(out)
    write_adaptive(out)
    write_others(out)
