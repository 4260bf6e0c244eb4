"""Figures of the crates, as their own benches print them."""

import re
import statistics
import subprocess

from figures import note, tell

BENCHES = [
    # package, bench, what, the number in its output, unit, at least
    ("cadran-engine", "handle", "inputs through Engine::handle, one core", r"(\d+) inputs/s", "inputs/s", 200_000),
    ("cadran-engine", "may_dial", "numbers judged by law, one core", r"(\d+) decisions per second", "numbers/s", 500_000),
    ("cadran-ari", "deliver", "ari: events decoded and delivered, one core", r"(\d+) events/s", "events/s", 150_000),
    ("cadran-agi", "throughput", "agi: requests answered", r"(\d+) requests/s", "requests/s", 20_000),
]

# Building in release mode included.
SECONDS_MAX = 1800


def measure():
    note("Crates: the median of what each bench prints")
    for package, bench, what, pattern, unit, at_least in BENCHES:
        tell(what, _rate(package, bench, pattern), unit, at_least=at_least)


def _rate(package, bench, pattern):
    command = ["cargo", "bench", "--locked", "--quiet", "--package", package, "--bench", bench]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    # A bench that asserts its goal fails when it is missed; what it printed is the figure all the same.
    rates = [int(rate) for rate in re.findall(pattern, done.stdout)]
    if not rates:
        raise RuntimeError(f"{' '.join(command)} printed no figure:\n{done.stdout}{done.stderr}")
    return statistics.median(rates)
