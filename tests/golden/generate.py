#!/usr/bin/env python3
"""Writes the reference vectors that the tests hold Taper to: one text file per family.

usage: /usr/bin/python3 tests/golden/generate.py [family...]

Without names every family is written. The same script and the same torch give the same bytes.
"""

import importlib
import os
import subprocess
import sys
import warnings

FAMILIES = [
    "unary",
    "binary",
    "promote",
    "reduce",
    "matmul",
    "loss",
    "optim",
    "index",
    "nn",
    "train",
    "print",
    "view",
    "random_ops",
    "image",
    "transforms",
    "conv",
    "pooling",
    "normalise",
    "padding",
    "onnx",
    "models",
    "files",
    "checkpoints",
    "layer_ops",
]
# What draws random numbers is written with the kernels that PyTorch chooses on today's x86, as random.txt is: its plain ones
# round x * (high - low) + low twice. All else comes from the plain kernels.
STREAMS = {"nn", "train", "random_ops", "conv", "models"}
HERE = os.path.dirname(os.path.abspath(__file__))


def main(names):
    sys.dont_write_bytecode = True
    # In place of this folder, whose random.py would hide the standard library's module.
    sys.path[0] = os.path.join(HERE, "families")
    warnings.simplefilter("ignore")
    names = names or FAMILIES
    streams = [n for n in names if n in STREAMS]
    if streams and len(streams) < len(names):  # the kernels are chosen once a process
        subprocess.run([sys.executable, __file__, *streams], check=True)
        names = [n for n in names if n not in STREAMS]
    os.environ["ATEN_CPU_CAPABILITY"] = "avx2" if names[0] in STREAMS else "default"
    import golden_writer

    unknown = [n for n in names if n not in FAMILIES]
    if unknown:
        sys.exit(f"unknown family {unknown[0]}; there are: {' '.join(FAMILIES)}")
    for name in names:
        if not os.path.exists(os.path.join(HERE, "families", f"family_{name}.py")):
            sys.exit(f"family_{name}.py is missing")
        module = importlib.import_module("family_" + name)
        golden_writer.reseed(1 + FAMILIES.index(name))
        writer = golden_writer.Writer(name)
        module.write(writer)
        path, size, cases = writer.save(HERE)
        print(f"{os.path.relpath(path)}: {cases} cases, {size / 1024:.1f} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
