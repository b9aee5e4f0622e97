"""What is removed and when: jobs 90 days after their end, lists that no job uses after 7 days."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, models
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from jobs import retention, services, submission
from jobs.database import write
from jobs.errors import InvalidRequest
from jobs.models import Job, JobEvent, Lane, Manifest, Slice, Tally, TaskResult, Throughput
from jobs.spool import spool
from jobs.status import FINAL, JobStatus
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakeManifest, MakePart, MakeReportFile, MakeSlice, PutObjects
from tests.core.scripted import FORBIDDEN
from tests.rows import keep

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DAY = timedelta(days=1)
A_WHILE = timedelta(minutes=1)

MakeEnded = Callable[..., Job]


def age(row: models.Model, since: timedelta) -> None:
    """Let a job have ended, or a list have come, so long ago by the database's clock."""
    name = "terminated_at" if isinstance(row, Job) else "created_at"
    type(row)._default_manager.filter(pk=row.pk).update(**{name: Now() - since})


def age_file(path: Path, since: timedelta) -> None:
    """Let a file have been written so long ago."""
    past = path.stat().st_mtime - since.total_seconds()
    os.utime(path, (past, past))


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def rows_of(job: Job) -> set[str]:
    """The kinds of rows that there are of a job."""
    return {
        model.__name__
        for model, _ in retention.ROWS_OF_A_JOB
        if model._default_manager.filter(job=job.pk).exists()
    }


@pytest.fixture
def make_ended(
    make_job: MakeJob,
    make_manifest: MakeManifest,
    make_slice: MakeSlice,
    make_part: MakePart,
    make_report_file: MakeReportFile,
) -> MakeEnded:
    """A job that left everything a job can leave, and ended so long ago: make_ended(90 * DAY)."""

    def make(since: timedelta, **values: Any) -> Job:
        manifest = values.pop("manifest", None) or make_manifest(b"photos,a.jpg\nphotos,b.jpg\n")
        job = make_job(status=values.pop("status", "Complete"), manifest=manifest, **values)
        first = make_slice(job, carry_file="")
        make_part(first, [SUCCESSFUL, FORBIDDEN])
        retry = make_slice(job, ["photos,b.jpg"], origin=first)
        make_slice(job, ["photos,b.jpg"], origin=retry)
        make_report_file(job, b"photos,a.jpg,,succeeded,200,,Successful\n")
        TaskResult.objects.create(job=job, bucket="photos", key="b.jpg", error_code="AccessDenied")
        Tally.objects.create(job=job, error_code="AccessDenied", http_status=403, count=1)
        Throughput.objects.create(job=job)
        JobEvent.objects.create(job=job, actor="ada", to_status="New", reason="created")
        for name in ("00000001-9-0.results", "manifest-3/1.csv.gz", ".part-k2m1"):
            keep(f"jobs/{job.pk}/{name}", b"no row names this")
        age(job, since)
        age(manifest, since + DAY)
        return job

    return make


# ---- jobs


@pytest.mark.parametrize("status", sorted(FINAL))
def test_90_days_after_its_end_a_job_is_gone_with_all_its_rows_and_files(
    make_ended: MakeEnded, spool_folder: Path, status: str
) -> None:
    job = make_ended(90 * DAY, status=status)

    retention.sweep()

    assert not Job.objects.exists()
    assert not Manifest.objects.exists()
    assert rows_of(job) == set()
    assert files_in(spool_folder) == []
    assert not (spool_folder / f"jobs/{job.pk}").exists()


def test_before_that_nothing_of_it_is_touched(
    make_ended: MakeEnded, spool_folder: Path, user: User
) -> None:
    job = make_ended(90 * DAY - A_WHILE)
    files, rows = files_in(spool_folder), rows_of(job)

    retention.sweep()

    assert files_in(spool_folder) == files
    assert rows_of(job) == rows == {model.__name__ for model, _ in retention.ROWS_OF_A_JOB}
    assert services.job_of(user, job.pk) == job


