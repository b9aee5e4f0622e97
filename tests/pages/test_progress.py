"""The numbers of a job in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from jobs.models import Job, Lane, Manifest, Role, recent
from jobs.pages.progress import Progress
from jobs.pages.words import duration
from jobs.workers import lanes_of
from tests.conftest import MakeJob


def progress_of(**values: object) -> Progress:
    """Without a database."""
    made = Job(manifest=Manifest(size=1000), role=Role(), operation="S3PutObjectTagging", **values)
    return Progress(made)


@pytest.mark.parametrize(
    ("succeeded", "failed", "total", "percent"),
    [(0, 0, 0, 0), (0, 0, 10, 0), (1, 1, 3, 66), (99_999, 0, 100_000, 99), (7, 3, 10, 100)],
)
def test_the_percentage_is_100_only_at_the_end(
    succeeded: int, failed: int, total: int, percent: int
) -> None:
    progress = progress_of(succeeded=succeeded, failed=failed, total_tasks=total)

    assert progress.percent == percent
    assert progress.remaining == total - succeeded - failed


def test_few_failures_among_many_can_be_seen() -> None:
    progress = progress_of(total_tasks=1_000_000, succeeded=999_999, failed=1)

    assert progress.failed_share == 0.6
    assert progress.failed_start + progress.failed_share <= 100
    assert (progress.failed_rate, progress.succeeded_rate) == ("< 0.1%", "> 99.9%")


@pytest.mark.parametrize(
    ("succeeded", "failed", "rate"), [(0, 0, ""), (0, 5, "100%"), (2, 1, "33.3%"), (3, 1, "25%")]
)
def test_the_rate_of_failures_is_of_executed_tasks(succeeded: int, failed: int, rate: str) -> None:
    progress = progress_of(total_tasks=100, succeeded=succeeded, failed=failed)

    assert progress.failed_rate == rate


def test_speed_and_time_left_come_from_committed_tasks_and_active_time() -> None:
    with time_machine.travel("2026-01-05T10:00:00Z", tick=False):
        progress = progress_of(
            status="Active",
            total_tasks=10_000,
            succeeded=2_000,
            active_time=timedelta(seconds=60),
            active_since=timezone.now() - timedelta(seconds=40),
        )

        assert (progress.speed, progress.elapsed) == ("20", "1 min 40 s")
        assert progress.time_left == "6 min 40 s"


def beating(job: Job, owner: str, silent: float = 0, rate: float = 0) -> None:
    """A lane that has outcomes at hand."""
    Lane.objects.create(
        **{"owner": owner, "node": "n", "host": "h", "pid": 1, "process_start": 1, "job": job},
        **{"succeeded": 5, "failed": 2, "beat_at": recent(silent), "rate": rate},
    )


def at_work(job: Job, *rates: float) -> Progress:
    """With somebody at it: a lane of each rate, in tasks per second."""
    for number, rate in enumerate(rates):
        beating(job, f"alive-{number}", rate=rate)
    return Progress.of(job, lanes_of(job))


def test_the_speed_is_what_those_who_work_at_it_report_together(make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=100_000, succeeded=40_000, requests_per_second=50)
    beating(job, "silent", silent=6, rate=500)

    progress = at_work(job, 12, 8)

    assert (progress.speed_name, progress.speed, progress.time_left) == ("Rate", "20", "50 min 0 s")
    assert progress.ceiling == 50


def test_a_job_that_stands_still_has_no_time_left(make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=100, succeeded=40)

    progress = at_work(job, 0)

    assert (progress.speed_name, progress.speed, progress.time_left) == ("Rate", "0.0", "")


def test_a_job_so_young_that_no_worker_has_told_its_rate_has_the_mean(make_job: MakeJob) -> None:
    since = timezone.now() - timedelta(seconds=1)
    job = make_job(status="Active", succeeded=40, active_since=since, requests_per_second=5)

    with time_machine.travel(since + timedelta(seconds=2), tick=False):
        progress = at_work(job, 0)
        told = (progress.speed_name, progress.ceiling, progress.tasks_per_second)

    assert told == ("Mean rate", None, 20.0)
    Lane.objects.update(rate=7)
    assert Progress.of(job, lanes_of(job)).speed_name == "Rate"


@pytest.mark.parametrize("status", ["Ready", "Paused", "Completing", "Complete", "Cancelled"])
def test_a_job_that_rests_or_has_ended_has_the_mean_of_its_time_at_work_and_no_ceiling(
    make_job: MakeJob, status: str
) -> None:
    active = {"active_time": timedelta(seconds=20), "active_since": None}
    job = make_job(status=status, total_tasks=500, succeeded=440, requests_per_second=20, **active)

    progress = at_work(job, 300)

    assert (progress.speed_name, progress.speed, progress.ceiling) == ("Mean rate", "22", None)


@pytest.mark.parametrize(("of_job", "of_store"), [(5, None), (None, 5), (5, 8), (8, 5)])
def test_a_ceiling_below_the_rate_counts_for_the_time_left(
    make_job: MakeJob, role: Role, of_job: int | None, of_store: int | None
) -> None:
    role.requests_per_second = of_store
    role.save()
    job = make_job(
        status="Active", role=role, total_tasks=700, succeeded=600, requests_per_second=of_job
    )

    assert Progress(job).time_left == "20 s"


def test_a_slow_job_has_a_rate_with_decimals() -> None:
    progress = progress_of(succeeded=3, active_time=timedelta(seconds=10))

    assert progress.speed == "0.3"


@pytest.mark.parametrize("status", ["Pausing", "Paused", "Completing", "Complete"])
def test_time_left_is_told_only_while_the_job_goes_on(status: str) -> None:
    progress = progress_of(
        status=status, total_tasks=10, succeeded=5, active_time=timedelta(seconds=10)
    )

    assert progress.time_left == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (63, "1 min 3 s"), (7_500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_a_duration_has_two_units(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("read", "percent"), [(0, 0), (500, 50), (2_000, 100)])
def test_preparing_is_measured_in_bytes(read: int, percent: int) -> None:
    assert progress_of(bytes_read=read).percent_read == percent


def test_a_manifest_of_unknown_size_has_no_percentage() -> None:
    assert Progress(Job(manifest=Manifest(size=None))).percent_read is None


def test_milestones_are_statuses_and_quarters() -> None:
    seen = [
        progress_of(status="Active", total_tasks=100, succeeded=done).milestone
        for done in (0, 24, 25, 74, 100)
    ]

    assert seen == ["Active.0", "Active.0", "Active.25", "Active.50", "Active.100"]


def test_a_lane_that_is_silent_does_not_count(make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=100)
    for owner, seconds in (("alive", 1), ("silent", 6), ("gone", 3_600)):
        beating(job, owner, seconds)

    progress = Progress.of(job, lanes_of(job))

    assert (progress.workers, progress.uncommitted) == (1, 7)


@pytest.mark.parametrize("age", [20, 60])
def test_a_job_whose_workers_are_silent_has_no_speed_and_no_end(
    make_job: MakeJob, age: int
) -> None:
    since = timezone.now() - timedelta(seconds=age)
    job = make_job(status="Active", total_tasks=1_000, succeeded=400, active_since=since)
    beating(job, "silent", 6, rate=50)

    progress = Progress.of(job, lanes_of(job))

    assert (progress.speed, progress.time_left) == ("0.0", "")
