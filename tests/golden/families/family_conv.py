"""Convolutions and their transposes over a grid of odd cases; layers from a seed."""

import torch
import torch.nn.functional as F

from golden_writer import grid
from index_case import write_case

# name, x, weight, options; bias where the name does not end in "no_bias"
CONV2D = [
    ("plain", (2, 3, 5, 6), (4, 3, 3, 3), {}),
    ("1x1", (2, 3, 4, 5), (5, 3, 1, 1), {}),
    ("1x1_stride", (2, 3, 5, 4), (5, 3, 1, 1), {"stride": (2, 2)}),
    ("one_pixel", (3, 2, 1, 1), (4, 2, 1, 1), {}),
    ("one_pixel_padded", (1, 2, 1, 1), (4, 2, 3, 3), {"padding": (1, 1)}),
    ("kernel_over_input", (2, 2, 3, 2), (3, 2, 5, 4), {"padding": (2, 1)}),
    ("whole_input", (2, 2, 3, 4), (3, 2, 3, 4), {}),
    ("stride_over_kernel", (1, 2, 9, 8), (3, 2, 2, 2), {"stride": (3, 4)}),
    ("dilation_3", (1, 2, 9, 8), (3, 2, 3, 2), {"dilation": (3, 3), "padding": (1, 2)}),
    ("dilation_stride", (1, 1, 9, 10), (2, 1, 3, 3), {"dilation": (2, 3), "stride": (3, 2)}),
    ("depthwise", (2, 4, 5, 5), (4, 1, 3, 3), {"groups": 4, "padding": (1, 1)}),
    ("depthwise_2", (1, 3, 6, 5), (6, 1, 3, 3), {"groups": 3, "padding": (1, 1), "stride": (2, 2)}),
    ("groups", (2, 4, 5, 4), (6, 2, 3, 3), {"groups": 2, "padding": (1, 1)}),
    ("non_square", (1, 2, 4, 9), (3, 2, 1, 5), {"stride": (1, 2), "padding": (0, 2)}),
    ("padding_over_kernel", (1, 1, 3, 3), (2, 1, 2, 2), {"padding": (3, 2)}),
    ("rest", (1, 2, 8, 7), (3, 2, 3, 3), {"stride": (3, 2)}),
    ("no_bias", (1, 3, 6, 6), (2, 3, 5, 5), {"padding": (2, 2)}),
    ("unbatched", (2, 5, 4), (3, 2, 3, 3), {"padding": (1, 1)}),
    ("no_batch", (0, 2, 5, 4), (3, 2, 3, 3), {"padding": (1, 1)}),
    ("same", (1, 2, 5, 6), (3, 2, 4, 3), {"padding": "same", "dilation": (1, 2)}),
    ("valid", (1, 2, 5, 6), (3, 2, 4, 3), {"padding": "valid"}),
    ("wide", (1, 3, 9, 37), (17, 3, 3, 3), {"padding": (1, 1)}),
    ("first_layer", (1, 1, 12, 12), (8, 1, 5, 5), {"padding": (2, 2)}),
    ("strided_5", (1, 3, 15, 17), (6, 3, 5, 5), {"stride": (2, 2)}),
]
CONV1D = [
    ("plain", (2, 3, 9), (4, 3, 3), {}),
    ("stride", (1, 2, 10), (3, 2, 4), {"stride": (3,), "padding": (2,)}),
    ("dilation", (2, 2, 11), (3, 2, 3), {"dilation": (4,), "padding": (1,)}),
    ("groups", (1, 6, 7), (6, 1, 3), {"groups": 6}),
    ("same", (1, 2, 6), (3, 2, 4), {"padding": "same"}),
    ("unbatched", (2, 5), (3, 2, 3), {}),
    ("one", (2, 3, 1), (4, 3, 1), {}),
]
TRANSPOSE2D = [
    ("plain", (2, 3, 3, 4), (3, 4, 3, 3), {}),
    ("gan", (2, 4, 4, 4), (4, 3, 4, 4), {"stride": (2, 2), "padding": (1, 1)}),
    ("output_padding", (1, 2, 3, 3), (2, 3, 3, 3),
     {"stride": (2, 3), "padding": (1, 1), "output_padding": (1, 2)}),
    ("stride_over_kernel", (1, 2, 3, 2), (2, 3, 2, 2), {"stride": (3, 4)}),
    ("dilation", (1, 2, 3, 4), (2, 2, 3, 2), {"dilation": (2, 3), "padding": (1, 0)}),
    ("groups", (1, 4, 3, 3), (4, 2, 3, 3), {"groups": 2, "stride": (2, 2)}),
    ("depthwise", (2, 3, 3, 3), (3, 1, 3, 3), {"groups": 3}),
    ("1x1", (2, 3, 3, 2), (3, 4, 1, 1), {}),
    ("unbatched", (3, 3, 2), (3, 4, 2, 2), {"stride": (2, 2)}),
    ("no_bias", (1, 3, 2, 2), (3, 2, 3, 3), {"padding": (1, 1)}),
    ("no_batch", (0, 3, 2, 2), (3, 2, 3, 3), {}),
]
TRANSPOSE1D = [
    ("plain", (2, 3, 4), (3, 2, 3), {}),
    ("stride", (1, 2, 4), (2, 3, 4), {"stride": (3,), "padding": (1,), "output_padding": (2,)}),
]
MODES = [
    ("reflect", (1, 2, 4, 5), (2, 2, 3, 3), (2, 3)),
    ("replicate", (1, 2, 2, 3), (2, 2, 3, 3), (2, 4)),
    ("circular", (1, 2, 3, 4), (2, 2, 3, 3), (2, 4)),
]
ERRORS = [
    ("conv2d", "too_small", (1, 2, 3, 3), (2, 2, 4, 3), {}),
    ("conv2d", "channels", (1, 3, 5, 5), (2, 2, 3, 3), {}),
    ("conv2d", "groups", (1, 4, 5, 5), (3, 2, 3, 3), {"groups": 2}),
    ("conv2d", "rank", (1, 2, 3, 3, 3), (2, 2, 3, 3), {}),
    ("conv1d", "rank", (1, 2, 3, 3), (2, 2, 3), {}),
    ("conv2d", "same_stride", (1, 2, 5, 5), (2, 2, 3, 3), {"padding": "same", "stride": (2, 2)}),
    ("conv_transpose2d", "output_padding", (1, 2, 3, 3), (2, 2, 3, 3),
     {"stride": (2, 2), "output_padding": (2, 2)}),
    ("conv_transpose2d", "channels", (1, 3, 3, 3), (2, 2, 3, 3), {}),
]
LAYERS = [
    ("Conv2d", 1, (3, 6, 5), {"stride": 2}),
    ("Conv2d", 2, (4, 8, (3, 2)), {"groups": 4, "bias": False}),
    ("Conv2d", 3, (2, 2, 3), {"padding": "same", "dilation": 2}),
    ("Conv2d", 4, (2, 4, 3), {"padding": (1, 0), "padding_mode": "circular"}),
    ("Conv1d", 5, (3, 4, 7), {"padding": 3, "groups": 1}),
    ("ConvTranspose2d", 6, (4, 6, 4), {"stride": 2, "padding": 1, "groups": 2}),
    ("ConvTranspose1d", 7, (4, 2, 3), {"stride": 3, "output_padding": 1}),
]


