#!/usr/bin/env python3
"""Loading pictures: Taper and PyTorch with torchvision and Pillow, in turns, with the same number of threads.

    /usr/bin/python3 bench/load_pictures.py BUILD/bench/bench_load_pictures [LIST.csv] [--rounds N]

Both read the files that the list names, decode them, and make float32 batches of 256 in [0, 1]. On one thread PyTorch's DataLoader
works in the caller, on two it has two worker processes, as it is meant to be used; Taper has two worker threads. The medians of
the rounds are compared.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import time

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import ToTensor

HERE = os.path.dirname(os.path.abspath(__file__))


class Pictures(Dataset):
    def __init__(self, path):
        folder = os.path.join(os.path.dirname(path), "images")
        with open(path, newline="") as stream:
            rows = list(csv.DictReader(stream))
        self.items = [(os.path.join(folder, r["filename"]), int(r["numeric_label"])) for r in rows]
        self.to_tensor = ToTensor()

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        path, label = self.items[i]
        with open(path, "rb") as stream:
            return self.to_tensor(Image.open(stream).convert("RGB")), label


def torch_epoch(data, threads):
    loader = DataLoader(data, batch_size=256, num_workers=threads if threads > 1 else 0)
    begin = time.perf_counter()
    count = 0
    for x, _ in loader:
        count += len(x)
    assert count == len(data)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("list", nargs="?", default=os.path.join(HERE, "../../shared/data/dogs/dogs.csv"))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = Pictures(args.list)
    torch_epoch(data, 1)  # the files are in the page cache for everybody
    print(f"{len(data)} pictures, medians of {args.rounds} rounds")
    for threads in (1, 2):
        ours, theirs = [], []
        for _ in range(args.rounds):
            run = subprocess.run([args.program, args.list, str(threads)], check=True, capture_output=True, text=True)
            ours.append(json.loads(run.stdout))
            theirs.append(torch_epoch(data, threads))
        first = statistics.median(r["open"] + r["first"] for r in ours)
        second = statistics.median(r["second"] for r in ours)
        peer = statistics.median(theirs)
        print(
            f"{threads} thread{'s' if threads > 1 else ' '}: Taper {first:.3f} s (again {second:.3f} s), "
            f"PyTorch {peer:.3f} s: 1/{peer / first:.1f}"
        )


if __name__ == "__main__":
    main()
