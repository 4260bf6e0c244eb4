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
# One command for all packages: a selection of them would be compiled anew, with other features. Live stories wait
# more than they work, but each has two Asterisk servers, so two at a time are enough anywhere.
export RUST_TEST_THREADS=2
step "tests: crates, engine, simulation, store on both databases, API, live calls" \
    cargo test --workspace --locked --quiet
