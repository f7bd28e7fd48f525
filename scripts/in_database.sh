#!/usr/bin/env bash
# in_database.sh BUILD: of the NUL-separated files given on standard input, passes on those that the
# build in that folder compiles.
set -eu
known=$(sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$1/compile_commands.json" | sort -u)
while IFS= read -r -d '' file; do
    if grep -qxF "$PWD/$file" <<<"$known"; then printf '%s\0' "$file"; fi
done
