#!/bin/sh
# What `meson install` installs is what the list says, and works from where it is.
#
#   install.sh BUILD FILES PREFIX MESON...
set -eu
build=$1 files=$2 prefix=$3
shift 3

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
"$@" install -C "$build" --no-rebuild --quiet --destdir "$stage"

(cd "$stage$prefix" && find . -type f | sed 's/^..//' | LC_ALL=C sort) >"$stage/installed"
sed 's/#.*//; s/ *$//; /^$/d' "$files" | LC_ALL=C sort >"$stage/wanted"
diff -u "$stage/wanted" "$stage/installed" || { echo "bring tests/install/files up to date" >&2 && exit 1; }

for program in "$stage$prefix"/bin/*; do
    "$program" --version
done
# found beside the program, wherever that was moved to
"$stage$prefix/bin/mfdd" --demo --print-config | grep -F "$stage$prefix/share/mfd/demo/demo.mfd"
"$stage$prefix/bin/mfdd" --config "$stage$prefix/etc/mfd/mfdd.conf" --print-config | grep -F "demo = $prefix/share/mfd/demo/demo.mfd"
for page in "$stage$prefix"/share/man/man*/*; do
    [ -f "$page" ] || continue
    if command -v man >/dev/null; then
        complaints=$(MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
        [ -z "$complaints" ] || { echo "$page: $complaints" && exit 1; }
    fi
done
# a manual tells every option of the daemon and every command of the tool
for option in $("$stage$prefix/bin/mfdd" --help | grep -oE -e '--[a-z-]+' | sort -u); do
    grep -q -e "Fl -${option#--}" "$stage$prefix/share/man/man8/mfdd.8" ||
        { echo "mfdd(8) does not tell $option" && exit 1; }
done
for command in $("$stage$prefix/bin/mfd-model" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    grep -q "^.It Cm $command" "$stage$prefix/share/man/man1/mfd-model.1" ||
        { echo "mfd-model(1) does not tell $command" && exit 1; }
done
if command -v systemd-analyze >/dev/null; then
    # as it will be at its place: the staged program stands for the installed one
    for unit in mfdd.service mfdd.socket; do
        sed "s:^ExecStart=:&$stage:" "$stage$prefix/lib/systemd/system/$unit" >"$stage/$unit"
    done
    systemd-analyze verify --man=no "$stage/mfdd.service" "$stage/mfdd.socket"
    systemd-analyze security --no-pager --offline=true --threshold=20 "$stage/mfdd.service" | tail -n 1
fi
