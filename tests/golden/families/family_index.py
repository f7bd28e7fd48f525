"""Indexing, joining, cutting, sorting, counting: values, indices, gradients."""
import math

import torch
import torch.nn.functional as F

from golden_writer import distinct, grads, grid, integers

INF, NAN = math.inf, math.nan


def write_case(out, case, function, named, differentiate=("x",), **options):
    """function(**named) gives a tensor, or several as a tuple: y, or y0, y1, ..."""
    tensors = {k: v.detach().clone().requires_grad_() if k in differentiate and v.is_floating_point() else v
               for k, v in named.items()}
    out.case(case, **options)
    out.tensors(**tensors)
    try:
        result = function(**tensors)
    except (RuntimeError, IndexError, ValueError, TypeError):
        out.options(error=1)
        return
    several = isinstance(result, (tuple, list))
    for i, y in enumerate(result if several else [result]):
        tag = str(i) if several else ""
        out.tensor("y" + tag, y)
        if y.requires_grad:
            wanted = [k for k in differentiate if tensors[k].is_floating_point()]
            dy, got = grads(y, [tensors[k] for k in wanted])
            out.tensor("dy" + tag, dy)
            for k, g in zip(wanted, got):
                out.tensor(f"d{k}{tag}", g)


def write_picking(out):
    x = distinct((3, 4, 2))
    for dim, index in ((0, [2, 0, 0]), (1, [3, 1]), (-1, [1, 1, 0, 1]), (0, []), (1, [0, 4]), (0, [-1])):
        write_case(out, f"index_select/{dim},{'_'.join(map(str, index)) or 'none'}",
                   lambda x, index: torch.index_select(x, dim, index),
                   {"x": x, "index": torch.tensor(index, dtype=torch.int64)}, op="index_select", dim=dim)
    write_case(out, "index_select/int32_index", lambda x, index: torch.index_select(x, 0, index),
               {"x": distinct((3, 2)), "index": torch.tensor([1, 1], dtype=torch.int32)}, op="index_select", dim=0)
    for dim, shape in ((0, (2, 4)), (1, (3, 6)), (-1, (2, 2)), (0, (0, 4)), (1, (3, 1))):
        write_case(out, f"gather/{dim},{shape[0]}x{shape[1]}", lambda x, index: torch.gather(x, dim, index),
                   {"x": distinct((3, 4)), "index": integers(shape, 0, 3)}, op="gather", dim=dim)
    write_case(out, "gather/error", lambda x, index: torch.gather(x, 1, index),
               {"x": distinct((3, 4)), "index": torch.tensor([[4]])}, op="gather", dim=1)
    unique_rows = torch.tensor([[2, 0, 1], [0, 3, 1]])
    write_case(out, "scatter/1", lambda x, src, index: torch.scatter(x, 1, index, src),
               {"x": distinct((2, 4)), "src": grid((2, 3)), "index": unique_rows}, ("x", "src"), op="scatter", dim=1)
    write_case(out, "scatter/0,value", lambda x, index: torch.scatter(x, 0, index, 7.5),
               {"x": distinct((3, 4)), "index": integers((2, 4), 0, 3)}, op="scatter", dim=0, value=7.5)
    for dim in (0, 1):
        write_case(out, f"scatter_add/{dim}", lambda x, src, index: torch.scatter_add(x, dim, index, src),
                   {"x": distinct((3, 4)), "src": grid((3, 4)), "index": integers((3, 4), 0, 3)}, ("x", "src"),
                   op="scatter_add", dim=dim)
    write_case(out, "index_add/0", lambda x, src, index: torch.index_add(x, 0, index, src),
               {"x": distinct((3, 2)), "src": grid((4, 2)), "index": torch.tensor([2, 0, 2, 2])}, ("x", "src"),
               op="index_add", dim=0)
    write_case(out, "take/flat", torch.take, {"input": distinct((3, 4)), "index": torch.tensor([[11, 0], [5, 5]])},
               ("input",), op="take")


def write_masks(out):
    mask = integers((3, 4), 0, 2).bool()
    for tag, m in (("plain", mask), ("none", mask & False), ("all", mask | True), ("row", mask[0]), ("column", mask[:, :1])):
        write_case(out, f"masked_select/{tag}", torch.masked_select, {"input": distinct((3, 4)), "mask": m}, ("input",),
                   op="masked_select")
        write_case(out, f"masked_fill/{tag}", lambda x, mask: torch.masked_fill(x, mask, -2.5),
                   {"x": distinct((3, 4)), "mask": m}, op="masked_fill", value=-2.5)
    write_case(out, "masked_rows", lambda x, mask: x[mask], {"x": distinct((3, 2)), "mask": torch.tensor([True, False, True])},
               op="index_mask")
    for a, b in (((3, 4), (3, 4)), ((4,), (3, 1)), ((), (3, 4)), ((), ())):
        write_case(out, f"where/{'x'.join(map(str, a)) or 'scalar'},{'x'.join(map(str, b)) or 'scalar'}",
                   lambda condition, a, b: torch.where(condition, a, b),
                   {"condition": mask, "a": distinct(a), "b": grid(b)}, ("a", "b"), op="where")
    for tag, t in (("bool", mask), ("float", grid((2, 2, 3), span=1)), ("none", torch.zeros(3)), ("scalar", torch.tensor(2.0)),
                   ("zero", torch.tensor(0)), ("nan", torch.tensor([NAN, 0.0, -0.0])), ("empty", torch.zeros(0, 2))):
        write_case(out, f"nonzero/{tag}", lambda x: torch.nonzero(x), {"x": t}, (), op="nonzero")


