"""Indexing, joining, cutting (sorting and counting: index_sorting.py): values and gradients."""

import math

import torch

from golden_writer import distinct, grid, integers
from index_case import write_case
from index_sorting import write_counting, write_creation, write_sorting

NAN = math.nan


def write_picking(out):
    x = distinct((3, 4, 2))
    for dim, index in (
        (0, [2, 0, 0]),
        (1, [3, 1]),
        (-1, [1, 1, 0, 1]),
        (0, []),
        (1, [0, 4]),
        (0, [-1]),
    ):
        write_case(
            out,
            f"index_select/{dim},{'_'.join(map(str, index)) or 'none'}",
            lambda x, index: torch.index_select(x, dim, index),
            {"x": x, "index": torch.tensor(index, dtype=torch.int64)},
            op="index_select",
            dim=dim,
        )
    write_case(
        out,
        "index_select/int32_index",
        lambda x, index: torch.index_select(x, 0, index),
        {"x": distinct((3, 2)), "index": torch.tensor([1, 1], dtype=torch.int32)},
        op="index_select",
        dim=0,
    )
    for dim, shape in ((0, (2, 4)), (1, (3, 6)), (-1, (2, 2)), (0, (0, 4)), (1, (3, 1))):
        write_case(
            out,
            f"gather/{dim},{shape[0]}x{shape[1]}",
            lambda x, index: torch.gather(x, dim, index),
            {"x": distinct((3, 4)), "index": integers(shape, 0, 3)},
            op="gather",
            dim=dim,
        )
    write_case(
        out,
        "gather/error",
        lambda x, index: torch.gather(x, 1, index),
        {"x": distinct((3, 4)), "index": torch.tensor([[4]])},
        op="gather",
        dim=1,
    )
    unique_rows = torch.tensor([[2, 0, 1], [0, 3, 1]])
    write_case(
        out,
        "scatter/1",
        lambda x, src, index: torch.scatter(x, 1, index, src),
        {"x": distinct((2, 4)), "src": grid((2, 3)), "index": unique_rows},
        ("x", "src"),
        op="scatter",
        dim=1,
    )
    write_case(
        out,
        "scatter/0,value",
        lambda x, index: torch.scatter(x, 0, index, 7.5),
        {"x": distinct((3, 4)), "index": integers((2, 4), 0, 3)},
        op="scatter",
        dim=0,
        value=7.5,
    )
    for dim in (0, 1):
        write_case(
            out,
            f"scatter_add/{dim}",
            lambda x, src, index: torch.scatter_add(x, dim, index, src),
            {"x": distinct((3, 4)), "src": grid((3, 4)), "index": integers((3, 4), 0, 3)},
            ("x", "src"),
            op="scatter_add",
            dim=dim,
        )
    write_case(
        out,
        "index_add/0",
        lambda x, src, index: torch.index_add(x, 0, index, src),
        {"x": distinct((3, 2)), "src": grid((4, 2)), "index": torch.tensor([2, 0, 2, 2])},
        ("x", "src"),
        op="index_add",
        dim=0,
    )
    write_case(
        out,
        "take/flat",
        torch.take,
        {"input": distinct((3, 4)), "index": torch.tensor([[11, 0], [5, 5]])},
        ("input",),
        op="take",
    )


