"""The training workloads: each gives its variants as {name: function that makes a step}."""

import itertools

import torch
import torch.nn as nn
import torch.nn.functional as F


def as_floats(images):
    """uint8 pixels to [0, 1], in one allocation."""
    return images.to(torch.float32).div_(255)


def random_batches(batch, width, classes, count):
    """`count` ready batches of random pixels and labels, as views into two tensors, for ever."""
    x = as_floats(torch.randint(0, 256, (count * batch, width), dtype=torch.uint8))
    y = torch.randint(0, classes, (count * batch,))
    return itertools.cycle(list(zip(x.split(batch), y.split(batch))))


def chain(*sizes, between=nn.ReLU, last=None):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), between()]
    layers.pop()
    if last:
        layers.append(last())
    return nn.Sequential(*layers)


# ---- classifiers ----


def module_step(batches, net, optimiser, to_none=True):
    loss_of = nn.CrossEntropyLoss()

    def step():
        x, y = next(batches)
        optimiser.zero_grad(set_to_none=to_none)
        loss_of(net(x), y).backward()
        optimiser.step()

    return step


def bare_step(batches, sizes, lr, momentum, foreach=True):
    """No modules and no optimiser object: functional calls, autograd.grad, one fused update."""
    net = chain(*sizes)
    params = [p.detach().clone().requires_grad_() for p in net.parameters()]
    velocity = [torch.zeros_like(p) for p in params]
    pairs = list(zip(params[0::2], params[1::2]))

    def step():
        x, y = next(batches)
        for weight, bias in pairs[:-1]:
            x = F.linear(x, weight, bias).relu_()
        loss = F.cross_entropy(F.linear(x, *pairs[-1]), y)
        gradients = torch.autograd.grad(loss, params)
        with torch.no_grad():
            if momentum and foreach:
                torch._foreach_mul_(velocity, momentum)
                torch._foreach_add_(velocity, gradients)
                gradients = velocity
            elif momentum:
                gradients = [v.mul_(momentum).add_(g) for v, g in zip(velocity, gradients)]
            if foreach:
                torch._foreach_add_(params, gradients, alpha=-lr)
            else:
                for p, g in zip(params, gradients):
                    p.add_(g, alpha=-lr)

    return step


def classifier(sizes, batch, lr, momentum=0.0, ready=32):
    """Variants of one SGD step on a chain of linear layers with ReLU between them."""

    def made(traced=False, foreach=False, to_none=True):
        batches = random_batches(batch, sizes[0], sizes[-1], ready)
        net = chain(*sizes)
        optimiser = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum, foreach=foreach)
        if traced:
            net = torch.jit.trace(net, next(batches)[0])
        return module_step(batches, net, optimiser, to_none)

    return {
        "plain": made,
        "zero_grad": lambda: made(to_none=False),
        "foreach": lambda: made(foreach=True),
        "jit": lambda: made(traced=True),
        "jit+foreach": lambda: made(traced=True, foreach=True),
        "bare": lambda: bare_step(
            random_batches(batch, sizes[0], sizes[-1], ready), sizes, lr, momentum, False
        ),
        "bare+foreach": lambda: bare_step(
            random_batches(batch, sizes[0], sizes[-1], ready), sizes, lr, momentum
        ),
    }


# ---- GAN ----


def leaky():
    return nn.LeakyReLU(0.2)


def gan_step(traced=False, foreach=False, joined=False, batch=100):
    """One discriminator step (real and detached fake) and one generator step; BCE, Adam."""
    judge = chain(784, 512, 256, 128, 1, between=leaky, last=nn.Sigmoid)
    maker = chain(100, 128, 256, 512, 784, between=leaky, last=nn.Sigmoid)
    judge_params = list(judge.parameters())
    judge_optimiser = torch.optim.Adam(judge_params, lr=1e-4, foreach=foreach)
    maker_optimiser = torch.optim.Adam(maker.parameters(), lr=1e-4, foreach=foreach)
    if traced:
        judge = torch.jit.trace(judge, torch.rand(batch, 784))
        maker = torch.jit.trace(maker, torch.rand(batch, 100))
    batches = random_batches(batch, 784, 10, 8)
    yes, no = torch.ones(batch, 1), torch.zeros(batch, 1)
    both = torch.cat([yes, no])
    bce = nn.BCELoss()

    def step():
        real, _ = next(batches)
        judge_optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = maker(torch.randn(batch, 100))
        if joined:  # one pass over both halves; twice the mean over all is the sum of the two means
            loss = 2 * bce(judge(torch.cat([real, fake])), both)
        else:
            loss = bce(judge(real), yes) + bce(judge(fake), no)
        loss.backward()
        judge_optimiser.step()
        maker_optimiser.zero_grad(set_to_none=True)
        for p in judge_params:  # its own gradients are not wanted in the generator's step
            p.requires_grad_(False)
        bce(judge(maker(torch.randn(batch, 100))), yes).backward()
        maker_optimiser.step()
        for p in judge_params:
            p.requires_grad_(True)

    return step


