#!/usr/bin/env bash
# Makes an Asterisk of version 20 or later available, without changing the one of this machine.
#
#   install-asterisk.sh           install unless it is there already; quiet
#   install-asterisk.sh --where   also print ASTERISK (the command) and ASTERISK_DATA (sounds, music, rest-api)
#
# An `asterisk` of version 20 or later on PATH is used as it is. Otherwise Debian sid's packages are unpacked
# into a directory of their own: Debian 12 and 13 carry no Asterisk, sid does. Nothing is configured, mounted or
# started there. Asterisk is run with the C library and the loader from that directory, so no chroot is needed,
# files have the same path inside and outside, and any user may run it.
#
# Environment: CADRAN_ASTERISK_ROOT   where to unpack; default /var/lib/cadran/asterisk-root
set -euo pipefail

readonly ROOT=${CADRAN_ASTERISK_ROOT:-/var/lib/cadran/asterisk-root}
readonly RELEASE=sid
readonly OLDEST_VERSION=20
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# What dropped people hear, in French and English.
SOUNDS=$(cd "$(dirname "${BASH_SOURCE[0]}")/../dialplan/sounds/cadran" && pwd)
readonly SOUNDS
readonly PACKAGES=(asterisk asterisk-core-sounds-en-wav asterisk-core-sounds-fr-wav asterisk-moh-opsound-wav)

fail() { echo "install-asterisk: $*" >&2; exit 1; }

# The major version of an Asterisk command, or 0 when it does not run.
major_version() {
    local version
    version=$("$1" -V 2>/dev/null) || version="Asterisk 0."
    version=${version#Asterisk }
    version=${version#certified-}
    [[ ${version%%[!0-9]*} ]] && echo "${version%%[!0-9]*}" || echo 0
}

native() { command -v asterisk > /dev/null && (( $(major_version asterisk) >= OLDEST_VERSION )); }

# Debian's mirror as APT on this machine knows it. `indextargets` reads one-line and deb822 sources alike; the
# entry whose release is this machine's own is the mirror, those of security and updates are not.
debian_mirror() {
    local codename
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v codename="$codename" '$1 == "Debian" && $2 == codename { print $3; exit }'
}

# debootstrap downloads with wget, which knows the environment's proxy but not APT's.
use_proxy_of_apt() {
    local proxy=""
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z $proxy || -n ${http_proxy:-} ]] || export http_proxy=$proxy
}

# Downloads the packages and all they depend on into $1. Signatures and checksums are verified by debootstrap.
download() {
    local mirror
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || fail "APT has no Debian mirror here. Install Asterisk $OLDEST_VERSION or later by hand, so that 'asterisk -V' runs."
    command -v debootstrap > /dev/null || fail "debootstrap is missing. Run scripts/install-system.sh first."
    use_proxy_of_apt
    debootstrap --download-only --variant=minbase --keyring="$KEYRING" --include="$(IFS=,; echo "${PACKAGES[*]}")" \
        "$RELEASE" "$1" "$mirror"
}

# Unpacks the downloads of $1 into $2. base-files goes first: it brings the links /lib -> usr/lib and /lib64.
unpack() {
    local archive
    for archive in "$1"/var/cache/apt/archives/base-files_*.deb "$1"/var/cache/apt/archives/*.deb; do
        dpkg-deb --extract "$archive" "$2" || return
    done
}

# Languages are directories named by their code; the packages name them by country and speaker and leave the
# short names to update-alternatives, which does not run here.
name_languages() {
    ln -s en_US_f_Allison "$1/usr/share/asterisk/sounds/en"
    ln -s fr_CA_f_June "$1/usr/share/asterisk/sounds/fr"
}

# The command that runs this Asterisk. Its own loader and libraries, never those of the machine: sid's are more
# recent, and a mixture of both does not start.
write_command() {
    cat > "$1/asterisk" <<'COMMAND'
#!/bin/sh
# Runs the Asterisk of this directory with its own C library.
root=$(dirname "$(readlink -f "$0")")
libraries=$(echo "$root"/usr/lib/*-linux-gnu*)
exec "$libraries"/ld-linux*.so.* --inhibit-cache --library-path "$libraries" "$root/usr/sbin/asterisk" "$@"
COMMAND
    chmod 755 "$1/asterisk"
}

# Builds beside the goal and renames when complete: an interrupted install leaves no half of an Asterisk behind.
install() {
    (( EUID == 0 )) || fail "no Asterisk $OLDEST_VERSION or later on PATH, and unpacking one into $ROOT needs root once"
    mkdir -p "$(dirname "$ROOT")"
    exec 9> "$ROOT.lock"
    flock 9
    complete && return
    local log=$ROOT.log
    rm -rf "$ROOT".building.*
    building=$(mktemp --directory "$ROOT.building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    chmod 755 "$building"
    mkdir "$building/downloads" "$building/root"
    { download "$building/downloads" && unpack "$building/downloads" "$building/root"; } > "$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "could not unpack Asterisk into $ROOT; the end of $log is above"
    }
    name_languages "$building/root"
    write_command "$building/root"
    (( $(major_version "$building/root/asterisk") >= OLDEST_VERSION )) ||
        fail "the Asterisk of Debian $RELEASE does not run: $("$building/root/asterisk" -V 2>&1)"
    rm -rf "$ROOT"
    mv --no-target-directory "$building/root" "$ROOT"
}

complete() { [[ -x $ROOT/asterisk ]] && (( $(major_version "$ROOT/asterisk") >= OLDEST_VERSION )); }

# The first of these files that exists.
first_of() {
    local file
    for file in "$@"; do
        [[ ! -e $file ]] || { echo "$file"; return; }
    done
    fail "the Asterisk on PATH has no $(basename "$1") where packages put it: ${*}"
}

where() {
    if native; then
        echo "ASTERISK=$(command -v asterisk)"
        echo "ASTERISK_DATA=$(dirname "$(first_of {/usr/share,/var/lib}/asterisk/rest-api)")"
        echo "ASTERISK_MODULES=$(dirname "$(first_of /usr/lib/*-linux-gnu*/asterisk/modules/res_ari.so /usr/lib*/asterisk/modules/res_ari.so)")"
    else
        echo "ASTERISK=$ROOT/asterisk"
        echo "ASTERISK_DATA=$ROOT/usr/share/asterisk"
        echo "ASTERISK_MODULES=$(echo "$ROOT"/usr/lib/*-linux-gnu*/asterisk/modules)"
    fi
}

# The sounds that Cadran brings, where Asterisk looks in every language.
install_sounds() {
    local sounds=$1/sounds/en/cadran
    cmp --quiet "$SOUNDS/drop-fr.wav" "$sounds/drop-fr.wav" && cmp --quiet "$SOUNDS/drop-en.wav" "$sounds/drop-en.wav" && return
    mkdir -p "$sounds" && cp "$SOUNDS"/*.wav "$sounds" || fail "cannot copy $SOUNDS to $sounds; run once as root"
}

main() {
    case ${1:-} in
        "" | --where) ;;
        *) fail "usage: install-asterisk.sh [--where]" ;;
    esac
    native || complete || install
    local data
    data=$(where | sed -n 's/^ASTERISK_DATA=//p')
    install_sounds "$data"
    [[ ${1:-} != --where ]] || where
}

main "$@"