def write_masks(out):
    mask = integers((3, 4), 0, 2).bool()
    for tag, m in (
        ("plain", mask),
        ("none", mask & False),
        ("all", mask | True),
        ("row", mask[0]),
        ("column", mask[:, :1]),
    ):
        write_case(
            out,
            f"masked_select/{tag}",
            torch.masked_select,
            {"input": distinct((3, 4)), "mask": m},
            ("input",),
            op="masked_select",
        )
        write_case(
            out,
            f"masked_fill/{tag}",
            lambda x, mask: torch.masked_fill(x, mask, -2.5),
            {"x": distinct((3, 4)), "mask": m},
            op="masked_fill",
            value=-2.5,
        )
    write_case(
        out,
        "masked_rows",
        lambda x, mask: x[mask],
        {"x": distinct((3, 2)), "mask": torch.tensor([True, False, True])},
        op="index_mask",
    )
    for a, b in (((3, 4), (3, 4)), ((4,), (3, 1)), ((), (3, 4)), ((), ())):
        write_case(
            out,
            f"where/{'x'.join(map(str, a)) or 'scalar'},{'x'.join(map(str, b)) or 'scalar'}",
            lambda condition, a, b: torch.where(condition, a, b),
            {"condition": mask, "a": distinct(a), "b": grid(b)},
            ("a", "b"),
            op="where",
        )
    for tag, t in (
        ("bool", mask),
        ("float", grid((2, 2, 3), span=1)),
        ("none", torch.zeros(3)),
        ("scalar", torch.tensor(2.0)),
        ("zero", torch.tensor(0)),
        ("nan", torch.tensor([NAN, 0.0, -0.0])),
        ("empty", torch.zeros(0, 2)),
    ):
        write_case(out, f"nonzero/{tag}", lambda x: torch.nonzero(x), {"x": t}, (), op="nonzero")


def write_views(out):
    x = distinct((5, 6))
    for start, stop, step in (
        (0, 5, 1),
        (1, 4, 1),
        (0, 5, 2),
        (1, 5, 3),
        (-3, -1, 1),
        (2, 2, 1),
        (-100, 100, 2),
        (4, 1, 1),
    ):
        write_case(
            out,
            f"slice/0,{start},{stop},{step}",
            lambda x: x[start:stop:step],
            {"x": x},
            op="slice",
            dim=0,
            start=start,
            stop=stop,
            step=step,
        )
    write_case(
        out,
        "slice/1,1,6,2",
        lambda x: x[:, 1:6:2],
        {"x": x},
        op="slice",
        dim=1,
        start=1,
        stop=6,
        step=2,
    )
    for start, stop, step in (
        (4, None, -1),
        (4, None, -2),
        (3, 0, -1),
        (5, 1, -3),
    ):  # as Python's lists do
        expected = list(range(5))[start:stop:step]
        write_case(
            out,
            f"slice_negative/0,{start},{'end' if stop is None else stop},{step}",
            lambda x: x[torch.tensor(expected)],
            {"x": x},
            op="slice",
            dim=0,
            start=start,
            stop=stop,
            step=step,
        )
    for dim, index in ((0, 2), (1, -1), (-1, 0), (0, 5), (1, -7)):
        write_case(
            out,
            f"select/{dim},{index}",
            lambda x: torch.select(x, dim, index),
            {"x": x},
            op="select",
            dim=dim,
            index=index,
        )
    for dim, start, length in ((0, 1, 3), (1, -2, 2), (0, 5, 0), (1, 4, 3)):
        write_case(
            out,
            f"narrow/{dim},{start},{length}",
            lambda x: torch.narrow(x, dim, start, length),
            {"x": x},
            op="narrow",
            dim=dim,
            start=start,
            length=length,
        )
    for dims in ((0, 1), (-1,), (1,), (0,)):
        write_case(
            out,
            f"flip/{'_'.join(map(str, dims))}",
            lambda x: torch.flip(x, dims),
            {"x": distinct((2, 3))},
            op="flip",
            dims=dims,
        )
    for shifts, dims in (((1,), (0,)), ((-2,), (1,)), ((1, 1), (0, 1)), ((4,), None), ((7,), (1,))):
        along = "flat" if dims is None else "_".join(map(str, dims))
        write_case(
            out,
            f"roll/{'_'.join(map(str, shifts))},{along}",
            lambda x: torch.roll(x, shifts, dims),
            {"x": distinct((2, 3))},
            op="roll",
            shifts=shifts,
            dims=dims,
        )
    for diagonal in (0, 1, -1, 3, -4):
        for op in ("tril", "triu"):
            write_case(
                out,
                f"{op}/{diagonal}",
                lambda x: getattr(torch, op)(x, diagonal),
                {"x": distinct((3, 4))},
                op=op,
                diagonal=diagonal,
            )
    write_case(
        out,
        "tril/batch",
        torch.tril,
        {"input": distinct((2, 2, 3))},
        ("input",),
        op="tril",
        diagonal=0,
    )
    for order in ((1, 2, 0), (2, 1, 0), (-1, 0, 1), (0, 0, 1)):
        write_case(
            out,
            f"permute/{'_'.join(map(str, order))}",
            lambda x: torch.permute(x, order),
            {"x": distinct((2, 3, 2))},
            op="permute",
            dims=order,
        )
    for sizes in ((3, 4), (-1, 4), (2, 3, 4), (3, -1), (2, -1, 4)):
        write_case(
            out,
            f"expand/{'_'.join(map(str, sizes))}",
            lambda x: x.expand(sizes),
            {"x": distinct((3, 1))},
            op="expand",
            sizes=sizes,
        )
    for sizes in ((2,), (2, 3), (1, 2, 2), (0, 2), (3,)):
        write_case(
            out,
            f"repeat/{'_'.join(map(str, sizes))}",
            lambda x: x.repeat(sizes),
            {"x": distinct((2, 3))},
            op="repeat",
            sizes=sizes,
        )
    for sizes in ((6,), (3, 2), (-1, 3), (2, -1, 1), (4, -1), (7,)):
        write_case(
            out,
            f"reshape/{'_'.join(map(str, sizes))}",
            lambda x: x.reshape(sizes),
            {"x": distinct((2, 3))},
            op="reshape",
            sizes=sizes,
        )
    for start, end in ((0, -1), (1, 2), (-2, -1), (0, 1), (2, 1)):
        write_case(
            out,
            f"flatten/{start},{end}",
            lambda x: torch.flatten(x, start, end),
            {"x": distinct((2, 3, 2))},
            op="flatten",
            start_dim=start,
            end_dim=end,
        )


