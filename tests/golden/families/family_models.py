"""What the constructors of torchvision's models, and the same small networks in PyTorch, give.

keys/NAME: text `state` has a line "key shape" for each tensor of the state dict.
seeded/NAME: manual_seed(seed), the network with num_classes 10, x = rand(2, 3, side, side) and
labels 3, 7: `digest` holds for each parameter (sum, sum of squares, sum of element i times
((i mod 1009) + 1)); `eval` and `train` the outputs in both modes (train without dropout) in
double, `loss` and `grad_norm` the cross entropy of the latter and the length of all gradients.
print/NAME: what print(network) shows.
losses/NAME: manual_seed(seed), the network, x = rand(count, ...), labels = randint(10, (count,)); the
losses of 20 steps over batches in order, in float32 and double.
"""

import torch
import torch.nn as nn
import torchvision.models as tv
from family_nn import digest

NAMES = [
    "alexnet",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "squeezenet1_0",
    "squeezenet1_1",
    "mobilenet_v2",
]
SEEDED = ["alexnet", "vgg11", "resnet18", "resnet50", "squeezenet1_0", "squeezenet1_1", "mobilenet_v2"]
STEPS = 20


def block(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


def simple(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]


def leaky(inputs, outputs, dropout):
    layers = [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return layers + [nn.Dropout(0.0)] if dropout else layers


def convnet4(drop):
    return [
        *block(1, 64),
        *block(64, 64),
        nn.MaxPool2d(2),
        nn.Dropout(0.4 * drop),
        *block(64, 128),
        *block(128, 128),
        nn.MaxPool2d(2),
        nn.Dropout(0.4 * drop),
        *block(128, 256),
        *block(256, 256),
        nn.AvgPool2d(7),
        nn.Flatten(),
        nn.Dropout(0.5 * drop),
        nn.Linear(256, 10),
    ]


def grocery():
    layers = []
    for inputs, outputs in ((3, 24), (24, 40), (40, 56), (56, 72)):
        layers += [*block(inputs, outputs), nn.MaxPool2d(2)]
    return layers + [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0), nn.Linear(72, 10)]


# Name, shape of a sample, layers, all without dropout.
COURSE = [
    (
        "mlp",
        (1, 28, 28),
        lambda: [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()]
        + [nn.Linear(64, 10)],
    ),
    ("logistic", (1, 28, 28), lambda: [nn.Flatten(), nn.Linear(784, 10)]),
    (
        "lenet5",
        (1, 28, 28),
        lambda: [nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)]
        + [nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.Tanh()]
        + [nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)],
    ),
    (
        "dogs_cnn",
        (3, 64, 64),
        lambda: [nn.Conv2d(3, 6, 5, 2), nn.ReLU(), nn.Conv2d(6, 10, 5, 2), nn.ReLU()]
        + [nn.Flatten(), nn.Linear(1690, 10)],
    ),
    (
        "convnet",
        (1, 28, 28),
        lambda: [*simple(1, 8), nn.Flatten(), nn.Linear(1568, 500), nn.ReLU(), nn.Linear(500, 10)],
    ),
    (
        "convnet2",
        (1, 28, 28),
        lambda: [*simple(1, 8), nn.Flatten(), nn.Dropout(0), nn.Linear(1568, 500), nn.ReLU()]
        + [nn.Linear(500, 10)],
    ),
    (
        "convnet3",
        (1, 28, 28),
        lambda: [*simple(1, 16), *simple(16, 32), *simple(32, 64), nn.Flatten(), nn.Dropout(0)]
        + [nn.Linear(576, 128), nn.ReLU(), nn.Dropout(0), nn.Linear(128, 256), nn.ReLU()]
        + [nn.Linear(256, 10)],
    ),
    ("convnet4", (1, 28, 28), lambda: convnet4(0)),
    ("grocery_cnn", (3, 64, 64), grocery),
    (
        "one_digit",
        (1, 28, 28),
        lambda: [nn.Flatten(), nn.Linear(784, 256), nn.LeakyReLU(), nn.Linear(256, 10)]
        + [nn.Sigmoid()],
    ),
    (
        "gan_discriminator",
        (784,),
        lambda: [nn.Flatten(), *leaky(784, 512, True), *leaky(512, 256, True)]
        + [*leaky(256, 128, True), nn.Linear(128, 10), nn.Sigmoid()],
    ),
    (
        "gan_generator",
        (100,),
        lambda: [*leaky(100, 128, False), *leaky(128, 256, False), *leaky(256, 512, False)]
        + [nn.Linear(512, 10), nn.Sigmoid()],
    ),
]


