#!/bin/sh
# Times the same network here and in PyTorch, on the same cores in the same run, and prints the ratios.
#
#   tests/bench/compare.sh [--peer mfd_torch.py] [--mfd-model PROGRAM] [--threads N] [--rounds N]
#
# The peer prints a line of JSON a protocol (keys protocol, batch, threads, ms), as `mfd-model bench` does;
# it needs Debian's python3-torch. Rounds alternate between the two, and medians of them are compared.
# Times are milliseconds a window (track, tile), a variant or a substitution (ism).
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
peer=$root/../shared/peers/mfd_torch.py model=$root/build/core/tool/mfd-model threads=2 rounds=1
while [ $# -gt 1 ]; do
    case "$1" in
    --peer) peer=$2 ;;
    --mfd-model) model=$2 ;;
    --threads) threads=$2 ;;
    --rounds) rounds=$2 ;;
    *) break ;;
    esac
    shift 2
done
[ $# -eq 0 ] || {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
for needed in "$peer" "$model"; do
    [ -f "$needed" ] || {
        echo "$0: $needed is not there" >&2
        exit 77
    }
done

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
# from: who said a line; nth: which of its protocol in this round (track says batch 1, then the best)
note() {
    jq -c --arg from "$1" --argjson round "$2" '. + {from: $from, round: $round}' >>"$lines"
}
round=1
while [ "$round" -le "$rounds" ]; do
    "${PYTHON:-/usr/bin/python3}" "$peer" --threads "$threads" | note peer $round
    for protocol in track variant variant-dense ism tile; do
        "$model" bench --protocol $protocol --threads "$threads" | note mfd $round
    done
    round=$((round + 1))
done

jq -rs '
    def median: sort | if length % 2 == 1 then .[length / 2 | floor]
                       else (.[length / 2 - 1] + .[length / 2]) / 2 end;
    # {batch, ms} of the nth line of a protocol, over rounds
    def timing($from; $protocol; $nth):
        [group_by(.round)[] | map(select(.from == $from and .protocol == $protocol and has("ms")))[$nth]
         | select(. != null)]
        | if length == 0 then null else {batch: .[0].batch, ms: (map(.ms) | median)} end;
    def fixed($digits): pow(10; $digits) as $p | . * $p | round / $p | tostring;
    def row($what; $protocol; $nth; $rival):
        timing("peer"; $rival; $nth) as $peer | timing("mfd"; $protocol; $nth) as $mfd
        | [$what] + (if $peer and $mfd
            then [($peer | .batch, (.ms | fixed(3))), ($mfd | .batch, (.ms | fixed(3))), ($peer.ms / $mfd.ms | fixed(2))]
            else ["-", "-", "-", "-", "missing"] end);
    ["protocol", "peer batch", "peer ms", "mfd batch", "mfd ms", "times faster"],
    row("track, one window"; "track"; 0; "track"),
    row("track, best batch"; "track"; 1; "track"),
    row("variant"; "variant"; 0; "variant"),
    row("variant, one in 120 bp"; "variant-dense"; 0; "variant"),
    row("ism, a substitution"; "ism"; 0; "ism"),
    row("tile, a window"; "tile"; 0; "tile")
    | @tsv' "$lines" | awk -F '\t' '{ printf "%-22s %10s %10s %10s %10s %13s\n", $1, $2, $3, $4, $5, $6 }'