def write_joining(out):
    for tag, shapes, dim in (
        ("rows", [(2, 3), (1, 3), (0, 3)], 0),
        ("columns", [(2, 1), (2, 3)], 1),
        ("last", [(2, 2, 1), (2, 2, 2)], -1),
        ("legacy_empty", [(0,), (2, 3)], 0),
        ("error", [(2, 3), (2, 2)], 0),
    ):
        named = {f"x{i}": distinct(s) for i, s in enumerate(shapes)}
        write_case(
            out,
            f"cat/{tag}",
            lambda **t: torch.cat(list(t.values()), dim),
            named,
            tuple(named),
            op="cat",
            dim=dim,
        )
    for dim in (0, 1, 2, -1):
        named = {f"x{i}": distinct((2, 3)) for i in range(2)}
        write_case(
            out,
            f"stack/{dim}",
            lambda **t: torch.stack(list(t.values()), dim),
            named,
            tuple(named),
            op="stack",
            dim=dim,
        )
    write_case(
        out,
        "stack/error",
        lambda **t: torch.stack(list(t.values())),
        {"x0": distinct((2,)), "x1": distinct((3,))},
        ("x0", "x1"),
        op="stack",
        dim=0,
    )
    for size, dim in ((2, 0), (3, 1), (5, 0), (4, -1)):
        write_case(
            out,
            f"split/{size},{dim}",
            lambda x: torch.split(x, size, dim),
            {"x": distinct((5, 4))},
            op="split",
            size=size,
            dim=dim,
        )
    for sizes in ((1, 4), (2, 0, 3), (2, 2)):
        write_case(
            out,
            f"split_sizes/{'_'.join(map(str, sizes))}",
            lambda x: torch.split(x, sizes),
            {"x": distinct((5, 2))},
            op="split",
            sizes=sizes,
            dim=0,
        )
    for chunks, dim in ((2, 0), (3, 0), (4, 0), (7, 0), (2, 1)):
        write_case(
            out,
            f"chunk/{chunks},{dim}",
            lambda x: torch.chunk(x, chunks, dim),
            {"x": distinct((5, 4))},
            op="chunk",
            chunks=chunks,
            dim=dim,
        )


def write(out):
    write_picking(out)
    write_masks(out)
    write_views(out)
    write_joining(out)
    write_sorting(out)
    write_counting(out)
    write_creation(out)
