"""One case of the index family."""

from golden_writer import grads


def write_case(out, case, function, named, differentiate=("x",), **options):
    """function(**named) gives a tensor, or several as a tuple: y, or y0, y1, ..."""
    tensors = {
        k: (
            v.detach().clone().requires_grad_()
            if k in differentiate and v.is_floating_point()
            else v
        )
        for k, v in named.items()
    }
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
