"""People in front of a running installation: browsers that poll as Lading's pages do, somebody who
changes a job all the time, and somebody who logs in. Every answer is kept with the time it took.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Self

import requests
from requests.adapters import HTTPAdapter

POLL_SECONDS = 2.0
LOGIN_SECONDS = 1.0
TIMEOUT = 60
BROWSERS = 20
WRITE, LOGIN, READ = "web-write", "web-login", "web-read"
FINE = frozenset({200, 204, 302})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request came back with; `status` is 0 where it did not."""

    kind: str
    path: str
    seconds: float
    status: int


class Crowd:
    """They `arrive` and `watch`; as a context manager it ends with the block.

    Each browser has a session of its own, of one user. One that was answered late does not catch
    up: it polls again after POLL_SECONDS, as htmx does.
    """

    def __init__(
        self, url: str, user: str, password: str, token: str, *, speed: int = 50_000
    ) -> None:
        """`speed`: about the ceiling that the job is given again and again."""
        self.url, self.user, self.password, self.token = url, user, password, token
        self.speed = speed
        self.answers: list[Answer] = []
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._browsers: list[requests.Session] = []

    def arrive(self, browsers: int = BROWSERS) -> Self:
        """Log in, all of them."""
        self._browsers = [self.log_in() for _ in range(browsers)]
        return self

    def watch(self, job: str) -> Self:
        """Begin to look at the job, and to change it."""
        for number, browser in enumerate(self._browsers):
            late = number * POLL_SECONDS / len(self._browsers)
            self._start(partial(self._poll, browser, job, late))
        self._start(partial(self._write, job))
        self._start(self._come_and_go)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The end; answers that are under way are waited for."""
        self._over.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)

    def seconds(self, kind: str) -> list[float]:
        """How long the answers of a kind took."""
        return [answer.seconds for answer in self.answers if answer.kind == kind]

    def faults(self) -> list[Answer]:
        """The answers that nobody should get."""
        return [answer for answer in self.answers if answer.status not in FINE]

    def log_in(self) -> requests.Session:
        """A browser with a session as the login page makes it."""
        browser = requests.Session()
        browser.mount("http://", HTTPAdapter(max_retries=1))  # as browsers do
        page = browser.get(f"{self.url}/login/", timeout=TIMEOUT)
        field = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        given = {
            "username": self.user,
            "password": self.password,
            "csrfmiddlewaretoken": field[1] if field else "",
        }
        post = partial(browser.post, data=given, timeout=TIMEOUT, allow_redirects=False)
        self._ask(LOGIN, "/login/", post)
        return browser

    def _start(self, what: Callable[[], None]) -> None:
        thread = threading.Thread(target=what, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _poll(self, browser: requests.Session, job: str, late: float) -> None:
        """What htmx asks for on the job's page and on the list of jobs."""
        self._over.wait(late)
        browser.headers["HX-Request"] = "true"
        while not self._over.is_set():
            for path in (f"/jobs/{job}/?seen=", "/jobs/"):
                self._ask(READ, path, partial(browser.get, timeout=TIMEOUT))
            self._over.wait(POLL_SECONDS)

    def _write(self, job: str) -> None:
        """One change after the other, without a rest."""
        client = requests.Session()
        client.headers["Authorization"] = f"Token {self.token}"
        for number in count(1):
            if self._over.is_set():
                return
            changes = {"priority": {"priority": 10 + number % 2}}
            changes["speed"] = {"requests_per_second": self.speed + number % 10}
            verb = ("priority", "speed")[number // 2 % 2]
            post = partial(client.post, json=changes[verb], timeout=TIMEOUT)
            self._ask(WRITE, f"/api/v1/jobs/{job}/{verb}/", post)

    def _come_and_go(self) -> None:
        while not self._over.wait(LOGIN_SECONDS):
            self.log_in()

    def _ask(self, kind: str, path: str, send: Callable[[str], requests.Response]) -> None:
        begun = time.perf_counter()
        try:
            status = send(self.url + path).status_code
        except requests.RequestException:
            status = 0
        self.answers.append(Answer(kind, path, time.perf_counter() - begun, status))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many of 100 are not above."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 100) - 1)]
