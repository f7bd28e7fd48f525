"""What print(tensor) shows."""

import math

import torch

from golden_writer import distinct, integers

INF, NAN = math.inf, math.nan


def write_case(out, case, tensor, **options):
    out.case(case, **options)
    if tensor.numel() <= 200:
        out.tensor("x", tensor)
    shown = tensor.requires_grad_() if options.get("requires_grad") else tensor
    out.text("shown", str(shown))


def floats(values):
    return torch.tensor(values, dtype=torch.float32)


NAMED = [
    ("ones", floats([1, 2, 3])),
    ("halves", floats([0.5, 1.25, -2])),
    ("thirds", floats([1 / 3, 2 / 3])),
    ("negative", floats([-1, -2.5, 3])),
    ("whole_negative", floats([-1, 22, -333])),
    ("zeros", floats([0, 0])),
    ("minus_zero", floats([-0.0, 0.0])),
    ("minus_zero_mixed", floats([-0.0, 0.5])),
    ("nan", floats([NAN, 1, 2])),
    ("nan_inf", floats([NAN, INF, -INF, 1.5])),
    ("only_nan", floats([NAN, NAN])),
    ("only_inf", floats([INF, -INF])),
    ("inf_whole", floats([INF, 1000, -3])),
    ("scalar", torch.tensor(3.5)),
    ("scalar_whole", torch.tensor(3.0)),
    ("scalar_long", torch.tensor(0.123456789)),
    ("scalar_int", torch.tensor(42)),
    ("scalar_negative_int", torch.tensor(-7)),
    ("scalar_bool", torch.tensor(True)),
    ("scalar_nan", torch.tensor(NAN)),
    ("scalar_big", torch.tensor(1e10)),
    ("scalar_small", torch.tensor(1e-10)),
    ("scalar_double", torch.tensor(2.5, dtype=torch.float64)),
    ("scalar_inf", torch.tensor(-INF)),
    ("scientific_small", floats([1e-5, 1])),
    ("scientific_big", floats([1e9, 1.5])),
    ("scientific_ratio", floats([0.5, 1000.5, 0.001])),
    ("ratio_1000", floats([0.5, 500.5])),
    ("ratio_1001", floats([0.5, 501.5])),
    ("below_1e-4", floats([0.00009, 0.5])),
    ("at_1e-4", floats([0.0001, 0.05])),
    ("big_whole", floats([1e8, 1])),
    ("big_whole_9", floats([123456789, 1])),
    ("whole_over_1e8", floats([1e8 + 8, 2e9])),
    ("whole_ratio", floats([1, 100000])),
    ("fraction_1e8", floats([99999999.5, 0.5])),
    ("tiny", floats([1e-38, 1e-45])),
    ("huge", floats([3.4e38, -3.4e38])),
    ("exponent_3", torch.tensor([1e-300, 1e300], dtype=torch.float64)),
    ("scientific_nan", floats([1e-10, NAN, INF, 1])),
    ("scientific_negative", floats([-1e-10, 1])),
    ("rounding", floats([0.99999, 0.00005, 9.99995])),
    ("carry", floats([9.99996, 1.5])),
    ("half_even", floats([0.00005, 0.00015, 0.125])),
    ("double", torch.tensor([0.1, 0.2], dtype=torch.float64)),
    ("double_whole", torch.tensor([1.0, 2.0], dtype=torch.float64)),
    ("int64", torch.tensor([1, -20, 300])),
    ("int32", torch.tensor([1, -20, 300], dtype=torch.int32)),
    ("uint8", torch.tensor([1, 20, 255], dtype=torch.uint8)),
    ("bool", torch.tensor([True, False])),
    ("bool_true", torch.tensor([[True, True], [True, True]])),
    ("int_extreme", torch.tensor([2**63 - 1, -(2**63), 0])),
    ("int_zero", torch.tensor([0])),
    ("empty", torch.zeros(0)),
    ("empty_int", torch.zeros(0, dtype=torch.int64)),
    ("empty_2d", torch.zeros(0, 3)),
    ("empty_2d_last", torch.zeros(3, 0)),
    ("empty_1000x0", torch.zeros(1000, 0)),
    ("empty_bool", torch.zeros(0, dtype=torch.bool)),
    ("empty_double_3d", torch.zeros(2, 0, 3, dtype=torch.float64)),
    ("empty_int32", torch.zeros(0, dtype=torch.int32)),
    ("matrix", torch.tensor([[1.5, -2.25], [100, 0]])),
    ("matrix_mixed", floats([[1, 22.5], [333, -4444.25]])),
    ("matrix_int", torch.tensor([[1, 2, 3], [40, 500, 6]])),
    ("one_by_one", floats([[7]])),
    ("column", floats([[1], [2], [3]])),
    ("cube", torch.arange(12.0).reshape(2, 3, 2)),
    ("cube_int", torch.arange(8).reshape(2, 2, 2)),
    ("four_dims", torch.arange(16).reshape(2, 2, 2, 2)),
    ("cube_bool", torch.tensor([[[True], [False]], [[False], [True]]])),
    ("long_row", torch.arange(40)),
    ("long_row_float", torch.arange(40) / 4),
    ("long_row_scientific", torch.arange(30) * 1e-6),
    ("wide_matrix", torch.arange(60).reshape(2, 30) * 7),
    ("wide_matrix_float", torch.arange(50.0).reshape(2, 25) / 8),
    ("thousand", torch.arange(1000)),
    ("long_bool", torch.arange(30) % 3 == 0),
    ("transposed", torch.arange(6.0).reshape(2, 3).t()),
]


