#!/usr/bin/env python3
"""Taper and PyTorch side by side, in one go.

Both programs keep their networks warm and take turns in short slices, on one thread and on two, so that they meet the same
state of the machine. Of each the best over threads and variants counts, and the medians over all slices are compared.

    bench/compare.py BENCH_STEPS [--rounds N] [--slice SECONDS] [--only NAME,...] [--out FILE.json]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# A row of the table: title, our measurement, PyTorch's variants, the largest ratio that counts as reached.
ROWS = [
    ("MLP 784-128-64-10, SGD, batch 10", "mlp_b10/plain", "mlp_b10", ["plain", "foreach", "jit", "jit+foreach"], 1 / 7),
    ("  with its loader", "mlp_b10/loader", "mlp_b10", ["loader:usual", "loader:usual+worker"], 1 / 15),
    ("MLP, momentum, batch 32", "mlp_b32_momentum/plain", "mlp_b32_momentum", ["plain", "foreach", "jit", "jit+foreach"], 1 / 6),
    ("  with its loader", "mlp_b32_momentum/loader", "mlp_b32_momentum", ["loader:usual", "loader:usual+worker"], 1 / 15),
    ("dogs MLP 12288-128-64-10, batch 10", "dogs_mlp_b10/plain", "dogs_mlp_b10", ["plain", "foreach", "jit", "jit+foreach"], 1 / 2.5),
    ("dogs MLP, batch 32", "dogs_mlp_b32/plain", "dogs_mlp_b32", ["plain", "foreach", "jit", "jit+foreach"], 1 / 2.5),
    ("GAN, batch 100, one step of each net", ["gan_b100/plain", "gan_b100/joined"], "gan_b100", ["plain", "foreach", "joined", "joined+foreach", "jit+foreach"], 1 / 2.2),
    ("one-digit 784-256-1, Adam, 60,000 images", "one_digit_fullbatch/plain", "one_digit_fullbatch", ["plain", "inplace", "inplace+foreach", "inplace+logits"], 1 / 1.5),
    ("784-128-10 by hand, the assignment's form", "manual_b32/tensor_ops", "manual_b32", ["assignment"], 1 / 3),
    ("  PyTorch fused in place", "manual_b32/tensor_ops", "manual_b32", ["fused", "fused+buffers"], 1 / 1.8),
    ("dogs CNN, batch 32", "dogs_cnn_b32/plain", "dogs_cnn_b32", ["plain", "foreach", "channels_last", "channels_last+foreach"], 1 / 2.5),
    ("ConvNet, Adam, batch 32", "convnet_b32/plain", "convnet_b32", ["plain", "foreach", "channels_last", "channels_last+foreach"], 1 / 2.5),
    ("  with its loader", "convnet_b32/loader", "convnet_b32", ["loader:usual", "loader:usual+worker"], 1 / 3),
    ("ConvNet3, Adam, batch 32", "convnet3_b32/plain", "convnet3_b32", ["plain", "foreach", "channels_last", "channels_last+foreach"], 1 / 2),
    ("ConvNet4, Adam, batch 32", "convnet4_b32/plain", "convnet4_b32", ["plain", "foreach", "channels_last", "channels_last+foreach"], 1 / 1.7),
    ("ResNet18, 3x64x64, SGD, batch 16", "resnet18_b16/plain", "resnet18_b16", ["plain", "foreach", "channels_last", "channels_last+foreach"], 1 / 1.6),
    ("VGG16 inference, 224x224, batch 1", "vgg16_infer_b1/plain", "vgg16_infer_b1", ["plain", "channels_last", "optimised"], 1 / 1.6),
    ("  batch 8", "vgg16_infer_b8/plain", "vgg16_infer_b8", ["plain", "channels_last", "optimised"], 1 / 1.6),
    ("ResNet18 inference, batch 1", "resnet18_infer_b1/plain", "resnet18_infer_b1", ["plain", "channels_last", "optimised"], 1 / 1.3),
    ("one op on 4x4 tensors, with gradient", "op_4x4/add", "op_4x4", None, None),
]
# Not in the table above, shown beside it: no modules, no optimiser objects, torch.autograd.grad on functional calls.
BARE = {"mlp_b10": ["bare", "bare+foreach"], "mlp_b32_momentum": ["bare", "bare+foreach"],
        "dogs_mlp_b10": ["bare", "bare+foreach"], "dogs_mlp_b32": ["bare", "bare+foreach"]}


class Server:
    """A benchmark program that answers `name seconds` with one measurement."""

    def __init__(self, label, command, threads):
        self.label, self.threads = label, threads
        environment = dict(os.environ)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, env=environment)
        self.ready = self.read()

    def read(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"{self.label} ended early: {self.process.args}")
            if line.startswith("{"):
                return json.loads(line)

    def measure(self, name, seconds):
        self.process.stdin.write(f"{name} {seconds}\n")
        self.process.stdin.flush()
        return self.read()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def torch_names(options):
    listed = subprocess.run([os.path.join(HERE, "torch", "run"), "1", "--list"], capture_output=True, text=True, check=False)
    return [line.strip() for line in listed.stdout.splitlines() if "/" in line]


def measure_row(row, servers, known, options):
    """Medians by program, thread count and variant, over all rounds, the programs taking turns."""
    title, ours, workload, variants, _ = row
    if variants is None:
        variants = [name.split("/")[1] for name in known if name.startswith(workload + "/")]
    wanted = [f"{workload}/{v}" for v in variants + BARE.get(workload, []) if f"{workload}/{v}" in known]
    if "loader" in names_of(ours)[0]:
        wanted = [name for name in wanted if "loader" in name]
    times = {}
    for _ in range(options.rounds):
        for server in servers:
            for name in names_of(ours) if server.label == "taper" else wanted:
                answer = server.measure(name, options.slice)
                if "error" in answer:
                    continue
                key = (server.label, server.threads, name.split("/")[1])
                times.setdefault(key, []).append(answer["median_us"])
    return {key: statistics.median(values) for key, values in times.items()}


def names_of(ours):
    return [ours] if isinstance(ours, str) else ours


def best(medians, label, variants=None):
    chosen = {key: value for key, value in medians.items() if key[0] == label and (variants is None or key[2] in variants)}
    return min(chosen.items(), key=lambda item: item[1]) if chosen else (None, None)


def show(row, medians, results):
    title, ours, workload, variants, target = row
    our_key, our_time = best(medians, "taper")
    their_key, their_time = best(medians, "torch", variants)
    if our_time is None or their_time is None:
        print(f"{title:44s} not measured")
        return
    ratio = our_time / their_time
    bare_key, bare_time = best(medians, "torch", BARE.get(workload, [])) if "loader" not in names_of(ours)[0] else (None, None)
    goal = f"1/{1 / target:.1f}" if target else ""
    verdict = "" if target is None else "reached" if ratio <= target else "missed"
    beside = f"  (bare {bare_time:.0f} us: 1/{bare_time / our_time:.1f})" if bare_time else ""
    print(f"{title:44s} {our_time:10.1f} us {our_key[1]}T {their_time:11.1f} us {their_key[1]}T {their_key[2]:20s} "
          f"1/{1 / ratio:5.1f}  {goal:7s} {verdict}{beside}", flush=True)
    results.append({"workload": title.strip(), "ours": our_key[2], "taper_us": our_time, "taper_threads": our_key[1],
                    "torch_us": their_time, "torch_threads": their_key[1], "torch_variant": their_key[2], "ratio": ratio,
                    "target": target, "reached": None if target is None else ratio <= target,
                    "torch_bare_us": bare_time,
                    "all": {f"{k[0]} {k[1]}T {k[2]}": v for k, v in medians.items()}})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built bench_steps")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=float, default=0.3)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    known = torch_names(options)
    if not known:
        raise SystemExit("PyTorch is not here (Debian: apt-get install python3-torch python3-torchvision): nothing to compare with")
    processors = len(os.sched_getaffinity(0))
    counts = [t for t in (1, 2) if t <= processors]
    servers = [Server("taper", [options.program, str(t), "--serve"], t) for t in counts]
    servers += [Server("torch", [os.path.join(HERE, "torch", "run"), str(t), "--serve"], t) for t in counts]
    results = []
    print(f"{'workload':44s} {'Taper':>16s} {'PyTorch (best variant)':>25s} {'':19s} ratio    goal")
    for row in ROWS:
        if options.only and not any(part in names_of(row[1])[0] for part in options.only.split(",")):
            continue
        show(row, measure_row(row, servers, known, options), results)
    for server in servers:
        server.stop()
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump({"when": time.strftime("%Y-%m-%d"), "machine": platform.processor() or platform.machine(), "processors": processors,
                       "kernels": servers[0].ready.get("cpu"), "rows": results}, file, indent=1)
        print(f"written: {options.out}")
    missed = [r["workload"] for r in results if r["reached"] is False]
    print("all goals reached" if not missed else "missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
