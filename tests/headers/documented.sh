#!/usr/bin/env bash
# documented.sh INCLUDE: every function that the public headers declare stands below a comment.
set -u
find "$1/taper" -name '*.h' | sort | xargs awk '
    FNR == 1 { previous = ""; group = 0 }
    # A macro between a comment and its function belongs to that comment.
    /^#define|^ .*\\$|^    .*\)$/ && previous ~ /\*\/$/ { next }
    # The plain (input, target) form of a loss shares the comment of the form above it.
    /^TP_API .*\(tp_[a-z0-9_]+\)\(/ && previous ~ /_at\(|;$/ { total++; next }
    /^TP_API / {
        total++
        if (previous !~ /\*\/$/) { print FILENAME ":" FNR ": no comment above: " $0; bad++ }
    }
    NF { previous = $0 }
    END { print total + 0 " functions, " bad + 0 " without a comment"; exit bad > 0 || total == 0 }'
