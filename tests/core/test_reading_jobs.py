"""Jobs of Compute checksum and Replicate, from the request to the report (spec.md 5.9 and 5.10)."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import services, working
from jobs.errors import InvalidRequest
from jobs.models import Job, Role
from tests.conftest import MakeManifest

OWNER = "123456789012"
REPORT = {"enabled": True, "bucket": "reports", "expected_bucket_owner": OWNER}

Ask = Callable[..., Job]


@pytest.fixture
def ask(user: User, role: Role, make_manifest: MakeManifest, s3: Any) -> Ask:
    """Ask for a job: ask("S3ReplicateObject", b"photos,a,v1", fields=[…])."""

    def create(
        operation: str, content: bytes, *, fields: list[str] | None = None, **given: Any
    ) -> Job:
        manifest = make_manifest(content, fields=fields or ["Bucket", "Key"])
        request = {
            "operation": operation,
            "parameters": {},
            "manifest": {"id": str(manifest.pk)},
            "role": role.name,
            "confirmation_required": False,
            "report": REPORT,
        }
        return services.create_job(user, {**request, **given})

    return create


def done(job: Job) -> Job:
    """The job after a worker has had its time."""
    working.work("test-node", lambda: False)
    job.refresh_from_db()
    return job


def report_rows(s3: Any, job: Job) -> list[list[str]]:
    body = s3.get_object(Bucket="reports", Key=f"job-{job.pk}/manifest.json")["Body"].read()
    rows: list[list[str]] = []
    for entry in json.loads(body)["Results"]:
        kept = s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read().decode()
        rows += csv.reader(io.StringIO(kept, newline=""))
    return sorted(rows, key=lambda row: row[1])


def test_checksums_come_into_the_report(ask: Ask, s3: Any) -> None:
    s3.put_object(Bucket="photos", Key="a b.jpg", Body=b"content")
    job = done(
        ask(
            "S3ComputeObjectChecksum",
            b"photos,a%20b.jpg\nphotos,gone\n",
            parameters={"checksum_algorithm": "CRC32"},
        )
    )

    assert (job.status, job.succeeded, job.failed) == ("Complete", 1, 1)
    found, gone = report_rows(s3, job)
    assert found[:6] == ["photos", "a%20b.jpg", "", "succeeded", "200", ""]
    assert json.loads(found[6])["checksum_hex"] == f"{zlib.crc32(b'content'):08X}"
    assert gone[3:6] == ["failed", "200", "PermanentFailure"]
    assert gone[6].endswith(' Key not found","errorCode":"404"}')


@pytest.mark.parametrize(
    "report", [{"enabled": False}, {"enabled": True, "bucket": "reports"}], ids=["none", "no owner"]
)
def test_checksums_without_a_report_of_a_known_owner_are_no_job(
    ask: Ask, report: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ask("S3ComputeObjectChecksum", b"photos,a\n", report=report)

    ((field, reasons),) = refusal.value.fields.items()
    assert field == ("report.expected_bucket_owner" if report["enabled"] else "report.enabled")
    assert "needs a completion report with the owner of its bucket" in reasons[0]


def test_versions_are_replicated_by_the_rules_of_their_bucket(ask: Ask, s3: Any) -> None:
    s3.create_bucket(Bucket="backup")
    for bucket in ("photos", "backup"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::backup"},
    }
    s3.put_bucket_replication(
        Bucket="photos",
        ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": [rule]},
    )
    version = s3.put_object(Bucket="photos", Key="a", Body=b"first")["VersionId"]
    s3.put_object(Bucket="photos", Key="a", Body=b"second")
    job = done(
        ask(
            "S3ReplicateObject",
            f"photos,a,{version}\n".encode(),
            fields=["Bucket", "Key", "VersionId"],
        )
    )

    assert (job.status, job.succeeded) == ("Complete", 1)
    assert s3.get_object(Bucket="backup", Key="a")["Body"].read() == b"first"
    assert report_rows(s3, job) == [
        ["photos", "a", version, "succeeded", "200", "", "success"],
    ]


def test_replicating_without_version_ids_is_no_job(ask: Ask) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ask("S3ReplicateObject", b"photos,a\n")

    assert refusal.value.fields == {
        "manifest.fields": ["Required fields are missing in the schema: VersionId"]
    }


def test_replicating_a_bucket_without_rules_fails_the_job(ask: Ask) -> None:
    job = done(ask("S3ReplicateObject", b"photos,a,v1\n", fields=["Bucket", "Key", "VersionId"]))

    (told,) = job.failure_reasons
    assert (job.status, job.executed) == ("Failed", 0)
    assert told["FailureCode"] == "SrcBucketReplicationConfigMissing"
