#!/usr/bin/env bash
# Everything that must hold, on a machine with Rust and nothing else of ours. A missing component is installed or is
# an error; nothing is skipped.
#
# Exit 0: everything holds. Otherwise the first step that does not.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY
cd "$REPOSITORY"

# Seeds of the simulation.
export CADRAN_SIM_SEEDS=${CADRAN_SIM_SEEDS:-300}

step() {
    local name=$1 began=$SECONDS
    shift
    printf -- '--- %s\n' "$name"
    "$@"
    printf -- '--- %s: %d s\n' "$name" $(( SECONDS - began ))
}

# A directory that the user `postgres` can enter, wherever the repository lies.
POSTGRES=$(mktemp --directory /tmp/cadran-postgres.XXXXXX)
readonly POSTGRES
chmod 755 "$POSTGRES"

stop_postgres() {
    "$REPOSITORY/scripts/postgres.sh" down "$POSTGRES/cluster"
    rm -rf "$POSTGRES"
}

start_postgres() {
    local line
    line=$(scripts/postgres.sh up "$POSTGRES/cluster")
    export CADRAN_TEST_POSTGRES_URL=${line#DATABASE_URL=}
}

trap stop_postgres EXIT
step "install what is missing" scripts/install-system.sh
step "install Asterisk" scripts/install-asterisk.sh
step "format" cargo fmt --all --check
step "lints" cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
step "build" cargo test --workspace --locked --quiet --no-run
start_postgres
step "crates, engine, simulation" cargo test --workspace --exclude cadran --locked --quiet
step "daemon: units, layers, store on both databases, API" \
    cargo test --package cadran --locked --quiet --lib --bins --test api --test layers --test store
step "live calls on real Asterisk servers" cargo test --package cadran --locked --quiet --test live -- --test-threads=2
