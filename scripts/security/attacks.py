"""The table of attacks in docs/security.md: each with what is tried and where."""

import dataclasses
import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs/security.md"
ROW = re.compile(r"^\| (?P<number>S\d+) \| (?P<what>.+?) \| (?P<where>.+?) \|$")
# Of reliability testing's list; every one has its row, tried or not.
NUMBERS = [f"S{number}" for number in range(1, 37)]


@dataclasses.dataclass
class Attack:
    number: str
    what: str
    # Files of tests, and commands of COMMANDS.
    where: list
    # Why nothing tries it, for one that nothing tries.
    untried: str


def read():
    """Every attack of the table, which must be complete and in order."""
    attacks = [_attack(row) for row in map(ROW.match, DOCUMENT.read_text().splitlines()) if row]
    numbers = [attack.number for attack in attacks]
    if numbers != NUMBERS:
        raise SystemExit(f"security: {DOCUMENT} must have the rows {NUMBERS[0]} to {NUMBERS[-1]}, and has {numbers}")
    return attacks


def _attack(row):
    where = re.findall(r"`([^`]+)`", row["where"])
    return Attack(row["number"], row["what"], where, "" if where else row["where"])