def test_a_job_is_hidden_from_the_moment_on_from_which_it_may_be_removed(
    make_ended: MakeEnded, user: User
) -> None:
    for since in (90 * DAY - A_WHILE, 90 * DAY, 90 * DAY + A_WHILE):
        make_ended(since)

    seen, expired = services.jobs_of(user), Job.objects.expired()

    assert (seen.count(), expired.count()) == (1, 2)
    assert not set(seen) & set(expired)


@pytest.mark.parametrize("status", sorted(set(JobStatus) - FINAL))
def test_a_job_that_has_not_ended_is_kept_however_old_it_is(
    make_job: MakeJob, make_slice: MakeSlice, spool_folder: Path, status: str
) -> None:
    job = make_job(status=status)
    make_slice(job)
    Job.objects.update(created_at=Now() - 400 * DAY)
    Manifest.objects.update(created_at=Now() - 400 * DAY)
    before = files_in(spool_folder)

    retention.sweep()
    retention.remove_job(job.pk)

    assert Job.objects.filter(pk=job.pk).exists()
    assert files_in(spool_folder) == before


def test_no_table_with_rows_of_a_job_is_forgotten() -> None:
    swept = {model for model, _ in retention.ROWS_OF_A_JOB}

    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is Job:
                assert model in swept or model in (Lane, Manifest), "these are set to nothing"


def test_what_the_users_bucket_holds_is_not_touched(
    make_ended: MakeEnded, make_job: MakeJob, s3: S3Client, put_objects: PutObjects
) -> None:
    job = make_ended(
        91 * DAY, report_enabled=True, report_bucket="reports", report_prefix="nightly"
    )
    put_objects(f"nightly/job-{job.pk}/manifest.json", bucket="reports")
    put_objects(f"lists/job-{job.pk}/manifest.json", f"jobs/{job.pk}/a", bucket="manifests")

    retention.sweep()

    assert s3.list_objects_v2(Bucket="reports")["KeyCount"] == 1
    assert s3.list_objects_v2(Bucket="manifests")["KeyCount"] == 2


def test_another_job_of_the_same_manifest_keeps_it(
    make_ended: MakeEnded, make_job: MakeJob, spool_folder: Path
) -> None:
    old = make_ended(91 * DAY)
    young = make_job(status="Complete", manifest=old.manifest)

    retention.sweep()

    assert list(Job.objects.all()) == [young]
    assert files_in(spool_folder) == [young.manifest.upload]


