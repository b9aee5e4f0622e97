"""The bulk writer of results files: byte for byte what a writer of single rows would write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import report_files, results
from jobs.commits import commit
from jobs.errors import SpoolDamaged
from jobs.lanes import JobClaim, claim_slice
from jobs.leases import Lease
from jobs.manifests.rows import encode_row, split_rows
from jobs.models import Job, Part, Slice
from jobs.retries import Deferred
from jobs.spool import spool
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakeManifest, MakeSlice
from tests.core.conftest import OWNER, MakeActive, claim_to_finish
from tests.core.scripted import CREATED, FAULT, FORBIDDEN, MISSING

MakeJobOf = Callable[..., Job]

TO_BE_RETRIED = Deferred(FAULT, 1, 0.0)
SOON_OUT_OF_TRIES = Deferred(FORBIDDEN, 2, 0.0)
OUTCOMES = st.sampled_from(
    [*[SUCCESSFUL] * 6, CREATED, FORBIDDEN, MISSING, TO_BE_RETRIED, SOON_OUT_OF_TRIES]
)
KEYS = st.text(st.sampled_from('ab"\n,é%2C'), min_size=1, max_size=6)
PARTS = st.lists(OUTCOMES, max_size=7)
"""The outcomes of a stretch that is committed in one transaction."""
SLICES = st.lists(st.tuples(st.lists(PARTS, max_size=3), st.integers(0, 3)), min_size=1, max_size=4)
"""The parts of a slice, and how many of its rows have no result in the end."""


@pytest.fixture
def make_job_of(
    make_job: MakeJob, make_manifest: MakeManifest, make_slice: MakeSlice
) -> Iterator[MakeJobOf]:
    """A cancelled job whose slices were performed as drawn: make_job_of(data, slices, …)."""

    def make(data: st.DataObject, slices: list[Any], *, has_versions: bool, scope: str) -> Job:
        fields = ["Bucket", "Key", *["VersionId"] * has_versions]
        job = make_job(
            status="Active",
            manifest=make_manifest(fields=fields),
            slices_made=len(slices),
            report_scope=scope,
        )
        for number, (parts, left) in enumerate(slices, 1):
            size = sum(map(len, parts)) + left
            rows = [
                encode_row("photos", data.draw(KEYS), "v1" if has_versions else None)
                for _ in range(size)
            ]
            content = [row.decode() for row in rows]
            if rows:
                made = make_slice(job, content, number=number)
                assert split_rows(b"".join(row + b"\n" for row in rows)) == rows
                assert made.size == size
        perform(job, [parts for parts, left in slices if sum(map(len, parts)) + left], data)
        Job.objects.filter(pk=job.pk).update(status="Cancelling")
        job.refresh_from_db()
        return job

    return make


def perform(job: Job, slices: list[list[list[Any]]], data: st.DataObject) -> None:
    """Commit the drawn parts of the slices, and any beginning of those they are retried in."""
    while claim := claim_slice(job, OWNER):
        rows = results.task_rows(claim.slice)
        if slices:
            parts = slices.pop(0)
        else:
            parts = [[data.draw(st.sampled_from([SUCCESSFUL, CREATED, MISSING])) for _ in rows]]
            parts = [parts[0][: data.draw(st.integers(0, len(rows)))]]
        for settled in filter(None, parts):
            commit(claim, rows, settled, window=len(rows))
        Slice.objects.filter(pk=claim.slice.pk).update(state=Slice.State.DONE, owner="")


def row_by_row(job: Job, wanted: bytes) -> Iterator[bytes]:
    """The report rows of one kind, as spec.md 6.3 says it."""
    plain = results.right_half(job.operation_type.plain_success)
    for part in Part.objects.filter(job=job).order_by("slice_id", "start"):
        told = results.exceptions(part)
        rows = results.task_rows(part.slice)
        for index in range(part.start, part.end):
            kind, right = told.get(index, (results.SUCCEEDED, plain))
            if kind == wanted:
                left = results.left_half(rows[index], has_versions=job.manifest.has_versions)
                yield left + b"," + right + b"\n"


def expected(job: Job, most: int) -> list[tuple[str, int, int, str, bytes]]:
    """(kind, number, rows, MD5, content) of each file."""
    kinds = {"succeeded": results.SUCCEEDED, "failed": results.FAILED}
    if job.report_scope == "FailedTasksOnly":
        del kinds["succeeded"]
    files = []
    for kind, mark in kinds.items():
        lines = list(row_by_row(job, mark))
        for number, start in enumerate(range(0, len(lines), most), 1):
            stretch = lines[start : start + most]
            content = b"".join(stretch)
            files.append((kind, number, len(stretch), hashlib.md5(content).hexdigest(), content))
    return files


def written(claim: JobClaim) -> list[tuple[str, int, int, str, bytes]]:
    files = []
    for file in report_files.results_files(claim):
        with spool.open(file.spool_name) as kept:
            content = kept.read()
        assert file.size == len(content)
        files.append((str(file.kind), file.number, file.rows, file.md5, content))
    return files


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    data=st.data(),
    slices=SLICES,
    has_versions=st.booleans(),
    scope=st.sampled_from(["AllTasks", "FailedTasksOnly", ""]),
    most=st.integers(1, 9),
)
def test_files_have_the_bytes_that_a_writer_of_single_rows_would_write(
    make_job_of: MakeJobOf,
    data: st.DataObject,
    slices: list[Any],
    has_versions: bool,
    scope: str,
    most: int,
) -> None:
    job = make_job_of(data, slices, has_versions=has_versions, scope=scope)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_files, "ROWS_PER_FILE", most)
        patch.setattr(report_files, "BUFFER_BYTES", data.draw(st.integers(1, 200)))
        patch.setattr(report_files, "SLICES_AT_A_TIME", data.draw(st.integers(1, 3)))
        found = written(claim_to_finish(job))

    assert found == expected(job, most)


def test_what_is_held_in_memory_is_written_before_it_is_large(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "BUFFER_BYTES", 100)
    job = make_active(4)
    claim = claim_to_finish_of(job)

    with report_files.ResultsWriter(claim, "succeeded") as writer:
        writer.add([b"x" * 99], b"")
        held = writer._file
        assert held is not None
        assert held.size == 0
        writer.add([b"y"], b"")
        assert held.size == 100

    [file] = writer.files
    assert (file.size, file.rows) == (100, 2)


def test_a_task_file_is_read_once_whatever_became_of_its_rows(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_active(6)
    claim = claim_slice(job, OWNER)
    assert claim
    rows = results.task_rows(claim.slice)
    for outcome in [SUCCESSFUL, FORBIDDEN, CREATED, FORBIDDEN, SUCCESSFUL, MISSING]:
        commit(claim, rows, [outcome], window=6)
    read = []
    monkeypatch.setattr(
        report_files.results, "task_rows", lambda slice_: read.append(slice_.number) or rows
    )

    files = report_files.results_files(claim_to_finish_of(job))

    assert read == [1]
    assert [(file.kind, file.rows) for file in files] == [("succeeded", 3), ("failed", 3)]


def test_no_unfinished_file_is_kept_where_a_task_file_is_lost(
    make_active: MakeActive, spool_folder: Path
) -> None:
    job = make_active(3, 3)
    while claim := claim_slice(job, OWNER):
        commit(claim, results.task_rows(claim.slice), [SUCCESSFUL] * 3, window=3)
    (spool_folder / job.slices.get(number=2).task_file).unlink()

    with pytest.raises(SpoolDamaged):
        report_files.results_files(claim_to_finish_of(job))

    assert not list(spool_folder.rglob("report-*/**/*.csv"))


def test_the_lease_is_renewed_while_others_write(
    several_connections: None, make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite gives no write to a connection that is still reading what has changed since."""
    job = make_active(3, 3, 3)
    while claim := claim_slice(job, OWNER):
        commit(claim, results.task_rows(claim.slice), [SUCCESSFUL] * 3, window=3)
    finishing = claim_to_finish_of(job)
    monkeypatch.setattr(Lease, "is_due", True)
    monkeypatch.setattr(report_files, "SLICES_AT_A_TIME", 2)

    def write_meanwhile() -> None:
        Job.objects.update(description="another process was here")
        connection.close()

    def read(slice_: Slice) -> list[bytes]:
        with ThreadPoolExecutor(1) as other:
            other.submit(write_meanwhile).result()
        return split_rows(b"photos,a\n" * slice_.size)

    monkeypatch.setattr(report_files.results, "task_rows", read)

    [file] = report_files.results_files(finishing)

    assert file.rows == 9


def claim_to_finish_of(job: Job) -> JobClaim:
    """The finishing of a job, whatever is left of it."""
    Job.objects.filter(pk=job.pk).update(status="Cancelling")
    job.refresh_from_db()
    return claim_to_finish(job)
