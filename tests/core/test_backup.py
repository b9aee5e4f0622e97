"""A backup of database and spool: what is in it, and what it is not taken of."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from moto import mock_aws

from config.settings import spool_storage
from jobs.backups import databases
from jobs.backups.contents import Contents
from jobs.models import Job, Slice
from jobs.spool import spool
from operations.base import Outcome
from tests import boto
from tests.conftest import (
    SECRET,
    MakeJob,
    MakeManifest,
    MakePart,
    MakeReportFile,
    MakeSlice,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]

FORBIDDEN = Outcome(succeeded=False, http_status=403, error_code="AccessDenied", message="no")
SAVED = "The database is as of"


@pytest.fixture
def job(
    make_job: MakeJob,
    make_manifest: MakeManifest,
    make_slice: MakeSlice,
    make_part: MakePart,
    make_report_file: MakeReportFile,
) -> Job:
    """A job with a file of every kind: an upload, tasks, errors to carry, results, a report."""
    job = make_job(status="Active", manifest=make_manifest(b"photos,a\n"), total_tasks=4)
    make_part(make_slice(job), [FORBIDDEN])
    errors = spool.put(f"jobs/{job.pk}/retry0.errors", b"503,SlowDown\n503,SlowDown\n")
    make_slice(
        job, carry_file=errors.name, carry_bytes=errors.size, carry_sha256=errors.sha256, attempt=1
    )
    make_report_file(job, b"photos,a,,failed,403,AccessDenied,no\n")
    return job


def back_up(folder: Path, *options: str, during: Callable[[], object] | None = None) -> str:
    """What the command says; `during` is called between the database and its files."""
    out = Listening(during)
    call_command("backup", str(folder), *options, stdout=out)
    return out.getvalue()


class Listening(io.StringIO):
    def __init__(self, during: Callable[[], object] | None) -> None:
        super().__init__()
        self.during = during

    def write(self, text: str) -> int:
        if self.during and text.startswith(SAVED):
            self.during()
        return super().write(text)


def files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def refusal(folder: Path, *options: str, during: Callable[[], object] | None = None) -> str:
    with pytest.raises(CommandError) as error:
        back_up(folder, *options, during=during)
    return str(error.value)


# ---- what is in it


def test_it_holds_every_file_that_a_row_names_and_no_other(
    job: Job, spool_folder: Path, tmp_path: Path
) -> None:
    named = files_in(spool_folder)
    spool.put(f"jobs/{job.pk}/garbage-of-a-dead-lane.results", b"0 failed\n")

    back_up(tmp_path / "backup")

    assert len(named) == 6
    assert files_in(tmp_path / "backup/spool") == named
    listed = (tmp_path / "backup/files.jsonl").read_text().splitlines()
    assert {json.loads(line)["name"] for line in listed} == set(named)


def test_it_says_what_it_holds(job: Job, spool_folder: Path, tmp_path: Path) -> None:
    told = back_up(tmp_path / "backup")

    sizes = sum(map(len, files_in(spool_folder).values()))
    assert f"1 jobs, 1 unfinished jobs, 2 slices, 1 manifests, 1 roles, 1 users, 6 files of {sizes}"
    assert "LADING_SECRET_KEY is not in it: keep it beside." in told
    contents = Contents.of(tmp_path / "backup")
    assert (contents.files, contents.bytes, contents.lost_count) == (6, sizes, 0)
    assert contents.database == connection.vendor
    assert contents.migrations["jobs"] >= "0009"


def test_it_is_of_one_instant_whatever_is_done_meanwhile(
    job: Job, make_part: MakePart, tmp_path: Path
) -> None:
    """A part that is committed after the snapshot is not in it, nor is its file."""

    def work_on() -> None:
        make_part(Slice.objects.get(job=job, number=2), [FORBIDDEN])

    back_up(tmp_path / "backup", during=work_on)

    job.refresh_from_db()
    assert job.failed == 2
    files = files_in(tmp_path / "backup/spool")
    assert len([name for name in files if name.endswith(".results")]) == 1
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(tmp_path / "backup/database.sqlite3")) as copy:
            assert copy.execute("SELECT failed FROM jobs_job").fetchall() == [(1,)]


def test_a_dump_that_takes_long_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite copies itself")
    monkeypatch.setattr(databases, "_run", lambda *_: None)

    with databases.snapshot(tmp_path), connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("0",)


def test_it_is_for_its_owner_alone_and_holds_no_key(job: Job, tmp_path: Path) -> None:
    back_up(tmp_path / "backup")

    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    for name, content in files_in(tmp_path / "backup").items():
        assert django_settings.SECRET_KEY.encode() not in content, name
        assert SECRET.encode() not in content, name


@pytest.fixture
def bucket(settings: Any, spool_folder: Path) -> Iterator[Any]:
    """A spool in a bucket."""
    with mock_aws():
        client = boto.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="spools")
        storage = spool_storage("s3://spools/lading?region_name=us-east-1")
        settings.STORAGES = {**settings.STORAGES, "spool": storage}
        yield client


def test_a_spool_in_a_bucket_is_copied_as_well(
    bucket: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue("job")

    back_up(tmp_path / "backup")

    objects = bucket.list_objects_v2(Bucket="spools")["Contents"]
    copied = files_in(tmp_path / "backup/spool")
    assert {f"lading/{name}" for name in copied} == {found["Key"] for found in objects}
    assert len(copied) == 6


# ---- what is refused


def test_a_file_that_the_spool_has_lost_is_told_and_the_backup_is_none(
    job: Job, spool_folder: Path, tmp_path: Path
) -> None:
    lost = Slice.objects.get(job=job, number=1).task_file
    (spool_folder / lost).unlink()

    told = refusal(tmp_path / "backup")

    assert told.startswith("The spool has lost 1 files that rows of the database name:")
    assert f"\n  {lost}\n" in told
    assert not (tmp_path / "backup/manifest.json").exists()


def test_a_backup_without_lost_files_is_taken_on_demand_and_says_so(
    job: Job, spool_folder: Path, tmp_path: Path
) -> None:
    lost = Slice.objects.get(job=job, number=1).task_file
    (spool_folder / lost).unlink()

    told = back_up(tmp_path / "backup", "--without-lost-files")

    assert "1 files are missing, as the spool has lost them." in told
    contents = Contents.of(tmp_path / "backup")
    assert (contents.files, contents.lost, contents.lost_count) == (5, [lost], 1)


def test_a_file_that_was_altered_is_refused(job: Job, spool_folder: Path, tmp_path: Path) -> None:
    altered = Slice.objects.get(job=job, number=2).carry_file
    (spool_folder / altered).write_bytes(b"something else")

    told = refusal(tmp_path / "backup", "--without-lost-files")

    assert told == f"The file {altered} of the spool is not what was written."


def test_a_file_that_went_with_its_job_meanwhile_is_not_lost(
    job: Job, spool_folder: Path, tmp_path: Path
) -> None:
    def remove() -> None:
        shutil.rmtree(spool_folder / f"jobs/{job.pk}")
        job.delete()

    back_up(tmp_path / "backup", during=remove)

    assert Contents.of(tmp_path / "backup").files == 1, "the upload is still there"


def test_a_job_whose_files_are_being_removed_after_ninety_days_is_no_loss(
    job: Job, spool_folder: Path, tmp_path: Path
) -> None:
    Job.objects.update(status="Failed", terminated_at=Now() - timedelta(days=90, minutes=1))
    shutil.rmtree(spool_folder / f"jobs/{job.pk}")

    back_up(tmp_path / "backup")

    assert Contents.of(tmp_path / "backup").lost_count == 0


def test_a_folder_that_holds_something_is_refused(db: None, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup/letter.txt").write_text("mine")

    told = refusal(tmp_path / "backup")

    assert "backup is not empty. Give a folder that does not exist yet." in told
    assert files_in(tmp_path / "backup") == {"letter.txt": b"mine"}


def test_a_place_that_cannot_be_written_is_told(db: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = refusal(tmp_path / "file/backup")

    assert told.startswith("The backup cannot be written: [Errno 20] Not a directory")


# ---- the programs of PostgreSQL


def test_a_program_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(databases.BackupFailed, match=r"^pg_dump is not on PATH"):
        databases._run("pg_dump")


def test_a_password_stands_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        passfile = command[-1].split("passfile=")[1].split()[0]
        seen.append((command, Path(passfile).read_text()))
        assert Path(passfile).stat().st_mode & 0o777 == 0o600
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setitem(connection.settings_dict, "PASSWORD", r"pass:word\1")
    monkeypatch.setattr(subprocess, "run", run)
    databases._run("pg_dump")

    ((command, line),) = seen
    assert not [word for word in command if "pass:word" in word]
    assert line == r"*:*:*:*:pass\:word\\1" + "\n"


def test_what_a_program_complains_of_is_told() -> None:
    with pytest.raises(databases.BackupFailed, match=r"^false failed: "):
        databases._run("false")
