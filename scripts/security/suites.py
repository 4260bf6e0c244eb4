"""Test programs of the workspace: which of their tests stand in a file, and how they end."""

import collections
import json
import os
import pathlib
import re
import subprocess

from attacks import REPOSITORY

# As in scripts/test.sh: each live story has two Asterisk servers.
THREADS = {"live": 2}
RESULT = re.compile(r"^test (\S+) \.\.\. (\w+)", re.MULTILINE)
FUNCTION = re.compile(r"\bfn (\w+)")
# Tests that are named after one attack, where others are beside them.
NUMBERED = re.compile(r"^s(\d\d)_")


class Suite:
    """One test program. `root` is the file that it begins with, `directory` that of its package."""

    def __init__(self, artifact):
        self.program = artifact["executable"]
        self.name = artifact["target"]["name"]
        self.root = pathlib.Path(artifact["target"]["src_path"])
        self.directory = pathlib.Path(artifact["manifest_path"]).parent
        self._tests = None
        self.wanted, self.ended = set(), {}

    def tests(self):
        if self._tests is None:
            listed = subprocess.run([self.program, "--list"], cwd=self.directory, check=True, capture_output=True, text=True)
            self._tests = [line.removesuffix(": test") for line in listed.stdout.splitlines() if line.endswith(": test")]
        return self._tests

    def covers(self, file):
        """Whether this program is built from a file: its root, or one below the directory of its modules."""
        is_crate = self.root.name in ("lib.rs", "main.rs")
        modules = self.root.parent if is_crate else self.root.with_suffix("")
        return file == self.root or modules in file.parents

    def run(self):
        """Runs what is wanted; what does not end counts as failed."""
        arguments = [self.program, "--exact", *sorted(self.wanted)]
        if self.name in THREADS:
            arguments.append(f"--test-threads={THREADS[self.name]}")
        ran = subprocess.run(arguments, cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env=os.environ | {"CARGO_MANIFEST_DIR": str(self.directory)})
        self.ended = dict(RESULT.findall(ran.stdout))
        if any(self.ended.get(test) != "ok" for test in self.wanted):
            print(ran.stdout, flush=True)


def build():
    """Builds every test program of the workspace: a selection of them would be compiled anew, with other features."""
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--quiet", "--message-format=json"]
    built = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
    messages = (json.loads(line) for line in built.stdout.splitlines() if line.startswith("{"))
    artifacts = (message for message in messages if message["reason"] == "compiler-artifact")
    return [Suite(artifact) for artifact in artifacts if artifact["executable"] and artifact["profile"]["test"]]


def find(suites, path, number):
    """The tests of an attack that stand in a file or a directory, by suite."""
    place = REPOSITORY / path
    files = sorted(place.rglob("*.rs")) if place.is_dir() else [place]
    if not files or not all(file.exists() for file in files):
        raise SystemExit(f"security: there is no {path}, which docs/security.md names for {number}")
    found = collections.defaultdict(set)
    for file in files:
        for suite in (suite for suite in suites if suite.covers(file)):
            found[suite] |= _tests_in(suite, file, number)
    found = {suite: tests for suite, tests in found.items() if tests}
    if not found:
        raise SystemExit(f"security: no test of {path} tries {number}, against docs/security.md")
    return found


def _tests_in(suite, file, number):
    # What is no program is told by one that reads it.
    if file.suffix != ".rs":
        return set(suite.tests())
    names = set(FUNCTION.findall(file.read_text()))
    if any(NUMBERED.match(name) for name in names):
        prefix = f"s{int(number[1:]):02}_"
        names = {name for name in names if name.startswith(prefix)}
    return {test for test in suite.tests() if test.rpartition("::")[2] in names}
