"""Files that PyTorch and NumPy write, as hexadecimal text, with the tensors and numbers that are in them."""

import argparse
import collections
import io
import pathlib
import pickle
import warnings
import zipfile

import numpy as np
import torch

STORED = zipfile.ZIP_STORED
NAMES = {torch.int8: torch.int32, torch.int16: torch.int32, torch.uint8: torch.uint8}
NAMES.update({torch.float16: torch.float32, torch.bfloat16: torch.float32})


def ours(x):
    """What Taper makes of a tensor: the next larger type where it lacks one."""
    if isinstance(x, np.ndarray):
        if x.dtype.kind == "u" and x.dtype.itemsize > 1:
            x = x.astype(np.int32 if x.dtype.itemsize == 2 else np.int64)
        if x.dtype == np.float16:
            x = x.astype(np.float32)
        x = torch.from_numpy(np.ascontiguousarray(x.astype(x.dtype.newbyteorder("="))).reshape(x.shape))
    return x.detach().to(NAMES.get(x.dtype, x.dtype))


def write_tree(out, value, path=""):
    """Every tensor and every number below a value, by its path."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        out.tensor(path or "tensor", ours(value))
    elif isinstance(value, dict):
        for key, member in value.items():
            write_tree(out, member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for i, member in enumerate(value):
            write_tree(out, member, f"{path}.{i}" if path else str(i))
    elif isinstance(value, (bool, int, float, np.generic)):
        out.options(**{path: value if isinstance(value, (bool, int)) else float(value)})


def write_file(out, name, data, value):
    out.case(name, bytes=len(data))
    digits = data.hex()
    out.text("file", "\n".join(digits[i : i + 96] for i in range(0, len(digits), 96)))
    write_tree(out, value)


class Numbered(str):
    """str() for torch.serialization: storages, which the legacy format names by their addresses, are numbered instead."""

    seen = {}

    def __new__(cls, value):
        if isinstance(value, int) and value > 10**6:
            return "%06d" % cls.seen.setdefault(value, len(cls.seen))
        return str(value)


def saved(value, legacy=False, protocol=2):
    stream = io.BytesIO()
    Numbered.seen = {}
    torch.serialization.str = Numbered
    torch.save(
        value, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy
    )
    del torch.serialization.str
    return stream.getvalue()


def repacked(data, root="archive/", method=STORED, big=False, order=None):
    """The same archive with another root folder, compressed, or as a big-endian machine writes it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", method) as new:
        for entry in old.infolist():
            content = old.read(entry)
            name = entry.filename.replace("archive/", root)
            if big and "/data/" in name:  # float32 throughout
                content = np.frombuffer(content, "<f4").astype(">f4").tobytes()
            new.writestr(zipfile.ZipInfo(name), content, method)
        if order:
            new.writestr(zipfile.ZipInfo(root + "byteorder"), order)
    return stream.getvalue()


def views():
    base = torch.arange(24.0)
    d = collections.OrderedDict()
    d["whole"] = base
    d["part"] = base[3:9].reshape(2, 3)
    d["transposed"] = base.reshape(4, 6).t()
    d["every_second"] = base.reshape(4, 6)[:, ::2]
    d["expanded"] = torch.ones(3, 1).expand(3, 4)
    d["scalar"] = torch.tensor(7.5)
    d["empty"] = torch.zeros(0, 3)
    d["parameter"] = torch.nn.Parameter(torch.full((2,), 0.5))
    return d


def types():
    d = {}
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64"):
        d[name] = torch.tensor([0, 1, 1, 0, 1]).to(getattr(torch, name))
    d["int8"] = torch.tensor([-128, 127, -1], dtype=torch.int8)
    d["int16"] = torch.tensor([-32768, 32767, -2], dtype=torch.int16)
    for name in ("float16", "bfloat16", "float32", "float64"):
        d[name] = torch.tensor([0.0, -0.0, 1.5, -2.75, 6e-8, float("inf")]).to(getattr(torch, name))
    return d


def state():
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_((torch.arange(p.numel()).reshape(p.shape) - i) / 8)
    return net


def checkpoint():
    net = state()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    sum(p.sum() for p in net.parameters()).backward()
    adam.step()
    return {"epoch": 5, "state_dict": net.state_dict(), "optimizer": adam.state_dict()}


