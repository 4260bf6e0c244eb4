"""Figures of the crates, as their own benches print them."""

import functools
import re
import statistics
import subprocess

from figures import note, tell


def at_least(limit):
    return {"at_least": limit}


def at_most(limit):
    return {"at_most": limit}


BENCHES = [
    # package, bench, what, the number in its output, unit, limit
    ("cadran-engine", "handle", "inputs through Engine::handle, one core", r"(\d+) inputs/s", "inputs/s", at_least(200_000)),
    ("cadran-engine", "may_dial", "numbers judged by law, one core", r"(\d+) decisions per second", "numbers/s", at_least(500_000)),
    ("cadran-engine", "pacing", "one predictive decision, 500 agents, 1,500 dials in flight", r"flight: (\d+) µs", "µs", at_most(200)),
    ("cadran-engine", "flow", "steps of flows, one core", r"flow: (\d+) steps", "steps/s", at_least(1_000_000)),
    ("cadran-engine", "queue", "a caller handed out of 10,000 to one of 500 agents, 99.9 %", r"99.9 % within (\d+) µs", "µs", at_most(1_000)),
    ("cadran-engine", "queue", "the same, the longest of 100,000", r"longest (\d+) µs", "µs", at_most(1_000)),
    ("cadran-engine", "queue", "memory added by 100,000 callers who came and went", r"(\d+) kB more", "kB", at_most(1_000)),
    ("cadran-ari", "deliver", "ari: events decoded and delivered, one core", r"(\d+) events/s", "events/s", at_least(150_000)),
    ("cadran-agi", "throughput", "agi: requests answered", r"(?m)^agi: (\d+) requests/s", "requests/s", at_least(20_000)),
    ("cadran-agi", "throughput", "agi: the same for each second of processor time", r"(?m)^agi: .* (\d+) per second", "requests/s", at_least(20_000)),
]

# Other servers that the same bench measures in the same run: ours is to be ahead of each. By processor time, because the
# clock tells of the machine's other work as well.
BESIDE = {
    "agi: the same for each second of processor time": [
        ("asterisk-rs-agi 0.8, same run", r"(?m)^asterisk-rs-agi: .* (\d+) per second", "requests/s"),
        ("blazing_agi 0.3.1, same run", r"(?m)^blazing_agi: .* (\d+) per second", "requests/s"),
    ],
}

# Building in release mode included.
SECONDS_MAX = 1800


def measure():
    note("Crates: the median of what each bench prints")
    for package, bench, what, pattern, unit, limit in BENCHES:
        output = _run(package, bench)
        rate = _rate(output, pattern)
        tell(what, rate, unit, **limit)
        for other, other_pattern, other_unit in BESIDE.get(what, []):
            tell(other, _rate(output, other_pattern), other_unit, at_most=rate)


@functools.cache
def _run(package, bench):
    command = ["cargo", "bench", "--locked", "--quiet", "--package", package, "--bench", bench]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    # A bench that asserts its goal fails when it is missed; what it printed is the figure all the same.
    if not done.stdout:
        raise RuntimeError(f"{' '.join(command)} printed nothing:\n{done.stderr}")
    return done.stdout


def _rate(output, pattern):
    rates = [int(rate) for rate in re.findall(pattern, output)]
    if not rates:
        raise RuntimeError(f"no figure reads {pattern} in:\n{output}")
    return statistics.median(rates)
