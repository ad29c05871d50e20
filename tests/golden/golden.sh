#!/bin/sh
# One golden case: import its checkpoint, compute, compare.
#
#   golden.sh MFD_MODEL NPYCMP CASE windows|windows.strands
#   golden.sh MFD_MODEL NPYCMP CASE variants|mpra GENOME VCF
#
# The last but the genome and the variants is the prefix of the expected files. Leaves with 77 where the
# case is not there.
set -eu
model=$1 npycmp=$2 case=$3 what=$4

[ -f "$case/model.ckpt" ] || {
    echo "skipped: no $case/model.ckpt"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$model" import "$case/model.ckpt" --mapping "$case/mapping.yaml" --metadata "$case/metadata.tsv" \
    -o "$work/case.mfd"
"$model" verify "$work/case.mfd"
case $what in
windows)
    "$model" predict "$work/case.mfd" --sequences "$case/windows.fa" --ensemble none --out "$work/out"
    ;;
windows.strands)
    "$model" predict "$work/case.mfd" --sequences "$case/windows.fa" --ensemble strands --out "$work/out"
    ;;
*)
    "$model" score "$work/case.mfd" --genome "$5" --variants "$6" --ensemble published --out "$work/out"
    ;;
esac
"$npycmp" "$what" "$case/expected" "$work/out"