def named_tensors(x, weight, transposed, groups, bias):
    named = {"x": grid(x, span=8), "weight": grid(weight, span=8)}
    if bias:
        named["bias"] = grid((weight[1] * groups if transposed else weight[0],), span=8)
    return named


def write_table(out, op, table):
    function = getattr(F, op)
    for name, x, weight, options in table:
        named = named_tensors(
            x, weight, "transpose" in op, options.get("groups", 1), not name.endswith("no_bias")
        )
        write_case(
            out,
            f"{op}/{name}",
            lambda **t: function(t["x"], t["weight"], t.get("bias"), **options),
            named,
            differentiate=tuple(named),
            op=op,
            **options,
        )


def write_modes(out):
    for mode, x, weight, (pad_h, pad_w) in MODES:
        pad_h, pad_w = (1, 2) if mode == "circular" else (pad_h, pad_w)
        named = named_tensors(x, weight, False, 1, True)
        sides = (pad_w, pad_w, pad_h, pad_h)
        write_case(
            out,
            f"conv2d/{mode}",
            lambda **t: F.conv2d(F.pad(t["x"], sides, mode), t["weight"], t["bias"]),
            named,
            differentiate=tuple(named),
            op="conv2d",
            padding=(pad_h, pad_w),
            padding_mode=mode,
        )
    named = named_tensors((1, 2, 5), (2, 2, 3), False, 1, True)
    write_case(
        out,
        "conv1d/reflect",
        lambda **t: F.conv1d(F.pad(t["x"], (2, 2), "reflect"), t["weight"], t["bias"]),
        named,
        differentiate=tuple(named),
        op="conv1d",
        padding=(2,),
        padding_mode="reflect",
    )


def write_layers(out):
    for kind, seed, sizes, options in LAYERS:
        torch.manual_seed(seed)
        layer = getattr(torch.nn, kind)(*sizes, **options)
        out.case(f"layer/{kind},{seed}", seed=seed, repr_=str(layer).replace(" ", ""))
        out.tensors(weight=layer.weight, bias=layer.bias, next=torch.rand(4))
        spatial = (9, 8) if "2d" in kind else (9,)
        x = grid((2, sizes[0]) + spatial, dtype=torch.float32, span=8)
        out.tensors(x=x, y=layer(x))


def write(out):
    write_table(out, "conv2d", CONV2D)
    write_table(out, "conv1d", CONV1D)
    write_table(out, "conv_transpose2d", TRANSPOSE2D)
    write_table(out, "conv_transpose1d", TRANSPOSE1D)
    write_modes(out)
    for op, name, x, weight, options in ERRORS:
        write_case(
            out,
            f"error/{op},{name}",
            lambda **t: getattr(F, op)(t["x"], t["weight"], **options),
            {"x": grid(x), "weight": grid(weight)},
            op=op,
            **options,
        )
    write_layers(out)
