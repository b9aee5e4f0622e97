"""The 13 statuses, the moves between them, and the one door through which they go (spec.md 2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Q
from django.db.models.functions import Now

from jobs.errors import InvalidTransition
from jobs.models import Job, JobEvent
from jobs.status import CANCELLABLE, CONFIRMABLE, FINAL, TRANSITIONS, JobStatus
from tests.conftest import MakeJob

S = JobStatus

MOVES = {
    "New": {"Preparing", "Failing", "Cancelled"},
    "Preparing": {"Ready", "Suspended", "Failing", "Cancelled"},
    "Suspended": {"Ready", "Failed", "Cancelled"},
    "Ready": {"Active", "Cancelled"},
    "Active": {"Pausing", "Completing", "Cancelling", "Failing"},
    "Pausing": {"Paused", "Completing", "Cancelling", "Failing"},
    "Paused": {"Active", "Cancelling"},
    "Completing": {"Complete", "Failing"},
    "Cancelling": {"Cancelled"},
    "Failing": {"Failed"},
    "Complete": set(),
    "Cancelled": set(),
    "Failed": set(),
}
"""Spec.md 2.2, row by row.

Beyond it: a job fails before preparing when its role cannot be read, and the last tasks may end
while it pauses.
"""


def test_the_statuses_are_the_thirteen_of_aws_in_its_spelling() -> None:
    assert {status.value for status in S} == set(MOVES)
    assert len(S) == 13


@pytest.mark.parametrize("status", S)
def test_a_status_leads_where_the_specification_says_and_nowhere_else(status: JobStatus) -> None:
    assert {end.value for end in TRANSITIONS[status]} == MOVES[status.value]


def test_complete_cancelled_and_failed_are_final() -> None:
    assert {S.COMPLETE, S.CANCELLED, S.FAILED} == FINAL
    assert [status for status in S if status.is_final] == [S.COMPLETE, S.CANCELLED, S.FAILED]


def test_only_a_suspended_job_can_be_confirmed() -> None:
    assert {S.SUSPENDED} == CONFIRMABLE


def test_every_job_can_be_cancelled_that_is_not_ending() -> None:
    ending = {S.COMPLETING, S.CANCELLING, S.FAILING} | FINAL

    assert set(S) - ending == CANCELLABLE


@pytest.mark.parametrize(
    ("start", "end"),
    [(S(start), S(end)) for start, ends in MOVES.items() for end in sorted(ends)],
)
def test_a_legal_move_leaves_an_event(make_job: MakeJob, start: JobStatus, end: JobStatus) -> None:
    job = make_job(status=start)

    job.become(end, actor="ada", reason="as the table says")

    event = job.events.get()
    assert job.status == end
    assert (event.actor, event.from_status, event.to_status, event.reason) == (
        "ada",
        start,
        end,
        "as the table says",
    )


@pytest.mark.parametrize("start", S)
def test_an_illegal_move_is_refused_without_a_trace(make_job: MakeJob, start: JobStatus) -> None:
    job = make_job(status=start)
    for end in (status for status in S if status.value not in MOVES[start.value]):
        refusal = f"is {start.value}; it cannot become {end.value}"
        with pytest.raises(InvalidTransition, match=refusal):
            job.become(end, actor="ada", priority=77)

    job.refresh_from_db()
    assert (job.status, job.priority) == (start, 10)
    assert not JobEvent.objects.exists()


def test_a_stale_copy_cannot_move_a_job_that_went_on(make_job: MakeJob) -> None:
    job = make_job(status="Active")
    stale = Job.objects.get(pk=job.pk)
    job.become(S.CANCELLING, actor="ada")

    with pytest.raises(InvalidTransition):
        stale.become(S.COMPLETING, actor="system")

    assert Job.objects.get(pk=job.pk).status == S.CANCELLING
    assert stale.status == S.CANCELLING, "the copy is told what the job is by now"
    assert job.events.count() == 1


def test_a_cancel_that_lands_just_before_completing_is_not_lost(make_job: MakeJob) -> None:
    job = make_job(status="Active")
    lane, person = Job.objects.get(pk=job.pk), Job.objects.get(pk=job.pk)
    person.become(S.CANCELLING, actor="ada")
    with pytest.raises(InvalidTransition):
        lane.become(S.COMPLETING, actor="system")

    lane.become(S.CANCELLED, actor="system")

    assert Job.objects.get(pk=job.pk).status == S.CANCELLED


def test_a_move_made_twice_is_made_once(make_job: MakeJob) -> None:
    job = make_job(status="Ready")
    copies = [Job.objects.get(pk=job.pk) for _ in range(2)]

    copies[0].become(S.ACTIVE, actor="system")
    with pytest.raises(InvalidTransition):
        copies[1].become(S.ACTIVE, actor="system")

    assert job.events.count() == 1


def test_a_move_can_be_bound_to_where_it_starts(make_job: MakeJob) -> None:
    job = make_job(status="Suspended")

    with pytest.raises(InvalidTransition):
        job.become(S.READY, actor="ada", start=frozenset({S.PREPARING}))

    assert job.status == S.SUSPENDED


def test_a_move_can_be_bound_to_what_the_row_says(make_job: MakeJob) -> None:
    job = make_job(status="Active", failed=1, succeeded=2)

    with pytest.raises(InvalidTransition):
        job.become(S.FAILING, actor="system", where=Q(failed__gt=1))

    assert job.status == S.ACTIVE
    assert not job.events.exists()


def test_the_move_and_its_event_share_one_transaction(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(status="Ready")

    def refuse(**_: object) -> None:
        raise RuntimeError("no event today")

    monkeypatch.setattr(JobEvent.objects, "create", refuse)
    with pytest.raises(RuntimeError):
        job.become(S.ACTIVE, actor="system")

    assert Job.objects.get(pk=job.pk).status == S.READY


def test_a_move_carries_other_changes_of_the_row(make_job: MakeJob) -> None:
    job = make_job(status="Preparing")

    job.become(S.READY, actor="system", total_tasks=5)

    assert job.total_tasks == 5


def test_a_reason_of_any_length_is_kept_as_far_as_there_is_room(make_job: MakeJob) -> None:
    job = make_job(status="New")

    job.become(S.PREPARING, actor="system", reason="x" * 2000)

    assert job.events.get().reason == "x" * 1024


# ---- dates and timers (spec.md 2.7)


def test_suspended_sets_date_and_cause_and_confirming_keeps_them(make_job: MakeJob) -> None:
    job = make_job(status="Preparing")
    job.become(S.SUSPENDED, actor="system")
    suspended_at = job.suspended_at

    job.become(S.READY, actor="ada")

    assert suspended_at is not None
    assert (job.suspended_at, job.suspended_cause) == (suspended_at, "AWAITING_CONFIRMATION")


@pytest.mark.parametrize(
    ("start", "end"),
    [(S.COMPLETING, S.COMPLETE), (S.CANCELLING, S.CANCELLED), (S.FAILING, S.FAILED)],
)
def test_the_end_of_a_job_has_a_date(make_job: MakeJob, start: JobStatus, end: JobStatus) -> None:
    job = make_job(status=start)
    assert job.terminated_at is None

    job.become(end, actor="system")

    assert job.terminated_at is not None


def test_only_the_time_in_active_counts(make_job: MakeJob) -> None:
    job = make_job(status="Active")
    Job.objects.update(active_since=Now() - timedelta(seconds=100))
    job.become(S.PAUSING, actor="system")
    assert job.active_since is None
    assert job.active_time.total_seconds() == pytest.approx(100, abs=3)

    job.become(S.PAUSED, actor="system")
    job.become(S.ACTIVE, actor="system")
    Job.objects.update(active_since=Now() - timedelta(seconds=50))
    job.become(S.COMPLETING, actor="system")

    assert job.active_time.total_seconds() == pytest.approx(150, abs=5)
    assert job.elapsed_active == job.active_time


def test_the_time_in_active_runs_while_the_job_is_active(make_job: MakeJob) -> None:
    job = make_job(status="Active", active_time=timedelta(seconds=10))
    Job.objects.update(active_since=Now() - timedelta(seconds=100))
    job.refresh_from_db()

    assert job.elapsed_active.total_seconds() == pytest.approx(110, abs=3)


def test_the_status_is_an_enum_also_right_after_a_fetch(make_job: MakeJob) -> None:
    job = Job.objects.get(pk=make_job(status="Paused").pk)

    assert job.state is S.PAUSED
    assert not job.is_final
    assert job.can_cancel
