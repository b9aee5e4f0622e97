"""Doing tasks of an ended job again, from its page."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from jobs import services
from jobs.members import may
from jobs.models import SELECTABLE, Job, Rank
from jobs.pages.access import PageRequest, signed_in
from jobs.selected import NOT_EXECUTED, counts


@dataclass(frozen=True)
class Choice:
    """Tasks that a button of the page makes a job of."""

    tasks: str
    label: str
    count: int


@dataclass(frozen=True)
class Retryable:
    """What of an ended job may be done again, and the token for the forms of one page: sent twice,
    a form makes one job.
    """

    choices: list[Choice] = field(default_factory=list)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, job: Job, user: User) -> Retryable:
        """Nothing where the job goes on, its tasks were never known, or the user makes no jobs."""
        if not job.is_final or not job.total_tasks or not may(user, Rank.SUBMITTER):
            return cls()
        found = counts(job).items()
        return cls([Choice(tasks, SELECTABLE[tasks], count) for tasks, count in found if count])

    def __bool__(self) -> bool:
        return bool(self.choices)


@signed_in
@require_POST
def job_retry(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Make a job of tasks of an ended one, and go to its page."""
    found = services.job_of(request.user, pk)
    made = services.retry_tasks(
        request.user, found, _selection(request), client_request_token=_token(request)
    )
    whose = "a" if may(request.user, Rank.OPERATOR) else "an operator's"
    told = f"This job {_does(made)}. It runs only after {whose} confirmation."
    messages.success(request, told)
    return redirect("job", made.pk)


def _does(made: Job) -> str:
    """What it is for, in words that stay true of it."""
    chosen = made.manifest.selection or {}
    count, once = chosen["count"], chosen["count"] == 1
    tasks = f"{count:,} task{'' if once else 's'}"
    if chosen["tasks"] == NOT_EXECUTED:
        return f"is for {tasks} that {'was' if once else 'were'} never executed"
    return f"is for doing {tasks} again"


def _selection(request: PageRequest) -> dict[str, object]:
    """As it was sent. A group has a code and an HTTP status, which is 0 where no reply came."""
    status = request.POST.get("http_status", "")
    return {
        "tasks": request.POST.get("tasks", ""),
        "error_code": request.POST.get("error_code") or None,
        "http_status": int(status) if re.fullmatch(r"[0-9]{1,3}", status) else status or None,
    }


def _token(request: PageRequest) -> str | None:
    """The page's token, for these tasks alone: another button of the page makes another job."""
    names = ("token", "tasks", "error_code", "http_status")
    token, *asked = (request.POST.get(name, "") for name in names)
    return hashlib.sha256(repr([token, asked]).encode()).hexdigest() if token else None
