"""What is true of every job at every moment, told from the rows and the files alone.

Each promise is a sentence of the specification or of the design; the state machine of
test_state_machine.py asks for all of them after every step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Now

from jobs import results, threshold
from jobs.models import Job, Manifest, ReportFile, Slice
from jobs.selected import SelectedReader, counts
from jobs.spool import spool
from jobs.status import FINAL, TRANSITIONS, JobStatus

HOLDING = ("Active", "Pausing")
DRAINING = ("Active", "Pausing", "Cancelling", "Failing")
"""Where slices may be under a lease."""
IN_LINE = ("Ready", "Paused")

TasksOf = dict[int, list[bytes]]
"""The rows of slices that were read before: task files never change."""


# ---- one job


def told_every_move(job: Job) -> None:
    """The events lead from its creation to its status without a gap, by legal moves alone."""
    before = ""
    for event in job.events.exclude(to_status="").order_by("id"):
        assert event.actor, "nobody did it"
        assert event.from_status == before, f"{before} → … → {event.from_status}: a move is missing"
        legal = TRANSITIONS[JobStatus(before)] if before else {JobStatus.NEW}
        assert event.to_status in legal, f"{before} → {event.to_status} is not legal"
        before = event.to_status
    assert before == job.status, f"the events end in {before}, the job is {job.status}"


def keeps_its_dates(job: Job) -> None:
    assert (job.terminated_at is not None) == (job.status in FINAL)
    assert (job.active_since is not None) == (job.status == "Active")
    has_waited = job.events.filter(to_status="Suspended").exists()
    assert (job.suspended_at is not None) == has_waited
    assert not (job.is_held and job.status == "Active"), "a job that a person paused is Active"
    assert not (job.owner and job.is_final), "a lane holds a job that has ended"
    if job.status == "Failed":
        assert job.failure_reasons, "it failed without a reason"


def counts_what_was_committed(job: Job) -> None:
    """Counters are sums of parts, in the job, in every slice, and over the kinds of failures."""
    parts = job.parts.aggregate(s=Sum("succeeded", default=0), f=Sum("failed", default=0))
    assert (job.succeeded, job.failed) == (parts["s"], parts["f"])
    assert job.failed == job.tallies.aggregate(n=Sum("count", default=0))["n"]
    assert job.failed == job.task_results.count(), "each failed task can be looked at"
    for slice_ in job.slices.prefetch_related("parts"):
        found = sorted(slice_.parts.all(), key=lambda part: part.start)
        ends = [0, *(part.end for part in found)]
        assert [part.start for part in found] == ends[:-1], "parts overlap, or leave something out"
        assert ends[-1] == slice_.next_index <= slice_.started_upto <= slice_.size
        for name in ("succeeded", "failed", "deferred"):
            assert getattr(slice_, name) == sum(getattr(part, name) for part in found)
        assert (slice_.state == Slice.State.DONE) == (slice_.next_index == slice_.size)
        is_held = bool(slice_.owner) and slice_.lease_until is not None
        assert is_held == (slice_.state == Slice.State.RUNNING)
        assert not is_held or job.status in DRAINING, f"a lane is at work on a {job.status} job"


def starts_no_more_than_may_be_decided(job: Job) -> None:
    """Until AWS's rule can be judged, no more rows are started than it is judged on."""
    first = threshold.FIRST_DECISION
    if job.failure_rule == "half" and job.total_tasks >= first > job.executed:
        started = sum(
            slice_.started_upto - slice_.next_index
            for slice_ in job.slices.exclude(state=Slice.State.DONE)
        )
        assert job.executed + started <= first


def loses_no_row(job: Job, manifest: list[bytes], known: TasksOf) -> None:
    """Every row of the manifest that was read is in exactly one place: it has a result, or it is
    to be done.
    """
    executed = Counter(row for row, _ in committed(job, known))
    open_rows: Counter[bytes] = Counter()
    for slice_ in job.slices.exclude(state=Slice.State.DONE):
        open_rows.update(tasks_of(slice_, known)[slice_.next_index :])
    assert executed + open_rows == Counter(manifest[: job.rows_read])
    if job.events.filter(to_status__in=["Suspended", "Ready"]).exists():
        assert job.total_tasks == job.rows_read == len(manifest)


