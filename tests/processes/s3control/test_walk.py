"""The whole walk with an unmodified boto3: create, look, decide, watch, and read the report."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from tests.processes.installation import until
from tests.processes.s3control.conftest import ACCOUNT, KEYS, REGION, SECONDS, Wired

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("s3control")]

TAGS = [{"Key": "Straße", "Value": ""}, {"Key": "team", "Value": "web"}]
WALK = ["New", "Preparing", "Suspended", "Ready", "Active", "Completing", "Complete"]


def rows_of(wired: Wired, job_id: str) -> list[list[str]]:
    """The rows of the report in the bucket, whose files are what manifest.json says they are."""
    start = f"nightly/job-{job_id}/"

    def read(name: str) -> bytes:
        content: bytes = wired.store.get_object(Bucket="reports", Key=name)["Body"].read()
        return content

    manifest = read(f"{start}manifest.json")
    md5 = hashlib.md5(manifest, usedforsecurity=False).hexdigest()
    assert read(f"{start}manifest.json.md5") == md5.encode() + b"\n"
    told = json.loads(manifest)
    assert told["Format"] == "Report_CSV_20180820"
    assert told["ReportSchema"] == (
        "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
    )
    rows: list[list[str]] = []
    for file in told["Results"]:
        assert file["Bucket"] == "reports"
        content = read(file["Key"])
        assert file["MD5Checksum"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
        found = list(csv.reader(io.StringIO(content.decode())))
        assert {row[3] for row in found} == {file["TaskExecutionStatus"]}
        rows += found
    return rows


def test_a_job_is_walked_through_from_its_creation_to_its_report(wired: Wired) -> None:
    control = wired.control()
    gone = [*KEYS, "gone.jpg"]
    listed = "".join(f"photos,{quote(key)}\n" for key in gone)
    manifest = wired.put_manifest("walk.csv", listed)
    given = wired.asked(
        Manifest=manifest, ConfirmationRequired=None, Description="The walk", Tags=TAGS[:1]
    )

    # It waits for somebody, since nobody said that it need not.
    made = control.create_job(**given)["JobId"]

    def describe() -> dict[str, Any]:
        told: dict[str, Any] = control.describe_job(AccountId=ACCOUNT, JobId=made)["Job"]
        return told

    until(lambda: describe()["Status"] == "Suspended", SECONDS, "the job to wait")
    waiting = describe()
    assert waiting["ConfirmationRequired"] is True
    assert waiting["SuspendedCause"] == "AWAITING_CONFIRMATION"
    assert waiting["ProgressSummary"]["TotalNumberOfTasks"] == len(gone)
    assert waiting["Manifest"] == manifest
    assert waiting["JobArn"] == f"arn:aws:s3:{REGION}:{ACCOUNT}:job/{made}"
    page = control.list_jobs(AccountId=ACCOUNT, JobStatuses=["Suspended"])["Jobs"]
    assert page[0]["JobId"] == made  # the newest comes first

    # Somebody decides.
    assert control.get_job_tagging(AccountId=ACCOUNT, JobId=made)["Tags"] == TAGS[:1]
    reply = control.update_job_priority(AccountId=ACCOUNT, JobId=made, Priority=99)
    assert (reply["JobId"], reply["Priority"]) == (made, 99)
    reply = control.update_job_status(
        AccountId=ACCOUNT,
        JobId=made,
        RequestedJobStatus="Ready",
        StatusUpdateReason="looks good & right",
    )
    assert (reply["Status"], reply["StatusUpdateReason"]) == ("Ready", "looks good & right")

    # It is done.
    job = wired.ended(made)
    assert (job["Status"], job["Priority"]) == ("Complete", 99)
    assert job["StatusUpdateReason"] == "looks good & right"
    assert job["FailureReasons"] == []
    progress = job["ProgressSummary"]
    assert progress.pop("Timers")["ElapsedTimeInActiveSeconds"] < SECONDS
    assert progress == {
        "TotalNumberOfTasks": len(gone),
        "NumberOfTasksSucceeded": len(KEYS),
        "NumberOfTasksFailed": 1,
    }
    assert job["CreationTime"] <= job["SuspendedDate"] <= job["TerminationDate"]
    for key in KEYS:
        found = wired.store.get_object_tagging(Bucket="photos", Key=key)["TagSet"]
        assert found == [{"Key": "trip", "Value": "2019"}]

    # The report lies in the bucket.
    rows = rows_of(wired, made)
    assert Counter((row[1], row[3], row[4], row[5]) for row in rows) == Counter(
        [(quote(key), "succeeded", "200", "") for key in KEYS]
        + [("gone.jpg", "failed", "404", "NoSuchKey")]
    )

    # Tags can be changed when all is over.
    control.put_job_tagging(AccountId=ACCOUNT, JobId=made, Tags=TAGS)
    assert control.get_job_tagging(AccountId=ACCOUNT, JobId=made)["Tags"] == TAGS
    control.delete_job_tagging(AccountId=ACCOUNT, JobId=made)
    assert control.get_job_tagging(AccountId=ACCOUNT, JobId=made)["Tags"] == []


def test_a_job_that_needs_no_confirmation_runs_by_itself(wired: Wired) -> None:
    control = wired.control()
    made = control.create_job(**wired.asked())["JobId"]

    seen: list[str] = []
    until(lambda: seen_to_end(control, made, seen), SECONDS, "the job to end")

    order = [status for status in WALK if status != "Suspended"]
    places = [order.index(status) for status in seen]
    assert places == sorted(places)
    assert seen[-1] == "Complete"


def seen_to_end(control: Any, job_id: str, seen: list[str]) -> bool:
    status = control.describe_job(AccountId=ACCOUNT, JobId=job_id)["Job"]["Status"]
    seen.append(status)
    return status == "Complete"


def test_a_suspended_job_is_cancelled_and_reads_nothing(wired: Wired) -> None:
    control = wired.control()
    made = control.create_job(**wired.asked(ConfirmationRequired=True))["JobId"]

    reply = control.update_job_status(AccountId=ACCOUNT, JobId=made, RequestedJobStatus="Cancelled")

    assert reply["Status"] == "Cancelled"
    job = wired.ended(made)
    assert job["Status"] == "Cancelled"
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == 0


def test_requests_with_one_token_at_the_same_time_make_one_job(wired: Wired) -> None:
    """Every SDK sends a request again when it had no answer."""
    given = wired.asked(ClientRequestToken="all at once", ConfirmationRequired=True)
    controls = [wired.control() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda control: control.create_job(**given)["JobId"], controls))

    assert len(set(made)) == 1
    wired.control().update_job_status(
        AccountId=ACCOUNT, JobId=made[0], RequestedJobStatus="Cancelled"
    )


def test_pages_of_jobs_are_walked_while_jobs_are_made(wired: Wired) -> None:
    control = wired.control()
    given = wired.asked(ConfirmationRequired=True)
    made = [control.create_job(**given)["JobId"] for _ in range(5)]

    found: list[str] = []
    page: dict[str, Any] = {}
    while not found or "NextToken" in page:
        token = {"NextToken": page["NextToken"]} if page else {}
        page = control.list_jobs(AccountId=ACCOUNT, MaxResults=2, **token)
        found += [job["JobId"] for job in page["Jobs"]]
        if len(found) < 7:
            late = control.create_job(**given)["JobId"]
            made.append(late)

    assert len(found) == len(set(found))
    assert found[: found.index(made[0]) + 1].count(made[0]) == 1
    assert [job for job in found if job in made[:5]] == made[:5][::-1]
    for job_id in made:
        control.update_job_status(AccountId=ACCOUNT, JobId=job_id, RequestedJobStatus="Cancelled")
