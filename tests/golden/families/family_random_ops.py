"""Random fills of tensors that are not contiguous: PyTorch fills them in the order of memory, one by one. (Streams for
contiguous tensors stand in random.txt.)"""
import torch

# shape of the memory, and how the view on it is taken
LAYOUTS = {
    "transposed": ((5, 7), lambda m: m.t()),
    "permuted": ((2, 3, 4), lambda m: m.permute(2, 0, 1)),
    "sliced": ((6, 8), lambda m: m[::2, 1:7:2]),
    "single": ((4, 1, 6), lambda m: m.permute(2, 1, 0)),
    "empty": ((0, 4), lambda m: m.t()),
}


def write(out):
    for name, (shape, take) in LAYOUTS.items():
        for dtype in (torch.float32, torch.float64):
            word = f"{name}/{str(dtype)[6:]}"

            def view():
                return take(torch.zeros(shape, dtype=dtype))

            for kind, fill in (("uniform", lambda x: x.uniform_(-1, 3)), ("normal", lambda x: x.normal_(1, 2)),
                               ("bernoulli", lambda x: x.bernoulli_(0.3)),
                               ("rand_like", torch.rand_like), ("randn_like", torch.randn_like)):
                torch.manual_seed(7)
                out.case(f"{kind}/{word}", op=kind, layout=name, seed=7)
                out.tensors(y=fill(view()).contiguous())
            p = take(torch.linspace(0, 1, max(1, int(torch.tensor(shape).prod())), dtype=dtype)[:int(torch.tensor(shape).prod())].reshape(shape))
            torch.manual_seed(7)
            out.case(f"each/{word}", op="bernoulli", layout=name, seed=7)
            out.tensors(y=torch.bernoulli(p).contiguous())
    for dtype in (torch.int64, torch.int32, torch.uint8, torch.float32, torch.float64):
        torch.manual_seed(8)
        out.case(f"randint/{str(dtype)[6:]}", op="randint", low=3, high=90, seed=8)
        out.tensors(y=torch.randint(3, 90, (2, 5), dtype=dtype))
    for n in (0, 1, 20):
        torch.manual_seed(9)
        out.case(f"randperm/{n}", op="randperm", n=n, seed=9)
        out.tensors(y=torch.randperm(n))
