"""The person of a run: hands in jobs by the JSON API while blows fall, and does not give up."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import requests

from tests.chaos.work import Plan

PATIENCE_SECONDS = 60.0
PASSES = "could not be reached"
"""In a refusal that says that the store did not answer: a later try may do better."""


class Refused(Exception):
    """Lading refused what it must not refuse, or did not answer for long."""


class Client:
    """Speaks the JSON API with a token."""

    def __init__(self, address: str, token: str, say: Callable[[str], None]) -> None:
        self.address, self.say = address, say
        self.headers = {"Authorization": f"Token {token}"}
        self.jobs: dict[int, str] = {}
        self.ended: set[int] = set()
        self.seen: dict[int, str] = {}
        self.tries = self.confirmed = 0
        self.wrong: list[str] = []

    def call(self, method: str, path: str, **given: Any) -> Any:
        """What the API answers, after as many tries as it takes. Raises Refused."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._try(method, path, **given)
            except (requests.RequestException, OSError) as error:
                self.tries += 1
                if time.monotonic() > deadline:
                    raise Refused(f"{method} {path}: {error}") from None
                time.sleep(0.5)

    def _try(self, method: str, path: str, *, raw: bool = False, **given: Any) -> Any:
        url = urljoin(f"{self.address}/api/v1/", path)
        answer = requests.request(method, url, headers=self.headers, timeout=30, **given)
        if answer.status_code == 400 and PASSES in answer.text:
            raise requests.ConnectionError(answer.text[:200])
        if 400 <= answer.status_code < 500:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        answer.raise_for_status()
        return answer.content if raw else answer.json()

    # ---- handing in

    def hand_in(self, plans: list[Plan], start: float, stop: threading.Event) -> None:
        """Create each job at its time. What goes wrong is kept in `wrong`."""
        for plan in plans:
            if stop.wait(max(0.0, start + plan.at - time.monotonic())):
                return
            try:
                self.create(plan)
            except Exception as error:
                self.wrong.append(f"{plan.name} could not be handed in: {error}")

    def create(self, plan: Plan) -> None:
        """Hand in a job, under a token that makes it one job however often it is tried."""
        manifest: dict[str, Any] = {"location": f"s3://lists/{plan.name}.csv"}
        if plan.is_uploaded:
            files = {"file": ("list.csv", plan.manifest())}
            manifest = {"id": self.call("POST", "manifests/", files=files)["id"]}
        made = self.call("POST", "jobs/", json=plan.request(manifest))
        self.jobs[plan.number] = made["id"]
        self.say(f"{plan.name}: {plan.operation}, {plan.total:,} tasks, priority {plan.priority}")

    # ---- looking

    def job(self, plan: Plan) -> dict[str, Any]:
        """A job as the API tells it."""
        told: dict[str, Any] = self.call("GET", f"jobs/{self.jobs[plan.number]}/")
        return told

    def settled(self, plan: Plan) -> bool:
        """Whether a job is over. One that waits for a person since its store could not be tried
        just then is confirmed: that is what a person is asked for.
        """
        told = self.job(plan)
        self.seen[plan.number] = f"{told['status']} {told['progress']['remaining']}"
        if told["status"] == "Suspended":
            answer = {"accept_untried": True, "reason": "the chaos suite knows its store"}
            self.call("POST", f"jobs/{told['id']}/confirm/", json=answer)
            self.confirmed += 1
        if told["terminated_at"] is None:
            return False
        self.ended.add(plan.number)
        self.say(f"{plan.name} has ended")
        return True

    @property
    def progress(self) -> str:
        """How far all jobs were when they were last asked; another text where anything moved."""
        return str(sorted(self.seen.items()))

    def report(self, plan: Plan) -> Iterator[tuple[str, bytes]]:
        """The files of a job's report, as downloaded: key in the bucket, content."""
        for file in self.call("GET", f"jobs/{self.jobs[plan.number]}/report/")["files"]:
            yield file["key"], self.call("GET", file["url"], raw=True)


def rows_of(content: bytes) -> list[tuple[str, str, str]]:
    """Bucket, key and status of the rows of a results file."""
    return [
        (bucket, key, status)
        for bucket, key, _, status, *_ in csv.reader(io.StringIO(content.decode()))
    ]
