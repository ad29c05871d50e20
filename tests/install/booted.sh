#!/bin/sh
# The units under a real systemd: makes a minimal Debian 12, installs the daemon into it, boots it in a container
# without a network, and runs there what stands beside this file. Needs root; 77 where it cannot be.
#
#   booted.sh BUILD PREFIX PACKAGES CHECKS MESON...
set -eu
build=$1 prefix=$2 packages=$3 checks=$4
shift 4

skip() {
    echo "skipped: $1"
    exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root"
for program in mmdebstrap openssl systemd-nspawn; do
    command -v $program >/dev/null || skip "$program is not here"
done

place=$(mktemp -d "${TMPDIR:-/tmp}/mfd-booted.XXXXXX")
trap 'rm -rf --one-file-system "$place"' EXIT
trap 'exit 1' INT TERM
system=$place/system

runtime=$("$packages" --list-runtime | tr -s ' \n' ',')
timeout --foreground 300 mmdebstrap --quiet --variant=minbase --include="systemd-sysv,curl,jq,procps,$runtime" bookworm "$system" ||
    skip "no packages are to be had"
"$@" install -C "$build" --no-rebuild --quiet --destdir "$system" >/dev/null

mkdir -p "$system/etc/ssl/certs" "$system/etc/ssl/private"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -out "$system/etc/ssl/certs/mfd.pem" -keyout "$system/etc/ssl/private/mfd.key" \
    2>"$place/openssl" || { cat "$place/openssl" && exit 1; }
chmod 600 "$system/etc/ssl/private/mfd.key"
install -m 755 "$checks" "$system/srv/checks"
cat >"$system/etc/systemd/system/checks.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/srv/checks $prefix >/srv/log 2>&1 && touch /srv/passed'
ExecStopPost=systemctl --no-block exit
UNIT
mkdir -p "$system/etc/systemd/system/default.target.wants"
ln -s ../checks.service "$system/etc/systemd/system/default.target.wants/checks.service"

timeout --foreground 200 systemd-nspawn --quiet --keep-unit --register=no --private-network --directory="$system" \
    --boot --console=pipe </dev/null >"$place/console" 2>&1 || true
cat "$system/srv/log" 2>/dev/null || {
    cat "$place/console"
    skip "no container can be booted here"
}
[ -f "$system/srv/passed" ]
