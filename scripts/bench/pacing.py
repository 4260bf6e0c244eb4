"""Predictive beside progressive on a real Asterisk: the same network, the same minutes, as many agents each."""

import os
import random
import sqlite3
import time

from api import wait_for
from calls import SHOWN, add_agents, lawful, log_in
from daemon import Daemon
from figures import note, tell
from leads import plain_file
from network import asterisk_pair, register_phones

MINUTES = float(os.environ.get("CADRAN_BENCH_MINUTES", "20"))
# Of each of the two campaigns.
AGENTS = 30
# Of the people who answered and were either served or dropped.
DROP_LIMIT = 0.03

# The city of tests/carrier: a quarter of it answers.
CITY = [f"+3326191{number:04}" for number in range(10_000)]
RING_TIMEOUT_MS = 20_000
WRAP_UP_MS = 5_000
LIMIT = {"calls_per_second": 30.0, "concurrent_calls": 400}
END_SECONDS_MAX = 120
# Leads are dialled in the order of the file. Two draws, always the same, in which neighbours have nothing in common.
SEEDS = {"predictive": 1, "progressive": 2}


def measure(program, directory):
    with asterisk_pair(directory) as pair, Daemon(program, pair, directory / "pacing") as daemon:
        api = daemon.api
        agents = add_agents(api, 2 * AGENTS)
        register_phones(pair, [(agent["account"], agent["secret"]) for agent in agents])
        trunk = add_trunk(api, pair)
        teams = dict(zip(SEEDS, (agents[:AGENTS], agents[AGENTS:])))
        campaigns = {mode: add_campaign(api, trunk, mode) for mode in SEEDS}
        for mode, team in teams.items():
            log_in(api, team, [campaigns[mode]])
        began_at = time.time()
        for campaign in campaigns.values():
            api.post(f"/api/campaigns/{campaign}/start")
        work(api, campaigns, began_at + 60 * MINUTES)
        ended_at = time.time()
        for campaign in campaigns.values():
            api.post(f"/api/campaigns/{campaign}/pause")
        wait_for("the end of every call", END_SECONDS_MAX, lambda: not api.get("/api/live/snapshot")["calls"], pause=1)
        note(f"{MINUTES:g} minutes side by side; {AGENTS} agents each; of the people called 25 % answer; talk 4 to 60 s,"
             f" wrap-up {WRAP_UP_MS / 1000:g} s")
        idle = {mode: tell_campaign(daemon, mode, campaigns[mode], teams[mode], began_at, ended_at) for mode in SEEDS}
        tell("idle time per conversation, predictive beside progressive",
             100 * idle["predictive"] / idle["progressive"], "%", at_most=100)


def work(api, campaigns, until):
    """Lets the campaigns run, and says once a minute what the predictive one is thinking."""
    while (left := until - time.time()) > 0:
        time.sleep(min(left, 60))
        live = api.get("/api/live/snapshot")
        for campaign in live["campaigns"]:
            if campaign["campaign"] == campaigns["predictive"]:
                note(campaign["sentence"])


def tell_campaign(daemon, mode, campaign, team, began_at, ended_at):
    """Prints a campaign's figures. Returns the idle seconds per conversation."""
    outcomes = {}
    attempts = daemon.api.all(f"/api/attempts?campaign={campaign}")
    for attempt in attempts:
        outcomes[attempt["outcome"]] = outcomes.get(attempt["outcome"], 0) + 1
    calls = daemon.api.all(f"/api/calls?campaign={campaign}")
    served = sum(call["connected_at"] is not None for call in calls)
    dropped = outcomes.get("dropped", 0)
    spent = time_sheet(daemon, team, began_at, ended_at)
    at_work = sum(spent.values()) - spent.get("paused", 0)
    idle = (spent.get("ready", 0) + spent.get("reserved", 0)) / max(served, 1)
    tell(f"{mode}: dials", len(attempts), "")
    tell(f"{mode}: dials that a person answered", 100 * (served + dropped) / max(len(attempts), 1), "%")
    tell(f"{mode}: conversations", served, "")
    tell(f"{mode}: dropped of those who answered", 100 * dropped / max(served + dropped, 1), "%", at_most=100 * DROP_LIMIT)
    tell(f"{mode}: talk and wrap-up of the time logged in",
         100 * (spent.get("on_call", 0) + spent.get("wrap_up", 0)) / at_work, "%")
    tell(f"{mode}: idle time per conversation", idle, "s")
    return idle


def time_sheet(daemon, team, began_at, ended_at):
    """Seconds that a team spent in each state between two moments."""
    database = sqlite3.connect(f"file:{daemon.directory}/cadran.sqlite?mode=ro", uri=True)
    rows = database.execute("""
        select agent_id, state, agent_state.began_at / 1000.0,
            lead(agent_state.began_at) over (partition by session_id order by agent_state_id) / 1000.0
        from agent_state join agent_session using (session_id)""").fetchall()
    database.close()
    ours = {agent["id"] for agent in team}
    spent = {}
    for agent, state, since, until in rows:
        span = min(until or ended_at, ended_at) - max(since, began_at)
        if f"agt_{agent}" in ours and span > 0:
            spent[state] = spent.get(state, 0) + span
    return spent


def add_trunk(api, pair):
    host, _, port = pair["CARRIER_SIP_ADDRESS"].rpartition(":")
    return api.post("/api/trunks", {"name": "The telephone network", "host": host, "port": int(port), "caller_ids": [SHOWN],
                                    "limit": LIMIT})["id"]


def add_campaign(api, trunk, mode):
    """A campaign in this mode with the whole city as its leads, in an order of its own; not started."""
    always = {"windows": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": 0, "until": 1440}]}
    how = {"kind": mode} | ({"target_drop_rate": 0.028} if mode == "predictive" else {})
    campaign = api.post("/api/campaigns", {
        "compliance": lawful(api, mode), "name": mode, "mode": how, "trunks": [trunk], "caller_ids": [SHOWN], "hours": always, "limit": LIMIT,
        "ring_timeout": RING_TIMEOUT_MS, "wrap_up": WRAP_UP_MS, "drop_limit": DROP_LIMIT,
        "recording": {"kind": "never"}})["id"]
    numbers = random.Random(SEEDS[mode]).sample(CITY, len(CITY))
    leads = api.post("/api/lists", {"campaign": campaign, "name": "city.csv"})["id"]
    report = api.import_into(leads, api.upload(plain_file(numbers)))
    if report["accepted"] != len(numbers):
        raise RuntimeError(f"not every lead was accepted: {report}")
    return campaign
