"""A lane and what goes wrong with one piece of its work (design section 4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.conf import settings
from django.db import OperationalError

from jobs import commits, execution, leases, listening, presence, working
from jobs.errors import JobFailure
from jobs.leases import LeaseLost
from jobs.models import Job, Lane, Slice
from jobs.results import page
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakeManifest
from tests.core.conftest import MakeActive, PerformSlice, RunLane, claim_next, expire, keys
from tests.core.scripted import FORBIDDEN, Script, ScriptedSender
from tests.web_pages import web_server


def fail_with(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def failure_of(job: Job) -> tuple[str, str, str]:
    """Status, code and reason of a job that failed."""
    job.refresh_from_db()
    [told] = job.failure_reasons
    return job.status, told["FailureCode"], told["FailureReason"]


@pytest.mark.parametrize(("asked", "end"), [("Cancelling", "Cancelled"), ("Failing", "Failed")])
@pytest.mark.parametrize("fault", ["the spool", "the store"])
def test_a_fault_of_one_slice_ends_no_job_on_which_another_lane_still_works(
    make_active: MakeActive,
    run_lane: RunLane,
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
    asked: str,
    end: str,
    fault: str,
) -> None:
    """It is ending already: what the other lane has done is counted, and the report is written."""
    job = make_active(3, 3)
    faulty, other = claim_next(job, "faulty"), claim_next(job, "other")
    Slice.objects.filter(pk=faulty.slice.pk).update(errors=working.MOST_SETBACKS - 1)
    faulty.slice.errors = working.MOST_SETBACKS - 1
    told = [{"FailureCode": "Told", "FailureReason": "Before."}] * (end == "Failed")
    Job.objects.update(status=asked, failure_reasons=told)
    with monkeypatch.context() as patch:
        if fault == "the spool":
            patch.setattr(working, "execute", fail_with(OSError(28, "No space left on device")))
        else:
            patch.setattr(working.probing, "recheck", fail_with(JobFailure("StoreUntried", "No.")))
        working.perform(faulty, working.Senders(), lambda: False)

    job.refresh_from_db()
    assert job.status == asked
    rows = [f"photos,{key}".encode() for key in keys(6)[3:]]
    commits.commit(other, rows, [SUCCESSFUL] * 3, window=0)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failure_reasons) == (end, 3, told)
    assert [file.rows for file in job.report_files.filter(kind="succeeded")] == [3]


# ---- setbacks: five in a row end the job


def test_a_lost_task_file_fails_the_job_and_not_its_tasks(
    make_active: MakeActive, run_lane: RunLane, spool_folder: Path, script: Script
) -> None:
    script.on("k00003", FORBIDDEN)
    job = make_active(10, 5)
    (spool_folder / job.slices.get(number=2).task_file).unlink()
    run_lane()

    status, code, reason = failure_of(job)
    assert (status, code) == ("Failed", "SpoolDamaged")
    assert "has lost the file" in reason
    assert (job.succeeded, job.failed) == (9, 1), "what was done before stays counted"
    assert job.slices.get(number=2).errors == 5


def test_a_spool_that_cannot_be_written_fails_the_job_after_five_releases(
    make_active: MakeActive, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    script.on("k00003", FORBIDDEN)
    job = make_active(10)
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(commits.spool, "put", fail_with(full))
    run_lane()

    assert failure_of(job) == (
        "Failed",
        "SpoolFailed",
        "The spool cannot be used: No space left on device.",
    )
    assert (job.succeeded, job.failed) == (0, 0)
    assert not job.parts.exists()
    assert job.in_doubt == 10, "they were sent, and nobody knows the results any more"


def test_a_spool_that_recovers_in_time_costs_nothing(
    make_active: MakeActive, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    script.on("k00003", FORBIDDEN)
    job = make_active(10)
    put, calls = commits.spool.put, []

    def sometimes(name: str, content: bytes) -> Any:
        calls.append(name)
        if len(calls) <= 4:
            raise OSError(28, "No space left on device")
        return put(name, content)

    monkeypatch.setattr(commits.spool, "put", sometimes)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Complete", 9, 1)
    assert len(calls) > 4, "four setbacks came before the part"


def test_a_store_that_cannot_be_reached_while_preparing_fails_the_job_with_its_address(
    make_job: MakeJob, make_role: Any, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(role=make_role("away", endpoint_url="http://store.example.test:9000"))
    away = EndpointConnectionError(endpoint_url="http://store.example.test:9000/x")
    monkeypatch.setattr(working, "prepare", fail_with(away))
    run_lane()

    status, code, reason = failure_of(job)
    assert (status, code) == ("Failed", "StoreUnreachable")
    assert "http://store.example.test:9000 could not be reached" in reason


@pytest.mark.parametrize("upload", [True, False])
def test_what_is_no_store_fails_a_job_with_its_address(
    make_job: MakeJob,
    make_manifest: MakeManifest,
    make_role: Any,
    run_lane: RunLane,
    upload: bool,
) -> None:
    """Whether its list is read from there, or only the report goes there."""
    with web_server() as url:
        job = make_job(
            role=make_role("web", endpoint_url=url, addressing="path"),
            manifest=make_manifest(b"photos,a\n" if upload else None),
        )
        run_lane()

    status, code, reason = failure_of(job)
    assert (status, code) == ("Failed", "StoreUnreachable")
    assert f"What answers at {url} does not answer as S3 does" in reason


def test_a_fault_of_our_own_fails_the_job_without_telling_details(
    make_active: MakeActive, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_active(10)
    monkeypatch.setattr(ScriptedSender, "collect", fail_with(RuntimeError("secret-key-id")))
    run_lane()

    status, code, reason = failure_of(job)
    assert (status, code) == ("Failed", "InternalError")
    assert "RuntimeError" in reason
    assert "secret" not in reason


def test_a_slice_with_a_setback_waits_and_the_lane_goes_on_with_the_next(
    make_active: MakeActive,
    run_lane: RunLane,
    spool_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
) -> None:
    monkeypatch.setattr(working, "SETBACK_SECONDS", 60.0)
    job = make_active(10, 5)
    (spool_folder / job.slices.get(number=1).task_file).unlink()
    run_lane()

    first = job.slices.get(number=1)
    assert (first.state, first.owner, first.errors) == (Slice.State.READY, "", 1)
    assert first.not_before is not None
    assert script.sent == keys(15)[10:]


# ---- the lane itself


def test_a_lane_ends_when_nothing_is_left_and_leaves_no_trace(
    make_active: MakeActive, run_lane: RunLane
) -> None:
    job = make_active(5, 5)

    assert run_lane() == 3, "two slices and the report"

    job.refresh_from_db()
    assert job.status == "Complete"
    assert not Lane.objects.exists()


def test_a_lane_that_is_asked_to_stop_begins_nothing(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    make_active(5)

    assert run_lane(lambda: True) == 0
    assert script.sent == []


def test_one_sender_serves_all_slices_of_a_job(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    make_active(5, 5, 5)
    run_lane()

    assert len(script.senders) == 1
    assert script.senders[0].is_closed


def test_each_job_has_a_sender_of_its_own(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    make_active(5)
    make_active(5)
    run_lane()

    assert len(script.senders) == 2


def test_work_that_somebody_else_took_over_is_dropped_and_the_lane_goes_on(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    job = make_active(20, 5)

    def lose() -> None:
        expire(job.slices.get(number=1))
        claim_next(job, "somebody else")

    script.when_sent("k00003", lose)
    run_lane()

    assert job.slices.get(number=1).owner == "somebody else"
    assert job.slices.get(number=2).state == Slice.State.DONE


def test_a_cancel_just_before_preparing_begins_is_no_setback(
    make_job: MakeJob, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    job = make_job(status="New")
    prepare = working.prepare

    def cancelled_first(*args: Any) -> None:
        Job.objects.update(status="Cancelled")
        prepare(*args)

    monkeypatch.setattr(working, "prepare", cancelled_first)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.errors, job.failure_reasons) == ("Cancelled", 0, [])
    assert "setback" not in caplog.text


# ---- leases that may have run out, databases that are away


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass on the machine's own clock."""
    clock, passed = leases.boot_clock, [0.0]
    monkeypatch.setattr(leases, "boot_clock", lambda: clock() + passed[0])

    def wait(seconds: float) -> None:
        passed[0] += seconds

    return wait