def containers():
    return {
        "numbers": [1, -5, 300, 70000, -(2**40), 2.5, True, False, None],
        "tuple": (1, (2, 3), ()),
        "numpy": [np.float64(0.25), np.int64(-3), np.float32(1.5), np.bool_(True)],
        "array": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big": np.arange(3, dtype=">f4"),
        "namespace": argparse.Namespace(lr=0.5, name="x"),
        "defaultdict": collections.defaultdict(list, {"k": [1, 2]}),
        "set": {4},
        "text": "h\u00e9",
        "bytes": b"\x00\xffab",
        "path": pathlib.PurePosixPath("/a/b"),
        "size": torch.Size([1, 2]),
        "dtype": torch.float32,
        "device": torch.device("cpu"),
    }


def write_torch(out):
    for protocol in (2, 3, 4, 5):
        write_file(out, f"pth/views,{protocol}", saved(views(), protocol=protocol), views())
        d = containers()
        shown = dict(d, namespace=vars(d["namespace"]))
        write_file(out, f"pth/containers,{protocol}", saved(d, protocol=protocol), shown)
    write_file(out, "pth/types", saved(types()), types())
    write_file(out, "pth/checkpoint", saved(checkpoint()), checkpoint())
    write_file(out, "pth/tensor", saved(torch.arange(3)), torch.arange(3))
    write_file(out, "legacy/views", saved(views(), legacy=True), views())
    write_file(out, "legacy/types", saved(types(), legacy=True), types())
    write_file(out, "legacy/checkpoint", saved(checkpoint(), legacy=True, protocol=4), checkpoint())
    plain = saved({"w": torch.arange(4.0), "n": 2})
    value = {"w": torch.arange(4.0), "n": 2}
    write_file(out, "root/own_name", repacked(plain, root="net/"), value)
    write_file(out, "root/deflated", repacked(plain, method=zipfile.ZIP_DEFLATED), value)
    write_file(out, "root/little", repacked(plain, order="little"), value)
    write_file(out, "root/big", repacked(plain, big=True, order="big"), value)


def write_pickles(out):
    for protocol in (2, 3, 4, 5):
        value = {"a": np.arange(3.0), "b": [1, 2.5, None]}
        write_file(out, f"pickle/{protocol}", pickle.dumps(value, protocol), value)


class Evil:
    def __reduce__(self):
        return (eval, ("1 + 1",))


def refused(out, name, data, word):
    out.case("refused/" + name, bytes=len(data), word=word)
    digits = data.hex()
    out.text("file", "\n".join(digits[i : i + 96] for i in range(0, len(digits), 96)))


def write_refused(out):
    refused(out, "eval", saved({"w": Evil()}), "eval")
    refused(out, "module", saved(state()), "torch.nn.modules.container.Sequential")
    refused(out, "sparse", saved(torch.eye(2).to_sparse()), "torch._utils._rebuild_sparse_tensor")
    refused(out, "complex", saved(torch.zeros(2, dtype=torch.complex64)), "torch.ComplexFloatStorage")
    refused(out, "objects", pickle.dumps(np.array([{}, 1], dtype=object), 2), "type")
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(torch.nn.Identity(), torch.zeros(1)), stream)
    refused(out, "script", stream.getvalue(), "TorchScript")


def npy(x, version=None):
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(stream, x, version)
    return stream.getvalue()


def write_numpy(out):
    grid = np.arange(6).reshape(2, 3)
    for code in "?bBhHiIlL":
        x = (grid % 2 if code == "?" else grid * 21).astype(code)
        write_file(out, f"npy/{np.dtype(code).name}", npy(x), {"array": x})
    for code in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8", ">i2", ">i4", ">i8", ">u2", ">u4"):
        x = (grid * 1.5 - (code[1] != "u")).astype(code)
        order = "big" if code[0] == ">" else "little"
        write_file(out, f"npy/{order}_{code[1:]}", npy(x), {"array": x})
    for version in ((1, 0), (2, 0), (3, 0)):
        x = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
        write_file(out, f"npy/fortran,{version[0]}", npy(x, version), {"array": x})
    for shape in ((), (0,), (2, 0, 3), (5,), (1, 1)):
        x = np.ones(shape, np.float32)
        name = "x".join(map(str, shape)) or "scalar"
        write_file(out, f"npy/shape_{name}", npy(x), {"array": x})
    values = {"x": grid.astype(np.float32), "y": np.arange(4), "z": np.asfortranarray(grid)}
    for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
        stream = io.BytesIO()
        save(stream, **values)
        write_file(out, f"npz/{name}", repacked(stream.getvalue(), method=STORED if name == "stored" else zipfile.ZIP_DEFLATED), values)


def write(out):
    write_torch(out)
    write_pickles(out)
    write_refused(out)
    write_numpy(out)
