#!/usr/bin/env bash
# The demonstration, from a machine with Rust and nothing else of ours: two real Asterisk servers, the daemon, five
# agents and a campaign.
#
#   demo.sh CALLS EXIT      EXIT=1 ends by itself with a summary; otherwise Ctrl-C ends it
#
# Exit 0: done, and what the database, the telephone network and Asterisk say agrees. Otherwise 1.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY
readonly CALLS=$1 EXIT=$2
# Short, because the path of a UNIX socket is.
DIRECTORY=$(mktemp --directory /tmp/cadran-demo.XXXXXX)
readonly DIRECTORY

stop() {
    local status=$?
    "$REPOSITORY/scripts/asterisk-pair.sh" down "$DIRECTORY/pair" || true
    if (( status == 0 )); then
        rm -rf "$DIRECTORY"
    else
        echo "demo: what happened is in $DIRECTORY/pair: cadran/cadran.log, pbx/log, carrier/log" >&2
    fi
}

"$REPOSITORY/scripts/install-system.sh"
"$REPOSITORY/scripts/install-asterisk.sh"
cd "$REPOSITORY"
cargo build --locked --quiet --bin cadran
target=$(cargo metadata --format-version 1 --no-deps --locked | jq --raw-output .target_directory)

trap stop EXIT
"$REPOSITORY/scripts/asterisk-pair.sh" up "$DIRECTORY/pair"
options=(--pair "$DIRECTORY/pair" --phones "$REPOSITORY/scripts/phone.sh" --calls "$CALLS")
[[ $EXIT == 1 ]] && options+=(--exit)
"$target/debug/cadran" demo "${options[@]}"
