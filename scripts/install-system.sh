#!/usr/bin/env bash
# Installs the Debian packages that tests and the demo need and this machine lacks.
#
# Nothing missing: says nothing and touches nothing, not even the package lists.
# Exit 0: everything is there. Exit 1: something could not be installed; the reason is on standard error.
set -euo pipefail

# What is needed, and why:
#   cmake          builds the bundled Opus
#   curl, jq       speak to ARI and to the API from scripts
#   debootstrap    downloads Asterisk (install-asterisk.sh)
#   espeak-ng      speaks the texts of flows
#   gcc, make      compile the bundled SQLite and the C parts of TLS
#   postgresql     the second database every store test runs on (postgres.sh)
#   python3        parts of the scripts
#   sip-tester     SIPp, the carrier at high call rates
#   sox            listens to recordings
readonly PACKAGES=(ca-certificates cmake curl debootstrap espeak-ng gcc gpgv jq libc6-dev make postgresql procps python3 sip-tester sox)

fail() { echo "install-system: $*" >&2; exit 1; }

installed() { [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

missing_packages() {
    local package
    for package in "${PACKAGES[@]}"; do
        installed "$package" || echo "$package"
    done
}

# Debian's postgresql package creates and starts a cluster of its own on port 5432. Ours is throw-away
# and is started by postgres.sh, so the package is told to create none.
without_main_cluster() {
    [[ -e /etc/postgresql-common/createcluster.conf ]] && return
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
}

install() {
    local log
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update && apt-get install --yes --no-install-recommends "$@"; } > "$log" 2>&1; then
        cat "$log" >&2
        fail "apt-get could not install: $*. Its output is above."
    fi
    rm -f "$log"
}

main() {
    command -v dpkg-query > /dev/null || fail "this machine is not Debian; install by hand: ${PACKAGES[*]}"
    local missing
    mapfile -t missing < <(missing_packages)
    (( ${#missing[@]} == 0 )) && return
    (( EUID == 0 )) || fail "run once as root, or: apt-get install ${missing[*]}"
    without_main_cluster
    install "${missing[@]}"
}

main
