#!/usr/bin/env bash
# format.sh [--check]: lays out every C and C++ file of the repository by .clang-format, or only says
# which files are not laid out so.
set -eu
cd "$(dirname "$0")/.."
tool=${CLANG_FORMAT:-clang-format}
command -v "$tool" >/dev/null || {
    echo "format: $tool not found; scripts/setup.sh lint installs it" >&2
    exit 1
}
# Generated and foreign files would be listed here; there are none.
files() { git ls-files -z -co --exclude-standard -- '*.c' '*.h' '*.cpp' '*.hpp'; }
if [ "${1:-}" = --check ]; then
    files | xargs -0 -r -n 20 "$tool" --dry-run -Werror
else
    files | xargs -0 -r -n 20 "$tool" -i
fi
