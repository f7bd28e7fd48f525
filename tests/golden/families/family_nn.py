"""What manual_seed and construction give: layers, networks (in digest), initialisers, gains."""

import torch
import torch.nn as nn

LINEARS = [
    (0, 4, 3, True),
    (1, 4, 3, False),
    (42, 1, 1, True),
    (7, 17, 5, True),
    (123456789, 3, 16, True),
    (2**40 + 5, 6, 2, True),
]


def digest(tensor):
    """Sum, sum of squares, and sum of element i times ((i mod 1009) + 1), all in double."""
    flat = tensor.detach().double().reshape(-1)
    place = (torch.arange(flat.numel()) % 1009 + 1).double()
    return torch.stack([flat.sum(), (flat * flat).sum(), (flat * place).sum()])


def write_layers(out):
    for seed, inputs, outputs, bias in LINEARS:
        torch.manual_seed(seed)
        layer = nn.Linear(inputs, outputs, bias=bias)
        out.case(
            f"linear/{seed},{inputs},{outputs}{'' if bias else ',no_bias'}",
            op="linear",
            seed=seed,
            in_features=inputs,
            out_features=outputs,
            bias=int(bias),
        )
        out.tensors(weight=layer.weight, bias=layer.bias, next=torch.rand(4))
    for seed in (3,):
        torch.manual_seed(seed)
        layer = nn.Conv2d(3, 4, 3)
        out.case(
            f"conv2d/{seed}", op="conv2d", seed=seed, in_channels=3, out_channels=4, kernel_size=3
        )
        out.tensors(weight=layer.weight, bias=layer.bias, next=torch.rand(4))


def write_network(out, case, seed, sizes, **options):
    """Every parameter of a chain of Linear layers: its digest, its first 6 and last 3 values."""
    torch.manual_seed(seed)
    layers = []
    for i in range(len(sizes) - 1):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    out.case(case, op="sequential", seed=seed, sizes=sizes, **options)
    for name, p in net.named_parameters():
        flat = p.detach().reshape(-1)
        out.tensor(f"digest.{name}", digest(p))
        out.tensor(f"first.{name}", flat[:6])
        out.tensor(f"last.{name}", flat[-3:])
    out.tensor("next", torch.rand(4))
    write_forward(out, net, sizes[0])


def write_forward(out, net, width):
    """Output and loss for x[n][i] = ((n + 1) (i mod 31) mod 17) / 16, labels n mod 10; float64."""
    n, i = torch.arange(4)[:, None], torch.arange(width)[None, :]
    x = (((n + 1) * (i % 31)) % 17).double() / 16
    y = net.double()(x)
    loss = nn.functional.cross_entropy(y, torch.arange(4) % 10)
    loss.backward()
    out.tensors(y=y, loss=loss)
    for name, p in net.named_parameters():
        out.tensor(f"grad_digest.{name}", digest(p.grad))


def write_initialisers(out):
    init = nn.init
    table = [
        ("uniform_", lambda w: init.uniform_(w), {}),
        ("uniform_/-2_3", lambda w: init.uniform_(w, -2.0, 3.0), {"a": -2.0, "b": 3.0}),
        ("normal_", lambda w: init.normal_(w), {}),
        ("normal_/1_0.5", lambda w: init.normal_(w, 1.0, 0.5), {"mean": 1.0, "std": 0.5}),
        (
            "trunc_normal_",
            lambda w: init.trunc_normal_(w, 0.0, 1.0, -1.0, 1.5),
            {"mean": 0.0, "std": 1.0, "a": -1.0, "b": 1.5},
        ),
        ("constant_", lambda w: init.constant_(w, 0.3), {"value": 0.3}),
        ("ones_", init.ones_, {}),
        ("zeros_", init.zeros_, {}),
        ("eye_", init.eye_, {}),
        ("xavier_uniform_", lambda w: init.xavier_uniform_(w), {}),
        ("xavier_uniform_/gain", lambda w: init.xavier_uniform_(w, gain=5 / 3), {"gain": 5 / 3}),
        ("xavier_normal_", lambda w: init.xavier_normal_(w), {}),
        ("xavier_normal_/gain", lambda w: init.xavier_normal_(w, gain=2.0), {"gain": 2.0}),
    ]
    for kind in ("uniform", "normal"):
        for mode in ("fan_in", "fan_out"):
            for nonlinearity, a in (
                ("relu", 0.0),
                ("leaky_relu", 0.2),
                ("leaky_relu", 5**0.5),
                ("linear", 0.0),
                ("tanh", 0.0),
            ):
                function = getattr(init, f"kaiming_{kind}_")
                table.append(
                    (
                        f"kaiming_{kind}_/{mode},{nonlinearity},{a:.3g}",
                        lambda w, f=function, m=mode, n=nonlinearity, s=a: f(
                            w, a=s, mode=m, nonlinearity=n
                        ),
                        {"mode": mode, "nonlinearity": nonlinearity, "a": a},
                    )
                )
    shapes = ((4, 3), (2, 3, 2, 2), (5, 4))
    for k, (name, function, options) in enumerate(table):
        for shape in (
            shapes
            if name in ("uniform_", "normal_", "xavier_uniform_", "xavier_normal_")
            else (shapes[k % 3],)
        ):
            if name == "eye_":
                shape = (4, 3)
            torch.manual_seed(100 + k)
            w = torch.zeros(shape)
            function(w)
            out.case(
                f"init/{name}{',' if '/' in name else '/'}{'x'.join(map(str, shape))}",
                op=name.split("/")[0],
                seed=100 + k,
                **options,
            )
            out.tensor("weight", w)
    torch.manual_seed(5)
    out.case(
        "init/normal_/40", op="normal_", seed=5
    )  # 16 values and more take torch's vectorised path
    out.tensor("weight", init.normal_(torch.zeros(5, 8)))


def write_gains(out):
    for name, param in (
        ("linear", None),
        ("conv2d", None),
        ("sigmoid", None),
        ("tanh", None),
        ("relu", None),
        ("leaky_relu", None),
        ("leaky_relu", 0.2),
        ("leaky_relu", 0.0),
        ("selu", None),
    ):
        out.case(
            f"calculate_gain/{name}{'' if param is None else f',{param:g}'}",
            op="calculate_gain",
            nonlinearity=name,
            param=param,
        )
        out.tensor("y", torch.tensor(nn.init.calculate_gain(name, param), dtype=torch.float64))


def write_dropout(out):
    """Evaluation mode alone: the masks of training come from streams that differ by design."""
    layer = nn.Dropout(0.25).eval()
    x = torch.tensor([1.0, -2.0, 3.5])
    out.case("dropout/eval", op="dropout", p=0.25)
    out.tensors(x=x, y=layer(x))


def write(out):
    write_layers(out)
    write_network(out, "network/mlp,0", 0, (784, 128, 64, 10))
    write_network(out, "network/mlp,42", 42, (784, 128, 64, 10))
    write_network(out, "network/small,1", 1, (6, 5, 4, 10))
    write_network(out, "network/logistic,3", 3, (784, 10))
    write_initialisers(out)
    write_gains(out)
    write_dropout(out)
