"""The sweep deletes what earlier trials left behind, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from operations.base import Store
from operations.probe import sweep
from operations.scratch import WRITTEN, erase

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = ".lading-probe/"
TOKEN = "d41d8cd98f00b204e9800998ecf8427e"
SCRATCH = f"lading-scratch-{TOKEN}"
MINE = f"{WRITTEN} {TOKEN}".encode()


@pytest.fixture(autouse=True)
def _tomorrow() -> Iterator[None]:
    """What a test puts with `put` is a day old when it is swept."""
    with time_machine.travel("2026-11-21 10:00:00+00:00", tick=False):
        yield


def put(s3: S3Client, key: str, body: bytes = MINE, bucket: str = "locked", **more: Any) -> None:
    with time_machine.travel("2026-11-20 10:00:00+00:00", tick=False):
        s3.put_object(Bucket=bucket, Key=key, Body=body, **more)


def left(s3: S3Client, bucket: str = "locked") -> set[str]:
    """Keys of all versions and markers in the bucket."""
    reply = s3.list_object_versions(Bucket=bucket)
    return {row["Key"] for row in [*reply.get("Versions", []), *reply.get("DeleteMarkers", [])]}


def test_a_scratch_object_and_its_copy_are_swept_also_from_under_a_hold(s3: S3Client) -> None:
    put(s3, f"{PREFIX}{SCRATCH}", ObjectLockLegalHoldStatus="ON")
    put(s3, f"{PREFIX}copy/{PREFIX}{SCRATCH}")

    sweep(Store(s3), "locked", PREFIX)

    assert left(s3) == set()


def test_what_the_store_made_of_a_trials_request_is_swept(s3: S3Client) -> None:
    put(s3, f"{PREFIX}{SCRATCH}", b'<LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')

    sweep(Store(s3), "locked", PREFIX)

    assert left(s3) == set()


def test_the_marker_over_a_scratch_object_is_swept_with_it(s3: S3Client) -> None:
    put(s3, f"{PREFIX}{SCRATCH}")
    with time_machine.travel("2026-11-20 11:00:00+00:00", tick=False):
        s3.delete_object(Bucket="locked", Key=f"{PREFIX}{SCRATCH}")

    sweep(Store(s3), "locked", PREFIX)

    assert left(s3) == set()


def test_what_is_not_an_hour_old_stays(s3: S3Client) -> None:
    put(s3, f"{PREFIX}{SCRATCH}")
    with time_machine.travel("2026-11-20 10:59:00+00:00", tick=False):
        sweep(Store(s3), "locked", PREFIX)

    assert left(s3) == {f"{PREFIX}{SCRATCH}"}


@pytest.mark.parametrize(
    "key",
    [
        f"uploads/2019/my-object-{TOKEN}",
        f"uploads/object-{TOKEN}",
        f"uploads/2019/{SCRATCH}",
        f"uploads/my-{SCRATCH}",
        f"uploads/{SCRATCH}.jpg",
        f"uploads/copy/{SCRATCH}",
    ],
)
def test_an_object_of_somebody_else_stays_however_it_is_called(s3: S3Client, key: str) -> None:
    put(s3, key)

    sweep(Store(s3), "locked", "uploads/")

    assert left(s3) == {key}


def test_an_object_of_somebody_else_stays_though_it_has_the_very_name(s3: S3Client) -> None:
    put(s3, f"uploads/{SCRATCH}", b"pixels", ObjectLockLegalHoldStatus="ON")

    sweep(Store(s3), "locked", "uploads/")

    held = s3.get_object_legal_hold(Bucket="locked", Key=f"uploads/{SCRATCH}")
    assert held["LegalHold"]["Status"] == "ON"


def test_what_somebody_else_deleted_does_not_come_back(s3: S3Client) -> None:
    put(s3, f"uploads/{SCRATCH}", b"pixels")
    with time_machine.travel("2026-11-20 11:00:00+00:00", tick=False):
        s3.delete_object(Bucket="locked", Key=f"uploads/{SCRATCH}")

    sweep(Store(s3), "locked", "uploads/")

    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="locked", Key=f"uploads/{SCRATCH}")


class Sloppy:
    """A store that changes what it is asked to list, or what it answers."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)


def test_a_store_that_lists_whatever_it_has_loses_nothing(s3: S3Client) -> None:
    class AnyPrefix(Sloppy):
        def list_object_versions(self, **asked: Any) -> Any:
            return self.s3.list_object_versions(Bucket=asked["Bucket"])

    put(s3, SCRATCH)
    put(s3, f"copy/{SCRATCH}")

    sweep(Store(AnyPrefix(s3)), "locked", PREFIX)  # type: ignore[arg-type]

    assert left(s3) == {SCRATCH, f"copy/{SCRATCH}"}


def test_what_has_no_date_stays(s3: S3Client) -> None:
    class Undated(Sloppy):
        def list_object_versions(self, **asked: Any) -> Any:
            reply: Any = self.s3.list_object_versions(**asked)
            for row in reply["Versions"]:
                del row["LastModified"]
            return reply

    put(s3, f"{PREFIX}{SCRATCH}")

    sweep(Store(Undated(s3)), "locked", PREFIX)  # type: ignore[arg-type]

    assert left(s3) == {f"{PREFIX}{SCRATCH}"}


def test_a_version_that_cannot_be_deleted_does_not_keep_the_others(s3: S3Client) -> None:
    for body in (b"1", b"2", b"3"):
        put(s3, "k", body)
    first = s3.list_object_versions(Bucket="locked")["Versions"][0]["VersionId"]

    class Stubborn(Sloppy):
        def delete_object(self, **asked: Any) -> Any:
            if asked["VersionId"] == first:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
            return self.s3.delete_object(**asked)

    erase(Stubborn(s3), "locked", "k", None)  # type: ignore[arg-type]

    assert [row["VersionId"] for row in s3.list_object_versions(Bucket="locked")["Versions"]] == [
        first
    ]


def test_a_sweep_never_fails(s3: S3Client) -> None:
    sweep(Store(s3), "no-such-bucket", PREFIX)
