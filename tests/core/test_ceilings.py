"""Ceilings on requests per second: who shares them, and that lanes keep them (design decision 13).

Time is a clock of the test's own, which goes on only while a lane sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from jobs import ceilings, execution, listening, sending, working
from jobs.ceilings import share
from jobs.execution import execute
from jobs.models import Job, Lane, Role
from jobs.verdicts import NO_ANSWER
from operations.base import Outcome, Target
from operations.pace import Pace
from tests.conftest import OTHER_ACCOUNT, MakeRole
from tests.core.conftest import MakeActive, RunLane, claim_next, never
from tests.core.scripted import FAULT, SUCCESSFUL, THROTTLED, Script

STORE = "http://store:9000"

Lanes = Callable[..., None]
Run = Callable[[Job], None]


class Clock:
    """Stands for the module `time` in the modules that lanes are made of."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.actions: list[tuple[float, Callable[[], object]]] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        while self.actions and self.actions[0][0] <= self.now:
            self.actions.pop(0)[1]()

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something when that much time has passed."""
        self.actions.append((self.now + seconds, action))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(execution, "time", clock)
    monkeypatch.setattr(sending, "time", clock)
    monkeypatch.setattr(listening, "time", clock)
    monkeypatch.setattr(execution, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(execution, "PART_SECONDS", 1.0)
    return clock


@pytest.fixture
def started(script: Script, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each request was started, in seconds since the beginning."""
    times: list[float] = []
    answer, begun = script.answer, clock.now

    def noted(target: Target) -> Outcome | None:
        times.append(clock.now - begun)
        return answer(target)

    monkeypatch.setattr(script, "answer", noted)
    return times


@pytest.fixture
def run(script: Script, clock: Clock) -> Run:
    """Perform a slice of a job by the clock of the test."""

    def perform(job: Job) -> None:
        pace = Pace(16, clock=clock.monotonic)
        execute(claim_next(job), script.sender(), pace, never)  # type: ignore[arg-type]

    return perform


@pytest.fixture
def others() -> Lanes:
    """Further lanes at work: others(job), others(job, 3, silent=60)."""

    def make(job: Job | None, count: int = 1, *, silent: float = 0) -> None:
        for number in range(count):
            owner = f"other:{Lane.objects.count()}:{number}"
            lane = Lane(owner=owner, node="other", host="away", pid=1, process_start=1, job=job)
            lane.beat_at = Now() - timedelta(seconds=silent)
            lane.save(force_insert=True)

    return make


def share_of(job: Job, lanes: Lanes) -> float | None:
    """The share of a lane at the job, which beats as the others do."""
    lanes(job)
    return share(claim_next(job))


def most_within(times: list[float], seconds: float = 1.0) -> int:
    """The most requests that were started within any stretch of so many seconds."""
    return max(sum(begin <= time < begin + seconds - 1e-6 for time in times) for begin in times)


# ---- shares


def test_without_ceilings_nothing_limits_a_lane(make_active: MakeActive, others: Lanes) -> None:
    assert share_of(make_active(5), others) is None


def test_the_ceiling_of_a_job_is_shared_by_its_lanes(
    make_active: MakeActive, others: Lanes
) -> None:
    job, another = make_active(5, requests_per_second=90), make_active(5)
    others(job, 2)
    others(another, 4)

    assert share_of(job, others) == 30
    assert share_of(another, others) is None


def test_the_ceiling_of_a_store_is_shared_by_the_lanes_of_all_jobs(
    make_active: MakeActive, make_role: MakeRole, others: Lanes
) -> None:
    role = make_role(endpoint_url=STORE, requests_per_second=100)
    first, second = make_active(5, role=role), make_active(5, role=role)
    others(first, 3)

    assert share_of(second, others) == 25


