"""The API and the meters, from the other side."""

import json
import re
import time
import urllib.error
import urllib.request

DEADLINE_SECONDS = 30
# Reading a file of 100,000 rows to its end takes a while.
UPLOAD_DEADLINE_SECONDS = 120
PAGE_ROWS = 500


class Api:
    def __init__(self, base):
        self.base, self.token = base, None

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, body=None):
        return self.send("POST", path, json.dumps(body or {}).encode())

    def put(self, path, body):
        return self.send("PUT", path, json.dumps(body).encode())

    def send(self, method, path, body=None, content_type="application/json", deadline=DEADLINE_SECONDS):
        request = urllib.request.Request(self.base + path, body, {"Content-Type": content_type}, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=deadline) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"{method} {path}: {refused.code} {refused.read().decode()}") from None
        return json.loads(text) if text.startswith(("{", "[")) else text

    def sign_in(self, login, password):
        self.token = self.post("/api/session", {"login": login, "password": password})["token"]

    def all(self, path):
        """Every row of a listing."""
        rows, after = [], ""
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit={PAGE_ROWS}{after}")
            rows += page["rows"]
            if page.get("next") is None:
                return rows
            after = f"&after={page['next']}"

    def upload(self, file):
        """Sends a file of leads; returns its name."""
        return self.send("POST", "/api/uploads", file, "text/csv", UPLOAD_DEADLINE_SECONDS)["id"]

    def check(self, upload):
        """Reads a file to its end without storing anything; returns what an import would do."""
        return self.send("POST", f"/api/uploads/{upload}/check", b"{}", deadline=UPLOAD_DEADLINE_SECONDS)

    def import_into(self, list_id, upload):
        """Imports a file and waits until it is done; returns the report."""
        begun = self.post(f"/api/lists/{list_id}/imports", {"upload": upload, "file_name": "leads.csv"})
        return wait_for("the import", UPLOAD_DEADLINE_SECONDS,
                        lambda: (report := self.get(f"/api/imports/{begun['id']}"))["state"] != "running" and report)

    def meters(self):
        return Meters(self.get("/metrics"))


class Meters:
    """The page of meters at one moment (Prometheus text format)."""

    def __init__(self, page):
        lines = re.findall(r"^(\w+)(\{.*\})? (\S+)$", page, re.MULTILINE)
        self.samples = [(name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)) for name, labels, value in lines]

    def total(self, name, **labels):
        """The sum over all samples of this name that have these labels; 0 while there is none."""
        return sum(value for sample, has, value in self.samples if sample == name and labels.items() <= has.items())

    def quantile_bound(self, name, share):
        """The smallest class of a histogram below which this share of the values lies."""
        count = self.total(f"{name}_count")
        bounds = sorted((float(has["le"]), value) for sample, has, value in self.samples if sample == f"{name}_bucket")
        return next((bound for bound, value in bounds if value >= share * count), float("inf"))

    def share_within(self, name, bound):
        """The share of a histogram's values that are at most `bound`, which must be the bound of a class."""
        return self.total(f"{name}_bucket", le=str(bound)) / max(self.total(f"{name}_count"), 1)


def wait_for(what, seconds_max, look, pause=0.1):
    """Looks until the answer is not false, and returns it."""
    deadline = time.monotonic() + seconds_max
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not there after {seconds_max} s")
        time.sleep(pause)
    return seen
