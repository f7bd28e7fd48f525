"""The convolutional workloads: training steps and inference, in both memory formats."""

import copy
import itertools
import warnings

import torch
import torch.nn as nn

from models import as_floats, module_step


def dogs_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 6, 5, stride=2),
        nn.ReLU(),
        nn.Conv2d(6, 10, 5, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(10 * 13 * 13, 10),
    )


def convnet():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1568, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )


def convnet3():
    layers, channels = [], [1, 16, 32, 64]
    for inputs, outputs in zip(channels, channels[1:]):
        layers += [nn.Conv2d(inputs, outputs, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(576, 128), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 10))


def convnet4():
    def block(inputs, outputs):
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]

    layers = block(1, 64) + block(64, 64) + [nn.MaxPool2d(2), nn.Dropout(0.4)]
    layers += block(64, 128) + block(128, 128) + [nn.MaxPool2d(2), nn.Dropout(0.4)]
    layers += block(128, 256) + block(256, 256) + [nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(256, 10))


def resnet18():
    import torchvision

    return torchvision.models.resnet18(weights=None, num_classes=10)


def picture_batches(batch, shape, count, memory_format):
    x = as_floats(torch.randint(0, 256, (count * batch, *shape), dtype=torch.uint8))
    y = torch.randint(0, 10, (count * batch,))
    pairs = [
        (part.contiguous(memory_format=memory_format), labels)
        for part, labels in zip(x.split(batch), y.split(batch))
    ]
    return itertools.cycle(pairs)


def training(make, batch, shape, adam=False, ready=8):
    """Variants of one training step."""

    def made(memory_format=torch.contiguous_format, foreach=False):
        net = make().to(memory_format=memory_format)
        kind = torch.optim.Adam if adam else torch.optim.SGD
        optimiser = kind(net.parameters(), lr=0.001 if adam else 0.01, foreach=foreach)
        return module_step(picture_batches(batch, shape, ready, memory_format), net, optimiser)

    return {
        "plain": made,
        "foreach": lambda: made(foreach=True),
        "channels_last": lambda: made(torch.channels_last),
        "channels_last+foreach": lambda: made(torch.channels_last, True),
    }


def picture_loader(make, batch):
    """ConvNet fed by the loaders of loaders.py, whose rows become pictures again."""
    from loaders import UsualDataset, through_loader, vectorised

    def made(batches):
        net = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), make())
        optimiser = torch.optim.Adam(net.parameters(), lr=0.001, foreach=True)
        return module_step(batches, net, optimiser)

    def worker():
        return through_loader(UsualDataset(), batch, num_workers=1, persistent_workers=True)

    return {
        "loader:usual": lambda: made(through_loader(UsualDataset(), batch)),
        "loader:usual+worker": lambda: made(worker()),
        "loader:vectorised": lambda: made(vectorised(batch)),
    }


def inference(name, batch):
    """Evaluation of a torchvision model on pictures of 224x224."""

    def made(memory_format=torch.contiguous_format, optimised=False):
        import torchvision

        warnings.simplefilter("ignore")
        net = getattr(torchvision.models, name)(weights=None).eval()
        net = copy.deepcopy(net).to(memory_format=memory_format)
        x = torch.randn(batch, 3, 224, 224).contiguous(memory_format=memory_format)
        with torch.no_grad():
            if optimised:
                net = torch.jit.optimize_for_inference(torch.jit.trace(net, x))

        def step():
            with torch.no_grad():
                net(x)

        return step

    return {
        "plain": made,
        "channels_last": lambda: made(torch.channels_last),
        "optimised": lambda: made(optimised=True),
    }


def table():
    small = (1, 28, 28)
    return {
        "dogs_cnn_b32": training(dogs_cnn, 32, (3, 64, 64)),
        "convnet_b32": {
            **training(convnet, 32, small, adam=True, ready=32),
            **picture_loader(convnet, 32),
        },
        "convnet3_b32": training(convnet3, 32, small, adam=True, ready=32),
        "convnet4_b32": training(convnet4, 32, small, adam=True),
        "resnet18_b16": training(resnet18, 16, (3, 64, 64), ready=4),
        "vgg16_infer_b1": inference("vgg16", 1),
        "vgg16_infer_b8": inference("vgg16", 8),
        "resnet18_infer_b1": inference("resnet18", 1),
    }
