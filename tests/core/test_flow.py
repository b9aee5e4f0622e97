"""Whole jobs, from the request to the report, against a store in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from django.contrib.auth.models import User

from jobs import services, stores, submission, working
from jobs.accounts import Role
from jobs.models import Job, Lane, Slice
from jobs.results import page
from tests.conftest import PutObjects
from tests.core.scripted import reply_to

CreateJob = Callable[..., Job]
Work = Callable[[], None]

TAGGING = {"tag_set": [{"key": "project", "value": "lading"}]}
COPY = {"target_resource": "arn:aws:s3:::archive", "target_key_prefix": "copies"}


@pytest.fixture
def create_job(user: User, role: Role, s3: Any, put_objects: PutObjects) -> CreateJob:
    """Put a manifest in S3 and ask for a job: create_job("photos,a.jpg\\n", operation=…)."""
    s3.create_bucket(Bucket="archive")

    def create(manifest: str, *, fields: tuple[str, ...] = ("Bucket", "Key"), **given: Any) -> Job:
        put_objects("list.csv", bucket="manifests", body=manifest.encode())
        request = {
            "operation": "S3PutObjectTagging",
            "parameters": TAGGING,
            "manifest": {"location": "s3://manifests/list.csv", "fields": list(fields)},
            "role": role.name,
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": "reports"},
        }
        return submission.create_job(user, {**request, **given})

    return create


@pytest.fixture
def work() -> Work:
    """Be a worker until there is nothing left to do."""

    def run() -> None:
        working.work("test-node", lambda: False)

    return run


def moves(job: Job) -> list[str]:
    return [event.to_status for event in job.events.all()]


def tags_of(s3: Any, key: str, **version: str) -> dict[str, str]:
    told = s3.get_object_tagging(Bucket="photos", Key=key, **version)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in told}


def report_rows(s3: Any, job: Job) -> list[str]:
    root = f"job-{job.pk}"
    body = s3.get_object(Bucket="reports", Key=f"{root}/manifest.json")["Body"].read()
    rows: list[str] = []
    for entry in json.loads(body)["Results"]:
        kept = s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read()
        rows += kept.decode().splitlines()
    return rows


def test_objects_are_tagged_from_create_to_complete(
    create_job: CreateJob, work: Work, s3: Any, put_objects: PutObjects
) -> None:
    put_objects("summer trip/a+b.jpg", "c.jpg")
    job = create_job("photos,summer%20trip/a%2Bb.jpg\nphotos,c.jpg\nphotos,gone.jpg\n")
    assert job.status == "New"

    work()

    job.refresh_from_db()
    assert (job.status, job.total_tasks, job.succeeded, job.failed) == ("Complete", 3, 2, 1)
    assert moves(job) == ["New", "Preparing", "Ready", "Active", "Completing", "Complete"]
    assert tags_of(s3, "summer trip/a+b.jpg") == {"project": "lading"}
    assert tags_of(s3, "c.jpg") == {"project": "lading"}
    failed, *_ = [row for row in report_rows(s3, job) if ",failed," in row]
    assert failed.startswith("photos,gone.jpg,,failed,404,NoSuchKey,")
    assert len(report_rows(s3, job)) == 3
    assert [row.key for row in page(job, status="failed").rows] == ["gone.jpg"]
    assert not Lane.objects.exists()


def test_versions_are_tagged_one_by_one(
    create_job: CreateJob, work: Work, s3: Any, put_objects: PutObjects
) -> None:
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="photos", Key="a.jpg", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket="photos", Key="a.jpg", Body=b"2")["VersionId"]
    job = create_job(
        f"photos,a.jpg,{first}\nphotos,a.jpg,\n", fields=("Bucket", "Key", "VersionId")
    )

    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Complete", 1, 1)
    assert tags_of(s3, "a.jpg", VersionId=first) == {"project": "lading"}
    assert tags_of(s3, "a.jpg", VersionId=second) == {}
    assert sorted(report_rows(s3, job)) == sorted(
        [
            f"photos,a.jpg,{first},succeeded,200,,Successful",
            "photos,a.jpg,,failed,400,InvalidRequest,Task failed due to missing VersionId",
        ]
    )


def test_objects_are_copied(
    create_job: CreateJob, work: Work, s3: Any, put_objects: PutObjects
) -> None:
    names = [f"album/{number}.jpg" for number in range(300)]
    put_objects(*names)
    job = create_job(
        "".join(f"photos,{name}\n" for name in names), operation="S3PutObjectCopy", parameters=COPY
    )

    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Complete", 300, 0)
    listed = s3.list_objects_v2(Bucket="archive")["Contents"]
    assert sorted(entry["Key"] for entry in listed) == sorted(f"copies/{name}" for name in names)
    assert job.slices.count() == 2, "250 and the rest"


def test_one_version_is_copied_and_not_the_latest(
    create_job: CreateJob, work: Work, s3: Any
) -> None:
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="photos", Key="a.jpg", Body=b"first")["VersionId"]
    s3.put_object(Bucket="photos", Key="a.jpg", Body=b"second")
    create_job(
        f"photos,a.jpg,{first}\n",
        fields=("Bucket", "Key", "VersionId"),
        operation="S3PutObjectCopy",
        parameters=COPY,
    )

    work()

    copied = s3.get_object(Bucket="archive", Key="copies/a.jpg")["Body"].read()
    assert copied == b"first"


def test_a_job_without_versions_acts_on_what_is_latest_when_it_runs(
    create_job: CreateJob, work: Work, s3: Any, put_objects: PutObjects
) -> None:
    put_objects("a.jpg", body=b"at creation")
    create_job("photos,a.jpg\n", operation="S3PutObjectCopy", parameters=COPY)
    put_objects("a.jpg", body=b"later")

    work()

    copied = s3.get_object(Bucket="archive", Key="copies/a.jpg")["Body"].read()
    assert copied == b"later"


def test_a_job_waits_for_a_person_and_goes_on_when_confirmed(
    create_job: CreateJob, work: Work, user: User, s3: Any, put_objects: PutObjects
) -> None:
    put_objects("a.jpg")
    job = create_job("photos,a.jpg\n", confirmation_required=True)
    work()
    job.refresh_from_db()
    assert (job.status, job.total_tasks, job.executed) == ("Suspended", 1, 0)
    assert tags_of(s3, "a.jpg") == {}

    services.confirm_job(job, user)
    assert job.status == "Ready"
    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded) == ("Complete", 1)
    assert moves(job)[2:5] == ["Suspended", "Ready", "Active"]


def test_a_job_that_is_cancelled_before_it_runs_touches_nothing(
    create_job: CreateJob, work: Work, user: User, s3: Any, put_objects: PutObjects
) -> None:
    put_objects("a.jpg")
    job = create_job("photos,a.jpg\n", confirmation_required=True)
    work()
    job.refresh_from_db()

    services.cancel_job(job, user)
    assert job.status == "Cancelled", "at once"
    work()

    assert tags_of(s3, "a.jpg") == {}
    assert "Contents" not in s3.list_objects_v2(Bucket="reports"), "no task ran: no report"
    assert not Slice.objects.exclude(state=Slice.State.READY).exists()


def test_a_job_that_is_cancelled_in_the_middle_reports_what_it_did(
    create_job: CreateJob,
    work: Work,
    user: User,
    s3: Any,
    put_objects: PutObjects,
    beats_often: None,
) -> None:
    names = [f"{number}.jpg" for number in range(400)]
    put_objects(*names)
    job = create_job("".join(f"photos,{name}\n" for name in names))
    asked = iter(range(10**6))

    def cancel_soon() -> bool:
        if Job.objects.get().status == "Active" and next(asked) == 8:
            services.cancel_job(Job.objects.get(), user)
        return False

    working.work("test-node", cancel_soon)

    job.refresh_from_db()
    assert job.status == "Cancelled"
    assert 0 < job.succeeded < 400
    assert (job.failed, job.in_doubt) == (0, 0)
    done = [row.split(",")[1] for row in report_rows(s3, job)]
    tagged = [name for name in names if tags_of(s3, name)]
    assert sorted(done) == sorted(tagged), "the report tells exactly what was done"


def test_a_store_that_asks_to_slow_down_gets_every_task_in_the_end(
    create_job: CreateJob, work: Work, put_objects: PutObjects
) -> None:
    put_objects("a.jpg", "b.jpg", "c.jpg")
    job = create_job("photos,a.jpg\nphotos,b.jpg\nphotos,c.jpg\n")
    refusals = iter(range(6))

    def slow_down(request: Any, **_: object) -> AWSResponse | None:
        if next(refusals, None) is None:
            return None
        return reply_to(request, 503, "SlowDown")

    client = stores.store_for(job.role).s3
    client.meta.events.register_first("before-send.s3.PutObjectTagging", slow_down)
    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Complete", 3, 0)