def write_keys(out, name):
    net = getattr(tv, name)(weights=None)
    total = sum(p.numel() for p in net.parameters())
    out.case("keys/" + name, parameters=total)
    state = net.state_dict().items()
    out.text("state", "\n".join(f"{k} {','.join(map(str, v.shape)) or '-'}" for k, v in state))


def write_print(out, name, layers):
    out.case("print/" + name)
    out.text("shown", str(nn.Sequential(*layers)))


def without_dropout(net):
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return net


def write_seeded(out, name, make, seed, sample, **options):
    torch.manual_seed(seed)
    net = make()
    x = torch.rand(2, *sample)
    out.case("seeded/" + name, seed=seed, sample=sample, **options)
    out.tensor("digest", torch.stack([digest(p) for p in net.parameters()]))
    net = without_dropout(net).double()
    out.tensor("eval", net.eval()(x.double()))
    y = net.train()(x.double())
    loss = nn.functional.cross_entropy(y, torch.tensor([3, 7]))
    loss.backward()
    norm = sum((p.grad**2).sum() for p in net.parameters()) ** 0.5
    out.tensors(train=y, loss=loss, grad_norm=norm)


def write_losses(out, name, make, seed, sample, count, batch, lr):
    out.case(
        "losses/" + name,
        seed=seed,
        sample=sample,
        count=count,
        batch_size=batch,
        lr=lr,
    )
    for dtype, suffix in ((torch.float32, "32"), (torch.float64, "64")):
        torch.manual_seed(seed)
        net = without_dropout(make())
        x, y = torch.rand(count, *sample), torch.randint(10, (count,))
        net = net.to(dtype)
        optimiser = torch.optim.SGD(net.parameters(), lr=lr)
        losses = []
        for step in range(STEPS):
            start = step * batch % count
            output = net(x[start : start + batch].to(dtype))
            loss = nn.functional.cross_entropy(output, y[start : start + batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        out.tensor("loss" + suffix, torch.tensor(losses, dtype=dtype))


def write(out):
    for name in NAMES:
        write_keys(out, name)
    for i, name in enumerate(SEEDED):
        make = getattr(tv, name)
        write_seeded(
            out, name, lambda m=make: m(weights=None, num_classes=10), 20 + i, (3, 64, 64)
        )
    write_seeded(
        out,
        "mobilenet_v2,0.5",
        lambda: tv.mobilenet_v2(weights=None, num_classes=10, width_mult=0.5),
        40,
        (3, 64, 64),
        width_mult=0.5,
    )
    write_seeded(
        out,
        "resnet18,zero",
        lambda: tv.resnet18(weights=None, num_classes=10, zero_init_residual=True),
        41,
        (3, 64, 64),
        zero_init_residual=1,
    )
    for i, (name, sample, layers) in enumerate(COURSE):
        write_seeded(out, name, lambda m=layers: nn.Sequential(*m()), 60 + i, sample)
    layers = {name: make for name, _, make in COURSE}
    write_print(out, "lenet5", layers["lenet5"]())
    write_print(out, "dogs_cnn", layers["dogs_cnn"]())
    write_print(out, "convnet4", convnet4(1))
    write_losses(
        out, "convnet4", lambda: nn.Sequential(*convnet4(0)), 1, (1, 28, 28), 80, 16, 0.01
    )
    write_losses(
        out,
        "vgg11",
        lambda: tv.vgg11(weights=None, num_classes=10),
        2,
        (3, 64, 64),
        20,
        4,
        0.01,
    )
