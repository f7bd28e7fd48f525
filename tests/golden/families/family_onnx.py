"""ONNX: small models as PyTorch's exporter writes them at several versions of the operators, with inputs and outputs."""

import io

import torch
import torch.nn as nn
import torch.nn.functional as F

from golden_writer import grid


class Function(nn.Module):
    """A module of one function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)


class Residual(nn.Module):
    """A block with a way around it, as ResNet has them."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.down = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4))

    def forward(self, x):
        return F.relu(self.bn1(self.conv1(x)) + self.down(x))


class Flat(nn.Module):
    """Flattens by a size that is computed from the input's: Shape, Gather, Unsqueeze, Concat."""

    def forward(self, x):
        return x.view(x.size(0), -1)


def fill(module):
    """Parameters and running values that need few digits."""
    for name, t in module.state_dict().items():
        if t.is_floating_point():
            values = grid(tuple(t.shape)).float() / 8
            t.copy_(values.abs() + 0.5 if name.endswith("running_var") else values)


def swapped(x):
    return torch.cat([x[:, 1:], x[:, :1]], dim=1)


def chunks(x):
    a, b, c = torch.chunk(x, 3, dim=1)
    return a * torch.sigmoid(b) - c


IMAGE = (2, 4, 6, 5)
LINE = (2, 3, 9)

