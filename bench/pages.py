"""How long the server takes for the pages of a long job, beside those of a short one.

Django's test client asks, in this process: what is measured is views, queries and templates.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.figures import Raw
from bench.plan import Plan, say
from bench.server import CannotBench

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from jobs.models import Job

TIMES = 20
ROWS = 10
"""Rows of a page of the API: as many as the short job has."""

Seen = tuple["User", "Job"]
Ask = Callable[["Client", "Job"], Any]


def measured(plan: Plan, jobs: dict[str, Seen], *, ended: bool = False) -> dict[str, list[Raw]]:
    """Milliseconds of every page of every job, in turn: `page-list-long`, `page-list-short` …"""
    found: dict[str, list[Raw]] = defaultdict(list)
    browsers = {name: _browser(user) for name, (user, _) in jobs.items()}
    for page, ask in (ENDED if ended else RUNNING).items():
        for turn in range(1 + (3 if plan.quick else TIMES)):
            for name, (_, job) in jobs.items():
                seconds = _timed(ask, browsers[name], job)
                if page == "cancel":
                    _go_on(job)
                if turn:  # the first fills caches
                    told = {"milliseconds": round(seconds * 1000, 2)}
                    found[f"page-{page}-{name}"].append(told)
        medians = ", ".join(
            f"{name} {statistics.median(run['milliseconds'] for run in runs):.1f} ms"
            for name in jobs
            if (runs := found[f"page-{page}-{name}"])
        )
        say(f"{page}: {medians}")
    return dict(found)


def _browser(user: User) -> Client:
    from django.test import Client

    browser = Client(HTTP_HOST="localhost")
    browser.force_login(user)
    return browser


def _timed(ask: Ask, browser: Client, job: Job) -> float:
    begun = time.perf_counter()
    answer = ask(browser, job)
    seconds = time.perf_counter() - begun
    if answer.status_code not in (200, 302):
        raise CannotBench(f"A page answered {answer.status_code}: {answer.content[:300]!r}")
    return seconds


def _go_on(job: Job) -> None:
    """Undo a cancel, so that it can be asked for again."""
    from django.db.models.functions import Now

    from jobs.models import Job

    Job.objects.filter(pk=job.pk).update(status="Active", active_since=Now())


def _last_cursor(job: Job) -> str:
    part = job.parts.order_by("-pk")[0]
    return f"{part.pk}.{max(part.start, part.end - ROWS)}"


def _get(path: str, **headers: str) -> Ask:
    return lambda browser, job: browser.get(path.format(job=job.pk), headers=headers)


def _late(query: str = "") -> Ask:
    def ask(browser: Client, job: Job) -> Any:
        cursor = _last_cursor(job)
        return browser.get(f"/api/v1/jobs/{job.pk}/results/?limit={ROWS}&cursor={cursor}{query}")

    return ask


def _cancel(browser: Client, job: Job) -> Any:
    return browser.post(f"/jobs/{job.pk}/cancel/", {"reason": "measured"})


RESULTS = f"/api/v1/jobs/{{job}}/results/?limit={ROWS}"
RUNNING: dict[str, Ask] = {
    "list": _get("/jobs/"),
    "list-sorted": _get("/jobs/?sort=-failed"),
    "list-searched": _get("/jobs/?q=archive&status=Failed"),
    "list-last": _get("/jobs/?page=last"),
    "job": _get("/jobs/{job}/"),
    "fragment": _get("/jobs/{job}/?seen=", **{"HX-Request": "true"}),
    "results": _get("/jobs/{job}/results/"),
    "failed-results": _get("/jobs/{job}/results/?status=failed"),
    "key-results": _get("/jobs/{job}/results/?key=zzz&whole=on"),
    "api-jobs": _get("/api/v1/jobs/"),
    "api-job": _get("/api/v1/jobs/{job}/"),
    "api-results": _get(RESULTS),
    "api-failed": _get(f"{RESULTS}&status=failed"),
    "api-late-results": _late(),
    "cancel": _cancel,
}
ENDED: dict[str, Ask] = {
    "ended-list": _get("/jobs/"),
    "ended-job": _get("/jobs/{job}/"),
    "ended-api-job": _get("/api/v1/jobs/{job}/"),
    "ended-api-report": _get("/api/v1/jobs/{job}/report/"),
    "ended-api-late-failed": _late("&status=failed"),
}
