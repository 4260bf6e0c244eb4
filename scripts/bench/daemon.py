"""A daemon of our own: `cadran serve` on a database of its own, and what the kernel knows of its process."""

import os
import pathlib
import signal
import socket
import subprocess

from api import Api, wait_for

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
# As many as the machine is to carry; the campaigns set their own, lower limits.
CALLS_PER_SECOND, CONCURRENT_CALLS = 100, 2000

CONFIG = """[http]
listen = "{listen}"
secure_cookies = false
[asterisk]
url = "{url}"
user = "{user}"
password = "{password}"
calls_per_second = {calls_per_second}.0
concurrent_calls = {concurrent_calls}
[files]
data = "{data}"
"""


class Daemon:
    """Runs within a `with`; `api` is signed in as the administrator."""

    def __init__(self, program, pair, directory, database_url=None):
        self.program, self.directory = program, directory
        directory.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            listen = "127.0.0.1:%d" % probe.getsockname()[1]
        self.config = directory / "cadran.toml"
        self.config.write_text(CONFIG.format(
            listen=listen, url=pair["PBX_ARI_URL"].removesuffix("/ari"), user=pair["PBX_ARI_USER"],
            password=pair["PBX_ARI_PASSWORD"], calls_per_second=CALLS_PER_SECOND,
            concurrent_calls=CONCURRENT_CALLS, data=directory,
        ) + (f'[database]\nurl = "{database_url}"\n' if database_url else ""))
        self.api = Api(f"http://{listen}")

    def __enter__(self):
        add = [self.program, "user", "add", "--config", self.config, "admin", "--role", "admin"]
        first_password = subprocess.run(add, check=True, capture_output=True, text=True).stdout.strip()
        with open(self.directory / "cadran.log", "wb") as log:
            self.process = subprocess.Popen([self.program, "serve", "--config", self.config], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log)
        try:
            wait_for("the daemon", START_SECONDS_MAX, self._is_ready)
            self.api.sign_in("admin", first_password)
            self.api.put("/api/me/password", {"old": first_password, "new": os.urandom(16).hex()})
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS_MAX)
        if kind is None and status != 0:
            raise RuntimeError(f"cadran serve ended with {status}; see {self.directory}/cadran.log")

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"cadran serve ended with {self.process.returncode}; see {self.directory}/cadran.log")
        try:
            return self.api.get("/readyz")
        except (OSError, RuntimeError):
            return None


def cpu_seconds(pid):
    """CPU time of a process with all its threads: fields 14 and 15 of proc_pid_stat(5)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid, field):
    """`VmRSS`, what a process has in memory, or `VmHWM`, the most it ever had (proc_pid_status(5)); in 10^6 bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/status has no {field}")
