"""Writes the text format of the reference vectors (see README.md) and makes their inputs."""

import os

# Fixed before torch loads: one thread and fixed kernels, so that machines write the same bytes.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ.setdefault("ATEN_CPU_CAPABILITY", "default")  # generate.py sets it
os.environ["OPENBLAS_CORETYPE"] = "Haswell"

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
torch.set_flush_denormal(False)

WIDTH = 100


def dtype_name(dtype):
    return str(dtype).replace("torch.", "")


def float_word(value, single):
    """The shortest decimal that reads back as the same float32 (through a double) or float64."""
    if np.isnan(value):
        return "nan"
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    if single:
        value = np.float32(value)
        word = (
            np.format_float_scientific(value, trim="-")
            if not 1e-4 <= abs(value) < 1e9
            else np.format_float_positional(value, trim="-")
        )
        if value == 0:
            word = "-0" if np.signbit(value) else "0"
        if np.float32(float(word)) != value:
            word = "%.17g" % float(value)
        assert np.float32(float(word)) == value
        return word.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    word = repr(float(value))
    assert float(word) == float(value)
    return word[:-2] if word.endswith(".0") else word


def words(tensor):
    flat = tensor.detach().contiguous().reshape(-1)
    if tensor.dtype in (torch.float32, torch.float64):
        single = tensor.dtype == torch.float32
        return [float_word(v, single) for v in flat.numpy()]
    return [str(int(v)) for v in flat.tolist()]


def option_word(value):
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return float_word(value, False)
    if isinstance(value, torch.dtype):
        return dtype_name(value)
    if isinstance(value, (list, tuple)):
        return ",".join(option_word(v) for v in value) if len(value) else "[]"
    word = str(value)
    assert word and " " not in word and "\n" not in word, word
    return word


class Writer:
    """One family's file. case() starts a case; the rest adds to the latest one."""

    def __init__(self, family):
        self.family = family
        self.lines = [
            f"# taper reference vectors: {family}. PyTorch {torch.__version__}. "
            "Written by tests/golden/generate.py; do not edit."
        ]
        self.names = set()
        self.keys = set()

    def case(self, name, **options):
        assert name not in self.names, name
        assert " " not in name
        self.names.add(name)
        self.keys = set()
        self.lines += ["", f"case {name}"]
        self.options(**options)

    def options(self, **options):
        for key, value in options.items():
            if value is not None:
                self.lines.append(f"option {key.rstrip('_')} {option_word(value)}")

    def tensor(self, key, tensor):
        if not isinstance(tensor, torch.Tensor):
            tensor = torch.tensor(tensor)
        assert key not in self.keys and tensor.dim() <= 8, key
        self.keys.add(key)
        shape = ",".join(str(n) for n in tensor.shape)
        line = f"tensor {key} {dtype_name(tensor.dtype)} [{shape}] :"
        for word in words(tensor):
            if len(line) + 1 + len(word) > WIDTH:
                self.lines.append(line)
                line = "   "
            line += " " + word
        self.lines.append(line)

    def tensors(self, **tensors):
        for key, tensor in tensors.items():
            if tensor is not None:
                self.tensor(key, tensor)

    def text(self, key, text):
        self.lines.append(f"text {key}")
        self.lines += ["|" + line for line in text.split("\n")]

    def save(self, folder):
        path = os.path.join(folder, self.family + ".txt")
        data = ("\n".join(self.lines) + "\n").encode("ascii")
        with open(path, "wb") as stream:
            stream.write(data)
        return path, len(data), len(self.names)


_state = 1


def reseed(seed):
    """Each case family starts its own stream, so that adding a case does not change the others."""
    global _state
    _state = seed * 2654435761 % 2**32 or 1


def integers(shape, low, high, dtype=torch.int64):
    """Reproducible integers in [low, high) from a small linear congruence, independent of torch."""
    global _state
    count = int(np.prod(shape)) if len(shape) else 1
    out = np.empty(count, dtype=np.int64)
    for i in range(count):
        _state = (_state * 1664525 + 1013904223) % 2**32
        out[i] = low + (_state >> 8) % (high - low)
    return torch.from_numpy(out.reshape(tuple(shape))).to(dtype)


def grid(shape, dtype=torch.float64, step=1 / 8, span=24):
    """Multiples of `step` in [-span*step, span*step]: short, and exact in both precisions."""
    return integers(shape, -span, span + 1).to(dtype) * step


def distinct(shape, dtype=torch.float64, step=1 / 8):
    """Different values in a scrambled order, about half of them negative."""
    count = int(np.prod(shape)) if len(shape) else 1
    order = torch.argsort(integers((count,), 0, 2**24) * 4096 + torch.arange(count))
    return ((order - count // 2).to(dtype) * step + step / 4).reshape(tuple(shape))


def grads(output, inputs, upstream=None):
    """Gradients of sum(output * upstream); upstream defaults to a fixed pattern."""
    if upstream is None:
        upstream = pattern(output.shape, output.dtype)
    got = torch.autograd.grad(output, inputs, upstream, allow_unused=True)
    return upstream, [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, got)]


def pattern(shape, dtype=torch.float64):
    """1, -0.5, 0.25, 2, -1.5, 0.75, ... : a fixed upstream gradient without symmetry."""
    cycle = torch.tensor([1, -0.5, 0.25, 2, -1.5, 0.75, -1.25], dtype=dtype)
    count = int(np.prod(shape)) if len(shape) else 1
    return cycle[torch.arange(count) % 7].reshape(tuple(shape))
