"""What is asked again and again costs the same however many slices of a job are done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import lanes, lifecycle, results, threshold
from jobs.models import Job, Slice
from operations.base import SUCCESSFUL
from tests.conftest import MakePart
from tests.core.conftest import MakeActive, claim_next
from tests.core.scripted import FORBIDDEN

ASKED: dict[str, Callable[[Job], object]] = {
    "is there work": lambda job: lanes.waiting(),
    "is there more urgent work": lambda job: lanes.waiting(job, fair=True),
    "which slice is next": lambda job: [found.first() for found in lanes.claimable(job)],
    "how many rows may be started": lambda job: threshold.allowance(job, 100),
    "is the job done": lambda job: lifecycle.complete(),
    "how many rows are in doubt": lambda job: job.slices.all().rows_started(),
}
ALL_OF_A_JOB = "jobs_slice_job_id_"
"""The index in which every slice of a job is."""


@pytest.mark.parametrize("question", ASKED)
def test_slices_that_are_done_are_not_looked_at(make_active: MakeActive, question: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other databases choose by how many rows there are; here are none")
    job = make_active(2, 2, 2)
    Job.objects.update(total_tasks=2000)
    job.refresh_from_db()
    job.slices.filter(number=1).update(state=Slice.State.DONE, next_index=2, started_upto=2)
    claim_next(job)

    with CaptureQueriesContext(connection) as asked:
        ASKED[question](job)

    plans = [plan_of(query["sql"]) for query in asked if '"jobs_slice"' in query["sql"]]
    assert plans
    for plan in plans:
        assert ALL_OF_A_JOB not in plan
        assert "SCAN jobs_slice" not in plan


def plan_of(sql: str) -> str:
    """How SQLite goes about a query that only reads."""
    if not sql.startswith("SELECT"):
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "; ".join(step[-1] for step in cursor.fetchall())


def test_rows_of_slices_that_are_done_are_in_no_doubt(make_active: MakeActive) -> None:
    job = make_active(10, 10, 10, 10)
    states = [Slice.State.DONE, Slice.State.READY, Slice.State.RUNNING, Slice.State.READY]
    for number, (state, done, started) in enumerate(
        zip(states, [10, 2, 3, 0], [10, 6, 8, 0], strict=True), 1
    ):
        job.slices.filter(number=number).update(state=state, next_index=done, started_upto=started)

    assert job.slices.all().rows_started() == 4 + 5


@pytest.mark.parametrize("most", [1, 2, 50])
@pytest.mark.parametrize("status", [None, "failed", "succeeded"])
def test_pages_are_the_same_however_many_parts_are_read_at_a_time(
    make_active: MakeActive,
    make_part: MakePart,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    status: str | None,
) -> None:
    job = make_active(5, 5)
    for slice_ in job.slices.order_by("number"):
        make_part(slice_, [SUCCESSFUL, FORBIDDEN])
        make_part(slice_, [FORBIDDEN, SUCCESSFUL, FORBIDDEN])
    whole = results.page(job, status=status).rows
    monkeypatch.setattr(results, "PARTS_AT_A_TIME", most)

    found, cursor, done = [], "", False
    while not done:
        page = results.page(job, cursor, status=status, limit=3)
        found, cursor, done = found + page.rows, page.cursor, page.done

    assert len(whole) == {None: 10, "failed": 6, "succeeded": 4}[status]
    assert found == whole
