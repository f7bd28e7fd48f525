"""Training steps that fetch their batch from a loader: the usual way, lean, or vectorised."""

import torch
from torch.utils.data import DataLoader, Dataset

from models import as_floats, bare_step, chain, module_step

COUNT = 60000


def random_mnist():
    return torch.randint(0, 256, (COUNT, 28, 28), dtype=torch.uint8), torch.randint(0, 10, (COUNT,))


class UsualDataset(Dataset):
    """What torchvision's MNIST does for a sample: array to PIL image, transform, label to int."""

    def __init__(self):
        from torchvision.transforms import ToTensor
        from PIL import Image

        self.images, self.labels = random_mnist()
        self.transform, self.to_image = ToTensor(), Image.fromarray

    def __len__(self):
        return COUNT

    def __getitem__(self, index):
        image, label = self.images[index], int(self.labels[index])
        return self.transform(self.to_image(image.numpy(), mode="L")), label


class LeanDataset(Dataset):
    """The same sample without PIL."""

    def __init__(self):
        self.images, self.labels = random_mnist()
        self.labels = self.labels.tolist()

    def __len__(self):
        return COUNT

    def __getitem__(self, index):
        return self.images[index].unsqueeze(0).float().div_(255), self.labels[index]


def through_loader(dataset, batch, **options):
    """Epoch after epoch, flattened for a chain of linear layers."""
    while True:
        for x, y in DataLoader(dataset, batch_size=batch, shuffle=True, drop_last=True, **options):
            yield x.flatten(1), y


def vectorised(batch):
    """No Dataset at all: a batch is one gather from the bytes and one conversion."""
    images, labels = random_mnist()
    images = images.flatten(1)
    while True:
        order = torch.randperm(COUNT)
        for index in order[: COUNT - COUNT % batch].split(batch):
            yield as_floats(images[index]), labels[index]


def with_loader(sizes, batch, lr, momentum=0.0):
    def made(batches):
        net = chain(*sizes)
        optimiser = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
        return module_step(batches, net, optimiser)

    def workers():
        return through_loader(UsualDataset(), batch, num_workers=1, persistent_workers=True)

    return {
        "loader:usual": lambda: made(through_loader(UsualDataset(), batch)),
        "loader:usual+worker": lambda: made(workers()),
        "loader:lean": lambda: made(through_loader(LeanDataset(), batch)),
        "loader:vectorised": lambda: made(vectorised(batch)),
        "loader:vectorised+bare": lambda: bare_step(vectorised(batch), sizes, lr, momentum),
    }
