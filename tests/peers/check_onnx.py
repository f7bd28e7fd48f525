#!/usr/bin/env python3
"""check_onnx.py TAPER: exports models with `taper export MODEL --onnx` and holds them to ONNX's own checker, and their outputs
to ONNX Runtime's. Exit status 77 where onnx or onnxruntime is not installed."""
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"{missing.name} is not installed (pip install onnx onnxruntime): skipped")
    sys.exit(77)

MODELS = {
    "flatten linear:32 tanh linear:10 softmax": "1x28x28",
    "conv:8,k=3,p=1 bn relu maxpool:2 (conv:8,k=3,p=1 bn relu)+ avgpool:2 flatten linear:10": "1x28x28",
    "conv:6,k=3,s=2,p=1,g=3 hardswish conv_transpose:4,k=3,s=2,p=1,op=1 gelu flatten linear:4": "3x9x9",
    "prelu conv:4,k=3 prelu:4 instancenorm groupnorm:2 layernorm circular_pad:2 lrn:3 adaptive_avgpool:5": "3x9x8",
    "adaptive_maxpool:5 upsample:1.5,mode=bilinear pixel_shuffle:1 mish selu reflect_pad:2 softmax": "3x9x8",
    "mobilenet_v2": "3x64x64",
    "squeezenet1_1": "3x64x64",
}

NUMBER = r"-?[0-9.]+(?:e[-+][0-9]+)?"


def stored(text, name):
    """The numbers of an array in an exported C file."""
    body = re.search(name + r"\[\d+\] = \{([^}]*)\}", text).group(1)
    return np.array([float(v) for v in re.findall(NUMBER, body)], dtype=np.float32)


with tempfile.TemporaryDirectory() as folder:
    for number, (model, shape) in enumerate(MODELS.items()):
        path, c = f"{folder}/{number}.onnx", f"{folder}/{number}.c"
        command = [sys.argv[1], "export", model, "--shape", shape, "--onnx", path, "--quiet"]
        subprocess.run(command + ["--c", c], check=True)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        session = onnxruntime.InferenceSession(path)
        sizes = [1] + [int(s) for s in shape.split("x")]
        name = session.get_inputs()[0].name
        text = open(c).read()  # the C file has an input and what the library makes of it
        x, want = stored(text, "test_input").reshape(sizes), stored(text, "test_output")
        got = session.run(None, {name: x})[0].reshape(-1)
        worst = float(np.max(np.abs(got - want)) / np.max(np.abs(want)))
        assert got.shape == want.shape and worst < 1e-4, (model, worst)
        batch = session.run(None, {name: np.zeros([5] + sizes[1:], dtype=np.float32)})[0]
        assert batch.shape[0] == 5
        print(f"{model[:60]}: checked, largest difference {worst:.1e} of the largest output")
