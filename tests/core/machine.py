"""People who ask for anything at any time: the first half of the rules of test_state_machine.py.
The other half, machine_lanes.py, is what the system does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models.functions import Now
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from jobs import services
from jobs.errors import InvalidTransition, NotPermitted
from jobs.models import Job
from jobs.status import CANCELLABLE, FINAL, JobStatus
from tests.core import promises
from tests.core.scripted import Script

TAGGING = {"tag_set": [{"key": "project", "value": "lading"}]}
MOST_ROWS, MOST_JOBS = 17, 5
HOURS = st.sampled_from(["always", "always", "whole day", "open", "closed"])
JOB = st.fixed_dictionaries(
    {
        "who": st.sampled_from([0, 1, 1, 2]),
        "rows": st.integers(1, MOST_ROWS),
        "priority": st.integers(0, 3),
        "confirm": st.booleans(),
        "threshold": st.sampled_from([None, None, "never", 1, 3, 6]),
        "hours": HOURS,
        "prepared": st.booleans(),
    }
)
"""What somebody asks for."""


def window(hours: str) -> dict[str, Any] | None:
    """The hours that a person gives: open or closed by the database's clock."""
    if hours == "always":
        return None
    now = now_of_the_database()
    start, end = {"whole day": (0, 0), "open": (-1, 2), "closed": (2, 4)}[hours]
    told = [f"{now + timedelta(hours=ahead):%H:00}" for ahead in (start, end)]
    return {"start": told[0], "end": told[1], "time_zone": "UTC"}


def now_of_the_database() -> Any:
    return User.objects.annotate(now=Now()).values_list("now", flat=True)[0]


def status_of(job: Job) -> str:
    return Job.objects.values_list("status", flat=True).get(pk=job.pk)


