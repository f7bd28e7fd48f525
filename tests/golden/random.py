#!/usr/bin/python3
"""Writes random.txt: what PyTorch's CPU generator gives, for tests/test_random.c.

    /usr/bin/python3 tests/golden/random.py

Unlike the other families this one runs PyTorch's AVX2 kernels, as everybody's PyTorch does: its
normal numbers and its float64 uniforms differ in the last bits between instruction sets.
"""
import os
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[0] = os.path.join(HERE, "families")  # not this folder: torch needs Python's own random

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset, random_split  # noqa: E402

torch.rand(1) + 1  # the kernels are chosen here, before golden_writer asks for others
import golden_writer  # noqa: E402

DTYPES = {"f32": torch.float32, "f64": torch.float64, "i64": torch.int64, "i32": torch.int32,
          "u8": torch.uint8, "bool": torch.bool}


def fnv1a(tensor):
    """A checksum of the bytes: 64-bit FNV-1a."""
    value = 0xcbf29ce484222325
    for byte in tensor.detach().contiguous().numpy().tobytes():
        value = (value ^ byte) * 0x100000001b3 & (2**64 - 1)
    return f"{value:016x}"


def put(out, tensor, limit=64):
    """Short tensors whole; of longer ones the first values, the last, and a checksum."""
    if tensor.numel() <= limit:
        out.tensor("y", tensor)
    else:
        flat = tensor.detach().reshape(-1)
        out.tensor("head", flat[:24])
        out.tensor("tail", flat[-24:])
        out.options(fnv1a=fnv1a(flat))


def empty(n, dtype):
    return torch.empty(n, dtype=DTYPES[dtype])


def streams(out):
    for seed in (0, 1, 42, 5489, 2**32 + 5, 2**63 + 7, 2**64 - 1):
        torch.manual_seed(seed)
        out.case(f"seed/{seed}", seed=seed)
        put(out, torch.empty(20, dtype=torch.int64).random_())
    for dtype in ("f32", "f64"):
        for n in (0, 1, 7, 16, 33, 2000):
            torch.manual_seed(n + 3)
            out.case(f"uniform/{dtype}/unit/{n}", dtype=dtype, seed=n + 3, n=n, low=0.0, high=1.0)
            put(out, torch.rand(n, dtype=DTYPES[dtype]))
        for k, (low, high) in enumerate([(-0.3, 1.7), (-1 / 28, 1 / 28), (0.1, 0.7), (5.0, 5.0),
                                         (-1e30, 3e30)]):
            torch.manual_seed(k)
            out.case(f"uniform/{dtype}/range/{k}", dtype=dtype, seed=k, n=1500, low=low, high=high)
            put(out, empty(1500, dtype).uniform_(low, high))


def normals(out):
    for dtype in ("f32", "f64"):
        for mean, std in ((0.0, 1.0), (1.5, 0.7), (-3.0, 0.0)):
            for n in (0, 1, 2, 15, 16, 17, 31, 32, 40, 1000):
                torch.manual_seed(n)
                out.case(f"normal/{dtype}/{mean}/{n}", dtype=dtype, seed=n, n=n, mean=mean, std=std)
                put(out, empty(n, dtype).normal_(mean, std))
    # The second value of a pair waits in the generator, through other draws but not a new seed.
    torch.manual_seed(9)
    parts = [torch.randn(5), torch.randn(20), torch.rand(3), torch.randn(4),
             torch.randn(3, dtype=torch.float64).float(), torch.randn(2)]
    torch.manual_seed(9)
    parts.append(torch.randn(1))
    out.case("normal/waiting", seed=9)
    out.tensor("y", torch.cat(parts))
    torch.manual_seed(0)
    out.case("normal/large", seed=0, n=78400)
    out.options(fnv1a=fnv1a(torch.randn(78400)))