def test_the_least_of_all_shares_counts(
    make_active: MakeActive, make_role: MakeRole, others: Lanes
) -> None:
    role = make_role(endpoint_url=STORE, requests_per_second=100)
    slow = make_active(5, role=role, requests_per_second=30)
    fast = make_active(5, role=role, requests_per_second=99)
    others(slow)

    assert share_of(slow, others) == 15
    assert share_of(fast, others) == pytest.approx(100 / 3)


SAME = {
    # how a second role differs, and whether it reaches the same store
    "another account": ({"account_id": OTHER_ACCOUNT}, True),
    "another region of an endpoint": ({"region": "eu-west-1"}, True),
    "a slash more": ({"endpoint_url": f"{STORE}/"}, True),
    "another endpoint": ({"endpoint_url": "http://store:9001"}, False),
    "AWS": ({"endpoint_url": ""}, False),
}


@pytest.mark.parametrize(("change", "same"), SAME.values(), ids=SAME)
def test_roles_with_one_endpoint_share_it_and_the_least_ceiling_counts(
    make_active: MakeActive,
    make_role: MakeRole,
    others: Lanes,
    change: dict[str, Any],
    same: bool,
) -> None:
    mine = make_role("mine", endpoint_url=STORE, requests_per_second=80)
    theirs = make_role("theirs", **{"endpoint_url": STORE, "requests_per_second": 10, **change})
    make_role("unlimited", endpoint_url=STORE)
    others(make_active(5, role=theirs))

    assert share_of(make_active(5, role=mine), others) == (5 if same else 80)


@pytest.mark.parametrize(
    ("change", "same"),
    [({}, True), ({"account_id": OTHER_ACCOUNT}, False), ({"region": "eu-west-1"}, False)],
)
def test_at_aws_a_store_is_an_account_in_a_region(
    make_active: MakeActive,
    make_role: MakeRole,
    others: Lanes,
    change: dict[str, Any],
    same: bool,
) -> None:
    mine = make_role("mine", requests_per_second=80)
    theirs = make_role("theirs", **change)
    others(make_active(5, role=theirs))

    assert share_of(make_active(5, role=mine), others) == (40 if same else 80)


def test_only_lanes_that_perform_slices_and_are_alive_count(
    make_active: MakeActive, others: Lanes, settings: Any
) -> None:
    job = make_active(5, requests_per_second=100)
    others(None, 3)
    others(job, 2, silent=settings.LADING_LEASE_SECONDS + 1)
    for status in ("Preparing", "Completing", "Cancelling"):
        others(make_active(5, status=status, role=job.role))
    Role.objects.update(requests_per_second=100)

    assert share_of(job, others) == 100


@pytest.mark.parametrize(("ceiling", "queries"), [(None, 1), (50, 2)])
def test_a_share_costs_at_most_two_queries_however_many_lanes_there_are(
    make_active: MakeActive,
    others: Lanes,
    django_assert_num_queries: Any,
    ceiling: int | None,
    queries: int,
) -> None:
    job = make_active(5, requests_per_second=ceiling)
    others(job, 40)
    claim = claim_next(job)
    assert claim.job.role

    with django_assert_num_queries(queries):
        share(claim)


# ---- lanes keep them


def test_a_lane_keeps_the_ceiling_of_its_job(
    make_active: MakeActive, run: Run, started: list[float]
) -> None:
    job = make_active(200, requests_per_second=50)

    run(job)

    job.refresh_from_db()
    assert job.succeeded == len(started) == 200
    assert most_within(started) <= 51
    assert started[-1] == pytest.approx(4.0, abs=0.1)


def test_without_a_ceiling_a_lane_does_not_wait(
    make_active: MakeActive, run: Run, started: list[float]
) -> None:
    run(make_active(200))

    assert started[-1] < 0.1


def test_two_lanes_share_the_ceiling_of_a_job(
    make_active: MakeActive, run: Run, started: list[float], others: Lanes
) -> None:
    job = make_active(50, requests_per_second=50)
    others(job)

    run(job)

    assert most_within(started) <= 26
    assert started[-1] == pytest.approx(2.0, abs=0.1)


