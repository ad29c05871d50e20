#!/bin/bash
# Run as root in a system that systemd has booted and mfd is installed in: the service does what its units say.
#
#   checks.sh PREFIX
set -euo pipefail
export PATH=$1/bin:$PATH MFD_SERVER=http://127.0.0.1:8080 SYSTEMD_PAGER=''
config=$1/etc/mfd/mfdd.conf state=/var/lib/private/mfd

fail() {
    echo "FAILED: $1"
    systemctl status --lines 20 --no-pager --full mfdd.service mfdd.socket || true
    exit 1
}
show() { systemctl show --value --property "$1" "${2-mfdd.service}"; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
within() { # SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "$what"
        sleep 0.1
    done
}
get() { curl --silent --show-error --max-time 20 "$MFD_SERVER$1"; }
answers() { [ "$(get /livez | jq -r .status)" = ok ]; }
restarted() { [ "$(show NRestarts)" -gt "$1" ] && [ "$(show ActiveState)" = active ] && answers; }
effect() { mfd score chr20-42984261-C-T --tracks DREAM_HepG2_HNF4A --format tsv --no-header; }
done_of() { get "/api/v1/jobs/$job" | jq .progress.done; }
is_second() { [ "$(get /api/v1/models/second | jq -r .state)" = ready ]; }
has_begun() { [ "$(done_of)" -gt 0 ]; }

echo "checks begin"

systemctl start mfdd.service # comes back when the daemon has said that it is ready
is "ready when started" "$(curl --silent --output /dev/null --write-out '%{http_code}' $MFD_SERVER/v2/health/ready)" 200
is "its status" "$(show StatusText)" "Serving 1 model"
expected=$(effect)
[ -n "$expected" ] || fail "no effect of a variant"
echo "ok: ready when systemd says so, and answers"

pid=$(show MainPID)
[ "$(stat -c %u "/proc/$pid")" -ne 0 ] || fail "it runs as root"
is "mode of the state directory" "$(stat -c %a $state)" 700
is "owner of the state directory" "$(stat -c %u $state)" "$(stat -c %u "/proc/$pid")"
is "niceness of threads that compute, beside the first's" "$(ps -L -o ni=,comm= -p "$pid" |
    awk 'NR == 1 { first = $1 } $2 == "mfd-compute" { print $1 - first }' | sort -u)" 5
id=$(curl --silent --output /dev/null --dump-header - $MFD_SERVER/livez | tr -d '\r' | awk -F': ' 'tolower($1) == "x-request-id" { print $2 }')
journalctl --sync
is "the request in the journal" "$(journalctl --unit mfdd.service --output cat | jq -Rr "fromjson? | select(.request_id == \"$id\").path")" /livez
echo "ok: a user of its own, its state its own, a journal of JSON"

cp "$config" "$config.before"
sed -i 's:^demo = \(.*\):&\nsecond = \1:' "$config"
systemctl reload mfdd.service
within 20 "a model that the new configuration names" is_second
is "the same process" "$(show MainPID)" "$pid"
sed -i 's/^\[models\]/[modells]/' "$config"
systemctl reload mfdd.service || true # it goes on as before, and says why
within 20 "the reason in the journal" sh -c 'journalctl --unit mfdd.service --output cat | grep -q modells'
is "the same process after a bad configuration" "$(show MainPID)" "$pid"
cp "$config.before" "$config"
systemctl reload mfdd.service
echo "ok: reload"

# of 40,000 windows: long enough to be killed within
job=$(jq -n '{operation: "predict", request: {tracks: {ids: ["DREAM_HepG2_HNF4A"]},
    intervals: [range(4000) | "20:\(40100001 + . * 1408)-\(40101280 + . * 1408)"]}}' |
    curl --silent --show-error --fail-with-body --json @- $MFD_SERVER/api/v1/jobs | jq -r .id)
[ "$job" != null ] || fail "the job is not taken"
within 30 "the job's beginning" has_begun
restarts=$(show NRestarts)
kill -KILL "$(show MainPID)"
within 30 "a restart after kill -9" restarted "$restarts"
[ "$(done_of)" -gt 0 ] || fail "the job begins anew"
is "the effect after it" "$(effect)" "$expected"
echo "ok: restarted after kill -9, with its job"

mkdir -p /run/systemd/system/mfdd.service.d
printf '[Service]\nWatchdogSec=3\n' >/run/systemd/system/mfdd.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart mfdd.service
sleep 4 # alive for longer than that
is "restarts of a daemon that lives" "$(show NRestarts)" 0
kill -STOP "$(show MainPID)"
within 30 "a restart of a daemon that hangs" restarted 0
within 10 "the watchdog's word in the journal" sh -c 'journalctl --unit mfdd.service | grep -q "Watchdog timeout"'
echo "ok: the watchdog"

mfd jobs wait --quiet "$job" >/dev/null
is "items of the job" "$(get "/api/v1/jobs/$job" | jq -r '"\(.state) \(.progress.done)"')" "done 4000"
echo "ok: the job is done after two ends of the daemon"

systemctl stop mfdd.service
is "its end" "$(show Result)" success
systemctl start mfdd.socket # nobody runs yet
is "the service before the first request" "$(show ActiveState)" inactive
is "an answer over the socket of systemd" "$(effect)" "$expected"
is "the service after it" "$(show ActiveState)" active
systemctl stop mfdd.socket mfdd.service
echo "ok: socket activation"

# as the comments of the configuration say
sed -i 's/^# tls_/tls_/' "$config"
drop_in=/run/systemd/system/mfdd.service.d/tls.conf
sed -n 's/^#   \(\[Service\]\|LoadCredential=.*\)/\1/p' "$config" >$drop_in
systemctl daemon-reload
systemctl start mfdd.service
is "the effect over TLS" "$(MFD_SERVER=https://localhost:8080 MFD_CACERT=/etc/ssl/certs/mfd.pem effect)" "$expected"
systemctl stop mfdd.service
rm $drop_in
systemctl daemon-reload
cp "$config.before" "$config"
echo "ok: a key of TLS that only root may read"

sed -i 's/^port = .*/prot = 8080/' "$config"
if systemctl start mfdd.service 2>/dev/null; then fail "it starts with a key that is none"; fi
within 10 "the reason in the journal" sh -c 'journalctl --unit mfdd.service --output cat | grep -q "prot"'
systemctl stop mfdd.service
cp "$config.before" "$config"
echo "ok: a bad configuration is told"

echo "checks end"
