#!/usr/bin/env bash
# bench.sh BUILD: our matrix products, then our workloads and PyTorch's side by side; tables on the terminal, JSON in out/.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$here/build/release}
mkdir -p "$here/out"
"$build/bench/bench_gemm" --json "$here/out/gemm.json"
exec "${PYTHON:-/usr/bin/python3}" "$here/bench/compare.py" "$build/bench/bench_steps" --out "$here/out/bench.json"
