"""Between which spans a job's end lies."""

from __future__ import annotations

import pytest

from jobs.models import Job, Throughput
from jobs.pages.forecast import LEAST_WINDOWS, WINDOWS, range_of, rates_of_late
from jobs.pages.progress import Progress
from tests.conftest import MakeJob


def kept(job: Job, succeeded: list[int], *, seconds: int = 10) -> Job:
    Throughput.objects.create(
        job=job, seconds=seconds, succeeded=succeeded, failed=[0] * len(succeeded)
    )
    return job


def forecast(job: Job, rate: float) -> str:
    found = Throughput.objects.filter(job=job).first()
    return range_of(Progress(job, rate_of_late=rate), found)


def rates(job: Job) -> list[float]:
    return rates_of_late(Throughput.objects.get(job=job))


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    """One with 12,000 tasks left."""
    return make_job(status="Active", total_tasks=20_000, succeeded=8_000)


def test_the_end_lies_between_what_the_slow_and_the_fast_windows_promise(job: Job) -> None:
    kept(job, [50, 100, 200, 50, 100, 999])

    assert forecast(job, 10) == "20 min to 40 min"


def test_the_estimate_itself_is_always_in_the_range(job: Job) -> None:
    kept(job, [100, 110, 90, 110, 90, 0])

    assert forecast(job, 10) == "18 min to 22 min"
    assert forecast(job, 1) == "18 min to 3 h"
    assert forecast(job, 100) == "2 min to 22 min"


def test_a_steady_job_needs_no_range(job: Job) -> None:
    assert forecast(kept(job, [100] * 10), 10) == ""


@pytest.mark.parametrize("succeeded", [[], [100], [50, 100, 999], [50, 0, 0, 100, 0, 999]])
def test_too_little_to_judge_by_gives_no_range(job: Job, succeeded: list[int]) -> None:
    kept(job, succeeded)

    assert len(rates(job)) < LEAST_WINDOWS
    assert forecast(job, 10) == ""


@pytest.mark.parametrize("status", ["Ready", "Paused", "Complete"])
def test_a_job_that_does_not_run_has_no_range(make_job: MakeJob, status: str) -> None:
    made = kept(make_job(status=status, total_tasks=20_000, succeeded=8_000), [50, 100, 200, 0] * 3)

    assert forecast(made, 10) == ""


def test_a_job_without_throughput_or_rate_has_no_range(job: Job) -> None:
    assert forecast(job, 10) == ""
    assert forecast(kept(job, [50, 100, 200, 400, 0]), 0) == ""


def test_short_buckets_are_judged_together_and_pauses_not_at_all(job: Job) -> None:
    kept(job, [7] * 3 + [1] * 10 + [0] * 10 + [2] * 10 + [99], seconds=1)

    assert rates(job) == [1, 2], "what is left over at the beginning is no whole window"


def test_only_the_newest_windows_count(job: Job) -> None:
    kept(job, [1_000] * 20 + [10] * WINDOWS + [0])

    assert rates(job) == [1] * WINDOWS
