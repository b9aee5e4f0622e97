"""Whole jobs over HTTP, by the lane that people get: signed templates through libcurl."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from django.contrib.auth.models import User
from moto.server import ThreadedMotoServer

from jobs import stores, submission, working
from jobs.accounts import Role
from jobs.models import Job
from operations import sender as senders
from operations.sender import CurlSender
from tests import boto
from tests.conftest import MakeRole

RunJob = Callable[..., Job]

TAGGING = {"tag_set": [{"key": "project", "value": "lading"}]}
COPY = {"target_resource": "arn:aws:s3:::archive", "target_key_prefix": "copies é%41"}
HOSTILE = [
    *("a b/é+&=?#%25", "x/../y", "//lead", "tail/", "~t*'()!", "漢字/😀", "a;b,c:d@e$f"),
    *("%41", "%2e%2e/a", "a//b", "./a", "../a", 'quo"te,comma', "<&>'", "%s%%d"),
    *("\x7f\x01", "+", "%", "k" * 1024),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of moto's S3, which answers anybody."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def s3(server: str) -> Iterator[Any]:
    """A client of the test's own at the server, with empty buckets, which keep versions."""
    client = boto.client(
        "s3",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="AKIATESTSONLY",
        aws_secret_access_key="tests-only",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    stores._client.cache_clear()
    client._endpoint.http_session.send(AWSRequest("POST", f"{server}/moto-api/reset").prepare())
    for bucket in ("photos", "archive", "manifests", "reports"):
        client.create_bucket(Bucket=bucket)
    versioned = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket="photos", VersioningConfiguration=versioned)
    yield client
    stores._client.cache_clear()


@pytest.fixture
def role(make_role: MakeRole, server: str) -> Role:
    return make_role(endpoint_url=server, addressing="path")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The senders that lanes were given."""
    made: list[object] = []

    def sender_for(*args: Any, **how: Any) -> Any:
        made.append(senders.sender_for(*args, **how))
        return made[-1]

    monkeypatch.setattr(working, "sender_for", sender_for)
    return made


@pytest.fixture
def run_job(user: User, role: Role, s3: Any, made: list[object]) -> RunJob:
    """Put a manifest in the store, ask for a job, and be a worker until nothing is left to do."""

    def run(rows: list[tuple[str, ...]], **given: Any) -> Job:
        manifest = "".join(
            ",".join(["photos", quote(key, safe="/"), *version]) + "\n" for key, *version in rows
        )
        s3.put_object(Bucket="manifests", Key="list.csv", Body=manifest.encode())
        fields = ["Bucket", "Key", "VersionId"][: len(rows[0]) + 1]
        request = {
            "operation": "S3PutObjectTagging",
            "parameters": TAGGING,
            "manifest": {"location": "s3://manifests/list.csv", "fields": fields},
            "role": role.name,
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": "reports"},
        }
        job = submission.create_job(user, {**request, **given})
        working.work("test-node", lambda: False)
        job.refresh_from_db()
        assert {type(each) for each in made} == {CurlSender}
        return job

    return run


def put(s3: Any, *keys: str, body: bytes = b"content") -> dict[str, str]:
    """Put objects; returns the version id of each."""
    return {key: s3.put_object(Bucket="photos", Key=key, Body=body)["VersionId"] for key in keys}


def tags_of(s3: Any, key: str, bucket: str = "photos", **version: str) -> dict[str, str]:
    told = s3.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in told}


def report_rows(s3: Any, job: Job) -> list[str]:
    body = s3.get_object(Bucket="reports", Key=f"job-{job.pk}/manifest.json")["Body"].read()
    rows: list[str] = []
    for entry in json.loads(body)["Results"]:
        kept = s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read()
        rows += kept.decode().splitlines()
    return sorted(rows)


def keys_that_the_store_holds(s3: Any) -> list[str]:
    """Those of the hostile keys that come back from moto as they went there by boto3."""
    put(s3, *HOSTILE)
    listed = s3.list_objects_v2(Bucket="photos").get("Contents", [])
    held = {entry["Key"] for entry in listed} & set(HOSTILE)
    assert len(held) >= len(HOSTILE) - 4
    return [key for key in HOSTILE if key in held]


@pytest.mark.parametrize("with_versions", [False, True], ids=["latest", "versions"])
def test_objects_with_hostile_keys_are_tagged(
    run_job: RunJob, s3: Any, with_versions: bool
) -> None:
    keys = keys_that_the_store_holds(s3)
    older = put(s3, *keys)
    latest = put(s3, *keys)
    bystanders = put(s3, "y", "lead", "a b", "A", "x", "x/y")

    job = run_job([(key, older[key]) if with_versions else (key,) for key in keys])

    assert (job.status, job.succeeded, job.failed) == ("Complete", len(keys), 0)
    for key in keys:
        tagged, other = (older, latest) if with_versions else (latest, older)
        assert tags_of(s3, key, VersionId=tagged[key]) == {"project": "lading"}, key
        assert tags_of(s3, key, VersionId=other[key]) == {}, key
    assert not any(tags_of(s3, key) for key in bystanders)
    assert report_rows(s3, job) == sorted(
        f"photos,{quote(key, safe='/')},{older[key] if with_versions else ''},"
        "succeeded,200,,Successful"
        for key in keys
    )


@pytest.mark.parametrize("with_versions", [False, True], ids=["latest", "versions"])
def test_objects_with_hostile_keys_are_copied(
    run_job: RunJob, s3: Any, with_versions: bool
) -> None:
    keys = keys_that_the_store_holds(s3)
    older = put(s3, *keys, body=b"older")
    put(s3, *keys, body=b"latest")

    job = run_job(
        [(key, older[key]) if with_versions else (key,) for key in keys if len(key) < 1000],
        operation="S3PutObjectCopy",
        parameters=COPY,
    )

    assert (job.status, job.failed) == ("Complete", 0)
    for key in keys[:-1]:
        copy = s3.get_object(Bucket="archive", Key=f"copies é%41/{key}")["Body"].read()
        assert copy == (b"older" if with_versions else b"latest"), key
    assert len(s3.list_objects_v2(Bucket="archive")["Contents"]) == job.succeeded


def test_what_fails_is_reported_as_the_store_said_it(run_job: RunJob, s3: Any) -> None:
    versions = put(s3, "here.jpg")

    job = run_job(
        [
            ("here.jpg", versions["here.jpg"]),
            ("gone.jpg", versions["here.jpg"]),
            ("here.jpg", ""),
        ]
    )

    assert (job.status, job.succeeded, job.failed) == ("Complete", 1, 2)
    failed = [row for row in report_rows(s3, job) if ",failed," in row]
    assert failed[0].startswith(f"photos,gone.jpg,{versions['here.jpg']},failed,404,NoSuch")
    assert failed[1] == (
        "photos,here.jpg,,failed,400,InvalidRequest,Task failed due to missing VersionId"
    )


def test_one_sender_serves_all_slices_of_a_job(
    run_job: RunJob, s3: Any, made: list[object]
) -> None:
    keys = [f"album/{number:03d} é.jpg" for number in range(260)]
    put(s3, *keys)

    job = run_job([(key,) for key in keys])

    assert (job.status, job.succeeded) == ("Complete", 260)
    assert job.slices.count() == 2
    assert len(made) == 1, "its connections live on"
    assert all(tags_of(s3, key) == {"project": "lading"} for key in keys[::17])