def write_views(out):
    x = distinct((5, 6))
    for start, stop, step in ((0, 5, 1), (1, 4, 1), (0, 5, 2), (1, 5, 3), (-3, -1, 1), (2, 2, 1), (-100, 100, 2), (4, 1, 1)):
        write_case(out, f"slice/0,{start},{stop},{step}", lambda x: x[start:stop:step], {"x": x}, op="slice", dim=0,
                   start=start, stop=stop, step=step)
    write_case(out, "slice/1,1,6,2", lambda x: x[:, 1:6:2], {"x": x}, op="slice", dim=1, start=1, stop=6, step=2)
    for start, stop, step in ((4, None, -1), (4, None, -2), (3, 0, -1), (5, 1, -3)):  # as Python's lists do
        expected = list(range(5))[start:stop:step]
        write_case(out, f"slice_negative/0,{start},{'end' if stop is None else stop},{step}",
                   lambda x: x[torch.tensor(expected)], {"x": x}, op="slice", dim=0, start=start, stop=stop, step=step)
    for dim, index in ((0, 2), (1, -1), (-1, 0), (0, 5), (1, -7)):
        write_case(out, f"select/{dim},{index}", lambda x: torch.select(x, dim, index), {"x": x}, op="select", dim=dim,
                   index=index)
    for dim, start, length in ((0, 1, 3), (1, -2, 2), (0, 5, 0), (1, 4, 3)):
        write_case(out, f"narrow/{dim},{start},{length}", lambda x: torch.narrow(x, dim, start, length), {"x": x},
                   op="narrow", dim=dim, start=start, length=length)
    for dims in ((0, 1), (-1,), (1,), (0,)):
        write_case(out, f"flip/{'_'.join(map(str, dims))}", lambda x: torch.flip(x, dims), {"x": distinct((2, 3))},
                   op="flip", dims=dims)
    for shifts, dims in (((1,), (0,)), ((-2,), (1,)), ((1, 1), (0, 1)), ((4,), None), ((7,), (1,))):
        write_case(out, f"roll/{'_'.join(map(str, shifts))},{'flat' if dims is None else '_'.join(map(str, dims))}",
                   lambda x: torch.roll(x, shifts, dims), {"x": distinct((2, 3))}, op="roll", shifts=shifts, dims=dims)
    for diagonal in (0, 1, -1, 3, -4):
        for op in ("tril", "triu"):
            write_case(out, f"{op}/{diagonal}", lambda x: getattr(torch, op)(x, diagonal), {"x": distinct((3, 4))}, op=op,
                       diagonal=diagonal)
    write_case(out, "tril/batch", torch.tril, {"input": distinct((2, 2, 3))}, ("input",), op="tril", diagonal=0)
    for order in ((1, 2, 0), (2, 1, 0), (-1, 0, 1), (0, 0, 1)):
        write_case(out, f"permute/{'_'.join(map(str, order))}", lambda x: torch.permute(x, order), {"x": distinct((2, 3, 2))},
                   op="permute", dims=order)
    for sizes in ((3, 4), (-1, 4), (2, 3, 4), (3, -1), (2, -1, 4)):
        write_case(out, f"expand/{'_'.join(map(str, sizes))}", lambda x: x.expand(sizes), {"x": distinct((3, 1))},
                   op="expand", sizes=sizes)
    for sizes in ((2,), (2, 3), (1, 2, 2), (0, 2), (3,)):
        write_case(out, f"repeat/{'_'.join(map(str, sizes))}", lambda x: x.repeat(sizes), {"x": distinct((2, 3))}, op="repeat",
                   sizes=sizes)
    for sizes in ((6,), (3, 2), (-1, 3), (2, -1, 1), (4, -1), (7,)):
        write_case(out, f"reshape/{'_'.join(map(str, sizes))}", lambda x: x.reshape(sizes), {"x": distinct((2, 3))},
                   op="reshape", sizes=sizes)
    for start, end in ((0, -1), (1, 2), (-2, -1), (0, 1), (2, 1)):
        write_case(out, f"flatten/{start},{end}", lambda x: torch.flatten(x, start, end), {"x": distinct((2, 3, 2))},
                   op="flatten", start_dim=start, end_dim=end)