class Closed:
    """In place of the connection, which a test cannot do without."""

    def close(self) -> None: ...


@pytest.mark.usefixtures("beats_often")
def test_a_lane_whose_lease_may_have_run_out_starts_nothing_more(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    later: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_active(100)

    def lose_database() -> None:
        later(settings.LADING_LEASE_SECONDS)
        monkeypatch.setattr(listening, "connection", Closed())
        monkeypatch.setattr(presence, "show_lane", fail_with(OperationalError("away")))
        monkeypatch.setattr(leases.Lease, "renew", fail_with(OperationalError("away")))

    script.when_sent("k00005", lose_database)
    with pytest.raises(LeaseLost, match="away for longer than the lease"):
        perform_slice(job)

    assert script.sent == keys(6)
    assert not job.parts.exists()


@pytest.mark.usefixtures("beats_often")
def test_a_lane_bears_a_database_that_does_not_answer_its_beats_for_a_while(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_active(100)
    show, failed = presence.show_lane, []

    def away(*args: Any, **at: Any) -> None:
        if 1 <= len(script.sent) < 60:
            failed.append(len(script.sent))
            raise OperationalError("away")
        show(*args, **at)

    monkeypatch.setattr(listening, "connection", Closed())
    monkeypatch.setattr(presence, "show_lane", away)
    perform_slice(job)

    assert failed
    job.refresh_from_db()
    assert (job.succeeded, script.sent) == (100, keys(100))


def test_a_lane_bears_a_database_that_does_not_take_its_part_for_a_while(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_active(100)
    commit, tried = execution.commit, []

    def away(*args: Any, **how: Any) -> None:
        tried.append(1)
        if len(tried) <= 3:
            raise OperationalError("the server closed the connection unexpectedly")
        commit(*args, **how)

    monkeypatch.setattr(listening, "connection", Closed())
    monkeypatch.setattr(execution, "commit", away)
    perform_slice(job)

    job.refresh_from_db()
    assert job.succeeded == 100
    assert script.sent == keys(100), "nothing is performed twice"
    assert [row.key for row in page(job).rows] == keys(100)


def test_better_work_is_not_kept_by_a_lane_that_lost_its_own(
    make_active: MakeActive, run_lane: RunLane, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.lanes.BEAT_SECONDS", 0.0)
    job = make_active(20, priority=1)
    urgent: list[Job] = []

    def lose() -> None:
        urgent.append(make_active(rows=["photos,urgent"], priority=2))
        Slice.objects.filter(job=job).update(epoch=9, owner="somebody else")

    script.when_sent("k00003", lose)
    run_lane()

    assert "urgent" in script.sent, "it need not wait for a lease to run out"
    assert urgent[0].slices.get().crashes == 0


def test_a_lane_that_may_start_nothing_gives_its_slice_back(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    job = make_active(500, 2500)
    held = job.slices.filter(number=1)
    held.update(started_upto=500, not_before="2100-01-01T00:00:00Z")

    run_lane()

    job.refresh_from_db()
    other = job.slices.get(number=2)
    assert job.executed == 500, "the other five hundred of the first thousand are held"
    assert (other.state, other.owner, other.next_index) == (Slice.State.READY, "", 500)

    held.update(not_before=None)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded) == ("Complete", 3000)
