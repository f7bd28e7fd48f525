"""Element-wise functions of one tensor: float32 and float64 values, and gradients in float64."""

import math

import torch
import torch.nn.functional as F

from golden_writer import grads, pattern

INF, NAN = math.inf, math.nan
TINY, DENORMAL, HUGE = 1.1754943508222875e-38, 1.401298464324817e-45, 3.4028234663852886e38
PLAIN = [
    -3,
    -2.5,
    -2,
    -1.75,
    -1,
    -0.75,
    -0.5,
    -0.25,
    -0.125,
    0.125,
    0.25,
    0.5,
    0.75,
    1,
    1.5,
    2,
    2.5,
    3,
]
POSITIVE = [
    0.0078125,
    0.125,
    0.25,
    0.5,
    0.75,
    0.875,
    1,
    1.0625,
    1.5,
    2,
    3,
    4.5,
    8,
    10,
    100,
    1000,
    1e6,
]
EDGES = [0.0, -0.0, INF, -INF, NAN, TINY, -TINY, DENORMAL, -DENORMAL, 1e-20, -1e-20, HUGE, -HUGE]
LARGE = [-1000, -104, -100, -89, -88, -50, -20, -10, -5, 5, 10, 20, 50, 88, 89, 100, 1000]
HALVES = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, -3.5, 1e8, -1e8, 8388609, 4194303.5]

