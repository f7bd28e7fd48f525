#!/usr/bin/env bash
# check.sh INCLUDE LANGUAGE STANDARD COMPILER...: every public header must compile alone, twice over,
# without a warning.
set -u
include=$1 language=$2 standard=$3
shift 3
count=0 bad=0
while IFS= read -r header; do
    count=$((count + 1))
    printf '#include <%s>\n#include <%s>\nint used_by_nobody;\n' "$header" "$header" |
        "$@" -x "$language" "-std=$standard" -pedantic -Wall -Wextra -Wshadow -Wundef -Werror \
            -I "$include" -fsyntax-only - || {
        echo "FAILED: $header as $standard with $*" >&2
        bad=$((bad + 1))
    }
done < <(cd "$include" && find taper -name '*.h' | sort)
echo "$count headers as $standard with $*, $bad bad"
[ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
