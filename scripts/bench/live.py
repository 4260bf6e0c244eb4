"""Figures of the live stream, as its bench prints them."""

import re
import subprocess

from figures import note, tell

# The number in the output, what it is, unit, at most.
FIGURES = [
    (r"([\d.]+) % of a core without viewers", "live stream: 500 agents, 80 changes/s, nobody watches", "% of a core", None),
    (r"([\d.-]+) % of a core for each", "live stream: each of 100 viewers", "% of a core", 0.1),
    (r"(\d+) kB for each", "live stream: each viewer that reads nothing", "kB", 512),
    (r"(\d+) ms p95", "live stream: change to frame, 95 % within", "ms", 120),
]

# Building in release mode included.
SECONDS_MAX = 1800


def measure():
    note("The live stream, over real sockets to another process")
    command = ["cargo", "bench", "--locked", "--quiet", "--package", "cadran", "--bench", "live"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=True)
    for pattern, what, unit, at_most in FIGURES:
        found = re.search(pattern, done.stdout)
        if not found:
            raise RuntimeError(f"{' '.join(command)} printed no figure for {what}:\n{done.stdout}{done.stderr}")
        tell(what, float(found[1]), unit, at_most=at_most)
