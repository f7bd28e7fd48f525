#!/usr/bin/env bash
# lint.sh [file.c ...]: clang-format on everything, clang-tidy on the given files or on all of ours.
# Ends with 1 at the first kind of complaint. (cppcheck 2.10 cannot read our macros with named
# arguments, so it has no place here.)
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/lint}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}

echo "== layout: clang-format"
scripts/format.sh --check

mkdir -p "$(dirname "$build")"
echo "== mistakes: clang-tidy"
# Configured for clang and with each kernel once, so that clang-tidy sees one command a file that it
# understands. Nothing is compiled.
CC=clang cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DTAPER_SIMD=OFF -DTAPER_TESTS=ON \
    >"$build.log" 2>&1 || {
    cat "$build.log"
    exit 1
}
# Headers that are made while building; there is nothing to make where protobuf-c is absent.
cmake --build "$build" --target taper_proto >>"$build.log" 2>&1 || true
if [ $# -gt 0 ]; then
    printf '%s\0' "$@"
else
    git ls-files -z -co --exclude-standard -- 'src/*.c' 'cli/*.c' 'examples/*.c' 'bench/*.c'
fi | scripts/in_database.sh "$build" |
    xargs -0 -r -n 4 -P "$jobs" clang-tidy -p "$build" --quiet --warnings-as-errors='*' 2>"$build.err" || {
    grep -v 'warnings generated\|warning generated' "$build.err" || true
    exit 1
}