# name, module, input shapes
CASES = [
    ("add_mul_sub_div", Function(lambda x, y: (x + y) * 2 - y / (y.abs() + 1)), [(2, 3), (3,)]),
    ("pow_sqrt_exp", Function(lambda x: torch.exp(-x) + torch.sqrt(x * x + 1) + x**2), [(2, 3)]),
    ("clamp", Function(lambda x: torch.clamp(x, -0.5, 0.75) + torch.clamp(x, min=0.25)), [(3, 4)]),
    ("where", Function(lambda x: torch.where(x > 0, x, x * 0.5)), [(3, 4)]),
    ("compare", Function(lambda x, y: ((x >= y) & (x != 0)).float() + (x < y).float()), [(3, 4), (3, 4)]),
    ("activations", Function(lambda x: F.elu(x) + F.leaky_relu(x, 0.2) + F.softplus(x) + torch.tanh(x)), [(3, 4)]),
    ("hard", Function(lambda x: F.hardswish(x) + F.hardsigmoid(x) + F.hardtanh(x) + F.relu6(x)), [(3, 4)]),
    ("more", Function(lambda x: F.selu(x) + F.celu(x, 2.0) + F.silu(x) + F.softsign(x)), [(3, 4)]),
    ("gelu", Function(F.gelu), [(3, 4)]),
    ("prelu", nn.PReLU(4), [IMAGE]),
    ("glu", nn.GLU(1), [IMAGE]),
    ("softmax_last", nn.Softmax(-1), [(2, 3, 4)]),
    ("softmax_middle", nn.Softmax(1), [(2, 3, 4)]),
    ("log_softmax", nn.LogSoftmax(1), [(3, 5)]),
    ("linear", nn.Linear(4, 3), [(2, 4)]),
    ("linear_three", nn.Linear(4, 3), [(2, 3, 4)]),
    ("matmul", Function(lambda x, y: x @ y.transpose(1, 2)), [(2, 3, 4), (2, 5, 4)]),
    ("addmm", Function(lambda x, y, z: torch.addmm(z, x, y, beta=0.5, alpha=2)), [(2, 3), (3, 4), (2, 4)]),
    ("conv1d", nn.Conv1d(3, 4, 3, stride=2, padding=1, dilation=2), [LINE]),
    ("conv2d", nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2), [IMAGE]),
    ("conv_transpose1d", nn.ConvTranspose1d(3, 2, 3, stride=2, padding=1, output_padding=1), [LINE]),
    ("conv_transpose2d", nn.ConvTranspose2d(4, 2, 3, stride=2, padding=(1, 0), groups=2), [IMAGE]),
    ("max_pool", nn.MaxPool2d(3, 2, 1), [IMAGE]),
    ("max_pool_ceil", nn.MaxPool2d(2, ceil_mode=True), [IMAGE]),
    ("max_pool1d", nn.MaxPool1d(3, 2, dilation=2), [LINE]),
    ("avg_pool", nn.AvgPool2d(3, 2, 1), [IMAGE]),
    ("avg_pool_inside", nn.AvgPool2d(3, 2, 1, count_include_pad=False), [IMAGE]),
    ("avg_pool1d", nn.AvgPool1d(2), [LINE]),
    ("adaptive", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), [IMAGE]),
    ("adaptive_max", nn.AdaptiveMaxPool2d(1), [IMAGE]),
    ("batch_norm1d", nn.BatchNorm1d(3), [LINE]),
    ("batch_norm2d", nn.BatchNorm2d(4, eps=1e-3), [IMAGE]),
    ("instance_norm", nn.InstanceNorm2d(4, affine=True), [IMAGE]),
    ("group_norm", nn.GroupNorm(2, 4), [IMAGE]),
    ("layer_norm", nn.LayerNorm((6, 5)), [IMAGE]),
    ("pad", nn.ConstantPad2d((1, 2, 0, 1), 0.5), [IMAGE]),
    ("reflect", nn.ReflectionPad2d((1, 2, 0, 1)), [IMAGE]),
    ("replicate", nn.ReplicationPad2d(2), [IMAGE]),
    ("crop", nn.ConstantPad2d((-1, 1, 0, -1), 0), [IMAGE]),
    ("pixel_shuffle", nn.PixelShuffle(2), [IMAGE]),
    ("pixel_unshuffle", nn.PixelUnshuffle(2), [(1, 2, 4, 6)]),
    ("dropout", nn.Sequential(nn.Dropout(0.5), nn.ReLU()), [(3, 4)]),
    ("flatten_by_shape", Flat(), [IMAGE]),
    ("slice", Function(lambda x: x[:, 1:-1, ::2] + x[:, 2:, :1]), [(2, 4, 5)]),
    ("select", Function(lambda x: x[:, -1] + x[:, 0]), [(2, 4, 5)]),
    ("index", Function(lambda x: x[:, [2, 0, 1]]), [(2, 4, 5)]),
    ("swap", Function(swapped), [(2, 4, 3)]),
    ("chunk", Function(chunks), [(2, 6, 3)]),
    ("stack", Function(lambda x: torch.stack([x, x * 2], 1).unsqueeze(2).squeeze(2)), [(2, 3)]),
    ("permute", Function(lambda x: x.permute(0, 2, 3, 1).reshape(2, -1, 4)), [IMAGE]),
    ("expand", Function(lambda x: x.unsqueeze(1).expand(-1, 4, -1) + 1), [(2, 3)]),
    ("expand_as", Function(lambda x, y: x.expand_as(y) * y), [(1, 3), (4, 3)]),
    ("repeat", Function(lambda x: x.repeat(2, 1, 3)), [(2, 3)]),
    ("reductions", Function(lambda x: x.mean((1, 2)) + x.sum((1, 2)) + x.amax((1, 2)) - x.amin((1, 2))), [(2, 3, 4)]),
    ("norms", Function(lambda x: x.norm(2, 1, True) + x.norm(1, 1, True) + x.logsumexp(1, True)), [(2, 3, 4)]),
    ("prod_cumsum", Function(lambda x: x.prod(1, True) + torch.cumsum(x, 1)), [(2, 3)]),
    ("argmax", Function(lambda x: x.argmax(1) * 2 + x.argmin(1)), [(3, 5)]),
    ("min_max", Function(lambda x, y: torch.max(x, y) - torch.min(x, y) * 0.5), [(2, 3), (2, 3)]),
    ("variance", Function(lambda x: x.std(1) + x.var(1, unbiased=False)), [(2, 5)]),
    ("triangle", Function(lambda x: torch.tril(x) + torch.triu(x, 1) * 2), [(3, 4)]),
    ("zeros_like", Function(lambda x: torch.zeros_like(x) + torch.ones(x.size(0), 1) + x.size(1)), [(2, 3)]),
    ("arange", Function(lambda x: x + torch.arange(x.size(1))), [(2, 3)]),
    ("gather", Function(lambda x: x.gather(1, (x > 0).long())), [(2, 3)]),
    ("to_int", Function(lambda x: (x.abs() * 40).int() // 3 + (x.abs() * 40).long() % 3), [(2, 5)]),
    ("erf_round", Function(lambda x: torch.erf(x) + torch.round(x * 2) + torch.floor(x) - torch.ceil(x)), [(2, 5)]),
    ("trigonometry", Function(lambda x: torch.sin(x) + torch.cos(x) * torch.atan(x) + torch.tan(x)), [(2, 5)]),
    ("residual", Residual(), [IMAGE]),
    ("mlp", nn.Sequential(nn.Flatten(), nn.Linear(120, 5), nn.ReLU(), nn.Linear(5, 3)), [IMAGE]),
    ("upsample", nn.Upsample(scale_factor=2), [IMAGE]),
    ("upsample_size", nn.Upsample(size=(9, 11)), [IMAGE]),
    ("upsample_linear", nn.Upsample(scale_factor=1.5, mode="bilinear"), [IMAGE]),
    ("upsample_corners", nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), [IMAGE]),
    ("upsample_cubic", nn.Upsample(scale_factor=2, mode="bicubic"), [IMAGE]),
    ("upsample_line", nn.Upsample(scale_factor=3, mode="linear"), [LINE]),
]
VERSIONS = (9, 11, 13, 16)  # of the operators; each case has one of them and the last


def export(module, inputs, version):
    """The model's bytes, or None where this version of the operators cannot say it."""
    stream = io.BytesIO()
    names = [f"x{i}" for i in range(len(inputs))]
    try:
        torch.onnx.export(
            module,
            tuple(inputs),
            stream,
            opset_version=version,
            input_names=names,
            output_names=["y"],
            dynamic_axes={n: {0: "batch"} for n in names},
            do_constant_folding=version != 11,
            keep_initializers_as_inputs=version == 9,
        )
    except Exception:  # noqa: BLE001 - each operator has its own way to say no
        return None
    return stream.getvalue()


def write(out):
    with torch.no_grad():
        for number, (name, module, shapes) in enumerate(CASES):
            module.eval()
            fill(module)
            inputs = [grid(s).float() / 4 + i / 8 for i, s in enumerate(shapes)]
            turn = VERSIONS[number % len(VERSIONS)]
            for version in sorted({turn, 16}, reverse=True):
                model = export(module, inputs, version)
                if model is None:
                    continue
                out.case(f"{name}/{version}")
                out.tensor("model", torch.tensor(list(model), dtype=torch.uint8))
                for i, x in enumerate(inputs):
                    out.tensor(f"x{i}", x)
                out.tensor("y", module(*inputs))
