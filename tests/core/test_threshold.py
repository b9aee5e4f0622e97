"""The failure threshold: more than half of at least a thousand executed tasks (spec.md 2.4)."""

from __future__ import annotations

import pytest

from jobs.commits import commit
from jobs.models import Job
from jobs.results import page
from operations.base import SUCCESSFUL
from tests.core.conftest import MakeActive, RunLane, claim_next, keys
from tests.core.scripted import FORBIDDEN, Script


def refuse(script: Script, refused: list[str]) -> None:
    for key in refused:
        script.on(key, FORBIDDEN)


@pytest.mark.parametrize(
    ("total", "failing", "status"),
    [
        (1000, 501, "Failed"),
        (1000, 500, "Complete"),
        (999, 999, "Complete"),
        (1000, 0, "Complete"),
        (1500, 750, "Complete"),
    ],
)
def test_a_job_fails_when_more_than_half_of_at_least_a_thousand_tasks_failed(
    make_active: MakeActive,
    run_lane: RunLane,
    script: Script,
    total: int,
    failing: int,
    status: str,
) -> None:
    for number in range(failing):
        script.on(keys(total)[number * total // failing], FORBIDDEN)
    job = make_active(*[250] * (total // 250), *([total % 250] if total % 250 else []))
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.executed, job.failed) == (status, total, failing)


def test_a_job_whose_tasks_all_fail_stops_at_a_thousand_and_never_tries_the_rest(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.otherwise = FORBIDDEN
    job = make_active(250, 500, 1000, 2000)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Failed", 0, 1000), "the decision is exact"
    assert job.total_tasks == 3750
    assert script.sent == keys(1000)
    assert job.in_doubt == 0


def test_the_reason_and_the_way_through_failing_are_told(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.otherwise = FORBIDDEN
    job = make_active(1000, 1000)
    run_lane()

    job.refresh_from_db()
    [told] = job.failure_reasons
    assert told == {
        "FailureCode": "TaskFailureThresholdExceeded",
        "FailureReason": "1,000 of 1,000 tasks failed, which is more than 50 percent.",
    }
    moves = list(job.events.values_list("from_status", "to_status", "reason"))
    assert moves == [
        ("Active", "Failing", told["FailureReason"]),
        ("Failing", "Failed", ""),
    ]
    assert job.terminated_at is not None


def test_a_failed_job_has_a_report_of_what_was_executed(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    refuse(script, keys(1000)[:600])
    job = make_active(1000, 1000)
    run_lane()

    job.refresh_from_db()
    assert job.status == "Failed"
    rows = {file.kind: file.rows for file in job.report_files.all()}
    assert (rows["succeeded"], rows["failed"]) == (400, 600)
    assert len(page(job, limit=5000).rows) == 1000


def test_nothing_is_judged_before_a_thousand_tasks_are_executed(make_active: MakeActive) -> None:
    job = make_active(1000, 1000)
    claim = claim_next(job)
    rows = [f"photos,{key}".encode() for key in keys(1000)]

    commit(claim, rows, [FORBIDDEN] * 999, window=1)
    assert Job.objects.get().status == "Active"

    commit(claim, rows, [SUCCESSFUL], window=1)
    assert Job.objects.get().status == "Failing"


@pytest.mark.parametrize(("failing", "status"), [(1000, "Active"), (1001, "Failing")])
def test_exactly_half_is_not_more_than_half(
    make_active: MakeActive, failing: int, status: str
) -> None:
    job = make_active(2000, 10, succeeded=0)
    rows = [f"photos,{key}".encode() for key in keys(2000)]
    told = [SUCCESSFUL] * (2000 - failing) + [FORBIDDEN] * failing

    commit(claim_next(job), rows, told, window=1)

    assert Job.objects.get().status == status


def test_it_is_judged_at_any_moment_after_the_first_thousand(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    refuse(script, keys(6000)[2000:])
    job = make_active(2000, 4000)
    run_lane()

    job.refresh_from_db()
    assert job.status == "Failed"
    assert 2000 < job.failed < 4000
    assert job.succeeded == 2000


def test_it_is_judged_while_the_job_is_pausing(make_active: MakeActive) -> None:
    job = make_active(2000)
    claim = claim_next(job)
    Job.objects.update(status="Pausing")
    rows = [f"photos,{key}".encode() for key in keys(2000)]

    commit(claim, rows, [FORBIDDEN] * 2000, window=1)

    assert Job.objects.get().status == "Failing"


def test_a_job_that_is_being_cancelled_stays_so(make_active: MakeActive) -> None:
    job = make_active(2000)
    claim = claim_next(job)
    Job.objects.update(status="Cancelling")
    rows = [f"photos,{key}".encode() for key in keys(2000)]

    commit(claim, rows, [FORBIDDEN] * 1500, window=1)

    job.refresh_from_db()
    assert (job.status, job.failed, job.failure_reasons) == ("Cancelling", 1500, [])
