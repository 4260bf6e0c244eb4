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

# libFuzzer's instrumentation is an unstable option of the compiler; the stable one takes it when told that the
# standard library itself is being built, which changes nothing else here.
export RUSTC_BOOTSTRAP=1

command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
# Without the address sanitizer: nothing here is unsafe code of ours, and it needs the standard library built for it.
readonly FUZZ=(--sanitizer none)
for target in $(cargo fuzz list); do
  corpus="fuzz/corpus/$target"
  mkdir -p "$corpus"
  case $target in
    agi) seeds=(tests/agi) ;;
    flow) seeds=(tests/flows/good tests/flows/broken) ;;
    *) seeds=() ;;
  esac
  echo "fuzz $target: ${SECONDS_EACH} s"
  cargo fuzz run "${FUZZ[@]}" "$target" "$corpus" "${seeds[@]}" -- \
    -max_total_time="$SECONDS_EACH" -timeout="$TIMEOUT_S" -rss_limit_mb="$MEMORY_MB" -max_len=1100000 -print_final_stats=1
done