def write_joining(out):
    for tag, shapes, dim in (("rows", [(2, 3), (1, 3), (0, 3)], 0), ("columns", [(2, 1), (2, 3)], 1), ("last", [(2, 2, 1), (2, 2, 2)], -1),
                             ("legacy_empty", [(0,), (2, 3)], 0), ("error", [(2, 3), (2, 2)], 0)):
        named = {f"x{i}": distinct(s) for i, s in enumerate(shapes)}
        write_case(out, f"cat/{tag}", lambda **t: torch.cat(list(t.values()), dim), named, tuple(named), op="cat", dim=dim)
    for dim in (0, 1, 2, -1):
        named = {f"x{i}": distinct((2, 3)) for i in range(2)}
        write_case(out, f"stack/{dim}", lambda **t: torch.stack(list(t.values()), dim), named, tuple(named), op="stack", dim=dim)
    write_case(out, "stack/error", lambda **t: torch.stack(list(t.values())), {"x0": distinct((2,)), "x1": distinct((3,))},
               ("x0", "x1"), op="stack", dim=0)
    for size, dim in ((2, 0), (3, 1), (5, 0), (4, -1)):
        write_case(out, f"split/{size},{dim}", lambda x: torch.split(x, size, dim), {"x": distinct((5, 4))}, op="split", size=size, dim=dim)
    for sizes in ((1, 4), (2, 0, 3), (2, 2)):
        write_case(out, f"split_sizes/{'_'.join(map(str, sizes))}", lambda x: torch.split(x, sizes), {"x": distinct((5, 2))},
                   op="split", sizes=sizes, dim=0)
    for chunks, dim in ((2, 0), (3, 0), (4, 0), (7, 0), (2, 1)):
        write_case(out, f"chunk/{chunks},{dim}", lambda x: torch.chunk(x, chunks, dim), {"x": distinct((5, 4))}, op="chunk",
                   chunks=chunks, dim=dim)


def write_sorting(out):
    special = torch.tensor([3.0, NAN, -INF, 1, INF, -0.0, 0.0, NAN, 1], dtype=torch.float64)
    tied = torch.tensor([[2, 1, 2, 1, 3], [0, 0, 0, 0, 0]])
    for descending in (False, True):
        for tag, t, dim in (("matrix0", distinct((4, 3)), 0), ("matrix1", distinct((3, 4)), -1), ("special", special, 0),
                            ("ties", tied, 1), ("uint8", integers((8,), 0, 256, torch.uint8), 0),
                            ("bool", torch.tensor([True, False, True, False]), 0), ("scalar", torch.tensor(2.5).double(), 0),
                            ("empty", torch.zeros(0).double(), 0), ("long", integers((70,), -20, 20), 0)):
            write_case(out, f"sort/{tag}{',descending' if descending else ''}",
                       lambda x: tuple(torch.sort(x, dim=dim, descending=descending, stable=True)), {"x": t}, op="sort",
                       dim=dim, descending=int(descending), stable=1)
            if tag in ("matrix1", "special", "ties"):
                write_case(out, f"argsort/{tag}{',descending' if descending else ''}",
                           lambda x: torch.sort(x, dim=dim, descending=descending, stable=True)[1], {"x": t}, (),
                           op="argsort", dim=dim, descending=int(descending), stable=1)
    for k, dim, largest in ((2, -1, True), (2, 0, False), (1, 1, True), (4, 1, False), (0, 1, True), (3, 0, True), (5, 1, True)):
        write_case(out, f"topk/{k},{dim},{'largest' if largest else 'smallest'}",
                   lambda x: tuple(torch.topk(x, k, dim, largest)), {"x": distinct((3, 4))}, op="topk", k=k, dim=dim,
                   largest=int(largest))
    few_nan = torch.tensor([1.0, NAN, 3, -INF, INF, 2], dtype=torch.float64)
    for largest in (True, False):
        write_case(out, f"topk/nan,{'largest' if largest else 'smallest'}", lambda x: tuple(torch.topk(x, 3, 0, largest)),
                   {"x": few_nan}, (), op="topk", k=3, dim=0, largest=int(largest))


