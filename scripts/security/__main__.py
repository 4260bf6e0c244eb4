"""Tries every attack of docs/security.md, and prints a line for each; see scripts/security.sh."""

import os
import subprocess
import sys

import attacks
import suites

# What is tried by more than a test.
COMMANDS = {
    "make fuzz": ["scripts/fuzz.sh", os.environ.get("CADRAN_FUZZ_SECONDS", "60")],
    "cargo deny check": ["cargo", "deny", "--log-level", "error", "check", "licenses", "bans", "sources"],
    "scripts/odd-requests.sh": ["scripts/odd-requests.sh"],
}


def main():
    table = attacks.read()
    programs = suites.build()
    found = {}
    for attack in table:
        for path in attack.where:
            if path not in COMMANDS:
                found[attack.number, path] = suites.find(programs, path, attack.number)
    for tests in found.values():
        for suite, names in tests.items():
            suite.wanted |= names
    for suite in programs:
        if suite.wanted:
            print(f"# {suite.root.relative_to(attacks.REPOSITORY)}: {len(suite.wanted)} tests", flush=True)
            suite.run()
    commands = {path for attack in table for path in attack.where if path in COMMANDS}
    held = {path: _holds(path) for path in sorted(commands)}
    verdicts = [_tell(attack, found, held) for attack in table]
    print(f"\n{verdicts.count('held')} held, {verdicts.count('FAILED')} failed, {verdicts.count('untried')} not tried")
    sys.exit("FAILED" in verdicts)


def _holds(path):
    print(f"# {path}", flush=True)
    return subprocess.run(COMMANDS[path], cwd=attacks.REPOSITORY).returncode == 0


def _tell(attack, found, held):
    """Prints an attack's line; returns `held`, `FAILED` or `untried`."""
    if attack.untried:
        print(f"{attack.number:<4} untried  {attack.what}: {attack.untried}", flush=True)
        return "untried"
    ended = [held[path] for path in attack.where if path in held]
    for path in attack.where:
        for suite, names in found.get((attack.number, path), {}).items():
            ended += [suite.ended.get(name) == "ok" for name in sorted(names)]
    verdict = "held" if all(ended) else "FAILED"
    print(f"{attack.number:<4} {verdict:<8} {attack.what} ({sum(ended)} of {len(ended)})", flush=True)
    return verdict


main()
