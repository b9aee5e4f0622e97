"""Workers that die, wake up too late, or die again and again (design section 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs import lanes
from jobs.execution import execute
from jobs.lanes import SliceClaim
from jobs.leases import LeaseLost
from jobs.models import Job, Slice
from jobs.results import page
from jobs.services import cancel_job
from operations.pace import Pace
from tests.core.conftest import (
    MakeActive,
    PerformSlice,
    RunLane,
    claim_next,
    expire,
    keys,
    never,
)
from tests.core.scripted import FAULT, Script

DONE = Slice.State.DONE


class Killed(BaseException):
    """kill -9: nothing of the lane's own runs any more."""


def kill() -> None:
    raise Killed


@pytest.fixture
def die_in_slice(script: Script) -> Callable[..., SliceClaim]:
    """Claim the next slice and die when the key is sent; the lease has run out since."""

    def die(job: Job, key: str) -> SliceClaim:
        claim = claim_next(job)
        script.when_sent(key, kill)
        with pytest.raises(Killed):
            execute(claim, script.sender(), Pace(16), never)  # type: ignore[arg-type]
        expire(claim.slice)
        return claim

    return die


def sizes(job: Job) -> list[tuple[int, int]]:
    """(size, crashes) of the slices that are not done, in order."""
    left = job.slices.exclude(state=DONE).order_by("number")
    return [(slice_.size, slice_.crashes) for slice_ in left]


def test_the_successor_goes_on_after_the_last_committed_part(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script, die_in_slice: Callable
) -> None:
    job = make_active(600)
    die_in_slice(job, "k00400")
    committed = job.slices.get().next_index
    assert 125 < committed <= 400
    script.sent.clear()

    perform_slice(job, owner="successor")

    assert script.sent == keys(600)[committed:]
    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (600, 0)
    assert sorted(row.key for row in page(job, limit=1000).rows) == keys(600)


def test_a_sleeper_that_wakes_up_commits_nothing_and_its_successor_everything(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(40)

    def oversleep() -> None:
        expire(*job.slices.all())
        perform_slice(job, owner="successor")

    script.when_sent("k00010", oversleep)
    with pytest.raises(LeaseLost):
        perform_slice(job, owner="sleeper")

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (40, 0)
    assert job.slices.get().state == DONE
    assert [row.key for row in page(job).rows] == keys(40)


def test_a_first_crash_is_charged_to_nobody(
    make_active: MakeActive, perform_slice: PerformSlice, die_in_slice: Callable
) -> None:
    job = make_active(40)
    die_in_slice(job, "k00010")

    perform_slice(job)

    assert sizes(job) == []
    assert job.slices.count() == 1


def test_from_the_second_crash_on_the_rest_is_split_in_halves(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script, die_in_slice: Callable
) -> None:
    job = make_active(41)
    die_in_slice(job, "k00010")
    die_in_slice(job, "k00010")
    script.sent.clear()

    perform_slice(job)

    assert script.sent == [], "the lane that splits performs nothing"
    assert [size for size, _ in sizes(job)] == [21, 20]
    job.refresh_from_db()
    assert (job.succeeded, job.failed, job.slices_made) == (0, 0, 3)


def test_halves_keep_the_mark_of_what_may_have_been_started_and_no_more(
    make_active: MakeActive, perform_slice: PerformSlice
) -> None:
    job = make_active(40)
    running = Slice.State.RUNNING
    job.slices.update(state=running, owner="dead", crashes=1, next_index=4, started_upto=30)
    expire(*job.slices.all())

    perform_slice(job)

    halves = job.slices.exclude(state=DONE).order_by("number")
    assert [(half.size, half.started_upto) for half in halves] == [(18, 18), (18, 8)]


def test_a_task_that_kills_its_worker_is_found_and_fails_after_five_deaths_alone(
    make_active: MakeActive, script: Script
) -> None:
    job = make_active(20)
    deaths = die_of(script, job, "k00013")

    assert deaths[-5:] == [1] * 5, "five times alone"
    assert deaths.count(1) == 5
    assert sorted(deaths[:-5], reverse=True) == deaths[:-5], "in ever smaller slices"
    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (19, 1)
    result = job.task_results.get()
    assert (result.key, result.http_status, result.error_code) == ("k00013", None, "WorkerDied")
    assert "may have been applied" in result.message
    assert sorted(row.key for row in page(job).rows) == keys(20)


def test_a_slice_of_one_task_dies_five_times_too(make_active: MakeActive, script: Script) -> None:
    job = make_active(1)

    assert die_of(script, job, "k00000") == [1] * 5

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (0, 1)


def die_of(script: Script, job: Job, poison: str) -> list[int]:
    """Perform the whole job though the key kills; returns the sizes of the slices that died."""
    deaths = []
    for _ in range(100):
        script.when_sent(poison, kill)
        claim = lanes.claim_slice(job, "lane")
        if claim is None:
            return deaths
        try:
            execute(claim, script.sender(), Pace(16), never)  # type: ignore[arg-type]
        except Killed:
            deaths.append(claim.slice.size)
            expire(claim.slice)
        script._actions.clear()
    raise AssertionError("it never ends")


def test_what_a_retry_slice_knew_is_not_lost_when_it_is_split(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    run_lane: RunLane,
    script: Script,
    die_in_slice: Callable,
) -> None:
    job = make_active(4)
    for key in keys(4):
        script.on(key, FAULT)
    perform_slice(job)
    die_in_slice(job, "k00002")
    die_in_slice(job, "k00002")
    perform_slice(job)
    halves = job.slices.exclude(state=DONE)
    assert [(half.size, half.attempt) for half in halves.order_by("number")] == [(2, 1), (2, 1)]

    cancel_job(Job.objects.get(), job.created_by)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Cancelled", 0, 4)
    assert {t.error_code for t in job.task_results.all()} == {"InternalError"}


def test_what_a_lost_lane_had_started_is_in_doubt_when_the_job_is_cancelled(
    make_active: MakeActive, run_lane: RunLane, die_in_slice: Callable
) -> None:
    job = make_active(600)
    die_in_slice(job, "k00010")
    assert job.in_doubt == 0, "it may still be done"

    cancel_job(Job.objects.get(), job.created_by)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Cancelled", 0, 0)
    assert job.in_doubt == 250, "what was reserved and never committed"


def test_a_sleeper_of_an_ended_job_can_commit_nothing(
    make_active: MakeActive, run_lane: RunLane, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(40)

    def oversleep_the_end() -> None:
        expire(*job.slices.all())
        cancel_job(Job.objects.get(), job.created_by)
        run_lane()
        assert Job.objects.get().status == "Cancelled"

    script.when_sent("k00010", oversleep_the_end)
    with pytest.raises(LeaseLost):
        perform_slice(job, owner="sleeper")

    job.refresh_from_db()
    assert (job.succeeded, job.failed, job.in_doubt) == (0, 0, 40)
    assert not job.parts.exists()
