#!/bin/sh
# The demo's bundle is, byte for byte, what its checkpoint is imported to.
#
#   demo.sh MFD_MODEL CHR20 BUNDLE
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" import "$2/model.ckpt" --mapping "$2/mapping.yaml" --metadata "$2/metadata.tsv" -o "$work/demo.mfd"
cmp "$work/demo.mfd" "$3" || {
    echo "mfd-model import makes another bundle now: make deploy/demo/demo.mfd anew"
    exit 1
}
