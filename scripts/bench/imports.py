"""Importing 100,000 rows through the API, on each database."""

import contextlib
import subprocess
import time

from daemon import Daemon, megabytes
from figures import note, tell
from leads import office_file
from network import REPOSITORY, asterisk_pair

ROWS = 100_000
SECONDS_AT_MOST, MEGABYTES_AT_MOST = 20, 200


def measure(program, directory):
    note(f"Imports of {ROWS:,} rows (Windows-1252, `;`, French headers), checked and then stored, by a fresh daemon")
    file = office_file(ROWS)
    with asterisk_pair(directory) as pair:
        with Daemon(program, pair, directory / "import-sqlite") as daemon:
            _measure("SQLite", daemon, file)
        with _postgres(directory / "postgres") as url, \
                Daemon(program, pair, directory / "import-postgres", url) as daemon:
            _measure("PostgreSQL", daemon, file)


def _measure(database, daemon, file):
    api = daemon.api
    campaign = api.post("/api/campaigns", {"name": "Import", "mode": {"kind": "preview"}})["id"]
    leads = api.post("/api/lists", {"campaign": campaign, "name": "leads.csv"})["id"]
    began = time.monotonic()
    upload = api.upload(file)
    checked = api.check(upload)
    checked_after = time.monotonic() - began
    report = api.import_into(leads, upload)
    seconds = time.monotonic() - began
    if report["state"] != "finished" or report["rows"] != ROWS or checked["rows"] != ROWS:
        raise RuntimeError(f"not every row was read: {report}")
    tell(f"{database}: sent and checked", checked_after, "s")
    tell(f"{database}: sent, checked and stored", seconds, "s", at_most=SECONDS_AT_MOST)
    tell(f"{database}: most memory the daemon had", megabytes(daemon.process.pid, "VmHWM"), "MB", at_most=MEGABYTES_AT_MOST)
    tell(f"{database}: rows that became leads", report["accepted"], "rows")
    tell(f"{database}: rows that brought leads up to date", report["merged"], "rows")
    tell(f"{database}: rows refused with a reason", report["refused"], "rows")


@contextlib.contextmanager
def _postgres(directory):
    """A PostgreSQL that is thrown away afterwards."""
    script = REPOSITORY / "scripts/postgres.sh"
    line = subprocess.run([script, "up", directory], check=True, capture_output=True, text=True).stdout
    try:
        yield line.strip().removeprefix("DATABASE_URL=")
    finally:
        subprocess.run([script, "down", directory], check=True)