def whole_numbers(out):
    ranges = {
        "f32": [(0, 10), (-5, 2**20), (0, 2**24 + 3), (3, 2**33), (-2**40 - 1, 2**40 + 1)],
        "f64": [(0, 10), (-2**31, 2**31), (0, 2**60), (-2**62 - 1, 2**62 + 1)],
        "i64": [(0, 10), (-7, 1), (0, 2**32 - 1), (0, 2**32), (-2**62, 2**62), (-2**63, 2**63 - 1)],
        "i32": [(0, 10), (-2**31, 2**31), (-2**31, 2**31 - 1), (5, 6)],
        "u8": [(0, 10), (0, 256)],
        "bool": [(0, 2)],
    }
    for dtype, pairs in ranges.items():
        for k, (low, high) in enumerate(pairs):
            torch.manual_seed(k)
            out.case(f"integers/{dtype}/{k}", dtype=dtype, seed=k, n=40, low=low, high=high)
            put(out, empty(40, dtype).random_(low, high))
        torch.manual_seed(11)
        out.case(f"any/{dtype}", dtype=dtype, seed=11, n=40)
        put(out, empty(40, dtype).random_())
    for n in (0, 1, 2, 10, 64, 1000, 60000):
        torch.manual_seed(n)
        out.case(f"permutation/{n}", seed=n, n=n)
        put(out, torch.randperm(n))


def chances(out):
    for dtype in ("f32", "u8"):
        for p in (0.0, 0.3, 0.5, 1.0):
            torch.manual_seed(4)
            out.case(f"bernoulli/{dtype}/{p}", dtype=dtype, seed=4, n=300, p=p)
            put(out, empty(300, dtype).bernoulli_(p))
    for dtype in ("f32", "f64"):
        p = torch.linspace(0, 1, 50).to(DTYPES[dtype])
        torch.manual_seed(6)
        out.case(f"each/{dtype}", dtype=dtype, seed=6, n=50)
        out.tensors(p=p, y=torch.bernoulli(p))
        torch.manual_seed(8)
        out.case(f"exponential/{dtype}", dtype=dtype, seed=8, n=50, rate=1.5)
        put(out, empty(50, dtype).exponential_(1.5))


def epoch(loader):
    return torch.cat([batch[0] for batch in loader]) if len(loader) else torch.empty(0).long()


def loaders(out):
    """Two epochs each; batch size, drop_last and workers must not matter, so they vary here."""
    for k, (n, batch, workers, drop) in enumerate([(10, 3, 0, False), (1, 1, 0, False),
                                                   (64, 8, 2, True), (1000, 32, 0, False)]):
        data = TensorDataset(torch.arange(n))
        torch.manual_seed(k)
        loader = DataLoader(data, batch, shuffle=True, num_workers=workers, drop_last=drop)
        out.case(f"loader/default/{n}", seed=k, n=n)
        out.tensors(first=epoch(loader), second=epoch(loader), after=torch.rand(1))
        own = torch.Generator().manual_seed(k)
        loader = DataLoader(data, batch, shuffle=True, num_workers=workers, drop_last=drop,
                            generator=own)
        out.case(f"loader/own/{n}", seed=k, n=n)
        out.tensors(first=epoch(loader), second=epoch(loader), after=torch.rand(1, generator=own))


def splits(out):
    for k, lengths in enumerate([[3, 7], [10, 0, 5], [0.8, 0.2], [0.5, 0.3, 0.2], [1.0],
                                 [1 / 3, 1 / 3, 1 / 3]]):
        n = sum(lengths) if isinstance(lengths[0], int) else 23
        parts = random_split(range(n), lengths, generator=torch.Generator().manual_seed(k))
        out.case(f"split/{k}", seed=k, n=n, fractions=int(isinstance(lengths[0], float)))
        out.tensor("lengths", torch.tensor(lengths, dtype=torch.float64))
        out.tensor("sizes", torch.tensor([len(p) for p in parts]))
        out.tensor("indices", torch.tensor([i for p in parts for i in p.indices]))


def layers(out):
    """The default initialisation: weight, then bias, both uniform with bound 1 / sqrt(fan in)."""
    for name, make in (("linear", lambda: nn.Linear(784, 128)), ("small", lambda: nn.Linear(3, 2)),
                       ("conv", lambda: nn.Conv2d(3, 16, 3))):
        torch.manual_seed(0)
        layer = make()
        fan_in = layer.weight[0].numel()
        for kind, tensor in (("weight", layer.weight), ("bias", layer.bias)):
            out.case(f"layer/{name}/{kind}", seed=0, n=tensor.numel(), fan_in=fan_in)
            put(out, tensor)


def main():
    out = golden_writer.Writer("random")
    out.lines[0] = out.lines[0].replace("generate.py", "random.py")
    assert "CPU capability usage: AVX2" in torch.__config__.show()
    warnings.simplefilter("ignore")  # integers beyond the precision of a floating type
    for part in (streams, normals, whole_numbers, chances, loaders, splits, layers):
        part(out)
    print("%s: %d bytes, %d cases" % out.save(HERE))


if __name__ == "__main__":
    main()
