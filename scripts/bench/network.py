"""The telephone network: a pair of Asterisk servers, and SIPp as a carrier beside them."""

import contextlib
import pathlib
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PAIR = REPOSITORY / "scripts/asterisk-pair.sh"
PHONE = REPOSITORY / "scripts/phone.sh"
SCENARIOS = REPOSITORY / "tests/carrier/sipp"

# Phones that register at a time. Each asks the PBX over its console until it is known.
REGISTRATIONS_AT_ONCE = 6
# SIPp ends by itself after this long, whatever becomes of us.
CARRIER_SECONDS_MAX = 900
STOP_SECONDS_MAX = 10


@contextlib.contextmanager
def asterisk_pair(directory):
    """Runs a pair; gives what pair.env says of it, with its directory as `DIRECTORY`."""
    path = directory / "pair"
    subprocess.run([PAIR, "up", path], check=True)
    try:
        lines = (path / "pair.env").read_text().splitlines()
        pair = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
        yield pair | {"DIRECTORY": str(path)}
    finally:
        subprocess.run([PAIR, "down", path], check=True)


def pbx_process(pair):
    return int(pathlib.Path(pair["PBX_PID_FILE"]).read_text())


def register_phones(pair, accounts):
    """Registers the phones of `(account, secret)`, which answer at once and speak 440 Hz."""
    def register(account):
        subprocess.run([PHONE, "add", pair["DIRECTORY"], *account], check=True)
    with ThreadPoolExecutor(REGISTRATIONS_AT_ONCE) as pool:
        list(pool.map(register, accounts))


class Carrier:
    """SIPp, playing everybody behind one trunk of the pair's PBX by a scenario of tests/carrier/sipp. Within a `with`."""

    def __init__(self, pair, directory, scenario, address_end, talk_ms=0):
        network, _, port = pair["PBX_SIP_ADDRESS"].rpartition(".1:")
        self.host, self.port = f"{network}.{address_end}", int(port)
        self.log = directory / f"{scenario}.log"
        self.screen = directory / f"{scenario}.screen"
        # -rtp_echo: customers say back what they hear, so that both ways carry voice.
        self.command = ["sipp", "-sf", SCENARIOS / f"{scenario}.xml", "-i", self.host, "-p", str(self.port),
                        "-mi", self.host, "-rtp_echo", "-d", str(talk_ms), "-nostdin",
                        "-timeout", f"{CARRIER_SECONDS_MAX}s", "-trace_logs", "-log_file", self.log]

    def __enter__(self):
        with open(self.screen, "wb") as screen:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def calls(self, word):
        """How many calls were `dialled`, `answered` or `ended`."""
        return len({line for line in self.log.read_text().splitlines() if line.startswith(f"{word} ")})
