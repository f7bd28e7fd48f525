#!/usr/bin/env bash
# check.sh TAPER [EXAMPLE_PLOTS]: looks at the reports that the command writes, in a browser: at 1280 and 390 pixels nothing
# is wider than the page, no label leaves its figure or lies on another, nothing is asked from outside, and the console is
# silent. Where there is no Chromium it is skipped.
set -u
taper=$1 plots=${2:-none}
for browser in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$browser" >/dev/null && break
    browser=
done
[ -n "$browser" ] || { echo "SKIPPED: no Chromium"; exit 77; }
folder=$(mktemp -d /tmp/taper-browser-XXXXXX)
trap 'rm -rf "$folder"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
cd "$folder" || exit 1

# Pages of all kinds: with and without validation, with hints, of one epoch.
small="--data digits --limit 800 --test-limit 400 --quiet"
$taper train $small --val-split 0.2 --epochs 4 --lr 0.005 --schedule cosine --out a || exit 1
$taper train $small --epochs 1 --batch-size 4 --model "flatten linear:40 sigmoid linear:10 softmax" --out b || exit 1
pages="a/report.html b/report.html"
if "$taper" help report >/dev/null 2>&1; then
    $taper report a b --out both.html --quiet || exit 1
    pages="$pages both.html"
fi
if "$taper" help lab >/dev/null 2>&1; then
    $taper lab run hw7.12 --table 1001011001101001 --out lab >/dev/null || exit 1
    $taper lab run tp3.6 --out digit >/dev/null || exit 1
    pages="$pages lab/report.html digit/report.html"
fi
if [ -x "$plots" ]; then
    "$plots" >/dev/null || exit 1
    pages="$pages plots.html"
fi

{
    echo '<!DOCTYPE html><meta charset="utf-8"><body><pre id="out"></pre>'
    for page in $pages; do
        for width in 1280 390; do
            echo "<iframe src=\"$page\" style=\"width:${width}px;height:900px;border:0\"></iframe>"
        done
    done
    echo '<script>'
    cat "$here/look.js"
    echo '</script>'
} >look.html

run=(--headless --disable-gpu --allow-file-access-from-files --virtual-time-budget=20000
    --host-resolver-rules="MAP * ~NOTFOUND" --enable-logging=stderr --user-data-dir="$folder/profile")
[ "$(id -u)" -ne 0 ] || run+=(--no-sandbox)
"$browser" "${run[@]}" --dump-dom "file://$folder/look.html" >dom.txt 2>log.txt
sed -n '/<pre id="out">/,/<\/pre>/p' dom.txt | sed 's/<[^>]*>//g' >found.txt
cat found.txt
count=$(grep -c '^page ' found.txt)
expected=$(($(wc -w <<<"$pages") * 2))
status=0
[ "$count" -eq "$expected" ] || { echo "looked at $count of $expected pages"; status=1; }
grep -q '^BAD' found.txt && status=1
if grep 'CONSOLE' log.txt; then
    echo "the console is not silent"
    status=1
fi
if grep -nEo '(src|href)="(https?:|//)[^"]*"|url\((https?:|//)[^)]*' $pages; then
    echo "something is asked from outside"
    status=1
fi
exit $status
