#!/usr/bin/env bash
# demo.sh [BUILD]: trains a small network on the built-in digits, shows how well it reads them, and says where to look next.
# Every further argument goes to `taper train`; OUT names the folder of the run.
set -eu
build=${1:-build/release}
[ $# -eq 0 ] || shift
out=${OUT:-runs/demo}
taper=$build/cli/taper

bold='' normal=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' normal=$'\033[0m'; fi
heading() { printf '\n%s%s%s\n' "$bold" "$1" "$normal"; }

heading "Training a network of 784-128-64-10 units on synthetic digits"
"$taper" train --data digits --model mlp --epochs 5 --val-split 0.1 --out "$out" "$@"

heading "What it takes the test pictures for"
"$taper" eval "$out" --no-scores

heading "Some of its predictions"
"$taper" predict "$out" --count 2
heading "Some of its mistakes"
"$taper" predict "$out" --wrong --count 2

heading "The run is in $out"
cat <<EOF
  curves.svg            learning curves$([ -e "$out/curves.png" ] && echo ', also as curves.png')
  history.csv           loss and accuracy of every epoch
  model.safetensors     the weights, readable from PyTorch too
  config.json           the options, to run it again
EOF
heading "What next"
cat <<EOF
  $taper help train
      every option, with examples
  $taper train --model "flatten linear:32 relu linear:10"
      a network of your own
  $taper train --out $out --resume --epochs 10
      train this one for longer
  $taper train --data mnist
      real handwritten digits, downloaded
  examples/
      the same in C, from one star to four
EOF
