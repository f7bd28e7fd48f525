"""The first hundred losses of small trainings from a seed: same seed, same network, same losses.

Random data: manual_seed(seed), then the network, then images = rand(n, 784) and labels =
randint(10, (n,)). Batches are taken in order and start over at the end. MNIST data: the first n
training images in file order as float32 pixel/255, no other scaling.
The shuffled case is experiment 7.2: manual_seed(seed), then the network, then one pass of
DataLoader(TensorDataset(images, labels), batch_size=10, shuffle=True) over all 60,000.
"""

import gzip
import itertools
import os
import struct

import numpy as np
import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 100


def read_idx(name):
    folder = os.environ.get("TAPER_DATA") or os.path.join(
        HERE, "..", "..", "..", "..", "shared", "data"
    )
    for path in (os.path.join(folder, "mnist", name), os.path.join(folder, name)):
        for known, opener in ((path, open), (path + ".gz", gzip.open)):
            if os.path.exists(known):
                with opener(known, "rb") as stream:
                    data = stream.read()
                dims = data[3]
                shape = struct.unpack(f">{dims}I", data[4 : 4 + 4 * dims])
                return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)
    raise SystemExit(f"{name} was not found under {folder}; set TAPER_DATA")


def mnist(count):
    images = torch.from_numpy(read_idx("train-images-idx3-ubyte")[:count].copy())
    labels = torch.from_numpy(read_idx("train-labels-idx1-ubyte")[:count].astype(np.int64))
    return images.reshape(count, 784).float() / 255, labels


def chain(sizes):
    layers = []
    for i in range(len(sizes) - 1):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def in_order(x, y, batch):
    for step in range(STEPS):
        start = step * batch % len(x)
        yield x[start : start + batch], y[start : start + batch]


def train(net, batches, make, dtype):
    net = net.to(dtype)
    optimiser = make(net.parameters())
    losses = []
    for x, y in batches:
        loss = nn.functional.cross_entropy(net(x.to(dtype)), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses, net


def write_run(out, case, data, count, sizes, batch, make, seed, **options):
    out.case(case, data=data, count=count, sizes=sizes, batch_size=batch, seed=seed, **options)
    for dtype, suffix in ((torch.float32, "32"), (torch.float64, "64")):
        torch.manual_seed(seed)
        net = chain(sizes)
        if data == "random":
            x, y = torch.rand(count, sizes[0]), torch.randint(10, (count,))
        else:
            x, y = mnist(count)
        losses, net = train(net, in_order(x, y, batch), make, dtype)
        out.tensor("loss" + suffix, torch.tensor(losses, dtype=dtype))
        if suffix == "64":
            out.tensor("last_bias64", list(net.parameters())[-1])
    out.tensors(labels=y[:20], pixel_sum=x[:20].double().sum(1))


def write_shuffled(out, seed):
    sizes, batch = (784, 128, 64, 10), 10
    x, y = mnist(60000)
    rows = torch.utils.data.TensorDataset(x, y, torch.arange(len(x)))
    out.case(
        f"mnist/shuffled,{seed}",
        data="mnist",
        count=60000,
        sizes=sizes,
        batch_size=batch,
        seed=seed,
        shuffle=1,
        optimizer="sgd",
        lr=0.01,
    )
    for dtype, suffix in ((torch.float32, "32"), (torch.float64, "64")):
        torch.manual_seed(seed)
        net = chain(sizes)
        order = []

        def batches():
            loader = torch.utils.data.DataLoader(rows, batch_size=batch, shuffle=True)
            for images, labels, where in itertools.islice(loader, STEPS):
                order.extend(where.tolist())
                yield images, labels

        losses, net = train(net, batches(), lambda p: torch.optim.SGD(p, lr=0.01), dtype)
        out.tensor("loss" + suffix, torch.tensor(losses, dtype=dtype))
    out.tensor("order", torch.tensor(order[:100]))


def write(out):
    sgd, mlp = torch.optim.SGD, (784, 128, 64, 10)
    for data, count in (("random", 200), ("mnist", 1000)):
        write_run(
            out,
            f"{data}/mlp_sgd",
            data,
            count,
            mlp,
            10,
            lambda p: sgd(p, lr=0.01),
            0,
            optimizer="sgd",
            lr=0.01,
        )
        write_run(
            out,
            f"{data}/mlp_momentum",
            data,
            count,
            mlp,
            20,
            lambda p: sgd(p, lr=0.001, momentum=0.9),
            1,
            optimizer="sgd",
            lr=0.001,
            momentum=0.9,
        )
        write_run(
            out,
            f"{data}/mlp_adam",
            data,
            count,
            mlp,
            20,
            lambda p: torch.optim.Adam(p, lr=0.001),
            2,
            optimizer="adam",
            lr=0.001,
        )
        write_run(
            out,
            f"{data}/logistic_sgd",
            data,
            count,
            (784, 10),
            20,
            lambda p: sgd(p, lr=0.001),
            3,
            optimizer="sgd",
            lr=0.001,
        )
    write_shuffled(out, 0)
    write_shuffled(out, 42)
