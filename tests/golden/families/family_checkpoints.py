"""What PyTorch makes of the checkpoints in ../shared/data/checkpoints: outputs for an input by formula.

The input is x[n, c, h, w] = ((37 c + 11 h + 7 w + 5 n) mod 255) / 127 - 1 in float32.
"""

import os

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "..", "..", "shared", "data", "checkpoints")


def pattern(n, c, h, w):
    n, c, h, w = torch.meshgrid(*(torch.arange(k) for k in (n, c, h, w)), indexing="ij")
    return ((37 * c + 11 * h + 7 * w + 5 * n) % 255).float() / 127 - 1


def dogs(state):
    """Three convolutions with stride 2, pooled after the first two, and one linear layer."""
    last = "fc1" if "fc1.weight" in state else "fc_1"

    def forward(x):
        for i in (1, 2, 3):
            x = F.relu(F.conv2d(x, state[f"conv{i}.weight"], state[f"conv{i}.bias"], 2, 2))
            if i < 3:
                x = F.max_pool2d(x, 2, 2)
        return F.linear(x.flatten(1), state[last + ".weight"], state[last + ".bias"])

    return forward


def mnist(state):
    """The network of PyTorch's first MNIST example."""

    def forward(x):
        for i in (1, 2):
            x = F.conv2d(x, state[f"conv{i}.weight"], state[f"conv{i}.bias"])
            x = F.relu(F.max_pool2d(x, 2))
        x = F.relu(F.linear(x.flatten(1), state["fc1.weight"], state["fc1.bias"]))
        return F.linear(x, state["fc2.weight"], state["fc2.bias"])

    return forward


def write(out):
    names = ("dogs_source_epoch23.pth.tar", "dogs_target_epoch1.pth.tar", "dogs_target_epoch9.pth.tar")
    for name in names:
        state = torch.load(os.path.join(FOLDER, name), map_location="cpu")["state_dict"]
        out.case(name)
        out.tensor("y", dogs(state)(pattern(2, 3, 64, 64)))
    state = torch.load(os.path.join(FOLDER, "mnist_cnn_state_dict.pt"), map_location="cpu")
    out.case("mnist_cnn_state_dict.pt")
    out.tensor("y", mnist(state)(pattern(2, 1, 28, 28)))
