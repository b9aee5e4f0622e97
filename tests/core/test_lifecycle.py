"""What each status does next, when nobody asks (spec.md 2.2, 2.6, 2.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.leases import LeaseLost
from jobs.models import Job, Slice
from jobs.services import confirm_job, set_priority
from tests.conftest import MakeJob
from tests.core.conftest import MakeActive, claim_next, expire

MakeJobs = Callable[..., list[Job]]


@pytest.fixture
def make_jobs(make_active: MakeActive) -> MakeJobs:
    """Jobs with a slice each, in the order of their creation: make_jobs(("Ready", 5), …)."""

    def make(*wanted: tuple[str, int]) -> list[Job]:
        jobs = [make_active(5, status=status, priority=priority) for status, priority in wanted]
        for age, job in enumerate(reversed(jobs), 1):
            Job.objects.filter(pk=job.pk).update(created_at=Now() - timedelta(minutes=age))
        return jobs

    return make


@pytest.fixture
def places(settings: Any) -> Callable[[int], None]:
    """How many jobs may be active at once."""

    def give(count: int) -> None:
        settings.LADING_ACTIVE_JOBS = count

    return give


def statuses(jobs: list[Job]) -> list[str]:
    return [Job.objects.get(pk=job.pk).status for job in jobs]


# ---- places


def test_ready_jobs_become_active_as_far_as_there_are_places(
    make_jobs: MakeJobs, places: Any
) -> None:
    places(2)
    jobs = make_jobs(("Ready", 1), ("Ready", 1), ("Ready", 1))

    lifecycle.advance()

    assert statuses(jobs) == ["Active", "Active", "Ready"], "the older first"


def test_higher_priority_comes_before_age(make_jobs: MakeJobs, places: Any) -> None:
    places(1)
    jobs = make_jobs(("Ready", 1), ("Ready", 9), ("Ready", 5))

    lifecycle.advance()

    assert statuses(jobs) == ["Ready", "Active", "Ready"]


def test_a_place_that_comes_free_is_given_to_the_next(make_jobs: MakeJobs, places: Any) -> None:
    places(1)
    jobs = make_jobs(("Active", 5), ("Ready", 1))
    jobs[0].slices.update(state=Slice.State.DONE)

    lifecycle.advance()

    assert statuses(jobs) == ["Completing", "Active"]


def test_jobs_that_wait_for_a_person_take_no_place(make_jobs: MakeJobs, places: Any) -> None:
    places(1)
    jobs = make_jobs(("Suspended", 9), ("Ready", 1))

    lifecycle.advance()

    assert statuses(jobs) == ["Suspended", "Active"]


# ---- pre-emption


def test_a_higher_priority_pre_empts_the_lowest_active_job(
    make_jobs: MakeJobs, places: Any
) -> None:
    places(2)
    jobs = make_jobs(("Active", 3), ("Active", 2), ("Ready", 4))

    lifecycle.promote()
    assert statuses(jobs) == ["Active", "Pausing", "Ready"]

    lifecycle.advance()
    assert statuses(jobs) == ["Active", "Paused", "Active"]
    event = jobs[1].events.first()
    assert event is not None
    assert event.reason == f"job {jobs[2].pk} has a higher priority"


@pytest.mark.parametrize("priority", [2, 1])
def test_an_equal_or_lower_priority_never_pre_empts(
    make_jobs: MakeJobs, places: Any, priority: int
) -> None:
    places(1)
    jobs = make_jobs(("Active", 2), ("Ready", priority))

    lifecycle.advance()

    assert statuses(jobs) == ["Active", "Ready"]


def test_each_waiting_job_pre_empts_one(make_jobs: MakeJobs, places: Any) -> None:
    places(3)
    jobs = make_jobs(("Active", 1), ("Active", 2), ("Active", 3), ("Ready", 9), ("Ready", 9))

    lifecycle.promote()

    assert statuses(jobs)[:3] == ["Pausing", "Pausing", "Active"]


def test_a_place_that_is_on_its_way_is_not_asked_for_again(
    make_jobs: MakeJobs, places: Any
) -> None:
    places(2)
    jobs = make_jobs(("Active", 1), ("Active", 2), ("Ready", 9))
    claim_next(jobs[0])

    for _ in range(3):
        lifecycle.advance()

    assert statuses(jobs) == ["Pausing", "Active", "Ready"], "one waits, so one has to go"


def test_a_pausing_job_is_paused_when_its_lanes_have_let_go(
    make_jobs: MakeJobs, places: Any
) -> None:
    places(1)
    jobs = make_jobs(("Active", 1), ("Ready", 2))
    claim = claim_next(jobs[0])
    lifecycle.advance()
    assert statuses(jobs) == ["Pausing", "Ready"], "a slice is under a live lease"

    claim.release()
    lifecycle.advance()

    assert statuses(jobs) == ["Paused", "Active"]


def test_a_pause_fences_off_sleepers(make_jobs: MakeJobs, places: Any) -> None:
    places(1)
    jobs = make_jobs(("Active", 1), ("Ready", 2))
    sleeper = claim_next(jobs[0])
    expire(sleeper.slice)
    lifecycle.advance()

    assert statuses(jobs) == ["Pausing", "Ready"]
    lifecycle.advance()

    assert statuses(jobs) == ["Paused", "Active"]
    with pytest.raises(LeaseLost):
        sleeper.lease.renew()


def test_a_paused_job_comes_back_when_the_other_has_ended(make_jobs: MakeJobs, places: Any) -> None:
    places(1)
    jobs = make_jobs(("Paused", 1), ("Active", 2))
    lifecycle.advance()
    assert statuses(jobs) == ["Paused", "Active"]

    Job.objects.filter(pk=jobs[1].pk).update(status="Failed")
    lifecycle.advance()

    assert statuses(jobs) == ["Active", "Failed"]


def test_a_priority_that_is_raised_while_the_job_waits_counts(
    make_jobs: MakeJobs, places: Any
) -> None:
    places(1)
    jobs = make_jobs(("Active", 5), ("Ready", 1))
    lifecycle.advance()
    assert statuses(jobs) == ["Active", "Ready"]

    set_priority(jobs[1], jobs[1].created_by, 6)
    lifecycle.promote()

    assert statuses(jobs) == ["Pausing", "Ready"]


# ---- completing


@pytest.mark.parametrize("status", ["Active", "Pausing"])
def test_a_job_is_completing_when_its_last_slice_is_done(
    make_active: MakeActive, status: str
) -> None:
    job = make_active(5, 5, status=status)
    job.slices.filter(number=1).update(state=Slice.State.DONE)
    lifecycle.complete()
    assert Job.objects.get().status == status

    job.slices.update(state=Slice.State.DONE)
    lifecycle.complete()

    assert Job.objects.get().status == "Completing"


@pytest.mark.parametrize("status", ["Cancelling", "Failing", "Paused", "Ready"])
def test_other_jobs_are_never_completing(make_active: MakeActive, status: str) -> None:
    make_active(5, status=status).slices.update(state=Slice.State.DONE)

    lifecycle.complete()

    assert Job.objects.get().status == status


# ---- unconfirmed for too long


def test_a_job_that_nobody_confirmed_for_thirty_days_fails(make_job: MakeJob) -> None:
    late, in_time = make_job(status="Suspended"), make_job(status="Suspended")
    Job.objects.filter(pk=late.pk).update(suspended_at=Now() - timedelta(days=30, minutes=1))
    Job.objects.filter(pk=in_time.pk).update(suspended_at=Now() - timedelta(days=29, hours=23))

    lifecycle.advance()

    late.refresh_from_db()
    assert statuses([late, in_time]) == ["Failed", "Suspended"]
    assert late.failure_reasons == [
        {
            "FailureCode": "ConfirmationTimeout",
            "FailureReason": "The job was not confirmed within 30 days.",
        }
    ]
    assert late.terminated_at is not None


def test_a_job_that_was_confirmed_is_not_late(make_job: MakeJob) -> None:
    job = make_job(status="Suspended")
    confirm_job(job, job.created_by)
    Job.objects.update(suspended_at=Now() - timedelta(days=31))

    lifecycle.expire_unconfirmed()

    assert Job.objects.get().status == "Ready"


# ---- failing as a whole


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("New", "Failing"),
        ("Preparing", "Failing"),
        ("Active", "Failing"),
        ("Pausing", "Failing"),
        ("Completing", "Failing"),
        ("Cancelling", "Cancelled"),
        ("Failing", "Failed"),
        ("Complete", "Complete"),
    ],
)
def test_a_fault_of_the_job_as_a_whole_ends_it(make_job: MakeJob, status: str, end: str) -> None:
    job = make_job(status=status, owner="lane", epoch=3, errors=4)

    lifecycle.fail(job, "C" * 70, "R" * 300)

    job.refresh_from_db()
    assert job.status == end
    told = [] if end == status else [{"FailureCode": "C" * 64, "FailureReason": "R" * 256}]
    assert job.failure_reasons == told
    assert job.epoch == (3 if end == status else 4), "who worked on it is fenced off"


def test_the_same_reason_is_told_once(make_job: MakeJob) -> None:
    job = make_job(status="Completing")
    lifecycle.fail(job, "TotalsDiffer", "They differ.")
    lifecycle.fail(job, "TotalsDiffer", "They differ.")

    job.refresh_from_db()
    assert (job.status, len(job.failure_reasons)) == ("Failed", 1)


def test_advancing_twice_changes_nothing_more(make_jobs: MakeJobs, places: Any) -> None:
    places(2)
    jobs = make_jobs(("Ready", 1), ("Active", 5), ("Suspended", 1), ("Paused", 2))
    for _ in range(3):
        lifecycle.advance()
    before = statuses(jobs)

    lifecycle.advance()

    assert statuses(jobs) == before == ["Ready", "Active", "Suspended", "Active"]
