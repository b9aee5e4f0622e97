"""Putting a backup back: all is as it was, nothing goes on by itself, nothing is overwritten."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from moto import mock_aws

from config.settings import spool_storage
from jobs import lanes, lifecycle, services
from jobs.backups import databases
from jobs.leases import LeaseLost
from jobs.models import Job, Lane, Node, Part, Role, Slice, recent
from jobs.spool import spool
from operations.base import Outcome
from tests import boto
from tests.conftest import MakeJob, MakeManifest, MakePart, MakeRole, MakeSlice
from tests.core.conftest import OWNER, claim_next

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs", "several_connections"),
]

FORBIDDEN = Outcome(succeeded=False, http_status=403, error_code="AccessDenied", message="no")


@pytest.fixture
def job(
    make_job: MakeJob, make_manifest: MakeManifest, make_slice: MakeSlice, make_part: MakePart
) -> Job:
    """A job that is half done."""
    job = make_job(status="Active", manifest=make_manifest(b"photos,a\n"), total_tasks=4)
    make_part(make_slice(job), [FORBIDDEN])
    make_slice(job)
    return job


@pytest.fixture
def backup(job: Job, tmp_path: Path) -> Path:
    """A backup of it; the database is empty after it, and so is the spool."""
    return take(tmp_path / "backup")


def take(folder: Path) -> Path:
    call_command("backup", str(folder), stdout=io.StringIO())
    destroy()
    return folder


def destroy() -> None:
    for model in apps.get_app_config("jobs").get_models():
        if model is Slice:
            Slice.objects.update(origin=None)
        if model._meta.label not in ("jobs.Manifest", "jobs.Role"):
            model._default_manager.all().delete()
    for label in ("jobs.Manifest", "jobs.Role", "auth.User"):
        apps.get_model(label)._default_manager.all().delete()
    if isinstance(location := getattr(spool.storage, "location", None), str):
        shutil.rmtree(location, ignore_errors=True)


def restore(folder: Path) -> str:
    """What the command says."""
    out = io.StringIO()
    call_command("restore", str(folder), stdout=out)
    return out.getvalue()


def refusal(folder: Path) -> str:
    """What the command complains of; database and spool are untouched."""
    with pytest.raises(CommandError) as error:
        restore(folder)
    assert not Part.objects.exists()
    return str(error.value)


def rows() -> dict[str, list[Any]]:
    """Every row of Lading."""
    models = [*apps.get_app_config("jobs").get_models(), User]
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models
    }


def files() -> dict[str, bytes]:
    """Every file of the spool."""
    folder = Path(spool.storage.location)  # type: ignore[attr-defined]
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


# ---- all is as it was


def test_every_row_and_every_file_is_as_it_was(
    job: Job, make_role: MakeRole, tmp_path: Path
) -> None:
    Job.objects.update(status="Complete", terminated_at=Now())
    rows_before, files_before = rows(), files()
    take(tmp_path / "backup")
    assert (rows() == rows_before, files()) == (False, {})

    told = restore(tmp_path / "backup")

    assert rows() == rows_before
    assert files() == files_before
    assert ": 1 jobs." in told
    assert "paused" not in told


def test_rows_made_after_it_get_numbers_of_their_own(job: Job, backup: Path) -> None:
    restore(backup)

    made = Part.objects.create(
        job=Job.objects.get(), slice=Slice.objects.get(number=2),
        start=0, end=1, succeeded=1, failed=0, deferred=0,
    )  # fmt: skip

    assert Part.objects.count() == 2
    assert made.pk > Part.objects.earliest("pk").pk


def test_a_backup_of_a_folder_may_become_a_bucket(backup: Path, settings: Any) -> None:
    with mock_aws():
        client = boto.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="spools")
        storage = spool_storage("s3://spools/lading?region_name=us-east-1")
        settings.STORAGES = {**settings.STORAGES, "spool": storage}

        restore(backup)

        found = client.list_objects_v2(Bucket="spools")["Contents"]
        assert {f"lading/{name}" for name in named(backup)} == {each["Key"] for each in found}


def named(backup: Path) -> list[str]:
    return [json.loads(line)["name"] for line in (backup / "files.jsonl").read_text().splitlines()]


def test_a_backup_of_an_older_lading_is_brought_up_to_date(user: User, tmp_path: Path) -> None:
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate([("jobs", "0008_manifest_forms")])
    call_command("backup", str(tmp_path / "backup"), stdout=io.StringIO())
    MigrationExecutor(connection).migrate(leaves)
    user.delete()

    restore(tmp_path / "backup")

    assert not MigrationExecutor(connection).migration_plan(leaves)
    assert User.objects.get().username == "ada"


# ---- the dead past


def test_a_lane_of_the_past_is_gone_and_can_commit_nothing(job: Job, tmp_path: Path) -> None:
    claim = claim_next(job)
    Lane.objects.create(
        owner=claim.owner, node="old", host="h", pid=1, process_start=1, job=job, slice=claim.slice
    )
    taken = Slice.objects.get(pk=claim.slice.pk)
    take(tmp_path / "backup")

    restore(tmp_path / "backup")

    slice_ = Slice.objects.get(pk=taken.pk)
    assert (slice_.state, slice_.owner, slice_.lease_until) == (Slice.State.READY, "", None)
    assert (slice_.epoch, slice_.crashes) == (taken.epoch + 1, taken.crashes)
    assert slice_.started_upto == taken.started_upto, "what it had started is in doubt"
    assert not Lane.objects.exists()
    with pytest.raises(LeaseLost):
        claim.lease.renew()


def test_who_was_preparing_a_job_has_lost_it(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job(status="Preparing")
    claim = lanes.claim_job(job, "old:1:1")
    assert claim
    take(tmp_path / "backup")

    restore(tmp_path / "backup")

    job.refresh_from_db()
    assert (job.owner, job.lease_until, job.epoch) == ("", None, claim.job.epoch + 1)
    with pytest.raises(LeaseLost):
        claim.lease.renew()


def test_no_engine_of_the_past_is_seen(job: Job, tmp_path: Path) -> None:
    Node.objects.create(name="old", host="h", pid=1, slots=2)
    take(tmp_path / "backup")

    restore(tmp_path / "backup")

    assert not Node.objects.filter(beat_at__gt=recent(60)).exists()


# ---- nothing goes on by itself


def test_an_unfinished_job_goes_on_only_when_a_person_resumes_it(
    job: Job, user: User, tmp_path: Path
) -> None:
    take(tmp_path / "backup")

    told = restore(tmp_path / "backup")
    lifecycle.advance()
    lifecycle.advance()

    assert "1 unfinished jobs are paused: what they did after the backup is not known" in told
    job.refresh_from_db()
    assert (job.status, job.held_by) == ("Paused", "restore")
    assert job.held_reason.startswith("restored from the backup of 20")
    assert lanes.claim(OWNER) is None
    services.resume_job(job, User.objects.get())
    lifecycle.advance()
    job.refresh_from_db()
    assert job.status == "Active"
    assert list(job.events.values_list("actor", "to_status"))[-4:] == [
        ("restore", "Pausing"),
        ("system", "Paused"),
        ("ada", ""),
        ("system", "Active"),
    ]


@pytest.mark.parametrize("status", ["New", "Preparing", "Suspended", "Ready", "Paused"])
def test_a_job_that_is_not_active_yet_is_held_where_it_is(
    make_job: MakeJob, tmp_path: Path, status: str
) -> None:
    make_job(status=status)
    take(tmp_path / "backup")

    restore(tmp_path / "backup")

    job = Job.objects.get()
    assert (job.status, job.held_by) == (status, "restore")


def test_a_job_that_was_ending_writes_its_report_and_one_that_ended_is_left_alone(
    make_job: MakeJob, tmp_path: Path
) -> None:
    make_job(status="Cancelling")
    make_job(status="Failing", held_by="grace")
    make_job(status="Complete")
    take(tmp_path / "backup")

    told = restore(tmp_path / "backup")

    assert "paused" not in told
    assert set(Job.objects.values_list("status", "held_by")) == {
        ("Cancelling", ""),
        ("Failing", "grace"),
        ("Complete", ""),
    }


def test_a_job_that_a_person_paused_stays_theirs(make_job: MakeJob, tmp_path: Path) -> None:
    make_job(status="Paused", held_by="grace", held_reason="until Monday")
    take(tmp_path / "backup")

    told = restore(tmp_path / "backup")

    assert "1 unfinished jobs are paused" in told
    assert Job.objects.values_list("held_by", "held_reason").get() == ("grace", "until Monday")


# ---- what is refused


def test_a_database_that_holds_something_is_never_overwritten(
    backup: Path, make_role: MakeRole
) -> None:
    make_role("mine")

    assert refusal(backup) == (
        "The database holds 1 roles. A restore overwrites nothing: point DATABASE_URL at an empty "
        "database, or move this one away."
    )
    assert Role.objects.get().name == "mine"


def test_a_database_with_an_engine_on_it_is_left_alone(backup: Path) -> None:
    Node.objects.create(name="alive", host="h", pid=1, slots=2)

    assert refusal(backup) == (
        "An engine is running on this database. Stop all engines and web servers first."
    )


def test_an_engine_that_is_gone_is_in_nobodys_way(backup: Path) -> None:
    Node.objects.create(name="gone", host="h", pid=1, slots=2)
    Node.objects.update(beat_at=Now() - timedelta(seconds=30))

    restore(backup)

    assert Job.objects.count() == 1


def test_an_engine_that_was_started_in_the_middle_is_told_and_nothing_was_let_go(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = databases.load

    def load_while_somebody_starts_an_engine(folder: Path) -> None:
        load(folder)
        soon = Now() + timedelta(seconds=2)  # a backup's time is known to the second
        Node.objects.create(name="early", host="h", pid=1, slots=2, started_at=soon)

    monkeypatch.setattr(databases, "load", load_while_somebody_starts_an_engine)

    with pytest.raises(CommandError, match="An engine was started on the database meanwhile"):
        restore(backup)
    assert not Job.objects.exclude(held_by="").exists(), (
        "the restore says that it is not to be used"
    )


def test_half_a_backup_is_refused(backup: Path) -> None:
    (backup / "manifest.json").unlink()

    assert refusal(backup).endswith(
        "holds half a backup: it did not come to its end. Take another one."
    )


def test_a_folder_without_a_backup_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nosuch").endswith("holds no backup: it has no manifest.json.")


def alter(name: str) -> Callable[[Path], None]:
    def do(backup: Path) -> None:
        (path,) = backup.glob(name)
        path.write_bytes(path.read_bytes()[:-1] + b"!")

    return do


def remove_a_file(backup: Path) -> None:
    (backup / "spool" / named(backup)[0]).unlink()


def alter_a_file(backup: Path) -> None:
    (backup / "spool" / named(backup)[0]).write_bytes(b"something else")


def tell(**values: Any) -> Callable[[Path], None]:
    def do(backup: Path) -> None:
        told = json.loads((backup / "manifest.json").read_text())
        (backup / "manifest.json").write_text(json.dumps({**told, **values}))

    return do


HARM = {
    "the database": (alter("database.*"), "is not what was written: the backup is damaged."),
    "the list": (alter("files.jsonl"), "is not what was written: the backup is damaged."),
    "a file": (alter_a_file, "of the backup is not what was written."),
    "a file is gone": (remove_a_file, "The backup has lost the file uploads/"),
    "its manifest": (alter("manifest.json"), "manifest.json cannot be read: "),
    "another form": (tell(lading_backup=9), "The backup has form 9, and this Lading reads form 1"),
    "another kind": (tell(database="oracle"), "The backup is of oracle, and DATABASE_URL names"),
    "a newer one": (
        tell(migrations={"jobs": "0999_later"}),
        "The backup is of a newer Lading, with jobs.0999_later: restore it with that release",
    ),
}


def test_what_is_damaged_or_does_not_fit_is_refused_before_anything_is_changed(
    backup: Path, tmp_path: Path
) -> None:
    for name, (harm, told) in HARM.items():
        harmed = shutil.copytree(backup, tmp_path / name)
        harm(harmed)

        assert told in refusal(harmed), name
        assert files() == {}, name


def test_a_restore_that_breaks_off_says_what_to_do(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(spool.storage), "save", fail)

    told = refusal(backup)

    assert told.startswith("[Errno 28] No space left on device\n")
    assert told.endswith("Start no engine on this database: empty it, and restore again.")


# ---- the key


def test_roles_whose_secrets_another_key_sealed_are_named(backup: Path, settings: Any) -> None:
    settings.SECRET_KEY = "another key, as the old one was not kept"

    assert "The secrets of archive cannot be read with this LADING_SECRET_KEY." in restore(backup)


def test_with_the_key_of_the_time_nothing_is_said_of_it(backup: Path) -> None:
    assert "LADING_SECRET_KEY" not in restore(backup)