def committed(job: Job, known: TasksOf) -> Iterable[tuple[bytes, bool]]:
    """The rows that have a result: (row, succeeded)."""
    for part in job.parts.select_related("slice"):
        rows = tasks_of(part.slice, known)
        told = results.exceptions(part)
        for index in range(part.start, part.end):
            kind, _ = told.get(index, (results.SUCCEEDED, b""))
            if kind != results.DEFERRED:
                yield rows[index], kind == results.SUCCEEDED


def hands_on_each_task_once(job: Job, manifest: list[bytes], known: TasksOf) -> None:
    """What did not succeed has failed, is in doubt, or was never executed, and another job can take
    exactly those rows.
    """
    if not job.total_tasks:
        return
    done = list(committed(job, known))
    taken = {kind: Counter(_taken(job, kind, count)) for kind, count in counts(job).items()}
    assert taken["failed"] == Counter(row for row, succeeded in done if not succeeded)
    succeeded = Counter(row for row, succeeded in done if succeeded)
    assert sum(taken.values(), succeeded) == Counter(manifest)


def _taken(job: Job, kind: str, count: int) -> Iterable[bytes]:
    chosen = {"tasks": kind, "error_code": None, "http_status": None, "count": count}
    with closing(SelectedReader(Manifest(parent=job, selection=chosen), {})) as reader:
        while not reader.ended:
            yield from reader.take(3)


def tasks_of(slice_: Slice, known: TasksOf) -> list[bytes]:
    if slice_.pk not in known:
        known[slice_.pk] = results.task_rows(slice_)
    return known[slice_.pk]


def reports_each_executed_row_once(job: Job, known: TasksOf) -> None:
    """The report of an ended job has every row with a result exactly once, as it was committed."""
    told: Counter[tuple[bytes, bool]] = Counter()
    for file in job.report_files.filter(kind__in=["succeeded", "failed"]):
        with spool.open(file.spool_name) as content:
            lines = content.read().splitlines()
        assert len(lines) == file.rows
        succeeded = file.kind == ReportFile.Kind.SUCCEEDED
        told.update((b",".join(line.split(b",")[:2]), succeeded) for line in lines)
    assert told == Counter(committed(job, known))
    assert told.total() == job.executed


# ---- the jobs of an account together


def fits(jobs: Iterable[Job], places: int) -> bool:
    """So many places, and one more that only a job of a single slice may take."""
    jobs = list(jobs)
    return len(jobs) <= places + any(is_small(job) for job in jobs)


def is_small(job: Job) -> bool:
    return job.slices.filter(origin=None).count() == 1


def keeps_to_the_places(jobs: list[Job], places: int) -> None:
    holding = [job for job in jobs if job.status in HOLDING]
    assert fits(holding, places), f"{len(holding)} jobs hold {places} places"


def keeps_to_the_hours(jobs: list[Job]) -> None:
    """After a tick no job is Active outside of its hours."""
    for job in jobs:
        assert job.status != "Active" or is_open(job), "Active outside of its hours"


def hands_out_places_in_order(jobs: list[Job], places: int) -> None:
    """When nothing moves any more: no place is left empty that a waiting job may take, and no job
    runs in the place of one with a higher priority.
    """
    holding = [job for job in jobs if job.status in HOLDING]
    leaving = [job for job in holding if job.status == "Pausing"]
    for waiting in jobs:
        if waiting.status not in IN_LINE or waiting.is_held or not is_open(waiting):
            continue
        assert not fits([*holding, waiting], places), "a place is empty, and a job waits"
        for active in holding:
            others = [job for job in holding if job.pk != active.pk]
            if leaving or active.priority >= waiting.priority:
                continue  # a place is on its way to somebody, or is rightly taken
            assert not fits([*others, waiting], places), "a lower priority runs in its place"


def is_open(job: Job) -> bool:
    """Whether it may run at this hour by the database's clock."""
    now = Job.objects.filter(pk=job.pk).annotate(now=Now()).values_list("now", flat=True).get()
    return job.window is None or job.window.is_open(now)


def row_of(job: Job) -> dict[str, Any]:
    """All that a job's row says, and how much hangs on it."""
    row = Job.objects.filter(pk=job.pk).values().get()
    return row | {
        name: getattr(job, name).count() for name in ("parts", "slices", "events", "report_files")
    }