# name, function, inputs, options. A comment of the inputs' last group says why it is there.
TABLE = [
    ("exp", torch.exp, PLAIN + EDGES + LARGE + [88.5, 88.75, -87.25, -103.5], {}),
    ("exp2", torch.exp2, PLAIN + EDGES + LARGE + [127, 128, -126, -149, -150], {}),
    ("expm1", torch.expm1, PLAIN + EDGES + LARGE + [1e-3, -1e-3, 1e-6, -1e-6], {}),
    ("log", torch.log, POSITIVE + EDGES + [-1, 0.99, 1.01, 0.9999, 1.0001], {}),
    ("log2", torch.log2, POSITIVE + EDGES + [-1, 1024, 0.99, 1.01], {}),
    ("log10", torch.log10, POSITIVE + EDGES + [-1, 1e10, 0.99, 1.01], {}),
    ("log1p", torch.log1p, PLAIN + EDGES + POSITIVE + [-0.99, 1e-6, -1e-6, 1e-3], {}),
    ("sqrt", torch.sqrt, POSITIVE + EDGES + [-1, 2.25, 1e-10], {}),
    ("rsqrt", torch.rsqrt, POSITIVE + EDGES + [-1, 2.25, 1e-10], {}),
    ("square", torch.square, PLAIN + EDGES + [1e10, -1e19], {}),
    ("reciprocal", torch.reciprocal, PLAIN + EDGES + [1e10, -1e30], {}),
    ("abs", torch.abs, PLAIN + EDGES, {}),
    ("sign", torch.sign, PLAIN + EDGES, {}),
    ("neg", torch.neg, PLAIN + EDGES, {}),
    ("sin", torch.sin, PLAIN + EDGES[:-2] + [3.1415927, 10, -10, 100, 1000, -31415.9], {}),
    ("cos", torch.cos, PLAIN + EDGES[:-2] + [3.1415927, 10, -10, 100, 1000, -31415.9], {}),
    ("tan", torch.tan, PLAIN + EDGES[:-2] + [1.5625, -1.5625, 10, -10, 100], {}),
    ("asin", torch.asin, [-1, -0.9, -0.5, -0.125, 0, -0.0, 0.125, 0.5, 0.9, 1, 1.5, NAN], {}),
    ("acos", torch.acos, [-1, -0.9, -0.5, -0.125, 0, -0.0, 0.125, 0.5, 0.9, 1, 1.5, NAN], {}),
    ("atan", torch.atan, PLAIN + EDGES + LARGE, {}),
    ("sinh", torch.sinh, PLAIN + EDGES[:8] + [-10, 10, 50, 88, 1e-3], {}),
    ("cosh", torch.cosh, PLAIN + EDGES[:8] + [-10, 10, 50, 88, 1e-3], {}),
    ("tanh", torch.tanh, PLAIN + EDGES + LARGE + [1e-3, -1e-3, 8.5, 9, 9.5, -9], {}),
    ("sigmoid", torch.sigmoid, PLAIN + EDGES + LARGE + [15, -15, 17, -17], {}),
    ("erf", torch.erf, PLAIN + EDGES + [1e-3, 3.5, 3.9, -3.9, 4, 5, 10, -10], {}),
    ("erfc", torch.erfc, PLAIN + EDGES + [1e-3, 3.5, 3.9, -3.9, 4, 5, 9, 10, -10], {}),
    ("floor", torch.floor, PLAIN + EDGES + HALVES, {}),
    ("ceil", torch.ceil, PLAIN + EDGES + HALVES, {}),
    ("round", torch.round, PLAIN + EDGES + HALVES, {}),  # halves go to even
    ("trunc", torch.trunc, PLAIN + EDGES + HALVES, {}),
    ("frac", torch.frac, PLAIN + EDGES[:2] + EDGES[4:8] + HALVES, {}),
    ("relu", torch.relu, PLAIN + EDGES, {}),
    ("relu6", F.relu6, PLAIN + EDGES + [6, 5.75, 6.5], {}),
    ("silu", F.silu, PLAIN + EDGES[:-2] + LARGE, {}),
    ("mish", F.mish, PLAIN + EDGES[:2] + LARGE, {}),
    ("softsign", F.softsign, PLAIN + EDGES[:2] + LARGE, {}),
    ("logsigmoid", F.logsigmoid, PLAIN + EDGES[:4] + LARGE, {}),
    ("hardsigmoid", F.hardsigmoid, PLAIN + EDGES + [3.25, -3.25], {}),
    ("hardswish", F.hardswish, PLAIN + EDGES[:2] + [3.25, -3.25, 10, -10], {}),
    ("isnan", torch.isnan, PLAIN[:4] + EDGES, {}),
    ("isinf", torch.isinf, PLAIN[:4] + EDGES, {}),
    ("isfinite", torch.isfinite, PLAIN[:4] + EDGES, {}),
    ("logical_not", torch.logical_not, PLAIN[:4] + EDGES, {}),
    ("logit", torch.logit, [0, 0.001, 0.125, 0.25, 0.5, 0.75, 0.999, 1, -0.5, 1.5, NAN], {}),
    ("logit/eps", torch.logit, [0, 0.001, 0.125, 0.5, 0.75, 0.999, 1, -0.5, 1.5], {"eps": 0.01}),
    ("gelu/erf", F.gelu, PLAIN + EDGES[:2] + LARGE, {"approximate": "none"}),
    ("gelu/tanh", F.gelu, PLAIN + EDGES[:2] + LARGE, {"approximate": "tanh"}),
    ("leaky_relu/0.01", F.leaky_relu, PLAIN + EDGES, {"negative_slope": 0.01}),
    ("leaky_relu/0.2", F.leaky_relu, PLAIN + EDGES, {"negative_slope": 0.2}),
    ("elu/1", F.elu, PLAIN + EDGES[:-2] + LARGE, {"alpha": 1.0}),
    ("elu/0.5", F.elu, PLAIN + EDGES[:-2] + LARGE, {"alpha": 0.5}),
    ("selu", F.selu, PLAIN + EDGES[:2] + LARGE, {}),
    (
        "softplus/1_20",
        F.softplus,
        PLAIN + EDGES[:4] + LARGE + [19.5, 20.5],
        {"beta": 1.0, "threshold": 20.0},
    ),
    (
        "softplus/2_5",
        F.softplus,
        PLAIN + EDGES[:4] + LARGE + [2.25, 2.75],
        {"beta": 2.0, "threshold": 5.0},
    ),
    ("hardtanh/-1_1", F.hardtanh, PLAIN + EDGES, {"min_val": -1.0, "max_val": 1.0}),
    ("hardtanh/-0.5_2", F.hardtanh, PLAIN + EDGES, {"min_val": -0.5, "max_val": 2.0}),
    ("clamp/both", torch.clamp, PLAIN + EDGES, {"min": -1.0, "max": 2.0}),
    ("clamp/min", torch.clamp, PLAIN + EDGES, {"min": -0.5}),
    ("clamp/max", torch.clamp, PLAIN + EDGES, {"max": 0.75}),
    ("clamp/crossed", torch.clamp, PLAIN + EDGES, {"min": 1.0, "max": -1.0}),  # max wins
    ("pow/0", torch.pow, PLAIN + EDGES, {"exponent": 0.0}),
    ("pow/1", torch.pow, PLAIN + EDGES, {"exponent": 1.0}),
    ("pow/2", torch.pow, PLAIN + EDGES, {"exponent": 2.0}),
    ("pow/3", torch.pow, PLAIN + EDGES, {"exponent": 3.0}),
    ("pow/-1", torch.pow, PLAIN + EDGES, {"exponent": -1.0}),
    ("pow/-2", torch.pow, PLAIN + EDGES, {"exponent": -2.0}),
    ("pow/0.5", torch.pow, PLAIN + EDGES + POSITIVE, {"exponent": 0.5}),
    ("pow/-0.5", torch.pow, PLAIN + EDGES + POSITIVE, {"exponent": -0.5}),
    ("pow/2.5", torch.pow, PLAIN + EDGES + POSITIVE, {"exponent": 2.5}),
    ("softshrink", F.softshrink, PLAIN + EDGES, {"lambd": 0.75}),
    ("hardshrink", F.hardshrink, PLAIN + EDGES, {"lambd": 0.75}),
    ("tanhshrink", F.tanhshrink, PLAIN + EDGES[:-2] + LARGE, {}),
    ("celu/1", F.celu, PLAIN + EDGES[:-2] + LARGE, {"alpha": 1.0}),
    ("celu/2", F.celu, PLAIN + EDGES[:-2] + LARGE, {"alpha": 2.0}),
    ("threshold", F.threshold, PLAIN + EDGES, {"threshold": 0.5, "value": -7.0}),
    (
        "nan_to_num",
        torch.nan_to_num,
        PLAIN[:4] + EDGES,
        {"nan": 1.5, "posinf": 100.0, "neginf": -100.0},
    ),
]

