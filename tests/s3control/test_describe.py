"""DescribeJob: what is told of a job, and what is left out (spec.md 3.5)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from jobs.models import Job
from jobs.status import JobStatus
from tests.conftest import MakeJob, MakeManifest
from tests.s3control.wire import JOBS, NAMESPACE, Key, account, call

TIMES = ("CreationTime", "TerminationDate", "SuspendedDate")


@pytest.fixture
def describe(control: Any) -> Any:
    """What DescribeJob tells of a job."""
    return lambda job: control.describe_job(AccountId=account(), JobId=str(job.pk))["Job"]


def test_a_new_job_is_told_in_full(describe: Any, make_job: MakeJob) -> None:
    job = make_job(priority=4)

    told = describe(job)

    assert told == {
        "JobId": str(job.pk),
        "ConfirmationRequired": True,
        "JobArn": f"arn:aws:s3:{settings.LADING_REGION}:{account()}:job/{job.pk}",
        "Status": "New",
        "Manifest": {
            "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
            "Location": {"ObjectArn": "arn:aws:s3:::manifests/list.csv", "ETag": "0" * 32},
        },
        "Operation": {"S3PutObjectTagging": {"TagSet": [{"Key": "project", "Value": "lading"}]}},
        "Priority": 4,
        "ProgressSummary": {
            "TotalNumberOfTasks": 0,
            "NumberOfTasksSucceeded": 0,
            "NumberOfTasksFailed": 0,
            "Timers": {"ElapsedTimeInActiveSeconds": 0},
        },
        "FailureReasons": [],
        "Report": {"Enabled": False},
        "CreationTime": told["CreationTime"],
        "RoleArn": job.role.arn,
    }


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_status_has_awss_name(describe: Any, make_job: MakeJob, status: JobStatus) -> None:
    assert describe(make_job(status=status))["Status"] == status.value


@pytest.mark.parametrize("status", ["Complete", "Failed", "Cancelled"])
def test_an_ended_job_says_when(describe: Any, make_job: MakeJob, status: str) -> None:
    job = make_job(status=status)

    told = describe(job)

    assert abs(told["TerminationDate"] - job.terminated_at) < timedelta(milliseconds=1)
    assert told["ProgressSummary"]["Timers"] == {"ElapsedTimeInActiveSeconds": 90}


def test_a_suspended_job_says_since_when_and_why(describe: Any, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")

    told = describe(job)

    assert told["SuspendedCause"] == "AWAITING_CONFIRMATION"
    assert abs(told["SuspendedDate"] - job.suspended_at) < timedelta(milliseconds=1)


def test_the_cause_stays_when_it_was_confirmed(describe: Any, make_job: MakeJob) -> None:
    since = timezone.now()

    told = describe(
        make_job(status="Active", suspended_at=since, suspended_cause="AWAITING_CONFIRMATION")
    )

    assert told["SuspendedCause"] == "AWAITING_CONFIRMATION"
    assert "SuspendedDate" in told


def test_a_running_job_tells_its_progress_and_its_time(describe: Any, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=40, succeeded=12, failed=1)

    told = describe(job)["ProgressSummary"]

    seconds = told.pop("Timers")["ElapsedTimeInActiveSeconds"]
    assert 60 <= seconds < 120
    assert told == {
        "TotalNumberOfTasks": 40,
        "NumberOfTasksSucceeded": 12,
        "NumberOfTasksFailed": 1,
    }


def test_a_number_over_four_billion_is_told(describe: Any, make_job: MakeJob) -> None:
    told = describe(make_job(status="Active", total_tasks=20_000_000_000))

    assert told["ProgressSummary"]["TotalNumberOfTasks"] == 20_000_000_000


def test_a_failed_job_says_why(describe: Any, make_job: MakeJob) -> None:
    reasons = [{"FailureCode": "ManifestNotFound", "FailureReason": '<gone> & "lost" \u00fc'}]

    assert describe(make_job(status="Failed", failure_reasons=reasons))["FailureReasons"] == reasons


def test_an_update_of_the_status_is_told_with_its_reason(describe: Any, make_job: MakeJob) -> None:
    told = describe(make_job(status="Cancelled", status_update_reason="no longer & needed"))

    assert told["StatusUpdateReason"] == "no longer & needed"


@pytest.mark.parametrize("of", ["an upload", "tasks of another job"])
def test_a_job_whose_list_is_no_object_has_no_manifest_to_tell(
    describe: Any, make_job: MakeJob, make_manifest: MakeManifest, of: str
) -> None:
    chosen = {"parent": "1", "tasks": "failed", "error_code": None, "http_status": None, "count": 1}
    tasks = {"format": "JobTasks", "selection": chosen, "bucket": "", "key": "", "etag": ""}
    uploaded = of == "an upload"
    manifest = make_manifest(b"photos,a.jpg\n") if uploaded else make_manifest(**tasks)

    told = describe(make_job(manifest=manifest))

    assert "Manifest" not in told
    assert "ManifestGenerator" not in told
    assert "GeneratedManifestDescriptor" not in told


@pytest.mark.parametrize(
    ("format", "fields"), [("JSONLines", []), ("KeyList", []), ("JSONLines", ["Bucket", "Key"])]
)
def test_a_manifest_in_a_form_that_aws_does_not_have_is_told_all_the_same(
    describe: Any, make_job: MakeJob, make_manifest: MakeManifest, format: str, fields: list[str]
) -> None:
    told = describe(make_job(manifest=make_manifest(format=format, fields=fields)))

    assert told["Manifest"]["Spec"]["Format"] == format
    assert told["Manifest"]["Location"]["ObjectArn"] == "arn:aws:s3:::manifests/list.csv"


@pytest.mark.parametrize("saved", [True, False])
def test_what_a_generator_made_is_told_once_it_has(
    describe: Any, make_job: MakeJob, make_manifest: MakeManifest, saved: bool
) -> None:
    generator = {"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False}
    manifest = make_manifest(
        format="S3JobManifestGenerator", generator=generator, bucket="", key="", etag=""
    )
    made = {
        "Format": "S3InventoryReport_CSV_20211130",
        "Location": {"ObjectArn": "arn:aws:s3:::out/job-1/manifest.json", "ETag": "1" * 32},
    }

    told = describe(make_job(manifest=manifest, generated_manifest=made if saved else None))

    assert told["ManifestGenerator"] == {"S3JobManifestGenerator": generator}
    assert told.get("GeneratedManifestDescriptor") == (made if saved else None)
    assert "Manifest" not in told


def test_what_aws_does_not_have_is_not_told(
    describe: Any, make_job: MakeJob, make_manifest: MakeManifest
) -> None:
    generator = {
        "SourceBucket": "arn:aws:s3:::photos",
        "EnableManifestOutput": False,
        "IncludeVersions": True,
        "AskEachObject": True,
    }
    manifest = make_manifest(
        format="S3JobManifestGenerator", generator=generator, bucket="", key="", etag=""
    )

    inner = describe(make_job(manifest=manifest))["ManifestGenerator"]["S3JobManifestGenerator"]

    assert inner == {"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False}


def test_tags_are_not_told_here(key: Key, make_job: MakeJob) -> None:
    job = make_job(tags={"secret-tag": "x"})

    assert b"secret-tag" not in call(key, "GET", f"{JOBS}/{job.pk}").body


def test_times_are_told_in_milliseconds_of_utc(key: Key, make_job: MakeJob) -> None:
    job = make_job(status="Complete", suspended_at=timezone.now(), suspended_cause="X")

    root = call(key, "GET", f"{JOBS}/{job.pk}").root

    for name in TIMES:
        told = root.findtext(f".//{{{NAMESPACE}}}{name}") or ""
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told), name


def test_describing_changes_nothing(describe: Any, make_job: MakeJob) -> None:
    job = make_job()
    before = Job.objects.filter(pk=job.pk).values().get()

    describe(job)

    assert Job.objects.filter(pk=job.pk).values().get() == before
