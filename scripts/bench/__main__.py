"""Measures and prints every figure: `python3 scripts/bench CADRAN [crates] [imports] [calls] [live] [pacing]`; see scripts/bench.sh."""

import pathlib
import shutil
import sys
import tempfile

import calls
import crates
import imports
import live
import pacing

# One after the other: figures that are measured side by side say nothing.
PARTS = {"crates": lambda program, directory: crates.measure(),
         "imports": imports.measure,
         "calls": calls.measure,
         "live": lambda program, directory: live.measure(),
         "pacing": pacing.measure}


def main():
    program, *wanted = sys.argv[1:]
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"bench: unknown: {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    # Short, because the path of a UNIX socket is; open, because PostgreSQL runs as another user.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cadran-bench."))
    directory.chmod(0o755)
    try:
        for name, measure in PARTS.items():
            if not wanted or name in wanted:
                measure(pathlib.Path(program), directory)
    except BaseException:
        print(f"bench: what happened is in {directory}: the daemons' cadran.log, pair/*/log", file=sys.stderr)
        raise
    shutil.rmtree(directory)


main()
