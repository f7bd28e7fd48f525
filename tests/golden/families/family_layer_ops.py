"""Operations behind layers: interpolation, pixels and channels, embeddings, gates."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from golden_writer import grid, integers
from index_case import write_case

# shape, size, scale, mode, align_corners
SIZES = [
    ((1, 2, 3, 4), None, 2.0, "nearest", None),
    ((2, 1, 5, 7), (3, 10), None, "nearest", None),
    ((1, 1, 7, 5), None, (0.6, 1.7), "nearest", None),
    ((2, 2, 5), None, 2.5, "nearest", None),
    ((2, 2, 5), 8, None, "linear", False),
    ((2, 2, 5), 3, None, "linear", True),
    ((1, 2, 3, 4), None, 2.0, "bilinear", False),
    ((1, 2, 3, 4), None, 2.0, "bilinear", True),
    ((1, 1, 6, 5), (4, 9), None, "bilinear", False),
    ((1, 1, 6, 5), None, (1.3, 0.7), "bilinear", False),
    ((1, 1, 4, 4), (1, 1), None, "bilinear", True),
    ((1, 1, 1, 1), (2, 3), None, "bilinear", False),
    ((1, 2, 4, 5), None, 1.5, "bicubic", False),
    ((1, 1, 5, 4), (7, 3), None, "bicubic", True),
]


def write_interpolate(out):
    for i, (shape, size, scale, mode, align) in enumerate(SIZES):
        write_case(
            out,
            f"interpolate/{i},{mode}",
            lambda x: F.interpolate(x, size, scale, mode, align),
            {"x": grid(shape)},
            op="interpolate",
            size=size,
            scale=scale,
            mode=mode,
            align=int(bool(align)),
        )


def write_pixels(out):
    for shape, r in (((2, 8, 3, 2), 2), ((9, 1, 2), 3), ((2, 1, 4, 2, 2), 2)):
        name = "x".join(map(str, shape))
        write_case(
            out,
            f"pixel_shuffle/{name}",
            lambda x: F.pixel_shuffle(x, r),
            {"x": grid(shape)},
            op="pixel_shuffle",
            factor=r,
        )
    write_case(
        out,
        "pixel_unshuffle",
        lambda x: F.pixel_unshuffle(x, 2),
        {"x": grid((2, 3, 4, 6))},
        op="pixel_unshuffle",
        factor=2,
    )
    write_case(
        out,
        "pixel_shuffle/error",
        lambda x: F.pixel_shuffle(x, 2),
        {"x": grid((2, 6, 2, 2))},
        op="pixel_shuffle",
        factor=2,
    )


def write_embedding(out):
    for name, shape, padding in (("plain", (2, 3), None), ("padding", (5,), 2), ("scalar", (), -1)):
        write_case(
            out,
            f"embedding/{name}",
            lambda index, weight: F.embedding(index, weight, padding),
            {"index": integers(shape, 0, 4), "weight": grid((4, 3))},
            ("weight",),
            op="embedding",
            padding=padding,
        )
    write_case(
        out,
        "embedding/error",
        lambda index, weight: F.embedding(index, weight),
        {"index": torch.tensor([4]), "weight": grid((4, 3))},
        ("weight",),
        op="embedding",
    )
    torch.manual_seed(5)
    out.case("embedding_start/5", op="embedding_start", seed=5, padding=1)
    out.tensor("weight", nn.Embedding(7, 5, padding_idx=1).weight)


def write_gates(out):
    for shape, count in (((2, 3, 4), 3), ((2, 3, 4), 1), ((5,), 1)):
        write_case(
            out,
            f"prelu/{'x'.join(map(str, shape))},{count}",
            F.prelu,
            {"input": grid(shape), "weight": grid((count,))},
            ("input", "weight"),
            op="prelu",
        )
    for shape, dim in (((2, 6), -1), ((4, 3), 0)):
        write_case(
            out,
            f"glu/{dim}",
            lambda x: F.glu(x, dim),
            {"x": grid(shape)},
            op="glu",
            dim=dim,
        )
    write_case(out, "glu/error", lambda x: F.glu(x, 1), {"x": grid((2, 3))}, op="glu", dim=1)


def write_conv_block(out):
    for name, activation, kernel in (("relu", F.relu, 2), ("tanh", torch.tanh, 3)):
        write_case(
            out,
            f"conv_block/{name}",
            lambda x, weight, bias: F.max_pool2d(
                activation(F.conv2d(x, weight, bias, padding=1)), kernel, 2
            ),
            {"x": grid((2, 2, 6, 7)), "weight": grid((3, 2, 3, 3)) / 4, "bias": grid((3,))},
            ("x", "weight", "bias"),
            op="conv_block",
            activation=name,
            kernel=kernel,
        )
    write_case(
        out,
        "conv_block/norm",
        lambda x, weight, bias, gamma, beta: F.max_pool2d(
            F.relu(
                F.batch_norm(
                    F.conv2d(x, weight, bias, padding=1), None, None, gamma, beta, training=True
                )
            ),
            2,
        ),
        {
            "x": grid((2, 2, 6, 7)),
            "weight": grid((3, 2, 3, 3)) / 4,
            "bias": grid((3,)),
            "gamma": grid((3,)) + 1 / 16,
            "beta": grid((3,)),
        },
        ("x", "weight", "gamma", "beta"),
        op="conv_block",
        activation="relu",
        kernel=2,
        norm=1,
    )


def write(out):
    write_interpolate(out)
    write_pixels(out)
    write_embedding(out)
    write_gates(out)
    write_conv_block(out)
