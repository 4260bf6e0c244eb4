#!/usr/bin/env bash
# Everything that an attacker would try, as the table in docs/security.md says, with a line for each: tests on databases
# and Asterisk servers of their own, readers fuzzed for a while, odd requests to every address of the document.
#
# Environment: CADRAN_FUZZ_SECONDS, for each reader (default 60); CADRAN_ODD_EXAMPLES (scripts/odd-requests.sh).
# Exit 0: everything held that is tried. Otherwise 1, and the lines say what did not.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY
cd "$REPOSITORY"

scripts/install-system.sh
scripts/install-asterisk.sh
command -v cargo-deny > /dev/null || cargo install --locked --quiet cargo-deny
# A directory that the user `postgres` can enter, wherever the repository lies.
POSTGRES=$(mktemp --directory /tmp/cadran-security.XXXXXX)
readonly POSTGRES
chmod 755 "$POSTGRES"
stop_postgres() {
    scripts/postgres.sh down "$POSTGRES/cluster"
    rm -rf "$POSTGRES"
}
trap stop_postgres EXIT
line=$(scripts/postgres.sh up "$POSTGRES/cluster")
export CADRAN_TEST_POSTGRES_URL=${line#DATABASE_URL=}
PYTHONDONTWRITEBYTECODE=1 python3 scripts/security
