"""The chart of a job's throughput: it shows every task, every pause and every failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jobs.models import Throughput
from jobs.models.throughput import MOST_BUCKETS
from jobs.pages.chart import HEIGHT, LEAST_BAD, MOST_COLUMNS, MOST_ROWS, Chart, chart_of, draw
from tests.conftest import MakeJob

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def drawn(
    succeeded: list[int],
    failed: list[int] | None = None,
    *,
    seconds: int = 1,
    life: float | None = None,
) -> Chart:
    """What was kept, drawn at the end of its last bucket unless told otherwise."""
    failed = failed or [0] * len(succeeded)
    kept = Throughput(began_at=BEGAN, seconds=seconds, succeeded=succeeded, failed=failed)
    spent = len(succeeded) * seconds if life is None else life
    return draw(kept, BEGAN + timedelta(seconds=spent))


def test_a_short_life_has_a_column_for_each_bucket() -> None:
    chart = drawn([10, 20, 0, 40], [0, 0, 0, 5], seconds=2)

    assert [(column.succeeded, column.failed) for column in chart.columns] == [
        (10, 0), (20, 0), (0, 0), (40, 5),
    ]  # fmt: skip
    assert [column.rate for column in chart.columns] == [5, 10, 0, 22.5]
    assert [column.when for column in chart.columns] == ["0 s", "2 s", "4 s", "6 s"]
    assert chart.view_box == "0 0 4 100"
    assert (chart.begins, chart.ends) == (BEGAN, BEGAN + timedelta(seconds=8))


@pytest.mark.parametrize(
    ("buckets", "columns", "rows"),
    [(1, 1, 1), (12, 12, 12), (13, 13, 7), (60, 60, 12), (61, 31, 11), (240, 60, 12)],
)
def test_many_buckets_are_merged_into_columns_and_fewer_rows(
    buckets: int, columns: int, rows: int
) -> None:
    chart = drawn([7] * buckets)

    assert (len(chart.columns), len(chart.rows)) == (columns, rows)
    assert columns <= MOST_COLUMNS
    assert rows <= MOST_ROWS
    assert {column.rate for column in chart.columns} == {7}, "merging does not change the rate"
    assert [column.place for column in chart.columns] == list(range(columns))


def test_a_pause_is_a_gap_also_at_the_end() -> None:
    chart = drawn([10, 0, 0, 10], life=8)

    assert [column.rate for column in chart.columns] == [10, 0, 0, 10, 0, 0, 0, 0]
    assert {column.good_height for column in chart.columns} == {0.0, 100.0}


def test_a_stretch_that_is_not_over_is_measured_by_what_is_over_of_it() -> None:
    chart = drawn([50, 50, 20], seconds=10, life=24)

    assert [column.rate for column in chart.columns] == [5, 5, 5]
    assert [row.rate for row in chart.rows] == [5, 5, 5]


def test_tasks_of_a_moment_are_not_a_huge_rate() -> None:
    chart = drawn([100], seconds=1, life=0.01)

    assert [column.rate for column in chart.columns] == [100]


@pytest.mark.parametrize("succeeded", [0, 1_000_000])
def test_a_single_failure_among_many_can_be_seen(succeeded: int) -> None:
    column = drawn([succeeded, 1_000_000], [1, 0]).columns[0]

    assert column.bad_height >= LEAST_BAD
    assert 0 <= column.bad_y <= HEIGHT - LEAST_BAD
    assert drawn([5]).columns[0].bad_height == 0


def test_failures_stand_on_what_succeeded() -> None:
    column = drawn([30], [20]).columns[0]

    assert (column.good_y, column.good_height) == (40, 60)
    assert (column.bad_y, column.bad_height) == (0, 40)


@pytest.mark.parametrize(
    ("tasks", "seconds", "scale"),
    [
        (1, 1, "1"),
        (3, 1, "5"),
        (11, 1, "20"),
        (20, 1, "20"),
        (1_001, 1, "2,000"),
        (1, 2, "0.5"),
        (1, 600, "0.002"),
        (7, 100, "0.1"),
    ],
)
def test_the_upper_edge_is_a_round_number_however_slow(
    tasks: int, seconds: int, scale: str
) -> None:
    assert drawn([tasks], seconds=seconds).scale == scale


def test_the_speed_of_a_slow_job_is_not_nothing() -> None:
    column = drawn([3], seconds=100).columns[0]

    assert column.speed == "0.03"
    assert drawn([1_234]).columns[0].speed == "1,234"


KEPT = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=MOST_BUCKETS
).filter(lambda kept: any(map(any, kept)))


@given(KEPT, st.sampled_from([1, 2, 64, 4096]), st.floats(0, 3))
def test_no_task_is_lost_and_nothing_leaves_the_chart(
    kept: list[tuple[int, int]], seconds: int, stretched: float
) -> None:
    good, bad = (list(tasks) for tasks in zip(*kept, strict=True))

    chart = drawn(good, bad, seconds=seconds, life=len(good) * seconds * stretched)

    for shown in (chart.columns, chart.rows):
        assert sum(column.succeeded for column in shown) == sum(good)
        assert sum(column.failed for column in shown) == sum(bad)
    assert len(chart.columns) <= MOST_COLUMNS
    assert len(chart.rows) <= MOST_ROWS
    for column in chart.columns:
        assert -0.02 <= column.good_y <= HEIGHT  # a hundredth is lost by rounding
        assert 0 <= column.bad_y <= column.bad_y + column.bad_height <= HEIGHT + LEAST_BAD
        assert column.place < column.x < column.x + column.width < column.place + 1
        assert column.seconds > 0
        assert bool(column.bad_height) == bool(column.failed)


# ---- on the page


def test_there_is_no_chart_before_the_first_part(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=10)

    assert chart_of(job, None) is None
    kept = Throughput.objects.create(job=job, succeeded=[0], failed=[0])
    assert chart_of(job, kept) is None, "a part whose tasks were all deferred"
    assert 'class="chart"' not in client.get(f"/jobs/{job.pk}/").content.decode()


def test_the_chart_of_an_ended_job_ends_with_it(client: Client, make_job: MakeJob) -> None:
    began = timezone.now() - timedelta(hours=1)
    ended = began + timedelta(seconds=90)
    job = make_job(status="Complete", total_tasks=12, succeeded=10, failed=2, terminated_at=ended)
    kept = Throughput.objects.create(
        job=job, began_at=began, seconds=30, succeeded=[4, 6], failed=[0, 2]
    )

    chart = chart_of(job, kept)
    page = client.get(f"/jobs/{job.pk}/").content.decode()

    assert chart is not None
    assert (chart.ends, len(chart.columns)) == (ended, 3)
    assert "30 s after the start: 0.27 tasks/s, 2 failed" in page
    table = page[page.index('id="chart-table"') :]
    assert table.count("<tr><td>") == 3
    assert '<td>30 s</td><td class="number">0.27</td>' in table
