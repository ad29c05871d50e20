#!/bin/sh
# One golden case: import its checkpoint, compute, compare.
#
#   golden.sh MFD_MODEL NPYCMP DATA CASE windows|strands|variants
set -eu
model=$1 npycmp=$2 data=$3 case=$3/$4 what=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

genome=$data/region.fa variants=$data/variants.vcf
if [ -f "$case/variants.vcf" ]; then
    genome=$data/../../../deploy/demo/genome.fa.gz variants=$case/variants.vcf
fi

"$model" import "$case/model.ckpt" --mapping "$case/mapping.yaml" --metadata "$case/metadata.tsv" \
    -o "$work/case.mfd"
"$model" verify "$work/case.mfd"
case $what in
windows)
    "$model" predict "$work/case.mfd" --sequences "$case/windows.fa" --ensemble none --out "$work/out"
    "$npycmp" windows "$case/expected" "$work/out"
    ;;
strands)
    "$model" predict "$work/case.mfd" --sequences "$case/windows.fa" --ensemble strands --out "$work/out"
    "$npycmp" windows.strands "$case/expected" "$work/out"
    ;;
variants)
    "$model" score "$work/case.mfd" --genome "$genome" --variants "$variants" --ensemble published \
        --out "$work/out"
    "$npycmp" variants "$case/expected" "$work/out"
    ;;
esac
