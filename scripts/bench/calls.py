"""The daemon beside a real Asterisk: 50 answered calls a second, then 1,000 calls at once."""

from concurrent.futures import ThreadPoolExecutor

from api import wait_for
from daemon import Daemon, cpu_seconds, megabytes
from figures import note, tell
from leads import FRENCH, plain_file
from network import Carrier, asterisk_pair, pbx_process, register_phones

CALLS_PER_SECOND = 50
ANSWERED = 3000
TALK_MS = 2000
# A call takes 2.1 s of an agent: 105 talk at a time, and the others are there for the burst of the first second.
AGENTS = 150
LIVE = 1000
# More than are live at a time, so that none is wanting.
RINGING = 1500
# The number that called people see: automated calls to France may show no other kind.
SHOWN = "+33162001122"

CPU_SHARE_AT_MOST = 5
JOIN_MS_AT_MOST = 50
MEGABYTES_AT_MOST = 60

REQUESTS_AT_ONCE = 4
PHONES_SECONDS_MAX = 60
# Twice what the calls take at full rate, and some seconds for the last ones.
ANSWERED_SECONDS_MAX = 2 * ANSWERED / CALLS_PER_SECOND + 60
LIVE_SECONDS_MAX = 2 * LIVE / CALLS_PER_SECOND + 30
RING_TIMEOUT_MS = 90_000
END_SECONDS_MAX = RING_TIMEOUT_MS / 1000 + 30


def measure(program, directory):
    with asterisk_pair(directory) as pair, \
            Carrier(pair, directory, "answers", address_end=4, talk_ms=TALK_MS) as answering, \
            Carrier(pair, directory, "rings", address_end=5) as ringing, \
            Daemon(program, pair, directory / "calls") as daemon:
        api = daemon.api
        agents = add_agents(api, AGENTS)
        register_phones(pair, [(agent["account"], agent["secret"]) for agent in agents])
        answered = add_campaign(api, answering, {"kind": "progressive"}, FRENCH[:ANSWERED])
        live = add_campaign(api, ringing, {"kind": "power", "ratio": 10.0}, FRENCH[-RINGING:])
        log_in(api, agents, [answered, live])
        measure_answered(daemon, pbx_process(pair), answering, answered)
        measure_live(daemon, live)


def measure_answered(daemon, pbx, carrier, campaign):
    """Everybody answers at once; progressive work, without recording."""
    api = daemon.api
    processes = {"daemon": daemon.process.pid, "asterisk": pbx}
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    api.post(f"/api/campaigns/{campaign}/start")
    wait_for(f"the end of {ANSWERED} calls", ANSWERED_SECONDS_MAX, lambda: is_over(api), pause=1)
    cpu = {name: cpu_seconds(pid) - before[name] for name, pid in processes.items()}
    meters = api.meters()
    attempts = api.all(f"/api/attempts?campaign={campaign}")

    note(f"{ANSWERED:,} calls that SIPp answers at once and ends after {TALK_MS / 1000:.0f} s; {AGENTS} agents with phones that"
         " stay up; voice both ways; no recording")
    started = sorted(attempt["started_at"] for attempt in attempts)
    tell("calls placed", len(started) / (started[-1] - started[0]) * 1000, "calls/s", at_least=CALLS_PER_SECOND)
    tell("CPU time of the daemon", cpu["daemon"], "s")
    tell("CPU time of Asterisk (the PBX alone)", cpu["asterisk"], "s")
    tell("CPU time of the daemon, of Asterisk's", 100 * cpu["daemon"] / cpu["asterisk"], "%", at_most=CPU_SHARE_AT_MOST)
    joined = "cadran_answer_to_agent_seconds"
    tell("answered until joined with the agent, 99 % within, by class", 1000 * meters.quantile_bound(joined, 0.99), "ms",
         at_most=JOIN_MS_AT_MOST)
    tell("calls joined within 50 ms", 100 * meters.share_within(joined, JOIN_MS_AT_MOST / 1000), "%", at_least=99)
    tell("gaps in the event stream", meters.total("cadran_switch_gaps_total"), "", at_most=0)
    tell("repairs, as a lost event would need", meters.total("cadran_repairs_total"), "", at_most=0)
    tell("inputs that made no sense", meters.total("cadran_unexpected_inputs_total"), "", at_most=0)
    answered = sum(attempt["outcome"] == "answered" for attempt in attempts)
    tell("attempts in the database beside calls that SIPp saw", abs(len(attempts) - carrier.calls("dialled")), "differ", at_most=0)
    tell("answered in the database beside answered by SIPp", abs(answered - carrier.calls("answered")), "differ", at_most=0)
    tell("answered of all calls", 100 * answered / ANSWERED, "%", at_least=100)
    tell("resident memory after the calls", megabytes(daemon.process.pid, "VmRSS"), "MB", at_most=MEGABYTES_AT_MOST)


