#!/usr/bin/env bash
# Runs every fuzz target: anything that a stranger can send must neither panic nor hang.
#
#   fuzz.sh [seconds]      for each target, 600 by default; it starts from the corpus in tests/
#
# Exit 0: nothing was found. Otherwise libFuzzer says what, and leaves the input in fuzz/artifacts.
set -euo pipefail

SECONDS_EACH=${1:-600}
REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly SECONDS_EACH REPOSITORY
# A megabyte of document takes longer than this only if something is quadratic.
readonly TIMEOUT_S=10 MEMORY_MB=2048
cd "$REPOSITORY"

command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
for target in $(cargo +nightly fuzz list); do
  corpus="fuzz/corpus/$target"
  mkdir -p "$corpus"
  case $target in
    flow) seeds=(tests/flows/good tests/flows/broken) ;;
    *) seeds=() ;;
  esac
  echo "fuzz $target: ${SECONDS_EACH} s"
  cargo +nightly fuzz run "$target" "$corpus" "${seeds[@]}" -- \
    -max_total_time="$SECONDS_EACH" -timeout="$TIMEOUT_S" -rss_limit_mb="$MEMORY_MB" -max_len=65536 -print_final_stats=1
done