def write(out):
    for name, tensor in NAMED:
        write_case(out, name, tensor)
    # Too long to give: `option make arange`, shape and scale; the values are 0, 1, ... times scale.
    for name, shape, scale, dtype in (
        ("summary/1001", (1001,), 1, torch.int64),
        ("summary/1001_float", (1001,), 1, torch.float32),
        ("summary/1001_quarters", (1001,), 0.25, torch.float32),
        ("summary/100x100", (100, 100), 1, torch.int64),
        ("summary/100x100_float", (100, 100), 0.5, torch.float32),
        ("summary/6x200", (6, 200), 1, torch.float32),
        ("summary/7x200", (7, 200), 1, torch.int64),
        ("summary/2000x2", (2000, 2), 1, torch.float32),
        ("summary/2000x1", (2000, 1), 1, torch.int32),
        ("summary/2x3x400", (2, 3, 400), 1, torch.int64),
        ("summary/10x10x20", (10, 10, 20), 0.125, torch.float64),
        ("summary/8x8x8x8", (8, 8, 8, 8), 1, torch.int64),
        ("summary/scientific", (1500,), 1e-7, torch.float32),
        ("summary/uint8", (40, 40), 1, torch.uint8),
        ("summary/bool", (40, 40), 1, torch.bool),
    ):
        count = int(torch.tensor(shape).prod())
        base = torch.arange(count)
        values = base * scale if scale != 1 else base
        if dtype in (torch.uint8, torch.bool):
            values = base % 251 if dtype == torch.uint8 else base % 2
        write_case(
            out,
            name,
            values.to(dtype).reshape(shape),
            make="arange",
            shape=shape,
            scale=float(scale),
            dtype=dtype,
        )
    write_case(out, "grad/leaf", floats([1, 2]), requires_grad=1)
    write_case(out, "grad/double", torch.tensor([[1.5]], dtype=torch.float64), requires_grad=1)
    write_case(out, "grad/scalar", torch.tensor(1.0), requires_grad=1)
    write_case(out, "grad/empty", torch.zeros(0, 2), requires_grad=1)
    write_case(out, "random/matrix", distinct((4, 5), torch.float32))
    write_case(out, "random/ints", integers((3, 7), -1000, 1000))
    write_case(
        out,
        "random/precise",
        torch.tensor([[0.12345678, 12.345678, 123.45678], [-0.5, 99.99999, 0.00012]]),
    )
