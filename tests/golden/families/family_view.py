"""Views and picking that the index family leaves out: values and gradients."""

import torch

from golden_writer import distinct, grid
from index_case import write_case


def write_views(out):
    for dims in (None, (0,), (1,), (0, -1), (-2,)):
        write_case(
            out,
            f"squeeze/{'all' if dims is None else '_'.join(map(str, dims))}",
            lambda x: squeeze(x, dims),
            {"x": distinct((1, 3, 1))},
            op="squeeze",
            dims=dims or (),
        )
    for dim in (0, 1, 2, -1, -3, 3, -4):
        write_case(
            out,
            f"unsqueeze/{dim}",
            lambda x: torch.unsqueeze(x, dim),
            {"x": distinct((2, 3))},
            op="unsqueeze",
            dim=dim,
        )
    for dim0, dim1 in ((0, 1), (-1, 0), (1, 1), (0, 3)):
        write_case(
            out,
            f"transpose/{dim0},{dim1}",
            lambda x: torch.transpose(x, dim0, dim1),
            {"x": distinct((2, 3, 2))},
            op="transpose",
            dim0=dim0,
            dim1=dim1,
        )
    for shape in ((2, 3), (3,), (), (2, 3, 2)):
        write_case(
            out,
            f"t/{'x'.join(map(str, shape)) or 'scalar'}",
            torch.t,
            {"input": distinct(shape)},
            ("input",),
            op="t",
        )
    for source, destination in ((0, 2), (-1, 0), (1, 1), (0, 3)):
        write_case(
            out,
            f"movedim/{source},{destination}",
            lambda x: torch.movedim(x, source, destination),
            {"x": distinct((2, 3, 2))},
            op="movedim",
            source=source,
            destination=destination,
        )
    for sizes in ((6,), (3, -1), (2, 1, 3), (4, 2)):
        write_case(
            out,
            f"view/{'_'.join(map(str, sizes))}",
            lambda x: x.view(sizes),
            {"x": distinct((2, 3))},
            op="view",
            sizes=sizes,
        )
    for dim, sizes in ((1, (2, 3)), (-1, (-1, 2)), (0, (2, 1)), (1, (4, 2))):
        write_case(
            out,
            f"unflatten/{dim},{'_'.join(map(str, sizes))}",
            lambda x: torch.nn.Unflatten(dim, sizes)(x),
            {"x": distinct((2, 6))},
            op="unflatten",
            dim=dim,
            sizes=sizes,
        )
    for shape, offset in (((3, 3), 0), ((2, 3, 4), 1), ((3, 2), -1), ((3, 2), 2), ((3,), 0)):
        write_case(
            out,
            f"diagonal/{'x'.join(map(str, shape))},{offset}",
            lambda x: torch.diagonal(x, offset, -2, -1),
            {"x": distinct(shape)},
            op="diagonal",
            offset=offset,
        )
    for dim in (0, 1, -1):
        write_case(
            out,
            f"unbind/{dim}",
            lambda x: torch.unbind(x, dim),
            {"x": distinct((2, 3))},
            op="unbind",
            dim=dim,
        )


def squeeze(x, dims):
    if dims is None:
        return torch.squeeze(x)
    for dim in sorted((d % x.ndim for d in dims), reverse=True):
        x = torch.squeeze(x, dim)
    return x


def write_picking(out):
    for repeats, dim in ((2, 0), (3, -1), (1, 1), (0, 0)):
        write_case(
            out,
            f"repeat_interleave/{repeats},{dim}",
            lambda x: torch.repeat_interleave(x, repeats, dim),
            {"x": distinct((2, 3))},
            op="repeat_interleave",
            repeats=repeats,
            dim=dim,
        )
    for tag, shape, index in (
        ("rows", (3, 2), [2, 0, 2]),
        ("negative", (3, 2), [-1, -3]),
        ("matrix", (3, 2), [[0, 1], [2, 2]]),
        ("vector", (4,), [[3], [0]]),
        ("none", (3, 2), []),
        ("beyond", (3, 2), [0, 3]),
        ("before", (3, 2), [-4]),
    ):
        write_case(
            out,
            f"index/{tag}",
            lambda x, index: x[index],
            {"x": distinct(shape), "index": torch.tensor(index, dtype=torch.int64)},
            op="index",
        )
    mask = torch.tensor([[True, False, True], [False, False, True]])
    for tag, m, source in (
        ("plain", mask, (4,)),
        ("row", mask[0], (2, 3)),
        ("short", mask, (2,)),
        ("none", mask & False, (0,)),
    ):
        write_case(
            out,
            f"masked_scatter/{tag}",
            lambda x, source, mask: torch.masked_scatter(x, mask, source),
            {"x": distinct((2, 3)), "source": grid(source), "mask": m},
            ("x", "source"),
            op="masked_scatter",
        )
    write_case(
        out,
        "outer/3,4",
        torch.outer,
        {"input": grid((3,)), "vec2": grid((4,))},
        ("input", "vec2"),
        op="outer",
    )


def write(out):
    write_views(out)
    write_picking(out)