# Integer and bool inputs keep their dtype or promote to float32, as the output's dtype tells.
INTEGERS = [
    ("abs", torch.abs),
    ("neg", torch.neg),
    ("sign", torch.sign),
    ("square", torch.square),
    ("floor", torch.floor),
    ("ceil", torch.ceil),
    ("round", torch.round),
    ("trunc", torch.trunc),
    ("relu", torch.relu),
    ("exp", torch.exp),
    ("sqrt", torch.sqrt),
    ("reciprocal", torch.reciprocal),
    ("sigmoid", torch.sigmoid),
    ("isnan", torch.isnan),
    ("tanh", torch.tanh),
    ("log", torch.log),
    ("logical_not", torch.logical_not),
    ("clamp", lambda x: torch.clamp(x, 1, 3)),
    ("pow2", lambda x: torch.pow(x, 2)),
    ("pow0.5", lambda x: torch.pow(x, 0.5)),
]


def write_float(out, name, function, inputs, options):
    x32 = torch.tensor(inputs, dtype=torch.float32)
    x = x32.double().requires_grad_()
    y = function(x, **options)
    out.case(name, op=name.split("/")[0], **options)
    out.tensors(x=x32, y32=function(x32, **options), y64=y)
    if y.requires_grad:
        upstream = pattern(y.shape)
        out.tensors(dy=upstream, dx64=grads(y, [x], upstream)[1][0])


def write(out):
    for name, function, inputs, options in TABLE:
        write_float(out, name, function, inputs, options)
    for name, function in INTEGERS:
        for dtype, values in (
            (torch.int64, [-7, -2, -1, 0, 1, 2, 5]),
            (torch.int32, [-7, 0, 1, 6]),
            (torch.uint8, [0, 1, 5, 200, 255]),
            (torch.bool, [0, 1]),
        ):
            x = torch.tensor(values).to(dtype)
            try:
                y = function(x)
            except RuntimeError:
                continue
            out.case(f"{name}.{str(dtype)[6:]}", op=name)
            out.tensors(x=x, y=y)
    # Non-contiguous and zero-size inputs have nothing special in the values; shapes are kept.
    for shape in ((0,), (2, 0, 3), ()):
        x = torch.ones(shape)
        out.case("exp.shape/" + ("x".join(map(str, shape)) or "scalar"), op="exp")
        out.tensors(x=x, y=torch.exp(x))
