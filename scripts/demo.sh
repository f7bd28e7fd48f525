#!/usr/bin/env bash
# demo.sh [BUILD]: trains a small network on the built-in digits and says where to look next.
# Every further argument goes to `taper train`.
set -eu
build=${1:-build/release}
[ $# -eq 0 ] || shift
out=${OUT:-runs/demo}

"$build/cli/taper" train --data digits --model mlp --epochs 5 --out "$out" "$@"

cat <<EOF

What next:
  $build/cli/taper train --help                    every option, with examples
  $build/cli/taper train --data digits --model "flatten linear:32 relu linear:10"
                                                   a network of your own
  $build/cli/taper eval --help                     test a trained network again
  examples/                                        the same in C, from one star to four
EOF