class People(RuleBasedStateMachine):
    """An installation with two accounts and three people, two of them of one account."""

    jobs: Bundle[Job] = Bundle("jobs")

    # What the test sets: they belong to its fixtures.
    people: list[User]
    script: Script
    monkeypatch: pytest.MonkeyPatch
    settings: Any

    def __init__(self) -> None:
        super().__init__()
        self.around = sys.exc_info()[1]  # hypothesis may be in the middle of handling one
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        self.places = 1
        self.manifests: dict[Any, list[bytes]] = {}
        self.ended: dict[Any, dict[str, Any]] = {}
        self.seen: dict[Any, Any] = {}
        self.known: promises.TasksOf = {}

    def teardown(self) -> None:
        """Let everything come to its end, unless a promise was broken already."""
        try:
            if sys.exc_info()[1] is self.around:
                self.come_to_an_end()
        finally:
            connection.set_rollback(True)
            self.rolled_back.__exit__(None, None, None)

    def come_to_an_end(self) -> None:
        raise NotImplementedError

    @initialize(target=jobs, places=st.integers(1, 2), first=JOB, second=JOB)
    def begin(self, places: int, first: dict[str, Any], second: dict[str, Any]) -> Any:
        """With two jobs that were prepared; most of them are at work."""
        self.places = self.settings.LADING_ACTIVE_JOBS = places
        eager = {"prepared": True, "confirm": False}
        return multiple(*(self.create(**{**asked, **eager}) for asked in (first, second)))

    # ---- people

    @precondition(lambda self: len(self.manifests) < MOST_JOBS)
    @rule(target=jobs, asked=JOB)
    def somebody_creates(self, asked: dict[str, Any]) -> Job:
        return self.create(**asked)

    def create(
        self,
        who: int,
        rows: int,
        priority: int,
        *,
        confirm: bool,
        threshold: Any,
        hours: str,
        prepared: bool,
    ) -> Job:
        user, number = self.people[who], len(self.manifests)
        content = [b"photos,%d/k%02d" % (number, row) for row in range(rows)]
        manifest = services.store_upload(
            user,
            ContentFile(b"".join(row + b"\n" for row in content)),
            filename="list.csv",
            fields=["Bucket", "Key"],
        )
        asked = {
            "operation": "S3PutObjectTagging",
            "parameters": TAGGING,
            "manifest": {"id": str(manifest.pk)},
            "role": "archive",
            "priority": priority,
            "confirmation_required": confirm,
            "failure_threshold": threshold,
            "run_window": window(hours),
            "report": {"enabled": True, "bucket": "reports"},
        }
        job = services.create_job(user, asked)
        # Age as the order of creation, also where two have the same millisecond.
        Job.objects.filter(pk=job.pk).update(
            created_at=Now() - timedelta(hours=10) + timedelta(minutes=number)
        )
        self.manifests[job.pk] = content
        if prepared:
            self.prepare(job)
        return job

    def prepare(self, job: Job) -> None:
        raise NotImplementedError

    @rule(
        job=jobs,
        who=st.integers(0, 1),
        verb=st.sampled_from(["confirm", "cancel", "pause", "pause", "resume", "change", "change"]),
        priority=st.integers(0, 4),
        hours=HOURS,
    )
    def somebody_asks(self, job: Job, who: int, verb: str, priority: int, hours: str) -> None:
        user = self.colleague_of(job, who)
        if verb == "change":
            self.change(job, user, priority, hours)
        else:
            getattr(self, verb)(job, user)

    @rule(
        job=jobs,
        verb=st.sampled_from(
            [services.confirm_job, services.cancel_job, services.pause_job, services.resume_job]
        ),
    )
    def a_stranger_asks(self, job: Job, verb: Callable[..., Any]) -> None:
        before = promises.row_of(job)
        ours = self.colleague_of(job).member.account_id
        stranger = next(one for one in self.people if one.member.account_id != ours)
        with pytest.raises(NotPermitted):
            verb(job, stranger)
        assert promises.row_of(job) == before

    def colleague_of(self, job: Job, who: int = 0) -> User:
        """One of those who may decide on the job."""
        ours = [one for one in self.people if one.member.account_id == job.account_id]
        return ours[who % len(ours)]

    def change(self, job: Job, user: User, priority: int, hours: str) -> None:
        for verb, value in (
            (services.set_priority, priority),
            (services.set_window, window(hours)),
            (services.set_speed, priority or None),
        ):
            self.ask(job, verb, set(JobStatus) - FINAL, job, user, value)

    def confirm(self, job: Job, user: User) -> None:
        self.ask(job, services.confirm_job, {"Suspended"}, job, user)

    def cancel(self, job: Job, user: User) -> None:
        was = self.ask(job, services.cancel_job, CANCELLABLE, job, user)
        if was in CANCELLABLE:
            started = was in ("Active", "Pausing", "Paused")
            assert status_of(job) == ("Cancelling" if started else "Cancelled")

    def pause(self, job: Job, user: User, reason: str = "lunch") -> None:
        was_held = Job.objects.get(pk=job.pk).is_held
        legal = set() if was_held else CANCELLABLE
        was = self.ask(job, lambda *a: services.pause_job(*a, reason=reason), legal, job, user)
        if was in legal:
            row = Job.objects.get(pk=job.pk)
            assert (row.held_by, row.held_reason) == (user.username, reason)
            assert row.status == ("Pausing" if was == "Active" else was)

    def resume(self, job: Job, user: User) -> None:
        row = Job.objects.get(pk=job.pk)
        legal = CANCELLABLE if row.is_held else set()
        was = self.ask(job, services.resume_job, legal, job, user)
        assert status_of(job) == was, "its turn comes later"

    def ask(self, job: Job, verb: Callable[..., Any], legal: Any, *given: Any) -> str:
        """Ask for something that only some statuses allow; returns the status before.

        `job` is the row as its creator saw it: people act on old pages.
        """
        was = status_of(job)
        before = promises.row_of(job)
        if was in legal:
            verb(*given)
            assert promises.row_of(job)["events"] > before["events"], "nobody will know of it"
        else:
            with pytest.raises(InvalidTransition) as refused:
                verb(*given)
            assert str(refused.value).startswith("The job is ")
            assert promises.row_of(job) == before
        return was

    # ---- what is true after every step

    @invariant()
    def every_promise_is_kept(self) -> None:
        jobs = list(Job.objects.order_by("created_at"))
        for job in jobs:
            row = promises.row_of(job)
            if job.is_final:
                assert self.ended.setdefault(job.pk, row) == row, "an ended job has changed"
            state = [row, *job.slices.order_by("number").values()]
            if self.seen.get(job.pk) == state:
                continue
            self.seen[job.pk] = state
            promises.told_every_move(job)
            promises.keeps_its_dates(job)
            promises.counts_what_was_committed(job)
            promises.starts_no_more_than_may_be_decided(job)
            promises.loses_no_row(job, self.manifests[job.pk], self.known)
        for account in self.accounts_of(jobs):
            promises.keeps_to_the_places(account, self.places)

    def accounts_of(self, jobs: list[Job]) -> list[list[Job]]:
        """The jobs of each account."""
        accounts = {job.account_id for job in jobs}
        return [[job for job in jobs if job.account_id == account] for account in sorted(accounts)]
