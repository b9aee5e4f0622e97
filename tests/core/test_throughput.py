"""How fast a job was: every committed task is counted once, in the bucket of its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from jobs.commits import commit
from jobs.leases import LeaseLost
from jobs.listening import Listener
from jobs.models import Job, Lane, Slice, Throughput
from jobs.models.throughput import MOST_BUCKETS
from jobs.sending import Sending
from operations.base import SUCCESSFUL
from operations.pace import Pace
from tests.core.conftest import MakeActive, claim_next, keys, never
from tests.core.scripted import FORBIDDEN, THROTTLED, Script

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = [f"photos,{key}".encode() for key in keys(4)]


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_tasks_are_counted_where_they_were_committed() -> None:
    row = Throughput(began_at=BEGAN)

    row.add(after(0.5), succeeded=3, failed=0)
    row.add(after(3.2), succeeded=4, failed=1)
    row.add(after(3.9), succeeded=1, failed=0)

    assert (row.succeeded, row.failed, row.seconds) == ([3, 0, 0, 5], [0, 0, 0, 1], 1)


def test_buckets_grow_wider_rather_than_many() -> None:
    row = Throughput(began_at=BEGAN, succeeded=[1] * MOST_BUCKETS, failed=[0] * MOST_BUCKETS)

    row.add(after(MOST_BUCKETS), succeeded=7, failed=2)

    assert row.seconds == 2
    assert row.succeeded == [2] * (MOST_BUCKETS // 2) + [7]
    assert row.failed[-1] == 2


def test_a_clock_that_was_set_back_loses_nothing() -> None:
    row = Throughput(began_at=BEGAN)

    row.add(after(-60), succeeded=2, failed=0)

    assert row.succeeded == [2]


@given(st.lists(st.tuples(st.floats(0, 1e8), st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_nothing_is_lost_over_any_time(parts: list[tuple[float, int, int]]) -> None:
    row = Throughput(began_at=BEGAN)

    for seconds, succeeded, failed in parts:
        row.add(after(seconds), succeeded=succeeded, failed=failed)

    assert sum(row.succeeded) == sum(part[1] for part in parts)
    assert sum(row.failed) == sum(part[2] for part in parts)
    assert len(row.succeeded) == len(row.failed) <= MOST_BUCKETS


def test_a_part_is_counted_in_its_transaction(make_active: MakeActive) -> None:
    job = make_active(4)
    claim = claim_next(job)

    commit(claim, ROWS, [SUCCESSFUL, FORBIDDEN], window=10)
    commit(claim, ROWS, [SUCCESSFUL, SUCCESSFUL], window=10)

    row = Throughput.objects.get(job=job)
    assert (sum(row.succeeded), sum(row.failed)) == (3, 1)


def test_a_lane_that_lost_its_slice_counts_nothing(make_active: MakeActive) -> None:
    claim = claim_next(make_active(4))
    Slice.objects.update(epoch=F("epoch") + 1)

    with pytest.raises(LeaseLost):
        commit(claim, ROWS, [SUCCESSFUL], window=10)

    assert not Throughput.objects.exists()


def test_it_goes_with_its_job(make_active: MakeActive) -> None:
    job = make_active(4)
    commit(claim_next(job), ROWS, [SUCCESSFUL], window=10)

    Job.objects.get(pk=job.pk).delete()

    assert not Throughput.objects.exists()


def test_a_lane_tells_how_often_the_store_asks_to_slow_down(
    make_active: MakeActive, script: Script
) -> None:
    for key in keys(4)[:3]:
        script.on(key, THROTTLED)
    claim, now = claim_next(make_active(4)), [0.0]
    pace = Pace(16, clock=lambda: now[0])
    sending = Sending(claim, ROWS, script.sender(), pace)

    sending.feed()
    sending.collect(0)
    now[0] = 2.0
    Listener(claim, never, pace).beat([])

    assert Lane.objects.get().throttled == 1.5