def gan():
    return {
        "plain": gan_step,
        "foreach": lambda: gan_step(foreach=True),
        "joined": lambda: gan_step(joined=True),
        "joined+foreach": lambda: gan_step(joined=True, foreach=True),
        "jit+foreach": lambda: gan_step(traced=True, foreach=True),
    }


# ---- one digit against the rest, the whole training set in one batch ----


def one_digit_step(foreach=False, logits=False, inplace=False, count=60000):
    net = nn.Sequential(nn.Linear(784, 256), nn.LeakyReLU(inplace=inplace), nn.Linear(256, 1))
    if not logits:
        net.append(nn.Sigmoid())
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01, foreach=foreach)
    x = as_floats(torch.randint(0, 256, (count, 784), dtype=torch.uint8))
    y = (torch.randint(0, 10, (count, 1)) == 3).float()
    loss_of = nn.BCEWithLogitsLoss() if logits else nn.BCELoss()

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss_of(net(x), y).backward()
        optimiser.step()

    return step


def one_digit():
    return {
        "plain": one_digit_step,
        "inplace": lambda: one_digit_step(inplace=True),
        "inplace+foreach": lambda: one_digit_step(inplace=True, foreach=True),
        "inplace+logits": lambda: one_digit_step(inplace=True, logits=True),
    }


# ---- forward, backward and update written by hand ----


def manual_start():
    weights = [
        torch.randn(784, 128) * 0.05,
        torch.zeros(128),
        torch.randn(128, 10) * 0.05,
        torch.zeros(10),
    ]
    ready = random_batches(32, 784, 10, 32)
    one_hot = [(x, F.one_hot(y, 10).float()) for x, y in itertools.islice(ready, 32)]
    return weights, itertools.cycle(one_hot)


def manual_assignment(lr=0.01):
    """As the assignment asks for it: each formula as it stands, new tensors throughout."""
    (W1, b1, W2, b2), batches = manual_start()

    def step():
        nonlocal W1, b1, W2, b2
        x, t = next(batches)
        n = x.shape[0]
        z1 = x @ W1 + b1
        a1 = 1 / (1 + torch.exp(-z1))
        z2 = a1 @ W2 + b2
        e = torch.exp(z2 - z2.max(dim=1, keepdim=True)[0])
        p = e / e.sum(dim=1, keepdim=True)
        loss = -(t * torch.log(p + 1e-9)).sum() / n
        dz2 = (p - t) / n
        dW2, db2 = a1.T @ dz2, dz2.sum(0)
        dz1 = (dz2 @ W2.T) * a1 * (1 - a1)
        dW1, db1 = x.T @ dz1, dz1.sum(0)
        W1, b1, W2, b2 = W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2
        return loss

    return step


def manual_fused(lr=0.01, buffers=False):
    """Fused calls and in-place updates; with `buffers`, results go into tensors made beforehand."""
    (W1, b1, W2, b2), batches = manual_start()
    hidden, logits = (torch.empty(32, 128), torch.empty(32, 10)) if buffers else (None, None)
    back = torch.empty(32, 128) if buffers else None

    @torch.no_grad()
    def step():
        x, t = next(batches)
        a1 = torch.addmm(b1, x, W1, out=hidden).sigmoid_()
        log_p = torch.log_softmax(torch.addmm(b2, a1, W2, out=logits), 1)
        loss = torch.dot(t.view(-1), log_p.view(-1)).mul_(-1 / 32)
        dz2 = log_p.exp_().sub_(t).mul_(1 / 32)
        dz1 = torch.mm(dz2, W2.T, out=back)
        dz1 = torch.ops.aten.sigmoid_backward(dz1, a1) if not buffers else dz1.mul_(a1).mul_(1 - a1)
        W2.addmm_(a1.T, dz2, alpha=-lr)
        b2.sub_(dz2.sum(0), alpha=lr)
        W1.addmm_(x.T, dz1, alpha=-lr)
        b1.sub_(dz1.sum(0), alpha=lr)
        return loss

    return step


def manual():
    return {
        "assignment": manual_assignment,
        "fused": manual_fused,
        "fused+buffers": lambda: manual_fused(buffers=True),
    }


# ---- what one call costs, and products ----

REPEAT = 100


def repeated(call):
    def step():
        for _ in range(REPEAT):
            call()

    return step


def small_ops():
    def made(op, grad=True):
        a, b = torch.randn(4, 4, requires_grad=grad), torch.randn(4, 4)
        return lambda: repeated(lambda: op(a, b))

    layer = nn.Linear(4, 4)
    x = torch.randn(4, 4)
    return {
        "add": made(torch.add),
        "mul": made(torch.mul),
        "mm": made(torch.mm),
        "relu": made(lambda a, b: torch.relu(a)),
        "linear": lambda: repeated(lambda: layer(x)),
        "add_no_grad": made(torch.add, False),
        "mm_no_grad": made(torch.mm, False),
    }


def products():
    def made(m, n, k):
        a, b = torch.rand(m, k), torch.rand(n, k).t()
        out = torch.empty(m, n)
        return lambda: (lambda: torch.mm(a, b, out=out))

    return {
        f"{m}x{n}x{k}": made(m, n, k)
        for m, n, k in ((1024, 1024, 1024), (32, 128, 784), (10, 128, 784))
    }
