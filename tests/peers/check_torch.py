#!/usr/bin/env python3
"""check_torch.py TAPER: files that PyTorch and NumPy write go through `TAPER convert` and come back to them with the
same values, torch.load() with weights_only=True among the readers. Exit status 77 where PyTorch is not installed."""
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError:
    print("torch is not installed: skipped")
    sys.exit(77)

LARGER = {torch.int8: torch.int32, torch.int16: torch.int32, torch.float16: torch.float32, torch.bfloat16: torch.float32}


def sample():
    base = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    d = {"whole": base, "part": base[1:3, ::2], "turned": base.t(), "scalar": torch.tensor(2.5), "none": torch.zeros(0, 3)}
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float64"):
        d[name] = (base * 3).abs().to(getattr(torch, name))
    d["parameter"] = torch.nn.Parameter(base.clone())
    return d


def same(got, want):
    assert set(got) == set(want), set(got) ^ set(want)
    for name, x in want.items():
        x = x.detach().to(LARGER.get(x.dtype, x.dtype))
        y = torch.as_tensor(np.asarray(got[name]) if not torch.is_tensor(got[name]) else got[name])
        assert y.dtype == x.dtype and y.shape == x.shape and torch.equal(x, y), name


with tempfile.TemporaryDirectory() as folder:

    def convert(source, target):
        subprocess.run([sys.argv[1], "convert", f"{folder}/{source}", f"{folder}/{target}", "--all"], check=True)

    want = sample()
    torch.save(want, folder + "/zip.pth")
    torch.save(want, folder + "/legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(want, folder + "/new.pth", pickle_protocol=4)
    for name in ("zip.pth", "legacy.pth", "new.pth"):
        for target in ("out.pth", "out.npz", "out.safetensors"):
            convert(name, target)
            if target != "out.pth":  # and back again
                last = target
                convert(last, "out.pth")
            same(torch.load(folder + "/out.pth", weights_only=True), want)
        same(dict(np.load(folder + "/out.npz")), want)
    arrays = {"x": np.arange(6.0).reshape(2, 3), "y": np.asfortranarray(np.arange(6).reshape(2, 3))}
    np.savez_compressed(folder + "/a.npz", **arrays)
    convert("a.npz", "b.pth")
    same(torch.load(folder + "/b.pth", weights_only=True), {k: torch.tensor(v) for k, v in arrays.items()})
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    torch.save(net.state_dict(), folder + "/net.pth")
    convert("net.pth", "net.npz")
    convert("net.npz", "net.pt")
    net.load_state_dict(torch.load(folder + "/net.pt", weights_only=True))
print(f"PyTorch {torch.__version__} and NumPy read what was written")
