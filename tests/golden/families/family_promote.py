"""Result dtypes: every pair of dtypes, with tensors, 0-dim tensors and Python numbers."""

import torch

DTYPES = [torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool]
OPS = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "div_floor": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "div_trunc": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "remainder": torch.remainder,
    "fmod": torch.fmod,
    "pow": torch.pow,
    "atan2": torch.atan2,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "eq": torch.eq,
    "lt": torch.lt,
    "logical_and": torch.logical_and,
    "where": lambda a, b: torch.where(torch.tensor([True]), a, b),
    "cat": lambda a, b: torch.cat([a, b]),
    "stack": lambda a, b: torch.stack([a, b]),
    "matmul": torch.matmul,
    "add_": lambda a, b: a.add_(b),
    "mul_": lambda a, b: a.mul_(b),
    "div_": lambda a, b: a.div_(b),
}
TENSOR_ONLY = ("cat", "stack", "matmul", "maximum", "minimum", "atan2", "logical_and", "where")


def name(dtype):
    return str(dtype)[6:]


def result(function, a, b):
    try:
        return name(function(a, b).dtype)
    except (RuntimeError, TypeError, IndexError):
        return "error"


def write(out):
    for op, function in OPS.items():
        out.case(f"tensor_tensor/{op}", op=op, form="tensor_tensor")
        for p in DTYPES:
            for q in DTYPES:
                out.options(
                    **{
                        f"{name(p)}+{name(q)}": result(
                            function, torch.ones(2).to(p), torch.ones(2).to(q)
                        )
                    }
                )
        if op in ("cat", "stack", "matmul"):
            continue
        out.case(f"tensor_zerodim/{op}", op=op, form="tensor_zerodim")
        for p in DTYPES:
            for q in DTYPES:
                out.options(
                    **{
                        f"{name(p)}+{name(q)}": result(
                            function, torch.ones(2).to(p), torch.ones(()).to(q)
                        )
                    }
                )
        if op in TENSOR_ONLY:
            continue
        out.case(f"tensor_number/{op}", op=op, form="tensor_number")
        for p in DTYPES:
            for word, number in (("float", 1.5), ("int", 2), ("bool", True)):
                out.options(**{f"{name(p)}+{word}": result(function, torch.ones(2).to(p), number)})
    reductions = {
        "sum": torch.sum,
        "prod": torch.prod,
        "mean": torch.mean,
        "cumsum": lambda x: torch.cumsum(x, 0),
        "max": torch.max,
        "amax": torch.amax,
        "argmax": torch.argmax,
        "any": torch.any,
        "all": torch.all,
        "softmax": lambda x: torch.softmax(x, 0),
        "norm": torch.norm,
        "var": torch.var,
        "exp": torch.exp,
        "abs": torch.abs,
        "floor": torch.floor,
        "sign": torch.sign,
        "cumprod": lambda x: torch.cumprod(x, 0),
        "logsumexp": lambda x: torch.logsumexp(x, 0),
        "sort": lambda x: torch.sort(x)[0],
        "neg": torch.neg,
        "square": torch.square,
        "bincount": torch.bincount,
        "nonzero": torch.nonzero,
        "mm": lambda x: x[None] @ x[:, None],
    }
    for op, function in reductions.items():
        out.case(f"one/{op}", op=op, form="one")
        for p in DTYPES:
            out.options(**{name(p): result(lambda a, _: function(a), torch.ones(2).to(p), None)})
    makers = {
        "arange_int": lambda: torch.arange(3),
        "arange_float": lambda: torch.arange(3.0),
        "full_int": lambda: torch.full((2,), 1),
        "full_float": lambda: torch.full((2,), 1.0),
        "full_bool": lambda: torch.full((2,), True),
        "linspace": lambda: torch.linspace(0, 1, 3),
        "randint": lambda: torch.randint(3, (2,)),
        "randperm": lambda: torch.randperm(3),
        "eye": lambda: torch.eye(2),
        "zeros": lambda: torch.zeros(2),
        "one_hot": lambda: torch.nn.functional.one_hot(torch.tensor([1]), 2),
    }
    for op, function in makers.items():
        out.case(f"make/{op}", op=op, form="make", dtype=name(function().dtype))
