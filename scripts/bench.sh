#!/usr/bin/env bash
# Every figure of speed and size with its target, one line each, on an otherwise idle machine.
#
#   bench.sh [crates] [imports] [calls] [live] [pacing]      all of them when none is named
#
# Exit 0: everything was measured, whether met or missed. Otherwise the first thing that could not be measured.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY
cd "$REPOSITORY"

scripts/install-system.sh
scripts/install-asterisk.sh
cargo build --release --locked --quiet --bin cadran
target=$(cargo metadata --format-version 1 --no-deps --locked | jq --raw-output .target_directory)
PYTHONDONTWRITEBYTECODE=1 exec python3 scripts/bench "$target/release/cadran" "$@"