def test_the_ceiling_of_a_store_holds_over_two_jobs(
    make_active: MakeActive,
    make_role: MakeRole,
    run: Run,
    started: list[float],
    others: Lanes,
) -> None:
    role = make_role(endpoint_url=STORE, requests_per_second=40)
    job, another = make_active(40, role=role), make_active(5, role=role)
    others(another)

    run(job)

    assert started[-1] == pytest.approx(2.0, abs=0.1)


def test_a_ceiling_that_changes_holds_from_the_next_beat(
    make_active: MakeActive, run: Run, started: list[float], clock: Clock
) -> None:
    job = make_active(250, requests_per_second=10)
    rows = Job.objects.filter(pk=job.pk)
    clock.at(1.95, lambda: rows.update(requests_per_second=100))
    clock.at(3.95, lambda: rows.update(requests_per_second=None))

    run(job)

    def within(begin: float, end: float) -> int:
        return sum(begin <= time < end for time in started)

    assert within(0, 2.02) == pytest.approx(20, abs=1)
    assert within(2.02, 4.0) == pytest.approx(200, abs=5)
    assert len(started) == 250
    assert started[-1] == pytest.approx(4.0, abs=0.1)


def test_a_lane_that_leaves_gives_its_share_back(
    make_active: MakeActive, run: Run, started: list[float], clock: Clock, others: Lanes
) -> None:
    job = make_active(75, requests_per_second=50)
    others(job)
    clock.at(0.95, lambda: Lane.objects.filter(node="other").delete())

    run(job)

    assert started[-1] == pytest.approx(2.0, abs=0.1)


def test_tries_that_are_repeated_count_as_requests(
    make_active: MakeActive, run: Run, started: list[float], script: Script
) -> None:
    job = make_active(20, requests_per_second=20)
    for number in range(20):
        script.on(f"k{number:05}", FAULT, SUCCESSFUL)

    run(job)

    assert len(started) == 40
    assert started[-1] == pytest.approx(2.0, abs=0.1)


def test_rows_that_need_no_request_do_not_wait(
    make_active: MakeActive, run: Run, started: list[float]
) -> None:
    job = make_active(rows=["photos,k,"] * 100 + ["photos,k,v1"], requests_per_second=1)

    run(job)

    job.refresh_from_db()
    assert (job.failed, job.succeeded) == (100, 1)
    assert started == pytest.approx([1.0], abs=0.1)


def test_many_short_slices_give_no_request_away(
    make_active: MakeActive,
    started: list[float],
    clock: Clock,
    run_lane: RunLane,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(working, "Pace", lambda most, **_: Pace(most, clock=clock.monotonic))
    for _ in range(5):
        make_active(1, 1, requests_per_second=2)

    run_lane()

    assert len(started) == 10
    assert most_within(started) <= 2
    assert started[-1] == pytest.approx(5.0, abs=0.2)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_before_the_ceiling_is_known(
    make_active: MakeActive,
    run: Run,
    started: list[float],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database is away at the first beat."""
    known = ceilings.share

    def away(_: object) -> None:
        monkeypatch.setattr(ceilings, "share", known)
        raise OperationalError("The database is away.")

    monkeypatch.setattr(ceilings, "share", away)

    run(make_active(10, requests_per_second=100))

    assert len(started) == 10
    assert started[0] >= 1.0


@pytest.mark.parametrize(("refusal", "troubled"), [(THROTTLED, 1), (FAULT, 0), (NO_ANSWER, 1)])
def test_the_pace_hears_of_throttling_and_of_silence(
    make_active: MakeActive,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    refusal: Outcome,
    troubled: int,
) -> None:
    heard: list[tuple[int, int]] = []
    pace = Pace(16)
    monkeypatch.setattr(pace, "hear", lambda *said: heard.append(said))
    script.on("k00000", refusal, SUCCESSFUL)

    execute(claim_next(make_active(1)), script.sender(), pace, never)  # type: ignore[arg-type]

    assert heard[0] == (1, troubled)
