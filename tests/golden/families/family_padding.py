"""Padding in all modes, cutting off included."""

import torch
import torch.nn.functional as F

from golden_writer import grid
from index_case import write_case

MODES = {"constant": "zeros", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}

CASES = [
    ((2, 3), (1, 2), "constant", 0.0),
    ((1, 2, 3, 4), (1, 0, 2, 1), "constant", 0.5),
    ((2, 3, 4), (-1, 2, 1, -1, 0, 1), "constant", 0.0),
    ((2, 2, 3), (2, 1), "reflect", 0.0),
    ((1, 2, 3, 4), (3, 1, 0, 2), "reflect", 0.0),
    ((2, 2, 3), (4, 5), "replicate", 0.0),
    ((1, 2, 1, 4), (0, 3, 2, 2), "replicate", 0.0),
    ((2, 2, 3), (3, 2), "circular", 0.0),
    ((1, 2, 3, 4), (1, 4, 2, 3), "circular", 0.0),
    ((1, 2, 3), (3, 0), "reflect", 0.0),
    ((1, 2, 3), (0, 4), "circular", 0.0),
    ((2, 3), (-2, -2), "constant", 0.0),
]


def write(out):
    for i, (shape, sides, mode, value) in enumerate(CASES):
        write_case(
            out,
            f"pad/{i},{mode},{'x'.join(map(str, shape))}",
            lambda x: F.pad(x, sides, mode, value) if mode == "constant" else F.pad(x, sides, mode),
            {"x": grid(shape)},
            op="pad",
            sides=sides,
            mode=MODES[mode],
            value=value,
        )
    write_case(
        out,
        "pad/integers",
        lambda x: F.pad(x, (1, 2), value=7),
        {"x": torch.arange(6).reshape(2, 3)},
        op="pad",
        sides=(1, 2),
        mode="zeros",
        value=7.0,
    )
