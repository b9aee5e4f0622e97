"""A pause by a person stands beside the status, and only a person lifts it (design decision 9)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import lanes, lifecycle
from jobs.commits import commit
from jobs.errors import InvalidRequest, InvalidTransition
from jobs.models import Job, Slice
from jobs.services import cancel_job, confirm_job, pause_job, resume_job, set_priority
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakeUser
from tests.core.conftest import MakeActive, RunLane, claim_next, claim_to_finish, keys


@pytest.fixture(autouse=True)
def _one_place(settings: Any) -> None:
    settings.LADING_ACTIVE_JOBS = 1


def status_of(job: Job) -> str:
    job.refresh_from_db()
    return job.status


def ticks(count: int = 4) -> None:
    for _ in range(count):
        lifecycle.advance()


# ---- what a hold does in each status


def test_a_held_job_that_is_ready_stays_ready(make_active: MakeActive, user: User) -> None:
    job = make_active(5, status="Ready")
    pause_job(job, user, reason="lunch")

    ticks()

    assert status_of(job) == "Ready"
    assert (job.is_held, job.held_by, job.held_reason) == (True, "ada", "lunch")
    assert job.held_at is not None
    assert lanes.claim("lane") is None


def test_a_held_job_leaves_its_turn_to_the_next(make_active: MakeActive, user: User) -> None:
    held, waiting = make_active(5, status="Ready", priority=9), make_active(5, status="Ready")
    pause_job(held, user)

    ticks()

    assert (status_of(held), status_of(waiting)) == ("Ready", "Active")


def test_an_active_job_drains_and_is_paused_and_stays_so(
    make_active: MakeActive, user: User
) -> None:
    job = make_active(5, 5)
    claim = claim_next(job)
    pause_job(job, user, reason="lunch")
    assert job.status == "Pausing"
    assert lanes.claim("another") is None, "no lane begins anything"

    ticks()
    assert status_of(job) == "Pausing", "requests are under way"
    claim.release()
    ticks()

    assert status_of(job) == "Paused"
    moves = list(job.events.values_list("actor", "from_status", "to_status", "reason"))
    assert moves == [
        ("ada", "Active", "Pausing", "paused: lunch"),
        ("system", "Pausing", "Paused", ""),
    ]


def test_a_released_job_waits_for_its_turn(make_active: MakeActive, user: User) -> None:
    job, other = make_active(5, status="Paused", held_by="ada"), make_active(5, priority=50)
    resume_job(job, user)
    ticks()
    assert (job.is_held, status_of(job)) == (False, "Paused")

    other.slices.update(state=Slice.State.DONE)
    ticks()

    assert status_of(job) == "Active"


def test_who_is_paused_by_another_job_and_held_meanwhile_is_not_resumed_with_it(
    make_active: MakeActive, user: User
) -> None:
    low, high = make_active(5, priority=1), make_active(5, status="Ready", priority=9)
    claim = claim_next(low)
    ticks()
    assert status_of(low) == "Pausing"
    pause_job(low, user)
    assert low.status == "Pausing"
    claim.release()
    ticks()
    assert (status_of(low), status_of(high)) == ("Paused", "Active")

    high.slices.update(state=Slice.State.DONE)
    ticks()
    assert status_of(low) == "Paused", "no tick lifts what a person did"

    resume_job(low, user)
    ticks()
    assert status_of(low) == "Active"


def test_no_priority_lifts_a_hold(make_active: MakeActive, user: User) -> None:
    job, other = make_active(5, status="Paused", held_by="ada"), make_active(5)
    set_priority(job, user, 2_147_483_647)

    ticks()

    assert (status_of(job), status_of(other)) == ("Paused", "Active")


@pytest.mark.parametrize("status", ["New", "Preparing"])
def test_a_job_is_prepared_while_it_is_held(make_job: MakeJob, user: User, status: str) -> None:
    job = make_job(status=status)
    pause_job(job, user)

    assert claim_to_finish(job).job == job
    assert status_of(job) == status


def test_a_held_job_can_be_confirmed_and_stays_ready(make_active: MakeActive, user: User) -> None:
    job = make_active(5, status="Suspended")
    pause_job(job, user)
    assert job.status == "Suspended"

    confirm_job(job, user)
    ticks()
    assert (status_of(job), job.is_held) == ("Ready", True)

    resume_job(job, user)
    ticks()
    assert status_of(job) == "Active"


# ---- refused


@pytest.mark.parametrize(
    "status", ["Completing", "Cancelling", "Failing", "Complete", "Cancelled", "Failed"]
)
def test_a_job_that_is_ending_cannot_be_paused(make_job: MakeJob, user: User, status: str) -> None:
    job = make_job(status=status)

    with pytest.raises(InvalidTransition) as refused:
        pause_job(job, user)

    assert str(refused.value) == f"The job is {status}; it cannot be paused any more."
    assert not Job.objects.get().is_held
    assert not job.events.exists()


def test_a_second_pause_is_refused_and_tells_who_was_first(
    make_active: MakeActive, user: User, make_user: MakeUser
) -> None:
    job = make_active(5, status="Ready")
    pause_job(job, user, reason="mine")
    stale = Job.objects.get(pk=job.pk)

    with pytest.raises(InvalidTransition, match="The job is paused already, by ada"):
        pause_job(stale, make_user("operator", name="alan"), reason="no, mine")

    job.refresh_from_db()
    assert (job.held_by, job.held_reason, job.events.count()) == ("ada", "mine", 1)


@pytest.mark.parametrize("status", ["New", "Ready", "Active", "Paused", "Complete"])
def test_there_is_nothing_to_resume_where_no_person_paused(
    make_job: MakeJob, user: User, status: str
) -> None:
    job = make_job(status=status)

    with pytest.raises(InvalidTransition) as refused:
        resume_job(job, user)

    assert str(refused.value) == (
        f"The job is {status}, and no person paused it; there is nothing to resume."
    )
    assert not job.events.exists()


@pytest.mark.parametrize(
    "status", ["Completing", "Cancelling", "Failing", "Complete", "Cancelled", "Failed"]
)
def test_a_job_that_is_ending_is_held_no_more_and_cannot_be_resumed(
    make_job: MakeJob, user: User, status: str
) -> None:
    job = make_job(status=status, held_by="alan")

    with pytest.raises(InvalidTransition) as refused:
        resume_job(job, user)

    assert str(refused.value) == f"The job is {status}; it cannot be resumed any more."
    assert not job.is_held
    assert not job.events.exists()


@pytest.mark.parametrize("verb", [pause_job, resume_job])
def test_a_reason_has_at_most_256_characters(make_job: MakeJob, user: User, verb: Any) -> None:
    job = make_job(status="Paused", held_by="ada" if verb is resume_job else "")

    with pytest.raises(InvalidRequest) as refused:
        verb(job, user, reason="x" * 257)

    assert refused.value.fields == {"reason": ["A reason has at most 256 characters."]}
    assert Job.objects.get().is_held == (verb is resume_job)


# ---- the end of a held job


@pytest.mark.parametrize(
    ("status", "ends"), [("New", "Cancelled"), ("Ready", "Cancelled"), ("Paused", "Cancelling")]
)
def test_a_held_job_can_be_cancelled(
    make_active: MakeActive, user: User, run_lane: RunLane, status: str, ends: str
) -> None:
    job = make_active(5, status=status, held_by="alan", held_reason="lunch")
    cancel_job(job, user)
    assert job.status == ends

    run_lane()

    assert status_of(job) == "Cancelled"
    assert job.succeeded == 0


def test_a_held_job_whose_last_part_was_just_committed_completes(
    make_active: MakeActive, user: User, run_lane: RunLane
) -> None:
    job = make_active(3)
    claim = claim_next(job)
    pause_job(job, user)
    rows = [f"photos,{key}".encode() for key in keys(3)]
    commit(claim, rows, [SUCCESSFUL] * 3, window=0)

    run_lane()

    assert (status_of(job), job.succeeded) == ("Complete", 3), "nothing is left to be held back"


def test_a_lane_hears_of_the_pause_and_gives_its_slice_back(
    make_active: MakeActive, user: User, run_lane: RunLane, script: Any, beats_often: None
) -> None:
    job = make_active(100)
    script.when_sent("k00010", lambda: pause_job(Job.objects.get(pk=job.pk), user))
    run_lane()

    assert status_of(job) == "Paused"
    assert script.sent == keys(16), "what was in flight together with k00010, and no more"
    assert (job.succeeded, job.slices.get().state) == (16, Slice.State.READY)

    resume_job(job, user)
    run_lane()

    assert (status_of(job), job.succeeded) == ("Complete", 100)
    assert script.sent == keys(100), "no row twice, and none left out"
