"""The probe against stores that others wrote, as real processes (measured.md 6)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from operations import OPERATION_BY_NAME, scratch
from operations.base import Store
from operations.probe import PLANS, Finding, probe, sweep
from tests import adversaries
from tests.conftest import require

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = ".lading-probe/"
COPY, TAGS, NO_TAGS = "S3PutObjectCopy", "S3PutObjectTagging", "S3DeleteObjectTagging"
ACL, HOLD, KEEP = "S3PutObjectAcl", "S3PutObjectLegalHold", "S3PutObjectRetention"
KEY = "S3UpdateObjectEncryption"

WORKS, REFUSED = Finding.WORKS, Finding.REFUSED
DESTROYS, UNTRIED = Finding.DESTROYS, Finding.UNTRIED

EXPECTED = {
    "nanio": {
        **dict.fromkeys([TAGS, NO_TAGS, ACL, HOLD, KEEP, KEY], DESTROYS),
        COPY: WORKS,
    },
    "localbucket": {
        **dict.fromkeys([TAGS, NO_TAGS, ACL, KEY], REFUSED),
        **dict.fromkeys([HOLD, KEEP], UNTRIED),  # no bucket there has Object Lock
        COPY: WORKS,
    },
    # moto 5.2.5 takes the request for another key for an upload.
    "moto": {**dict.fromkeys([COPY, TAGS, NO_TAGS, ACL, HOLD, KEEP], WORKS), KEY: DESTROYS},
}


@pytest.fixture(scope="module", params=EXPECTED)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """The name of a store and its endpoint."""
    name = request.param
    require(name, "the probe is not tried against it")
    folder = tmp_path_factory.mktemp(name) / "data"
    folder.mkdir()
    with adversaries.running(name, folder) as url:
        yield name, url


@pytest.fixture
def s3(running: tuple[str, str]) -> S3Client:
    """A client of the store, which has a bucket `scratch`; with Object Lock where there is any."""
    name, url = running
    client = adversaries.client(url)
    if not any(bucket["Name"] == "scratch" for bucket in client.list_buckets()["Buckets"]):
        client.create_bucket(
            Bucket="scratch", **({"ObjectLockEnabledForBucket": True} if name == "moto" else {})
        )
    return client


def everything(s3: S3Client, bucket: str = "scratch") -> list[str]:
    """Every key in the bucket, and every version and marker where the store lists them."""
    keys = {row["Key"] for row in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
    with suppress(ClientError):
        reply = s3.list_object_versions(Bucket=bucket)
        keys |= {row["Key"] for row in reply.get("Versions", [])}
        keys |= {row["Key"] for row in reply.get("DeleteMarkers", [])}
    return sorted(keys)


@pytest.mark.parametrize("operation", PLANS)
def test_a_store_is_found_out(running: tuple[str, str], s3: S3Client, operation: str) -> None:
    found = probe(operation, Store(s3), "scratch", PREFIX)

    assert found.finding == EXPECTED[running[0]][operation], found.detail
    assert everything(s3) == []


def test_a_finding_tells_what_became_of_the_object(running: tuple[str, str], s3: S3Client) -> None:
    found = probe(TAGS, Store(s3), "scratch", PREFIX)

    assert {
        "nanio": "It answered 200, and the object's content was replaced: it begins with "
        "'<Tagging xmlns=\"http://s3.amazonaws.com/'.",
        "localbucket": "The store refused it and changed nothing: 501 NotImplemented.",
        "moto": "The effect is there, and the object is untouched.",
    }[running[0]] == found.detail


def test_every_plan_is_for_an_operation_that_exists() -> None:
    assert set(PLANS) <= set(OPERATION_BY_NAME)


DIES = """
import os, sys
from operations.base import Store
from operations.probe import probe
from tests.adversaries import client

left = 5
def tick():
    global left
    left -= 1
    if not left:
        os._exit(9)

probe("S3PutObjectLegalHold", Store(client(sys.argv[1])), "dying", ".lading-probe/", tick)
"""


def test_what_a_process_left_behind_when_it_died_is_swept_later(
    running: tuple[str, str], s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"ObjectLockEnabledForBucket": True} if running[0] == "moto" else {}
    s3.create_bucket(Bucket="dying", **options)
    s3.put_object(Bucket="dying", Key=".lading-probe/notes", Body=b"of somebody else")

    died = subprocess.run([sys.executable, "-c", DIES, running[1]], check=False)
    left = everything(s3, "dying")
    sweep(Store(s3), "dying", PREFIX)
    kept = everything(s3, "dying")
    monkeypatch.setattr(scratch, "STALE", timedelta(minutes=-1))
    sweep(Store(s3), "dying", PREFIX)

    assert died.returncode == 9
    assert len(left) == 2
    assert kept == left, "it may be at work still: it is not an hour old"
    assert everything(s3, "dying") == [".lading-probe/notes"]
