"""The examination of the chaos suite can fail: each kind of harm is told when it is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import invariants
from tests.chaos.invariants import PartRow, SliceRow
from tests.chaos.objects import Objects, Stored
from tests.chaos.work import BUCKETS, Plan, fill

PLAN = Plan(
    number=1,
    operation="S3PutObjectTagging",
    keys=("job1/a b.jpg", "job1/c.jpg"),
    absent=("job1/gone.jpg",),
    priority=10,
    speed=None,
    is_uploaded=False,
    at=0.0,
)
COPY = replace(PLAN, operation="S3PutObjectCopy")
ROWS = ("photos,job1/a%20b.jpg", "photos,job1/c.jpg", "photos,job1/gone.jpg")
SLICE = SliceRow(7, None, 3, 2, 2, 1, 0, ROWS)
PARTS = (PartRow(7, 0, 1, 1, 0, 0), PartRow(7, 1, 3, 1, 1, 0))


def told(**changes: Any) -> dict[str, Any]:
    progress = {"total": 3, "succeeded": 2, "failed": 1}
    return {
        "status": changes.pop("status", "Complete"),
        "failure_reasons": [],
        "progress": {**progress, **changes},
    }


@pytest.fixture
def objects() -> Objects:
    """A store in which PLAN, and the same as a copy, have been done."""
    made = Objects(*BUCKETS)
    fill(made, [PLAN])
    for key in PLAN.keys:
        made.buckets["photos"][key].tags = PLAN.wanted_tags
        made.buckets["archive"][f"job1/{key}"] = Stored(key.encode())
    return made


# ---- jobs and reports


def test_a_job_that_came_to_what_it_had_to_is_right():
    assert invariants.check_end(PLAN, told()) == []


@pytest.mark.parametrize(
    "changes", [{"status": "Failed"}, {"succeeded": 3, "failed": 0}, {"failed": 0}, {"total": 4}]
)
def test_a_job_that_ended_otherwise_is_told(changes: dict[str, Any]):
    assert invariants.check_end(PLAN, told(**changes))


def test_a_report_with_each_entry_once_is_right():
    assert invariants.check_report(PLAN, PLAN.expected_rows()) == []


def test_a_doubled_report_row_is_told():
    rows = PLAN.expected_rows()

    (wrong,) = invariants.check_report(PLAN, [*rows, rows[0]])

    assert "too much" in wrong
    assert "a%20b.jpg" in wrong


def test_a_missing_report_row_is_told():
    (wrong,) = invariants.check_report(PLAN, PLAN.expected_rows()[1:])

    assert "lacks" in wrong


def test_a_success_that_cannot_be_is_told():
    rows = [*PLAN.expected_rows()[:-1], ("photos", "job1/gone.jpg", "succeeded")]

    assert len(invariants.check_report(PLAN, rows)) == 2


# ---- slices, parts and counters


def test_parts_that_tile_their_slice_are_right():
    assert invariants.check_slices("job1", [SLICE], PARTS) == []
    assert invariants.check_counters(PLAN, (2, 1), [SLICE], PARTS) == []


@pytest.mark.parametrize(
    ("stretches", "said"),
    [
        ([(0, 2), (1, 3)], "[1, 3) was committed twice"),
        ([(0, 1), (2, 3)], "[1, 2) was never committed"),
        ([(0, 2)], "end at 2 of 3"),
        ([(0, 3), (0, 3)], "[0, 3) was committed twice"),
        ([], "end at 0 of 3"),
    ],
)
def test_stretches_that_do_not_tile_are_told(stretches: list[tuple[int, int]], said: str):
    assert any(said in wrong for wrong in invariants.tiling(stretches, 3))


def test_a_slice_that_is_not_done_is_told():
    assert invariants.check_slices("job1", [replace(SLICE, state=1)], PARTS)


def test_deferred_rows_without_a_retry_slice_are_told():
    assert invariants.check_slices("job1", [replace(SLICE, deferred=1)], PARTS)


def test_counters_that_are_not_the_sum_of_the_parts_are_told():
    assert invariants.check_counters(PLAN, (3, 1), [SLICE], PARTS)
    assert invariants.check_counters(PLAN, (2, 1), [replace(SLICE, failed=2)], PARTS)


def test_a_row_of_the_manifest_that_no_slice_has_is_told():
    (wrong,) = invariants.check_counters(PLAN, (2, 1), [replace(SLICE, rows=ROWS[:2])], PARTS)

    assert "gone.jpg" in wrong


# ---- the store


def test_a_store_in_which_all_is_done_is_right(objects: Objects):
    assert invariants.check_store(PLAN, objects) == []
    assert invariants.check_store(COPY, objects) == []
    assert invariants.check_bystanders(objects) == []


def test_an_object_that_was_left_out_is_told(objects: Objects):
    objects.buckets["photos"]["job1/c.jpg"].tags = []
    del objects.buckets["archive"]["job1/job1/c.jpg"]

    assert "job1/c.jpg was left out" in invariants.check_store(PLAN, objects)[0]
    assert "job1/c.jpg was left out" in invariants.check_store(COPY, objects)[0]


def test_a_missing_object_is_told(objects: Objects):
    del objects.buckets["photos"]["job1/c.jpg"]

    assert "harmed" in invariants.check_store(PLAN, objects)[0]


def test_an_object_made_out_of_nothing_is_told(objects: Objects):
    objects.buckets["archive"]["job1/job1/gone.jpg"] = Stored(b"")

    assert "did not exist" in invariants.check_store(COPY, objects)[0]


def test_an_object_of_no_job_that_was_touched_is_told(objects: Objects):
    objects.buckets["photos"]["bystander-003.jpg"].tags = PLAN.wanted_tags

    assert "bystander-003.jpg" in invariants.check_bystanders(objects)[0]
