"""When failures end a job: AWS's rule, after a number of them, or never (issue: per job)."""

from __future__ import annotations

import pytest

from jobs.commits import commit
from jobs.models import Job
from operations.base import SUCCESSFUL
from tests.core.conftest import MakeActive, RunLane, claim_next, keys
from tests.core.scripted import FORBIDDEN, Script

COUNT, NEVER = {"failure_rule": "count"}, {"failure_rule": "never"}


def rows(count: int) -> list[bytes]:
    return [f"photos,{key}".encode() for key in keys(count)]


def test_it_stops_exactly_when_the_number_is_reached(make_active: MakeActive) -> None:
    make_active(100, **COUNT, failure_limit=3)
    claim = claim_next(Job.objects.get())
    commit(claim, rows(100), [SUCCESSFUL] * 5 + [FORBIDDEN] * 2, window=9)
    assert Job.objects.get().status == "Active"

    commit(claim, rows(100), [FORBIDDEN], window=9)

    job = Job.objects.get()
    assert job.status == "Failing"
    assert job.failure_reasons == [
        {
            "FailureCode": "TaskFailureThresholdExceeded",
            "FailureReason": "3 tasks failed; the job was to stop after 3.",
        }
    ]


@pytest.mark.parametrize(("failing", "status"), [(1, "Complete"), (2, "Failed"), (3, "Failed")])
def test_few_tasks_are_enough_for_a_number(
    make_active: MakeActive, run_lane: RunLane, script: Script, failing: int, status: str
) -> None:
    for key in keys(failing):
        script.on(key, FORBIDDEN)
    job = make_active(10, **COUNT, failure_limit=2)
    run_lane()

    job.refresh_from_db()
    assert job.status == status


def test_a_number_is_the_only_rule_where_it_is_given(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.otherwise = FORBIDDEN
    job = make_active(1000, 200, **COUNT, failure_limit=1201)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.failed) == ("Complete", 1200), "more than half of a thousand failed"


def test_never_is_never(make_active: MakeActive, run_lane: RunLane, script: Script) -> None:
    script.otherwise = FORBIDDEN
    job = make_active(1000, 500, **NEVER)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.failed, job.failure_reasons) == ("Complete", 1500, [])


def test_what_is_overshot_is_at_most_what_one_lane_has_in_flight(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    """A lane commits as soon as what it has may be enough: with a store that answers at once that
    is a part of a tenth of a second, whatever the size of the job.
    """
    script.otherwise = FORBIDDEN
    job = make_active(1000, 1000, 1000, **COUNT, failure_limit=1)
    run_lane()

    job.refresh_from_db()
    assert job.status == "Failed"
    assert 1 <= job.failed < 1000
    assert len(script.sent) < 1000
    assert job.executed + job.in_doubt == len(script.sent), "all that was sent is accounted for"


def test_lanes_together_overshoot_by_one_part_each(make_active: MakeActive) -> None:
    make_active(10, 10, 10, **COUNT, failure_limit=2)
    claims = [claim_next(Job.objects.get(), f"lane{number}") for number in range(3)]

    for claim in claims:  # each has its part ready when the first is committed
        commit(claim, rows(10), [FORBIDDEN] * 4, window=9, release=True)

    job = Job.objects.get()
    assert (job.status, job.failed) == ("Failing", 12), "what was done is counted"
    assert job.events.filter(to_status="Failing").count() == 1
    assert len(job.failure_reasons) == 1
