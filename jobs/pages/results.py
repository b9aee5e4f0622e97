"""What became of single tasks: some of them by status, code and key, a page at a time.

Each request looks for half a second at most, so a page of a huge job may come back with what was
found so far and a link to go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import results, services
from jobs.models import Job
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.progress import Progress
from jobs.results import ResultPage
from jobs.sought import EVERY_KEY, Typed
from jobs.wanted import Wanted

RESULTS_A_PAGE = 50
MOST_CODES = 100
OUTCOMES = {"failed": "Failed", "succeeded": "Succeeded"}
MAKES_SENSE: dict[str, Callable[[str], bool]] = {
    "status": OUTCOMES.__contains__,
    "http_status": lambda text: re.fullmatch("[0-9]{1,3}", text) is not None,
}
TITLES = {"status": "status", "http_status": "HTTP status"}


@dataclass(frozen=True)
class Search:
    """What is looked for, as the address has it; what makes no sense there is left out and told."""

    status: str
    code: str
    http_status: str
    key: str
    whole: bool
    faults: Sequence[str]

    @classmethod
    def of(cls, query: QueryDict) -> Search:
        """From the address."""
        told = {name: query.get(name, "").replace("\0", "").strip() for name in MAKES_SENSE}
        odd = {name: text for name, text in told.items() if text and not MAKES_SENSE[name](text)}
        return cls(
            **{name: "" if name in odd else text for name, text in told.items()},
            code=query.get("code", "").strip(),
            key=query.get("key", ""),
            whole=bool(query.get("whole")),
            faults=[
                f"“{text[:60]}” is no {TITLES[name]}; it is left out." for name, text in odd.items()
            ],
        )

    @property
    def wanted(self) -> dict[str, Any]:
        """The same for results.page."""
        return {
            "status": self.status or None,
            "error_code": self.code or None,
            "http_status": int(self.http_status) if self.http_status else None,
            "key": Typed(self.key, self.whole) if self.key else EVERY_KEY,
        }

    @property
    def query(self) -> str:
        """What the address says, without the place."""
        told = {**vars(self), "whole": "on" if self.whole else "", "faults": ""}
        return urlencode({name: value for name, value in told.items() if value})

    @property
    def is_narrow(self) -> bool:
        """True where only some results are asked for."""
        return bool(self.query)


@dataclass(frozen=True)
class Found:
    """A page of results, and how far it has come."""

    job: Job
    search: Search
    page: ResultPage

    @cached_property
    def percent(self) -> int:
        """Of the parts, so many were looked through."""
        seen = int(self.page.cursor.partition(".")[0])
        parts = self.job.parts.all()
        return parts.filter(pk__lte=seen).count() * 100 // max(1, parts.count())

    @property
    def is_whole(self) -> bool:
        """False where the page came back because time was up, with more to look through."""
        return self.page.done or len(self.page.rows) == RESULTS_A_PAGE

    @property
    def is_of_others(self) -> bool:
        """True where what is counted under `Other` is asked for, which has other codes."""
        return Wanted(**self.search.wanted).of(self.job).groups is not None

    @property
    def next(self) -> str:
        """The address of the next page."""
        return "?" + "&".join(filter(None, [self.search.query, f"cursor={self.page.cursor}"]))


@signed_in
@require_safe
def job_results(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Results of a job, those that are looked for; bounded, whatever the job's size."""
    job, search = services.job_of(request.user, pk), Search.of(request.GET)
    cursor = request.GET.get("cursor", "")
    page = results.page(job, cursor, limit=RESULTS_A_PAGE, **search.wanted)
    context = {
        "job": job,
        "progress": Progress(job),
        "search": search,
        "found": Found(job, search, page),
        "cursor": cursor,
        "outcomes": OUTCOMES.items(),
        "codes": _codes(job),
    }
    return render(request, "jobs/results.html", context)


def _codes(job: Job) -> Sequence[str]:
    """The codes that there are, the most frequent first, to choose from."""
    codes = job.tallies.exclude(error_code="").values_list("error_code", flat=True)
    return list(dict.fromkeys(codes[:MOST_CODES]))
