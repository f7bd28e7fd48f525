#!/usr/bin/env bash
# manual.sh COMMAND PAGE: the command's page and its --help must name the same options.
set -u
command=$1 page=$2
options() { grep -oE -- '--[a-z][a-z-]*[a-z]' | grep -vE -- '^--(name|no|no-.*|help)$' | sort -u; }
verbs=$("$command" help | sed -n '/^usage/,/help VERB/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$')
told=$(for verb in $verbs; do "$command" help "$verb"; done | options)
written=$(sed 's/\\-/-/g' "$page" | options)
[ -n "$told" ] && [ -n "$written" ] || { echo "no options found" >&2; exit 1; }
diff <(echo "$told") <(echo "$written") >/dev/null && exit 0
echo "only in the help:" >&2
comm -23 <(echo "$told") <(echo "$written") >&2
echo "only in the page:" >&2
comm -13 <(echo "$told") <(echo "$written") >&2
exit 1
