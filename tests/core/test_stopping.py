"""A lane that is asked to stop in the middle of a slice (design decision 9; spec.md 8.7)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Timer
from typing import Any

import pytest

from jobs import execution, sending, services
from jobs.models import Job, Slice
from jobs.results import page
from jobs.status import JobStatus
from operations.base import SUCCESSFUL
from tests.core.conftest import MakeActive, PerformSlice, RunLane, keys
from tests.core.scripted import FAULT, FORBIDDEN, THROTTLED, Script

pytestmark = pytest.mark.usefixtures("beats_often")


def told(job: Job) -> dict[str, tuple[str, str]]:
    """What the results say of each key."""
    return {row.key: (row.task_status, row.error_code) for row in page(job, limit=1000).rows}


def cancel(job: Job) -> Callable[[], None]:
    return lambda: services.cancel_job(Job.objects.get(pk=job.pk), job.created_by)


# ---- cancel


def test_a_cancel_keeps_what_was_answered_and_sends_nothing_more(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00003", FORBIDDEN)
    job = make_active(100)
    script.when_sent("k00010", cancel(job))
    perform_slice(job)

    assert script.sent == keys(16), "what was in flight together with k00010, and no more"
    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Cancelling", 15, 1)
    assert list(told(job)) == keys(16), "what was never sent has no result"


def test_a_cancel_waits_for_answers_on_their_way(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(execution, "DRAIN_SECONDS", 10.0)
    script.on("k00005", None)
    job = make_active(100)

    def cancel_and_answer_later() -> None:
        cancel(job)()
        Timer(0.1, lambda: script.release("k00005", SUCCESSFUL)).start()

    script.when_sent("k00010", cancel_and_answer_later)
    perform_slice(job)

    assert told(job)["k00005"] == ("succeeded", "")


def test_what_was_sent_and_got_no_answer_fails_when_the_job_is_cancelled(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00005", None)
    job = make_active(100)
    script.when_sent("k00010", cancel(job))
    perform_slice(job)

    result = job.task_results.get()
    assert (result.key, result.http_status, result.error_code) == ("k00005", None, "RequestTimeout")
    assert "may have been applied" in result.message


@pytest.mark.parametrize("fault", [FAULT, THROTTLED])
def test_what_waited_for_another_try_fails_with_its_last_error_when_the_job_is_cancelled(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
) -> None:
    monkeypatch.setattr(sending, "backoff", lambda *_, **__: 60.0)
    monkeypatch.setattr(execution, "PART_SECONDS", 60.0)
    script.on("k00005", fault)
    job = make_active(100)
    script.when_sent("k00020", cancel(job))
    perform_slice(job)

    assert told(job)["k00005"] == ("failed", fault.error_code)
    assert job.task_results.get().message == fault.message


def test_what_waits_in_a_retry_slice_fails_with_its_last_error_when_the_job_is_cancelled(
    make_active: MakeActive, perform_slice: PerformSlice, run_lane: RunLane, script: Script
) -> None:
    script.on("k00001", FAULT)
    script.on("k00002", THROTTLED)
    job = make_active(4, 50)
    perform_slice(job)
    assert job.slices.count() == 4
    cancel(job)()

    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed, job.in_doubt) == ("Cancelled", 2, 2, 0)
    assert told(job) == {
        "k00000": ("succeeded", ""),
        "k00003": ("succeeded", ""),
        "k00001": ("failed", "InternalError"),
        "k00002": ("failed", "SlowDown"),
    }


def test_a_cancelled_job_ends_with_true_totals_and_nothing_in_doubt(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.on("k00005", None)
    script.on("k00007", FAULT)
    job = make_active(100, 100)
    script.when_sent("k00010", cancel(job))
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed, job.in_doubt) == ("Cancelled", 14, 2, 0)
    assert job.total_tasks == 200
    assert job.report_files.exists()


def test_cancelling_a_paused_job_writes_what_was_done(
    make_active: MakeActive, perform_slice: PerformSlice, run_lane: RunLane
) -> None:
    job = make_active(4, 4)
    perform_slice(job)
    Job.objects.update(status="Paused", active_since=None)

    services.cancel_job(Job.objects.get(), job.created_by)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Cancelled", 4, 0)
    assert list(told(job)) == keys(4)


# ---- the engine stops, or the job is paused


@pytest.fixture(params=["the engine stops", "the job is pausing"])
def interrupt(request: pytest.FixtureRequest, script: Script) -> Callable[[Job, str], Any]:
    """interrupt(job, key) → stop: when the key is sent, the lane is to give its slice back."""
    stopping: list[bool] = []

    def prepare(job: Job, key: str) -> Callable[[], bool]:
        def act() -> None:
            if request.param == "the engine stops":
                stopping.append(True)
            else:
                Job.objects.get().become(JobStatus.PAUSING, actor="system")

        script.when_sent(key, act)
        return lambda: bool(stopping)

    return prepare


def test_the_slice_is_given_back_with_nothing_in_doubt(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script, interrupt: Any
) -> None:
    job = make_active(100)
    perform_slice(job, stop=interrupt(job, "k00010"))

    row = job.slices.get()
    assert (row.state, row.owner, row.next_index, row.started_upto, row.crashes) == (
        Slice.State.READY,
        "",
        16,
        16,
        0,
    )
    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (16, 0)


def test_what_has_no_answer_is_deferred_and_counted_as_neither(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script, interrupt: Any
) -> None:
    script.on("k00005", None)
    script.on("k00006", FAULT)
    job = make_active(100)
    perform_slice(job, stop=interrupt(job, "k00010"))

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (14, 0)
    first, retry = job.slices.order_by("number")
    assert (first.next_index, first.started_upto, first.deferred) == (16, 16, 2)
    assert (retry.size, retry.attempt, retry.started_upto) == (2, 0, 0), "no round is used up"


def test_a_later_lane_goes_on_and_every_row_is_counted_once(
    make_active: MakeActive, run_lane: RunLane, script: Script, interrupt: Any
) -> None:
    script.on("k00005", None, SUCCESSFUL)
    script.on("k00006", FAULT, SUCCESSFUL)
    job = make_active(100)
    run_lane(interrupt(job, "k00010"))
    Job.objects.filter(status__in=["Pausing", "Paused"]).update(status="Active")

    run_lane()

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (100, 0)
    assert sorted(told(job)) == keys(100)
    repeated = {key for key in script.sent if script.sent.count(key) > 1}
    assert repeated <= {"k00005", "k00006"}, "what was answered is not sent again"


def test_a_lane_that_stops_before_its_first_row_changes_nothing(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(100)
    perform_slice(job, stop=lambda: True)

    assert script.sent == []
    row = job.slices.get()
    assert (row.state, row.next_index, row.started_upto) == (Slice.State.READY, 0, 0)
    assert not job.parts.exists()


# ---- more urgent work


def test_more_urgent_work_is_claimed_first_and_then_the_slice_is_given_back(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(100, priority=1)
    urgent: list[Job] = []
    script.when_sent("k00010", lambda: urgent.append(make_active(5, priority=2)))

    better = perform_slice(job)

    assert better is not None
    assert better.job == urgent[0]
    assert urgent[0].slices.get().state == Slice.State.RUNNING
    row = job.slices.get()
    assert (row.state, row.next_index, row.started_upto) == (Slice.State.READY, 16, 16)


def test_a_lane_does_the_urgent_work_and_comes_back(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    job = make_active(40, priority=1)
    script.when_sent("k00010", lambda: make_active(rows=["photos,urgent"], priority=2))
    run_lane()

    assert script.sent == [*keys(16), "urgent", *keys(40)[16:]]
    job.refresh_from_db()
    assert job.succeeded == 40


def test_work_of_equal_priority_does_not_draw_a_lane_away(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(40, priority=1)
    script.when_sent("k00010", lambda: make_active(rows=["photos,other"], priority=1))

    assert perform_slice(job) is None
    assert script.sent == keys(40)
