"""Removing from the spool: whole folders, and what has lain there for long; in a folder and in a
bucket.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import storages
from moto import mock_aws

from config.settings import spool_storage
from jobs import spool as spool_module
from jobs.spool import spool
from tests import boto
from tests.rows import keep

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WEEK = timedelta(days=7)

Names = Callable[[], list[str]]


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    """The spool under a prefix of a bucket, in which somebody else has a file too."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "tests-only")
    with mock_aws():
        client = boto.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="spool")
        client.put_object(Bucket="spool", Key="elsewhere/jobs/1/tasks", Body=b"not ours")
        storage = spool_storage("s3://spool/lading?region_name=us-east-1")
        settings.STORAGES = {**settings.STORAGES, "spool": storage}
        yield client


@pytest.fixture(params=["folder", "bucket"])
def names(request: pytest.FixtureRequest, spool_folder: Path) -> Names:
    """What is in the spool now, wherever it is."""
    if request.param == "folder":
        return lambda: sorted(
            str(file.relative_to(spool_folder))
            for file in spool_folder.rglob("*")
            if file.is_file()
        )
    client: S3Client = request.getfixturevalue("bucket")

    def listed() -> list[str]:
        found = client.list_objects_v2(Bucket="spool", Prefix="lading/").get("Contents", [])
        return [one["Key"].removeprefix("lading/") for one in found]

    return listed


# ---- a whole folder


def test_a_folder_is_removed_with_all_that_is_in_it_and_nothing_beside_it(names: Names) -> None:
    for name in ("jobs/1/a.tasks", "jobs/1/report-2/results/b.csv", "jobs/1/.part-cut-off"):
        keep(name, b"content")
    for name in ("jobs/10/a.tasks", "uploads/1"):
        keep(name, b"content")

    spool.delete_all("jobs/1")

    assert names() == ["jobs/10/a.tasks", "uploads/1"]


def test_a_folder_that_is_gone_or_never_was_is_fine(names: Names) -> None:
    keep("jobs/1/a.tasks", b"content")

    spool.delete_all("jobs/1")
    spool.delete_all("jobs/1")
    spool.delete_all("jobs/2")

    assert names() == []


@pytest.mark.parametrize("folder", ["", "jobs", "jobs/", "/"])
def test_what_holds_the_folders_of_all_jobs_is_never_removed(names: Names, folder: str) -> None:
    keep("jobs/1/a.tasks", b"content")

    with pytest.raises(ValueError, match="more than one thing"):
        spool.delete_all(folder)

    assert names() == ["jobs/1/a.tasks"]


def test_a_file_that_another_node_has_just_removed_is_no_fault(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jobs/1/a.tasks", "jobs/1/b/c.tasks"):
        keep(name, b"content")
    unlink, rmdir = Path.unlink, Path.rmdir

    def unlink_twice(path: Path, missing_ok: bool = False) -> None:
        unlink(path)
        unlink(path, missing_ok=missing_ok)

    def rmdir_twice(path: Path) -> None:
        rmdir(path)
        rmdir(path)

    monkeypatch.setattr(Path, "unlink", unlink_twice)
    monkeypatch.setattr(Path, "rmdir", rmdir_twice)
    spool.delete_all("jobs/1")

    assert not (spool_folder / "jobs/1").exists()


def test_a_folder_is_gone_for_good_before_rows_may_follow(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("jobs/1/a.tasks", b"content")
    synced: list[tuple[Path, bool]] = []
    sync = spool_module._sync_folder
    monkeypatch.setattr(
        spool_module,
        "_sync_folder",
        lambda path: (synced.append((path, (path / "1").exists())), sync(path)),
    )

    spool.delete_all("jobs/1")

    assert synced == [(spool_folder / "jobs", False)]


def test_what_a_link_in_the_folder_leads_to_is_left_alone(
    spool_folder: Path, tmp_path: Path
) -> None:
    keep("jobs/1/a.tasks", b"content")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "picture.jpg").write_bytes(b"content")
    (spool_folder / "jobs/1/link").symlink_to(precious, target_is_directory=True)

    spool.delete_all("jobs/1")

    assert not (spool_folder / "jobs/1").exists()
    assert (precious / "picture.jpg").exists()


def test_more_files_than_a_request_may_name_are_removed(bucket: S3Client) -> None:
    for number in range(1001):
        bucket.put_object(Bucket="spool", Key=f"lading/jobs/1/{number:08d}.tasks", Body=b"")

    spool.delete_all("jobs/1")

    left = bucket.list_objects_v2(Bucket="spool")["Contents"]
    assert [one["Key"] for one in left] == ["elsewhere/jobs/1/tasks"]


def test_a_file_that_the_bucket_keeps_is_an_error(
    bucket: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("jobs/1/a.tasks", b"content")
    connection = storages["spool"].connection
    refusal = {"Errors": [{"Key": "lading/jobs/1/a.tasks", "Code": "AccessDenied"}]}
    events = connection.meta.client.meta.events
    events.register(
        "before-call.s3.DeleteObjects",
        lambda **_: (type("Reply", (), {"status_code": 200})(), refusal),
    )

    with pytest.raises(OSError, match=r"keeps lading/jobs/1/a\.tasks: AccessDenied"):
        spool.delete_all("jobs/1")


# ---- what has lain there for long


def test_only_files_older_than_asked_are_stale(names: Names, spool_folder: Path) -> None:
    for name in ("uploads/1", "uploads/2"):
        keep(name, b"content")

    assert list(spool.stale("uploads", WEEK)) == []
    assert sorted(spool.stale("uploads", -WEEK)) == ["uploads/1", "uploads/2"]
    assert names() == ["uploads/1", "uploads/2"], "nothing is left of telling the time"


def test_a_spool_without_the_folder_has_nothing_stale(names: Names) -> None:
    assert list(spool.stale("uploads", -WEEK)) == []


def test_a_half_written_file_grows_stale_too(spool_folder: Path) -> None:
    keep("uploads/1", b"content")
    cut_off = spool_folder / "uploads/.part-cut-off"
    cut_off.write_bytes(b"cont")
    past = cut_off.stat().st_mtime - WEEK.total_seconds() - 60
    os.utime(cut_off, (past, past))

    assert list(spool.stale("uploads", WEEK)) == ["uploads/.part-cut-off"]


def test_age_is_told_by_the_clock_of_the_spool_and_not_by_ours(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of another machine may be a month ahead or behind."""
    keep("uploads/1", b"content")
    modified = type(spool.storage).get_modified_time
    monkeypatch.setattr(
        type(spool.storage),
        "get_modified_time",
        lambda storage, name: modified(storage, name) - timedelta(days=30),
    )

    assert list(spool.stale("uploads", WEEK)) == []