def test_rows_are_removed_some_at_a_time(
    make_ended: MakeEnded, make_slice: MakeSlice, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_ended(91 * DAY)
    last = job.slices.order_by("number").last()
    for _ in range(5):
        last = make_slice(job, ["photos,b.jpg"], origin=last)
    monkeypatch.setattr(retention, "ROWS_AT_A_TIME", 2)

    removed: list[int] = []
    remove = retention._remove
    monkeypatch.setattr(
        retention, "_remove", lambda model, keys: removed.append(len(keys)) or remove(model, keys)
    )

    with CaptureQueriesContext(connection) as asked:
        retention.remove_job(job.pk)

    assert not Job.objects.exists()
    assert max(removed) == 2
    assert sum(removed) == 8 + 6, "the slices, and one row each of the others"
    loaded = [query["sql"] for query in asked if "least_key" in query["sql"]]
    assert len(loaded) <= 1, "only what may be left is looked for, with the job itself"


def test_a_lane_that_was_never_forgotten_does_not_hold_a_job(make_ended: MakeEnded) -> None:
    job = make_ended(91 * DAY)
    Lane.objects.create(
        owner="lost", node="n", host="h", pid=1, process_start=1, job=job, slice=job.slices.first()
    )

    retention.sweep()

    assert not Job.objects.exists()
    assert Lane.objects.get().job_id is None


# ---- a sweep that dies, and two at once


@pytest.mark.parametrize("lives", range(12))
def test_a_sweep_that_dies_at_any_step_is_finished_by_the_next(
    make_ended: MakeEnded, spool_folder: Path, monkeypatch: pytest.MonkeyPatch, lives: int
) -> None:
    job = make_ended(91 * DAY)
    steps = iter(range(lives))

    class Died(BaseException):
        """As a process dies: nothing catches it."""

    def step_or_die(do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            if next(steps, None) is None:
                raise Died
            return do(*args)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_remove_rows", step_or_die(retention._remove_rows))
        patch.setattr(retention, "_remove", step_or_die(retention._remove))
        patch.setattr(type(spool), "delete", step_or_die(type(spool).delete))
        patch.setattr(type(spool), "delete_all", step_or_die(type(spool).delete_all))
        with pytest.raises(Died):
            retention.sweep()
    if Job.objects.exists():
        assert Job.objects.expired().get() == job, "nobody sees it any more"
    for file in spool_folder.rglob("uploads/*"):
        age_file(file, 8 * DAY)
    retention.sweep()

    assert not Job.objects.exists()
    assert not Manifest.objects.exists()
    assert rows_of(job) == set()
    assert files_in(spool_folder) == []


def test_a_job_whose_files_cannot_be_removed_keeps_its_rows_and_holds_up_no_other(
    make_ended: MakeEnded,
    spool_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stuck, other = make_ended(91 * DAY), make_ended(91 * DAY)
    delete_all = type(spool).delete_all

    def fail(self: object, folder: str) -> None:
        if str(stuck.pk) in folder:
            raise OSError(13, "Permission denied")
        delete_all(self, folder)

    with monkeypatch.context() as patch:
        patch.setattr(type(spool), "delete_all", fail)
        retention.sweep()

    assert list(Job.objects.all()) == [stuck]
    assert rows_of(stuck)
    assert not rows_of(other)
    assert f"Job {stuck.pk} could not be removed; it is tried again." in caplog.text
    retention.sweep()
    assert not Job.objects.exists()


def test_two_nodes_that_sweep_at_once_share_the_work(
    several_connections: None,
    make_ended: MakeEnded,
    spool_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        make_ended(91 * DAY)
    monkeypatch.setattr(retention, "ROWS_AT_A_TIME", 1)
    faults: list[BaseException] = []

    def sweep() -> None:
        try:
            retention.sweep()
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    nodes = [Thread(target=sweep) for _ in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join(60)

    assert not faults
    assert not Job.objects.exists()
    assert not Manifest.objects.exists()
    assert not Slice.objects.exists()
    assert files_in(spool_folder) == []


def test_one_big_job_keeps_no_other_writer_waiting(
    several_connections: None, make_ended: MakeEnded, make_job: MakeJob
) -> None:
    """Every step is a transaction of its own: another one gets in between each two of them."""
    job, other = make_ended(91 * DAY), make_job()
    events = [JobEvent(job=job, actor="system", reason=str(number)) for number in range(2000)]
    JobEvent.objects.bulk_create(events)
    written = 0

    def write_something() -> None:
        nonlocal written
        try:
            while Job.objects.filter(pk=job.pk).exists():
                with write():
                    JobEvent.objects.create(job=other, actor="ada")
                written += 1
        finally:
            connection.close()

    writer = Thread(target=write_something)
    writer.start()
    retention.sweep()
    writer.join(60)

    assert written >= 3
    assert other.events.count() == written


# ---- lists


def test_a_list_that_no_job_uses_is_gone_after_7_days(
    make_manifest: MakeManifest, spool_folder: Path
) -> None:
    uploaded, in_s3 = make_manifest(b"photos,a.jpg\n"), make_manifest()
    young = make_manifest(b"photos,b.jpg\n")
    for manifest in (uploaded, in_s3):
        age(manifest, 7 * DAY)
    age(young, 7 * DAY - A_WHILE)

    retention.sweep()

    assert list(Manifest.objects.all()) == [young]
    assert files_in(spool_folder) == [young.upload]


def test_a_list_is_kept_as_long_as_a_job_of_it(make_job: MakeJob, spool_folder: Path) -> None:
    job = make_job(status="Suspended")
    age(job.manifest, 29 * DAY)

    retention.sweep()

    assert Manifest.objects.get() == job.manifest


def test_a_list_that_a_job_has_just_taken_is_kept(
    make_manifest: MakeManifest,
    make_job: MakeJob,
    spool_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the look and the lock."""
    taken, unused = make_manifest(b"photos,a.jpg\n"), make_manifest(b"photos,b.jpg\n")
    for manifest in (taken, unused):
        age(manifest, 8 * DAY)
    lock = retention.write

    def take_first() -> Any:
        if not Job.objects.exists():
            make_job(manifest=taken)
        return lock()

    monkeypatch.setattr(retention, "write", take_first)
    retention.sweep()

    assert list(Manifest.objects.all()) == [taken]
    assert files_in(spool_folder) == [taken.upload]


@pytest.mark.django_db(transaction=True)
def test_a_job_over_a_list_that_is_removed_at_that_moment_is_refused(
    user: User,
    make_job: MakeJob,
    make_manifest: MakeManifest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = make_job(manifest=make_manifest())
    manifest = make_manifest(b"photos,a.jpg\n")
    age(manifest, 8 * DAY)
    monkeypatch.setattr(submission, "_check_output", lambda _: retention.sweep())
    asked = {
        "operation": "S3DeleteObjectTagging",
        "manifest": {"id": str(manifest.pk)},
        "role": other.role.name,
    }

    with pytest.raises(InvalidRequest) as refused:
        services.create_job(user, asked)

    assert refused.value.fields == {"manifest.id": ["There is no such manifest; upload it first."]}
    assert list(Job.objects.all()) == [other]


# ---- files that no row names


def test_an_upload_that_no_row_names_is_gone_after_7_days(
    make_job: MakeJob, make_manifest: MakeManifest, spool_folder: Path
) -> None:
    used = make_manifest(b"photos,a.jpg\n")
    make_job(manifest=used)
    old, young, cut_off = f"uploads/{uuid4()}", f"uploads/{uuid4()}", "uploads/.part-cut-off"
    for name in (old, young, cut_off):
        keep(name, b"content")
    for name in (used.upload, old, cut_off):
        age_file(spool_folder / name, 8 * DAY)

    retention.sweep()

    assert files_in(spool_folder) == sorted([used.upload, young])


def test_many_of_them_are_looked_up_some_at_a_time(
    make_manifest: MakeManifest, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_A_TIME", 2)
    named = [make_manifest(b"photos,a.jpg\n") for _ in range(3)]
    for _ in range(4):
        keep(f"uploads/{uuid4()}", b"content")
    for file in spool_folder.rglob("uploads/*"):
        age_file(file, 8 * DAY)

    retention.sweep()

    assert files_in(spool_folder) == sorted(manifest.upload for manifest in named)


def test_a_full_spool_is_still_swept(
    make_ended: MakeEnded, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ended(91 * DAY)

    def be_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(spool.storage), "_save", be_full)
    with pytest.raises(OSError, match="No space left"):
        retention.sweep()

    assert not Job.objects.exists()
    assert files_in(spool_folder) == []


# ---- who sweeps


def test_a_sweep_that_fails_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[bool] = []
    done = Event()

    def sweep() -> None:
        tries.append(threading.current_thread().daemon)
        if len(tries) == 1:
            raise OSError(5, "Input/output error")
        done.set()

    monkeypatch.setattr(retention, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(retention, "sweep", sweep)
    stop = retention.start()

    assert done.wait(30)
    stop.set()
    assert all(tries), "the engine does not wait for it to end"
    assert "could not be removed; it is tried again" in caplog.text
    assert "Input/output error" in caplog.text