def write_counting(out):
    write_case(out, "one_hot/given", lambda x: F.one_hot(x, 4), {"x": integers((2, 3), 0, 4)}, (), op="one_hot", num_classes=4)
    write_case(out, "one_hot/inferred", lambda x: F.one_hot(x), {"x": torch.tensor([0, 2, 1])}, (), op="one_hot")
    write_case(out, "one_hot/scalar", lambda x: F.one_hot(x, 3), {"x": torch.tensor(1)}, (), op="one_hot", num_classes=3)
    write_case(out, "one_hot/empty", lambda x: F.one_hot(x, 3), {"x": torch.zeros(0, dtype=torch.int64)}, (), op="one_hot", num_classes=3)
    write_case(out, "one_hot/error_high", lambda x: F.one_hot(x, 3), {"x": torch.tensor([3])}, (), op="one_hot", num_classes=3)
    write_case(out, "one_hot/error_negative", lambda x: F.one_hot(x, 3), {"x": torch.tensor([-1])}, (), op="one_hot", num_classes=3)
    counted = torch.tensor([0, 3, 1, 3, 3, 5])
    write_case(out, "bincount/plain", torch.bincount, {"input": counted}, (), op="bincount")
    write_case(out, "bincount/minlength", lambda input: torch.bincount(input, minlength=9), {"input": counted}, (), op="bincount", minlength=9)
    write_case(out, "bincount/short_minlength", lambda input: torch.bincount(input, minlength=2), {"input": counted}, (), op="bincount", minlength=2)
    for dtype in (torch.float32, torch.float64, torch.int64):
        write_case(out, f"bincount/weights.{str(dtype)[6:]}", lambda input, weights: torch.bincount(input, weights),
                   {"input": counted, "weights": torch.tensor([1, 2, 3, 4, -5, 6]).to(dtype)}, (), op="bincount")
    write_case(out, "bincount/empty", lambda input: torch.bincount(input, minlength=3), {"input": torch.zeros(0, dtype=torch.int64)}, (),
               op="bincount", minlength=3)
    write_case(out, "bincount/error_negative", torch.bincount, {"input": torch.tensor([1, -1])}, (), op="bincount")
    for tag, t in (("ints", torch.tensor([3, 1, 3, 2, 1, 3])), ("matrix", torch.tensor([[2, 1], [1, 5]])),
                   ("floats", torch.tensor([0.5, -1.0, 0.5, INF, -1.0])), ("zeros", torch.tensor([0.0, -0.0, 1.0])),
                   ("bools", torch.tensor([True, False, True])),
                   ("empty", torch.zeros(0, dtype=torch.int64)), ("uint8", torch.tensor([200, 3, 200], dtype=torch.uint8))):
        write_case(out, f"unique/{tag}", lambda x: torch.unique(x, return_inverse=True, return_counts=True), {"x": t}, (), op="unique")
    for tag, t in (("ints", torch.tensor([1, 1, 2, 2, 1, 3, 3, 3])), ("empty", torch.zeros(0, dtype=torch.int64))):
        write_case(out, f"unique_consecutive/{tag}", lambda x: torch.unique_consecutive(x, return_inverse=True, return_counts=True),
                   {"x": t}, (), op="unique_consecutive")
    boundaries = torch.tensor([0.0, 1, 2, 4])
    for right in (False, True):
        write_case(out, f"bucketize/{'right' if right else 'left'}", lambda x, boundaries: torch.bucketize(x, boundaries, right=right),
                   {"x": torch.tensor([-1.0, 0, 0.5, 2, 4, 9]), "boundaries": boundaries}, (), op="bucketize", right=int(right))


def write(out):
    write_picking(out)
    write_masks(out)
    write_views(out)
    write_joining(out)
    write_sorting(out)
    write_counting(out)
    for start, stop, step in ((0, 5, 1), (1, 10, 3), (5, 0, -2), (0, 0, 1), (2, 1, 1)):
        out.case(f"arange/{start},{stop},{step}", op="arange", start=start, stop=stop, step=step)
        if (stop - start) * step < 0:
            out.options(error=1)
        else:
            out.tensor("y", torch.arange(start, stop, step))
    for start, stop, step in ((0.0, 1.0, 0.1), (0.0, 1.0, 0.3), (1.0, -1.0, -0.25), (0.5, 2.75, 0.75)):
        out.case(f"arange_float/{start:g},{stop:g},{step:g}", op="arange", start=start, stop=stop, step=step)
        out.tensors(y32=torch.arange(start, stop, step), y64=torch.arange(start, stop, step, dtype=torch.float64))
    for start, stop, steps in ((0.0, 1.0, 5), (-2.0, 3.0, 7), (1.0, 1.0, 3), (0.0, 1.0, 1), (0.0, 1.0, 0), (5.0, -5.0, 11)):
        out.case(f"linspace/{start:g},{stop:g},{steps}", op="linspace", start=start, stop=stop, steps=steps)
        out.tensors(y32=torch.linspace(start, stop, steps), y64=torch.linspace(start, stop, steps, dtype=torch.float64))
    for n, m in ((3, 3), (2, 4), (3, 1), (0, 2)):
        out.case(f"eye/{n},{m}", op="eye", n=n, m=m)
        out.tensor("y", torch.eye(n, m))
