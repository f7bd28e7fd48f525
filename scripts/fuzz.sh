#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGET...]]: builds the fuzz targets (preset fuzz, which needs clang) and runs each of them, or those that are named
# (onnx, pth, ...), for so long (10 s), from the seeds that it brings along and from what earlier runs found interesting. What made one
# fail lies in build/fuzz/found/TARGET. Exit status 1 where one did, 77 where clang has no libFuzzer.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-10}
[ $# -gt 0 ] && shift
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return !d && n; }' |
    clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null || {
    echo "fuzz: clang has no libFuzzer here (Debian: libclang-rt-14-dev): skipped" >&2
    exit 77
}
jobs=$(getconf _NPROCESSORS_ONLN)
cmake --preset fuzz -DTAPER_TESTS=ON >/dev/null
all=$(basename -a -s .c tests/fuzz/fuzz_*.c | sed 's/^fuzz_//')
targets=${*:-$all}
for name in $targets; do echo "fuzz_$name" "replay_$name"; done |
    xargs cmake --build build/fuzz --parallel "$jobs" --target
failed=0
for name in $targets; do
    home=build/fuzz/found/$name
    mkdir -p "$home/seeds" "$home/corpus"
    "build/fuzz/tests/fuzz/replay_$name" --write "$home/seeds" >/dev/null
    if "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=20 \
        -artifact_prefix="$home/" "$home/corpus" "$home/seeds" >"$home/log" 2>&1; then
        printf '%-14s %s\n' "$name" "$(tail -n 1 "$home/log")"
    else
        tail -n 40 "$home/log"
        echo "fuzz_$name failed" >&2
        failed=1
    fi
done
exit $failed
