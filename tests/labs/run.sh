#!/bin/sh
# run.sh TAPER SOURCE NAME FOLDER: runs one lab at its quick setting and looks for the report. Real data are used where they are at
# hand; a lab that cannot do without ends with 77, which counts as skipped.
set -eu
taper=$1 source=$2 name=$3 folder=$4
if [ -z "${TAPER_DATA:-}" ] && [ -d "$source/../shared/data" ]; then
    TAPER_DATA=$source/../shared/data
    export TAPER_DATA
fi
rm -rf "$folder"
"$taper" lab run "$name" --quick --out "$folder"
[ -s "$folder/report.html" ] || {
    echo "no report in $folder" >&2
    exit 1
}
