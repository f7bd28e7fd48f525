#!/usr/bin/env python3
"""PyTorch's times for Taper's benchmark workloads. Run it through ./run (README.md)."""

import argparse
import json
import os
import sys


def arguments():
    parser = argparse.ArgumentParser(prog="workloads.py", description=__doc__)
    parser.add_argument("threads", type=int, help="threads PyTorch may use")
    parser.add_argument(
        "--only",
        default="",
        metavar="NAME,...",
        help="workloads, or workload/variant; default: all",
    )
    parser.add_argument(
        "--skip", default="", metavar="NAME,...", help="workloads or variants to leave out"
    )
    parser.add_argument(
        "--budget", type=float, default=1.5, metavar="S", help="seconds per measurement (1.5)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON line per measurement")
    parser.add_argument("--list", action="store_true", help="print workload/variant names and stop")
    parser.add_argument(
        "--serve", action="store_true", help="measure what the lines of standard input ask for"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def table():
    from models import classifier, gan, manual, one_digit, products, small_ops
    from loaders import with_loader
    import convolutions

    mnist, dogs = (784, 128, 64, 10), (12288, 128, 64, 10)
    return {
        "mlp_b10": {**classifier(mnist, 10, 0.01), **with_loader(mnist, 10, 0.01)},
        "mlp_b32_momentum": {
            **classifier(mnist, 32, 0.001, 0.9),
            **with_loader(mnist, 32, 0.001, 0.9),
        },
        "dogs_mlp_b10": classifier(dogs, 10, 1e-4, ready=8),
        "dogs_mlp_b32": classifier(dogs, 32, 1e-3, ready=8),
        "gan_b100": gan(),
        "one_digit_fullbatch": one_digit(),
        "manual_b32": manual(),
        "op_4x4": small_ops(),
        "gemm": products(),
        **convolutions.table(),
    }


def chosen(workloads, only, skip):
    names = [(w, v) for w, variants in workloads.items() for v in variants]
    wanted = [n for n in only.split(",") if n]
    unwanted = [n for n in skip.split(",") if n]
    known = set(workloads) | {f"{w}/{v}" for w, v in names} | {v for _, v in names}
    for name in wanted + unwanted:
        if name not in known:
            sys.exit(f"workloads.py: no workload {name}; --list names them all")

    def among(group, w, v):
        return w in group or f"{w}/{v}" in group or v in group

    return [
        (w, v)
        for w, v in names
        if (not wanted or among(wanted, w, v)) and not among(unwanted, w, v)
    ]


def prepare(workloads, workload, variant):
    from measure import Measurement
    from models import REPEAT

    step = workloads[workload][variant]()
    heavy = workload == "one_digit_fullbatch"
    return Measurement(
        workload,
        variant,
        step,
        per=REPEAT if workload == "op_4x4" else 1,
        warm_calls=2 if heavy else 5,
        least=5 if heavy else 7,
    )


def show(result, as_json):
    if as_json:
        print(json.dumps(result), flush=True)
        return
    print(
        f"{result['workload'] + '/' + result['variant']:40s} {result['threads']}T"
        f"  median {result['median_us']:12.2f} us"
        f"  p10 {result['p10_us']:12.2f}  p90 {result['p90_us']:12.2f}  n {result['n']}",
        flush=True,
    )


def serve(workloads, options):
    """Answers each line `workload/variant seconds` with a slice's JSON; nets stay warm between."""
    kept = {}
    print(json.dumps({"ready": True, "threads": options.threads}), flush=True)
    for line in sys.stdin:
        words = line.split()
        if not words:
            continue
        try:
            workload, variant = words[0].split("/", 1)
            budget = float(words[1]) if len(words) > 1 else options.budget
            if words[0] not in kept:
                kept[words[0]] = prepare(workloads, workload, variant)
        except (ValueError, KeyError) as error:
            print(json.dumps({"error": f"{line.strip()}: {error!r}"}), flush=True)
            continue
        measurement = kept[words[0]]
        print(
            json.dumps(measurement.result(measurement.slice(budget), options.threads)), flush=True
        )


def main():
    options = arguments()
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import torch

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    workloads = table()
    names = chosen(workloads, options.only, options.skip)
    if options.list:
        print("\n".join(f"{w}/{v}" for w, v in names))
    elif options.serve:
        serve(workloads, options)
    else:
        for workload, variant in names:
            measurement = prepare(workloads, workload, variant)
            samples = measurement.slice(options.budget)
            show(measurement.result(samples, options.threads), options.json)
            del measurement


if __name__ == "__main__":
    main()
