"""Normalisation: values, gradients, running statistics after several steps, evaluation."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from golden_writer import grid
from index_case import write_case


def parameters(channels):
    return {
        "weight": grid((channels,)) + 1 / 16,
        "bias": grid((channels,)),
        "mean": grid((channels,)),
        "var": grid((channels,)) ** 2 + 0.5,
    }


def batch_norm(x, mean, var, weight=None, bias=None, training=True, momentum=0.1, eps=1e-5):
    """The result and the running values after it."""
    mean, var = mean.clone(), var.clone()
    y = F.batch_norm(x, mean, var, weight, bias, training, momentum, eps)
    return y, mean, var


def write_batch_norm(out):
    for shape in ((4, 3, 2, 5), (6, 5), (2, 3, 7), (1, 2, 3, 3), (2, 17, 1, 1), (3, 2, 40)):
        named = {"x": grid(shape), **parameters(shape[1])}
        for training in (True, False):
            write_case(
                out,
                f"batch_norm/{'x'.join(map(str, shape))},{'train' if training else 'eval'}",
                lambda x, weight, bias, mean, var: batch_norm(
                    x, mean, var, weight, bias, training
                ),
                named,
                ("x", "weight", "bias"),
                op="batch_norm",
                training=training,
            )
    named = {"x": grid((3, 4, 5)), **parameters(4)}
    named.pop("weight"), named.pop("bias")
    write_case(
        out,
        "batch_norm/plain,eps,momentum",
        lambda x, mean, var: batch_norm(x, mean, var, momentum=0.75, eps=0.125),
        named,
        op="batch_norm",
        training=True,
        momentum=0.75,
        eps=0.125,
    )
    # A mean that is large against the deviation.
    far = {"x": grid((4, 2, 3, 3)) + 4096, **parameters(2)}
    write_case(
        out,
        "batch_norm/far",
        lambda x, weight, bias, mean, var: batch_norm(x, mean, var, weight, bias),
        far,
        ("x", "weight", "bias"),
        op="batch_norm",
        training=True,
    )
    for name, x, channels, training in (
        ("single", grid((1, 3)), 3, True),
        ("channels", grid((2, 4)), 3, True),
        ("vector", grid((3,)), 3, False),
    ):
        write_case(
            out,
            f"batch_norm/error_{name}",
            lambda x, weight, bias, mean, var: batch_norm(x, mean, var, weight, bias, training),
            {"x": x, **parameters(channels)},
            op="batch_norm",
            training=training,
        )


def write_layers(out):
    """Three steps of training, then one of evaluation."""
    for name, layer, shape, options in (
        ("2d", nn.BatchNorm2d(3), (2, 3, 4, 3), {}),
        ("1d", nn.BatchNorm1d(5), (4, 5), {}),
        ("1d_length", nn.BatchNorm1d(2, momentum=0.5), (3, 2, 4), {"momentum": 0.5}),
        ("cumulative", nn.BatchNorm2d(2, momentum=None), (2, 2, 3, 3), {"cumulative": 1}),
        ("plain", nn.BatchNorm2d(2, affine=False), (2, 2, 3, 3), {"affine": 0}),
        (
            "untracked",
            nn.BatchNorm2d(2, track_running_stats=False),
            (2, 2, 3, 3),
            {"track": 0},
        ),
    ):
        layer = layer.double()
        steps = [grid(shape) for _ in range(4)]
        out.case(f"batch_norm_steps/{name}", op="batch_norm_steps", **options)
        out.tensors(**{f"x{i}": x for i, x in enumerate(steps)})
        results = [layer(x) for x in steps[:3]][2:]
        layer.eval()
        results.append(layer(steps[3]))
        if layer.running_mean is not None:
            results += [layer.running_mean, layer.running_var, layer.num_batches_tracked]
        for i, y in enumerate(results):
            out.tensor(f"y{i}", y)


def write_layer_norm(out):
    for shape, last in (((3, 2, 4), (2, 4)), ((4, 37), (37,)), ((5,), (5,)), ((70, 3), (3,))):
        write_case(
            out,
            f"layer_norm/{'x'.join(map(str, shape))}",
            lambda x, weight, bias: F.layer_norm(x, last, weight, bias),
            {"x": grid(shape), "weight": grid(last), "bias": grid(last)},
            ("x", "weight", "bias"),
            op="layer_norm",
            shape=last,
        )
    write_case(
        out,
        "layer_norm/plain,far",
        lambda x: F.layer_norm(x, (6,), eps=0.125),
        {"x": grid((2, 6)) + 4096},
        op="layer_norm",
        shape=(6,),
        eps=0.125,
    )
    write_case(
        out,
        "layer_norm/error",
        lambda x: F.layer_norm(x, (5,)),
        {"x": grid((2, 6))},
        op="layer_norm",
        shape=(5,),
    )


def write_group_norm(out):
    for shape, groups in (((2, 4, 3, 3), 2), ((2, 3, 5), 3), ((3, 6), 2), ((1, 4, 2, 20), 1)):
        write_case(
            out,
            f"group_norm/{'x'.join(map(str, shape))},{groups}",
            lambda x, weight, bias: F.group_norm(x, groups, weight, bias),
            {"x": grid(shape), "weight": grid((shape[1],)), "bias": grid((shape[1],))},
            ("x", "weight", "bias"),
            op="group_norm",
            groups=groups,
        )
    write_case(
        out,
        "group_norm/plain,far",
        lambda x: F.group_norm(x, 2, eps=0.125),
        {"x": grid((2, 4, 3)) + 4096},
        op="group_norm",
        groups=2,
        eps=0.125,
    )


def instance_norm(x, mean, var, weight=None, bias=None, training=True):
    mean, var = mean.clone(), var.clone()
    y = F.instance_norm(x, mean, var, weight, bias, training, 0.25)
    return y, mean, var


def write_instance_norm(out):
    for shape, training in (((2, 3, 4, 3), True), ((2, 3, 7), True), ((2, 3, 7), False)):
        write_case(
            out,
            f"instance_norm/{'x'.join(map(str, shape))},{training}",
            lambda x, weight, bias, mean, var: instance_norm(x, mean, var, weight, bias, training),
            {"x": grid(shape), **parameters(shape[1])},
            ("x", "weight", "bias"),
            op="instance_norm",
            training=training,
            momentum=0.25,
        )


def write_local_response_norm(out):
    for shape, size in (((2, 7, 3), 3), ((1, 5, 2, 2), 4), ((2, 2, 3, 3), 5)):
        write_case(
            out,
            f"local_response_norm/{'x'.join(map(str, shape))},{size}",
            lambda x: F.local_response_norm(x, size, 0.5, 0.75, 2.0),
            {"x": grid(shape)},
            op="local_response_norm",
            size=size,
            alpha=0.5,
            k=2.0,
        )


def write(out):
    write_batch_norm(out)
    write_layers(out)
    write_layer_norm(out)
    write_group_norm(out)
    write_instance_norm(out)
    write_local_response_norm(out)
