"""Compares what the database and the report say of a job with what its plan foretells."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from jobs.demo import objects
from jobs.demo.plan import REPORT_PREFIX, REPORTS, Plan, written
from jobs.models import Job
from jobs.status import JobStatus

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ABSENT = frozenset(written(key) for key in objects.missing_keys())


def report_folder(job: Job) -> str:
    """Where a job's report lies, as the demo expects it."""
    return f"{REPORT_PREFIX}/job-{job.pk}"


def database_faults(job: Job, plan: Plan) -> Iterator[str]:
    """What is wrong in the job's rows."""
    if job.state != JobStatus.COMPLETE:
        yield f"The job ended as {job.state.label}: {job.failure_reasons}."
    absent = len(ABSENT)
    told = (job.total_tasks, job.succeeded, job.failed)
    if told != (planned := (len(plan.rows), len(plan.rows) - absent, absent)):
        yield f"The database counts tasks, succeeded, failed as {told}; planned were {planned}."
    tallies = {(tally.error_code, tally.http_status): tally.count for tally in job.tallies.all()}
    if tallies != {(plan.absent_code, plan.absent_status): absent}:
        yield f"The database tallies the failures as {tallies}."
    failures = Counter(job.task_results.values_list("key", "http_status", "error_code"))
    if failures != Counter((key, plan.absent_status, plan.absent_code) for key in ABSENT):
        yield f"The failed tasks in the database are not the rows whose {plan.absent_because}."


def report_faults(job: Job, plan: Plan, s3: S3Client) -> Iterator[str]:
    """What is wrong in the report: checksums, and each row of the manifest exactly once."""
    try:
        manifest = _read(s3, f"{report_folder(job)}/manifest.json")
        checksum = _read(s3, f"{report_folder(job)}/manifest.json.md5")
        if checksum.decode().strip() != hashlib.md5(manifest).hexdigest():
            yield "manifest.json.md5 is not the MD5 of manifest.json."
        results = json.loads(manifest)["Results"]
        files = [(entry, _read(s3, entry["Key"])) for entry in results]
    except ClientError as error:
        yield f"The report cannot be read: {error}"
        return
    for entry, content in files:
        if hashlib.md5(content).hexdigest() != entry["MD5Checksum"]:
            yield f"The MD5 of {entry['Key']} is not the one in manifest.json."
    yield from _row_faults(plan, files)


def _row_faults(plan: Plan, files: list[tuple[dict[str, Any], bytes]]) -> Iterator[str]:
    """The rows are those of the manifest, each with the result that it must have."""
    found: Counter[tuple[str, ...]] = Counter()
    for entry, content in files:
        for bucket, key, version, status, http_status, code, message in _rows(content):
            if status != entry["TaskExecutionStatus"]:
                yield f"{entry['Key']} has a row with the status {status}."
            said = () if plan.messages is None else (message,)
            found[bucket, key, version, status, http_status, code, *said] += 1
    wanted = Counter(_result(plan, *row) for row in plan.rows)
    for row in list((wanted - found).keys())[:5]:
        yield f"The report lacks {','.join(row)}."
    for row in list((found - wanted).keys())[:5]:
        yield f"The report has, or has too often: {','.join(row)}."


def _result(plan: Plan, bucket: str, key: str, version: str = "") -> tuple[str, ...]:
    said = () if plan.messages is None else (plan.messages[key],)
    if key in ABSENT:
        failed = ("failed", str(plan.absent_status), plan.absent_code)
        return (bucket, key, version, *failed, *said)
    return (bucket, key, version, "succeeded", "200", "", *said)


def _rows(content: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(content.decode(), newline=""))


def _read(s3: S3Client, key: str) -> bytes:
    return s3.get_object(Bucket=REPORTS, Key=key)["Body"].read()
