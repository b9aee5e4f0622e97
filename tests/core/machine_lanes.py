"""Lanes and tickers that do anything at any time: the second half of the rules of
test_state_machine.py.

A lane here is what the database sees of one: it claims, beats, commits parts, gives back, or falls
silent, with any other actor between two of its steps. Preparing, finishing and whole lanes are the
real thing; others get in between where the real code looks up (`Meanwhile`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from hypothesis import strategies as st
from hypothesis.stateful import rule

from jobs import commits, lanes, leases, lifecycle, report, results, services, verdicts, working
from jobs.errors import InvalidTransition, JobFailure
from jobs.lanes import Claim, JobClaim, SliceClaim
from jobs.leases import LeaseLost
from jobs.leftovers import CRASHES_TO_SPLIT, split
from jobs.listening import Listener, Order
from jobs.models import Job, Slice
from jobs.retries import Settled
from jobs.status import JobStatus
from operations.base import SUCCESSFUL, Again, Outcome
from tests.core import promises
from tests.core.conftest import expire, never
from tests.core.machine import People, status_of
from tests.core.scripted import FAULT, FORBIDDEN, MISSING, THROTTLED

WINDOW = 4
"""Rows that a lane reserves at a time."""
TURNS = 80
"""Of a lane, until everything must have come to its end."""

ANSWERS = st.sampled_from(
    [SUCCESSFUL, SUCCESSFUL, SUCCESSFUL, FORBIDDEN, MISSING, FAULT, THROTTLED]
)
DEEDS_OF_THE_SYSTEM = st.sampled_from(
    [
        *("tick", "tick", "tick", "tick_until_nothing_moves"),
        *("an_hour_passes", "a_month_passes", "a_real_lane_works_for_a_while"),
    ]
)
DEEDS_OF_A_LANE = st.sampled_from(
    [
        *("claims", "claims", "claims", "beats", "beats"),
        *("commits", "commits", "commits", "commits", "commits_and_gives_back"),
        *("gives_back", "loses_its_lease", "has_a_setback", "finds_the_database_failing"),
    ]
)
ANSWERED = st.lists(ANSWERS, min_size=1, max_size=6)
LANES = st.integers(0, 5)
WHOEVER = 5
"""Then the lane may be one that has lost its slice."""
EVENTS = st.sampled_from(["nothing", "stop", "kill", "cancel", "pause", "overtaken", "tick"])


class Killed(BaseException):
    """kill -9 in the middle of preparing or finishing."""


@dataclass(eq=False)
class Lane:
    """A lane with the slice that it believes to hold."""

    claim: SliceClaim

    @property
    def is_its(self) -> bool:
        """Whether the slice is still under its claim: nobody took it meanwhile."""
        row, mine = Slice.objects.get(pk=self.claim.slice.pk), self.claim
        return (row.owner, row.epoch) == (mine.owner, mine.slice.epoch) and row.state == 1

    def settle(self, answers: list[Outcome]) -> list[Settled]:
        """What the answers come to, for as many rows as it may have started."""
        slice_ = self.claim.slice
        told = answers[: slice_.started_upto - slice_.next_index]
        again = [answer.again is not Again.NEVER for answer in told]
        return [
            verdicts.later(self.claim, answer) if later else answer
            for answer, later in zip(told, again, strict=True)
        ]

    def commit(self, answers: list[Outcome], *, release: bool = False) -> None:
        """Commit a part, or ask for rows to start where it may start none."""
        if settled := self.settle(answers):
            rows = results.task_rows(self.claim.slice)
            commits.commit(self.claim, rows, settled, window=WINDOW, release=release)
        else:
            commits.extend(self.claim, WINDOW)


class World(People):
    """What the system does, besides what people ask of it."""

    def __init__(self) -> None:
        super().__init__()
        self.names = 0
        self.lanes: list[Lane] = []
        self.meanwhile: Callable[[], bool] = never
        self.monkeypatch.setattr(report, "deliver", lambda *_: self.meanwhile())

    # ---- the ticker, and time

    @rule(what=DEEDS_OF_THE_SYSTEM)
    def the_system_does(self, what: str) -> None:
        getattr(self, what)()

    def tick(self) -> None:
        lifecycle.advance()
        promises.keeps_to_the_hours(list(Job.objects.all()))

    def tick_until_nothing_moves(self) -> None:
        before = None
        for _ in range(12):
            now = list(Job.objects.order_by("pk").values_list("status", flat=True))
            if now == before:
                break
            before = now
            lifecycle.advance()
        else:
            raise AssertionError("the ticker never comes to rest")
        for account in self.accounts_of(list(Job.objects.order_by("created_at"))):
            promises.keeps_to_the_hours(account)
            promises.hands_out_places_in_order(account, self.places)

    def an_hour_passes(self) -> None:
        """Whoever fell silent has no lease any more."""
        self.leases_of_jobs_run_out()
        expire(*Slice.objects.filter(state=Slice.State.RUNNING))

    def a_month_passes(self) -> None:
        late = list(Job.objects.filter(status="Suspended"))
        Job.objects.filter(status="Suspended").update(suspended_at=Now() - timedelta(days=31))
        lifecycle.advance()
        assert {status_of(job) for job in late} <= {"Failed"}

    def a_real_lane_works_for_a_while(self) -> None:
        left = iter(range(2))
        working.work("node", lambda: next(left, None) is None)

    def leases_of_jobs_run_out(self) -> None:
        Job.objects.exclude(owner="").update(lease_until=Now() - timedelta(seconds=1))

    # ---- lanes

    def claim(self) -> Claim | None:
        self.names += 1
        return lanes.claim(f"node:{self.names}:1", window=WINDOW)

    def take(self, claim: Claim | None, event: str = "nothing") -> None:
        """Do at once what is no slice; a slice has a lane of its own from here on."""
        if isinstance(claim, JobClaim):
            self.do(claim, event)
        elif claim:
            job = Job.objects.get(pk=claim.job.pk)
            assert (job.status, job.is_held) == ("Active", False), "claimed out of turn"
            crashes = claim.slice.crashes if claim.crashed else 0
            rows = results.task_rows(claim.slice)
            if crashes < CRASHES_TO_SPLIT or not split(claim, rows):
                self.lanes.append(Lane(claim))

    def prepare(self, job: Job) -> None:
        """By a lane, and at once; a tick may make it Active."""
        claim = lanes.claim_job(job, "preparer")
        assert claim is not None
        working.perform(claim, working.Senders(), never)
        lifecycle.advance()

    def do(self, claim: JobClaim, event: str) -> None:
        """Prepare or finish the job, while something happens in the middle of it."""
        events = iter([event])

        def meanwhile() -> bool:
            happening = next(events, "nothing")
            if happening == "kill":
                raise Killed
            self.happen(claim, happening)
            return happening == "stop"

        self.meanwhile = meanwhile
        with suppress(Killed):
            working.perform(claim, working.Senders(), meanwhile)
        self.meanwhile = never

    def happen(self, claim: JobClaim, event: str) -> None:
        job = Job.objects.get(pk=claim.job.pk)
        with suppress(InvalidTransition):
            match event:
                case "cancel":
                    services.cancel_job(job, self.colleague_of(job))
                case "pause":
                    services.pause_job(job, self.colleague_of(job))
                case "tick":
                    lifecycle.advance()
                case "overtaken":
                    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))
                    other = lanes.claim_job(job, "another")
                    assert other is not None
                    working.perform(other, working.Senders(), never)

    @rule(which=LANES, what=DEEDS_OF_A_LANE, answers=ANSWERED, event=EVENTS)
    def a_lane_does(self, which: int, what: str, answers: list[Outcome], event: str) -> None:
        """The lane may have lost its slice, or given it back, long ago: then it is a sleeper. One
        that is not drawn any more has died.
        """
        if what == "claims" or not self.lanes:
            self.take(self.claim(), event)
            return
        at_work = [lane for lane in self.lanes if lane.is_its]
        lanes_ = self.lanes if which == WHOEVER or not at_work else at_work
        self.lane_does(lanes_[which % len(lanes_)], what, answers, event)

    @rule(which=LANES, what=DEEDS_OF_A_LANE, answers=ANSWERED, event=EVENTS)
    def another_lane_does(self, which: int, what: str, answers: list[Outcome], event: str) -> None:
        """As often again: lanes are what most of the machine is about."""
        self.a_lane_does(which, what, answers, event)

    def lane_does(self, lane: Lane, what: str, answers: list[Outcome], event: str) -> None:
        match what:
            case "beats":
                self.lane_beats(lane, event)
            case "gives_back":
                self.tried(lane, lane.claim.release)
            case "loses_its_lease":
                if lane.is_its:
                    expire(lane.claim.slice)
            case "has_a_setback":
                self.lane_has_a_setback(lane, event)
            case "finds_the_database_failing":
                self.the_database_fails_in_a_commit(lane, answers, event)
            case _:
                release = what == "commits_and_gives_back"
                self.tried(lane, lambda: lane.commit(answers, release=release))

    def tried(self, lane: Lane, work: Callable[[], object]) -> bool:
        """Whether the work was done: a lane that lost its lease changes nothing at all."""
        job, held = lane.claim.job, lane.is_its
        before = self.rows_of(job)
        if held:
            work()
        else:
            with suppress(LeaseLost):
                work()
            assert self.rows_of(job) == before, "a sleeper has changed something"
        return held

    def rows_of(self, job: Job) -> list[Any]:
        return [promises.row_of(job), *job.slices.order_by("number").values()]

    def the_database_fails_in_a_commit(
        self, lane: Lane, answers: list[Outcome], event: str
    ) -> None:
        at = {"nothing": "_tally", "stop": "insert_retries"}.get(event, "judge")

        def fail(*_: object) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        before, had = self.rows_of(lane.claim.job), bool(lane.settle(answers))
        with self.monkeypatch.context() as patch:
            patch.setattr(commits, at, fail)
            if had:
                with pytest.raises(OperationalError if lane.is_its else LeaseLost):
                    lane.commit(answers)
        assert self.rows_of(lane.claim.job) == before

    def lane_beats(self, lane: Lane, event: str) -> None:
        """It hears what to do, and does it."""
        lane.claim.lease.renewed_at = leases.boot_clock() - 6.0
        listener = Listener(lane.claim, never)
        if not self.tried(lane, lambda: listener.beat([])):
            return
        self.asked_what_its_job_asks(lane, listener)
        if listener.order is Order.GO_ON:
            return
        if listener.order is Order.PAUSE:
            lane.claim.release()
        else:  # what was started fails with its last error
            left = lane.claim.slice.started_upto - lane.claim.slice.next_index
            lane.commit([FORBIDDEN] * left, release=True) if left else lane.claim.release()
        self.take(listener.better, event)

    def asked_what_its_job_asks(self, lane: Lane, listener: Listener) -> None:
        ending = status_of(lane.claim.job) in ("Cancelling", "Failing")
        assert (listener.order is Order.END) == ending
        if status_of(lane.claim.job) == "Pausing":
            assert listener.order is Order.PAUSE
        if listener.better:
            assert listener.better.job.priority > Job.objects.get(pk=lane.claim.job.pk).priority

    def lane_has_a_setback(self, lane: Lane, event: str) -> None:
        """The spool is full, or the store was found out meanwhile."""
        fault = "the store" if event == "cancel" else OSError(28, "No space left on device")

        def fail(*_: object) -> None:
            raise fault if isinstance(fault, OSError) else JobFailure("StoreUntried", "It lies.")

        at = (working, "execute") if isinstance(fault, OSError) else (working.probing, "recheck")
        with self.monkeypatch.context() as patch:
            patch.setattr(*at, fail)
            if (
                lane.is_its or fault != "the store"
            ):  # found out right after the claim, or not at all
                self.tried(lane, lambda: working.perform(lane.claim, working.Senders(), never))

    # ---- the end

    def come_to_an_end(self) -> None:
        """Release everything, and work until nothing is left: every job ends as it should."""
        jobs = list(Job.objects.order_by("created_at"))
        for job in [job for job in jobs if not job.is_final]:
            services.set_window(job, self.colleague_of(job), None)
            if job.is_held:
                services.resume_job(job, self.colleague_of(job))
        self.leases_of_jobs_run_out()
        expire(*Slice.objects.filter(state=Slice.State.RUNNING))
        for _ in range(TURNS):
            for job in Job.objects.filter(status="Suspended"):
                services.confirm_job(job, self.colleague_of(job))
            lifecycle.advance()
            working.work("node", never)
            if all(job.is_final for job in Job.objects.all()):
                break
        self.every_promise_is_kept()
        for job in jobs:
            self.ended_as_it_should(Job.objects.get(pk=job.pk))

    def ended_as_it_should(self, job: Job) -> None:
        assert job.is_final, f"the job is {job.status} for ever"
        moves = set(job.events.values_list("to_status", flat=True))
        if not moves & {"Cancelling", "Cancelled", "Failing", "Failed"}:
            assert job.status == "Complete"
            assert job.succeeded + job.failed == job.total_tasks == len(self.manifests[job.pk])
        promises.reports_each_executed_row_once(job, self.known)
        promises.hands_on_each_task_once(job, self.manifests[job.pk], self.known)
        if job.status == JobStatus.COMPLETE:
            assert job.in_doubt == 0
