#!/bin/bash
# Fetches Asterisk with its whole closure from a Debian suite that carries it, and unpacks it, without root.
#
#   ASTERISK_MIRROR=URL fetch_asterisk.sh HOME WORK
#
# HOME gets root/ (the unpacked packages) and bin/asterisk; WORK is an empty directory on the same file system.
# apt works with state, lists and an empty dpkg status of its own (so libc comes down too) and checks signatures
# against the machine's Debian keyring; the program runs through its own loader, so the machine's libc is not used.
# Further environment: ASTERISK_SUITES, ASTERISK_KEYRING. The last line on failure begins with "ERROR: ".
set -euo pipefail
HOME_DIR=$1 WORK=$2
SUITES=${ASTERISK_SUITES:-"forky sid"}
KEYRING=${ASTERISK_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
PACKAGES="asterisk"
die() { echo "ERROR: $*"; exit 1; }

for program in apt-get dpkg-deb tar; do
  command -v "$program" >/dev/null || die "$program is not here: on a system other than Debian or Ubuntu install asterisk 20 or newer"
done
if [ ! -r "$KEYRING" ] && [ "$(id -u)" = 0 ]; then
  apt-get install -y --no-install-recommends debian-archive-keyring >"$WORK/keyring.log" 2>&1 || true
fi
[ -r "$KEYRING" ] || die "$KEYRING is missing: type  sudo apt-get install debian-archive-keyring"
free=$(df -Pk "$WORK" | awk 'NR == 2 { print $4 }')
[ "$free" -gt 600000 ] || die "$HOME_DIR has $((free / 1024)) MB free, 600 are needed: make room or set XDG_CACHE_HOME"

A=$WORK/apt
mkdir -p "$A"/lists/partial "$A"/archives/partial "$A"/etc "$A"/empty "$WORK/root" "$WORK/bin"
: >"$A/status"
ARCH=$(dpkg --print-architecture)
cat >"$A/apt.conf" <<EOF
APT::Architecture "$ARCH"; APT::Architectures { "$ARCH"; };
Dir "$A/"; Dir::State "$A"; Dir::State::lists "$A/lists"; Dir::State::status "$A/status";
Dir::Cache "$A"; Dir::Cache::archives "$A/archives";
Dir::Etc "$A/etc"; Dir::Etc::sourcelist "$A/etc/sources.list"; Dir::Etc::sourceparts "$A/empty";
Dir::Etc::preferences "$A/empty/none"; Dir::Etc::preferencesparts "$A/empty";
Dir::Etc::trusted "$A/empty/none"; Dir::Etc::trustedparts "$A/empty";
APT::Install-Recommends "false"; APT::Install-Suggests "false";
APT::Keep-Downloaded-Packages "true"; Binary::apt::APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none"; Acquire::Retries "3"; APT::Sandbox::User "root"; Debug::NoLocking "true";
EOF
# A mirror that lags has a Release past its date; signatures are checked all the same.
echo 'Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";' >>"$A/apt.conf"
# The machine's own way out (proxies, time-outs) is kept.
apt-config dump 2>/dev/null | grep -E '^Acquire::https?::' >>"$A/apt.conf" || true
export APT_CONFIG=$A/apt.conf

suite=
for candidate in $SUITES; do
  echo "deb [signed-by=$KEYRING] $ASTERISK_MIRROR $candidate main" >"$A/etc/sources.list"
  echo "reading the package list of $candidate"
  if apt-get -qq update >"$A/log" 2>&1; then
    echo "downloading Asterisk of $candidate"
    # shellcheck disable=SC2086 # a list of words
    if apt-get -qq -y --download-only install $PACKAGES >>"$A/log" 2>&1; then suite=$candidate; break; fi
  fi
  why=$(grep -E '^(E|Err)' "$A/log" | tail -1 || true)
done
[ -n "$suite" ] || die "the mirror of this machine's apt gave no Asterisk from [$SUITES]: ${why:-no reason given}; set ASTERISK_MIRROR to another Debian mirror"
unset APT_CONFIG

packages=("$A"/archives/*.deb)
echo "unpacking ${#packages[@]} packages"
for package in "${packages[@]}"; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$WORK/root" --no-same-owner --keep-directory-symlink \
    --exclude='./usr/share/man/*' --exclude='./usr/share/doc/*' --exclude='./usr/share/locale/*' \
    --exclude='./usr/share/perl/*' --exclude='./usr/share/snmp/*' --exclude='./dev/*' --exclude='*/lib/systemd/*'
done
cd "$WORK/root"
LIB=$(ls -d usr/lib/*-linux-gnu* | head -1)
LOADER=$(ls "$LIB"/ld-linux*.so.* | head -1)
(cd "$A/archives" && sha256sum ./*.deb) >.packages
echo "$suite" >.complete
cat >"$WORK/bin/asterisk" <<EOF
#!/bin/sh
# Asterisk with its own libc; nothing is exported, so programs that it runs get the machine's.
here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
exec "\$here/$LOADER" --library-path "\$here/$LIB" "\$here/usr/sbin/asterisk" "\$@"
EOF
chmod 755 "$WORK/bin/asterisk"
version=$("$WORK/bin/asterisk" -V 2>&1) || die "the unpacked Asterisk does not run here: $(tail -1 <<<"$version")"
rm -rf "$HOME_DIR/root" "$HOME_DIR/bin"
mv "$WORK/root" "$HOME_DIR/root"
mv "$WORK/bin" "$HOME_DIR/bin"
echo "$version is ready"