def measure_live(daemon, campaign):
    """Nobody answers, so that calls pile up; power dialling."""
    api = daemon.api
    note(f"{LIVE:,} live calls that ring, beside {AGENTS} agents' legs, after the calls above")
    api.post(f"/api/campaigns/{campaign}/start")
    wait_for(f"{LIVE} live calls", LIVE_SECONDS_MAX, lambda: len(api.get("/api/live/snapshot")["calls"]) >= LIVE, pause=1)
    tell(f"resident memory with {LIVE:,} live calls", megabytes(daemon.process.pid, "VmRSS"), "MB", at_most=MEGABYTES_AT_MOST)
    api.post(f"/api/campaigns/{campaign}/pause")
    wait_for("the end of every call", END_SECONDS_MAX, lambda: not api.get("/api/live/snapshot")["calls"], pause=1)
    meters = api.meters()
    tell("gaps in the event stream", meters.total("cadran_switch_gaps_total"), "", at_most=0)
    tell("repairs, as a lost event would need", meters.total("cadran_repairs_total"), "", at_most=0)


def is_over(api):
    ended = api.meters().total("cadran_attempts_total")
    return ended >= ANSWERED and not api.get("/api/live/snapshot")["calls"]


def add_agents(api, count):
    def add(number):
        account = f"desk-{number:03}"
        settings = {"name": f"Agent {number}", "sip_account": account, "phone_kind": "sip"}
        agent = api.post("/api/agents", settings)["id"]
        return {"id": agent, "account": account, "secret": api.get(f"/api/agents/{agent}/phone")["password"]}
    return [add(number) for number in range(1, count + 1)]


def lawful(api, seller):
    """What a campaign needs to start. It calls numbers of fiction and sells nothing, so that it may at any hour."""
    seller = api.post("/api/sellers", {"name": seller})["id"]
    return {"seller": seller, "purpose": "service", "legal_basis": "legitimate_interests"}


def add_campaign(api, carrier, mode, numbers):
    """A campaign on a trunk of its own to the carrier, with its leads; not started."""
    limit = {"calls_per_second": float(CALLS_PER_SECOND), "concurrent_calls": LIVE}
    trunk = api.post("/api/trunks", {"name": mode["kind"], "host": carrier.host, "port": carrier.port,
                                     "caller_ids": [SHOWN], "limit": limit})["id"]
    always = {"windows": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": 0, "until": 1440}]}
    campaign = api.post("/api/campaigns", {
        "compliance": lawful(api, mode["kind"]),
        "name": mode["kind"], "mode": mode, "trunks": [trunk], "caller_ids": [SHOWN], "hours": always, "limit": limit,
        "ring_timeout": RING_TIMEOUT_MS, "wrap_up": 0, "recording": {"kind": "never"}})["id"]
    leads = api.post("/api/lists", {"campaign": campaign, "name": "leads.csv"})["id"]
    report = api.import_into(leads, api.upload(plain_file(numbers)))
    if report["accepted"] != len(numbers):
        raise RuntimeError(f"not every lead was accepted: {report}")
    return campaign


def log_in(api, agents, campaigns):
    """Logs every agent in and returns when all their phones are up and they are ready."""
    def enter(agent):
        api.post(f"/api/agents/{agent['id']}/log-in", {"campaigns": campaigns})
        api.post(f"/api/agents/{agent['id']}/ready")
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        list(pool.map(enter, agents))

    ours = {agent["id"] for agent in agents}

    def all_ready():
        ready = {agent["agent"] for agent in api.get("/api/live/snapshot")["agents"] if agent["state"] == "ready" and agent["phone_up"]}
        return ours <= ready
    wait_for("every agent's phone", PHONES_SECONDS_MAX, all_ready, pause=1)
