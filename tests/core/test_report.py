"""The completion report: every executed task once, in the form that AWS writes (spec.md 6)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import report, report_files
from jobs.models import Job, ReportFile
from jobs.services import cancel_job
from jobs.spool import spool
from tests.core.conftest import MakeActive, PerformSlice, RunLane, finish_job, keys
from tests.core.scripted import CREATED, FAULT, FORBIDDEN, MISSING, Script

MakeReported = Callable[..., Job]


@pytest.fixture
def make_reported(make_active: MakeActive, s3: Any) -> MakeReported:
    """An Active job that asks for a report: make_reported(4, report_prefix="nightly")."""

    def make(*sizes: int, **values: Any) -> Job:
        asked = {"report_enabled": True, "report_bucket": "reports", "report_scope": "AllTasks"}
        return make_active(*sizes, **{**asked, **values})

    return make


def objects(s3: Any, bucket: str = "reports") -> dict[str, bytes]:
    """All that lies in the bucket."""
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    names = [entry["Key"] for entry in listed]
    return {name: s3.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}


def manifest_of(s3: Any, job: Job, prefix: str = "") -> dict[str, Any]:
    body = s3.get_object(Bucket="reports", Key=f"{prefix}job-{job.pk}/manifest.json")["Body"]
    told: dict[str, Any] = json.loads(body.read())
    return told


def rows_in(s3: Any, job: Job, status: str) -> list[str]:
    """The rows of the results files of one kind."""
    rows = []
    for entry in manifest_of(s3, job)["Results"]:
        if entry["TaskExecutionStatus"] == status:
            body = s3.get_object(Bucket=entry["Bucket"], Key=entry["Key"])["Body"].read().decode()
            assert body.endswith("\n")
            rows += body.split("\n")[:-1]
    return rows


def status_of(job: Job) -> str:
    job.refresh_from_db()
    return job.status


# ---- layout (spec.md 6.2)


def test_the_report_lies_where_aws_puts_it(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(4, report_prefix="nightly/reports")
    run_lane()

    root = f"nightly/reports/job-{job.pk}"
    names = sorted(objects(s3))
    assert names[:2] == [f"{root}/manifest.json", f"{root}/manifest.json.md5"]
    assert len(names) == 4
    for name in names[2:]:
        digest = name.removeprefix(f"{root}/results/").removesuffix(".csv")
        assert len(digest) == 40
        assert int(digest, 16)


@pytest.mark.parametrize(
    ("prefix", "root"),
    [("", ""), ("a", "a/"), ("a/b", "a/b/"), ("a/", "a/"), ("a//", "a/"), ("/", "")],
)
def test_there_is_exactly_one_slash_after_the_prefix(
    make_reported: MakeReported, prefix: str, root: str
) -> None:
    job = make_reported(1, report_prefix=prefix)

    assert report.report_key(job, "manifest.json") == f"{root}job-{job.pk}/manifest.json"


def test_manifest_json_names_format_date_schema_and_each_file(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(4)
    run_lane()

    told = manifest_of(s3, job)
    assert list(told) == ["Format", "ReportCreationDate", "Results", "ReportSchema"]
    assert told["Format"] == "Report_CSV_20180820"
    assert told["ReportSchema"] == (
        "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
    )
    created = datetime.strptime(told["ReportCreationDate"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert abs(datetime.now(UTC) - created.replace(tzinfo=UTC)) < timedelta(minutes=1)
    assert len(told["ReportCreationDate"]) == len("2026-01-05T10:12:44.318Z")
    kept = objects(s3)
    for entry in told["Results"]:
        assert list(entry) == ["TaskExecutionStatus", "Bucket", "MD5Checksum", "Key"]
        assert entry["Bucket"] == "reports"
        assert entry["MD5Checksum"] == hashlib.md5(kept[entry["Key"]]).hexdigest()
    assert [entry["TaskExecutionStatus"] for entry in told["Results"]] == ["succeeded", "failed"]


def test_the_md5_file_has_33_bytes(make_reported: MakeReported, run_lane: RunLane, s3: Any) -> None:
    job = make_reported(4)
    run_lane()

    kept = objects(s3)
    manifest = kept[f"job-{job.pk}/manifest.json"]
    checksum = kept[f"job-{job.pk}/manifest.json.md5"]
    assert checksum == hashlib.md5(manifest).hexdigest().encode() + b"\n"
    assert len(checksum) == 33


# ---- rows (spec.md 6.3)


def test_rows_have_the_status_code_before_the_error_code_and_keys_as_the_manifest_has_them(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, script: Script
) -> None:
    script.on("b+c", MISSING)
    script.on("d", CREATED)
    job = make_reported(rows=["photos,a%20b.jpg", "photos,b%2Bc", "photos,d", 'photos,"x,y"'])
    run_lane()

    assert rows_in(s3, job, "succeeded") == [
        "photos,a%20b.jpg,,succeeded,200,,Successful",
        "photos,d,,succeeded,201,,Created",
        'photos,"x,y",,succeeded,200,,Successful',
    ]
    assert rows_in(s3, job, "failed") == [
        'photos,b%2Bc,,failed,404,NoSuchKey,"There is no ""object"", says the store"'
    ]


def test_rows_have_the_version_of_the_manifest(
    make_reported: MakeReported,
    make_manifest: Any,
    run_lane: RunLane,
    s3: Any,
) -> None:
    versions = make_manifest(fields=["Bucket", "Key", "VersionId"])
    job = make_reported(rows=["photos,a,v1", "photos,b,null", "photos,c,"], manifest=versions)
    run_lane()

    assert rows_in(s3, job, "succeeded") == [
        "photos,a,v1,succeeded,200,,Successful",
        "photos,b,null,succeeded,200,,Successful",
    ]
    assert rows_in(s3, job, "failed") == [
        "photos,c,,failed,400,InvalidRequest,Task failed due to missing VersionId"
    ]


def test_every_executed_task_has_one_row_also_when_it_was_retried(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, script: Script
) -> None:
    for key in keys(400)[::7]:
        script.on(key, FAULT)
    for key in keys(400)[3::7]:
        script.on(key, *[FAULT] * 5, CREATED)
    job = make_reported(250, 150)
    run_lane()

    succeeded, failed = rows_in(s3, job, "succeeded"), rows_in(s3, job, "failed")
    assert [row.split(",")[1] for row in sorted(failed)] == keys(400)[::7]
    assert {row.split(",", 2)[2] for row in failed} == {
        ",failed,500,InternalError,We encountered an internal error."
    }
    assert sorted(row.split(",")[1] for row in succeeded + failed) == keys(400)
    job.refresh_from_db()
    assert (len(succeeded), len(failed)) == (job.succeeded, job.failed)


def test_a_report_of_failed_tasks_only_has_no_others(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(4, report_scope="FailedTasksOnly")
    run_lane()

    assert rows_in(s3, job, "succeeded") == []
    assert [row.split(",")[1] for row in rows_in(s3, job, "failed")] == ["k00001"]
    assert len(manifest_of(s3, job)["Results"]) == 1


def test_a_report_of_failed_tasks_only_is_there_when_none_failed(
    make_reported: MakeReported, run_lane: RunLane, s3: Any
) -> None:
    job = make_reported(4, report_scope="FailedTasksOnly")
    run_lane()

    assert manifest_of(s3, job)["Results"] == []


def test_a_kind_without_rows_has_no_file(
    make_reported: MakeReported, run_lane: RunLane, s3: Any
) -> None:
    job = make_reported(4)
    run_lane()

    [entry] = manifest_of(s3, job)["Results"]
    assert entry["TaskExecutionStatus"] == "succeeded"


def test_large_reports_are_split_into_files(
    make_reported: MakeReported,
    run_lane: RunLane,
    s3: Any,
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
) -> None:
    monkeypatch.setattr(report_files, "ROWS_PER_FILE", 10)
    for key in keys(30)[:5]:
        script.on(key, FORBIDDEN)
    job = make_reported(12, 13, 5)
    run_lane()

    kept = objects(s3)
    entries = manifest_of(s3, job)["Results"]
    sizes = [(entry["TaskExecutionStatus"], kept[entry["Key"]].count(b"\n")) for entry in entries]
    assert sizes == [("succeeded", 10), ("succeeded", 10), ("succeeded", 5), ("failed", 5)]
    assert len({entry["Key"] for entry in entries}) == 4
    assert sorted(row.split(",")[1] for row in rows_in(s3, job, "succeeded")) == keys(30)[5:]


def test_a_file_that_is_exactly_full_is_not_followed_by_an_empty_one(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "ROWS_PER_FILE", 10)
    job = make_reported(20)
    run_lane()

    assert len(manifest_of(s3, job)["Results"]) == 2


# ---- when (spec.md 6.1)


def test_the_report_can_be_downloaded_also_where_none_was_asked_for(
    make_active: MakeActive, run_lane: RunLane, s3: Any, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_active(4)
    run_lane()

    assert objects(s3) == {}
    kinds = [file.kind for file in job.report_files.all()]
    assert kinds == ["succeeded", "failed", "manifest", "checksum"]
    for file in job.report_files.all():
        with spool.open(file.spool_name) as kept:
            content = kept.read()
        assert (file.size, file.md5) == (len(content), hashlib.md5(content).hexdigest())
    with spool.open(job.report_files.get(kind="failed").spool_name) as kept:
        assert kept.read() == b"photos,k00001,,failed,403,AccessDenied,Access Denied\n"


def test_a_cancelled_job_has_a_report_of_what_was_done(
    make_reported: MakeReported, perform_slice: PerformSlice, run_lane: RunLane, s3: Any
) -> None:
    job = make_reported(3, 50)
    perform_slice(job)
    cancel_job(Job.objects.get(), job.created_by)
    run_lane()

    assert status_of(job) == "Cancelled"
    assert [row.split(",")[1] for row in rows_in(s3, job, "succeeded")] == keys(3)


def test_a_cancelled_job_whose_results_are_lost_says_why_it_has_no_report(
    make_reported: MakeReported,
    perform_slice: PerformSlice,
    run_lane: RunLane,
    script: Script,
    spool_folder: Path,
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(3, 50)
    perform_slice(job)
    for results in spool_folder.rglob("*.results"):
        results.unlink()
    cancel_job(Job.objects.get(), job.created_by)
    run_lane()

    assert status_of(job) == "Cancelled"
    job.refresh_from_db()
    assert (job.failed, job.report_files.count()) == (1, 0)
    assert [told["FailureCode"] for told in job.failure_reasons] == ["SpoolDamaged"]


def test_a_failed_job_has_a_report_of_what_was_done(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, script: Script
) -> None:
    script.otherwise = FORBIDDEN
    job = make_reported(1000, 1000)
    run_lane()

    assert status_of(job) == "Failed"
    assert len(rows_in(s3, job, "failed")) == 1000


@pytest.mark.parametrize("status", ["Cancelling", "Failing"])
def test_there_is_no_report_when_no_task_ran(
    make_reported: MakeReported, s3: Any, status: str
) -> None:
    job = make_reported(4)
    Job.objects.update(status=status, active_since=None)
    job.refresh_from_db()
    finish_job(job)

    assert job.is_final
    assert objects(s3) == {}
    assert not ReportFile.objects.exists()


# ---- totals (design decision 7)


@pytest.mark.parametrize("off", [{"succeeded": 5}, {"failed": 1}, {"succeeded": 3, "failed": 1}])
def test_a_job_whose_counters_are_not_the_sum_of_its_parts_does_not_complete(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, off: dict[str, int]
) -> None:
    job = make_reported(4)
    run_lane()
    Job.objects.update(status="Completing", terminated_at=None, **off)
    run_lane()

    assert status_of(job) == "Failed"
    [told] = job.failure_reasons
    assert told["FailureCode"] == "TotalsDiffer"
    assert "The parts sum up to (4, 0)" in told["FailureReason"]


def test_a_job_with_tasks_without_a_result_does_not_complete(
    make_reported: MakeReported, run_lane: RunLane
) -> None:
    job = make_reported(4)
    Job.objects.update(total_tasks=5)
    run_lane()

    assert status_of(job) == "Failed"
    assert job.failure_reasons[0]["FailureReason"] == "4 of 5 tasks have a result."
