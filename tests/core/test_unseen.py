"""Jobs that were created without asking their store, as AWS's clients create them: what it would
have been asked then, Preparing asks before the first task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import services, working
from jobs.models import Job, Role
from tests.conftest import PutObjects

TAGS = {"tag_set": [{"key": "project", "value": "lading"}]}
LISTED = {"source_bucket": "arn:aws:s3:::photos", "enable_manifest_output": False}
SAVED = {
    "enable_manifest_output": True,
    "manifest_output_location": {
        "bucket": "arn:aws:s3:::nowhere",
        "manifest_format": "S3InventoryReport_CSV_20211130",
    },
}
MANIFEST = {"location": "s3://manifests/list.csv"}

Ask = Callable[..., Job]


@pytest.fixture
def ask(user: User, role: Role, s3: Any, put_objects: PutObjects) -> Ask:
    """Create such a job and let it be worked on: ask(manifest={…}), ask(report={…})."""
    put_objects("a.jpg", "b.jpg")
    s3.put_object(Bucket="manifests", Key="list.csv", Body=b"photos,a.jpg\nphotos,b.jpg\n")
    s3.put_object(Bucket="manifests", Key="list.txt", Body=b"a.jpg\nb.jpg\n")

    def create(**parts: Any) -> Job:
        request = {
            "operation": "S3PutObjectTagging",
            "parameters": TAGS,
            "role": role.name,
            "confirmation_required": False,
            **({} if "manifest_generator" in parts else {"manifest": MANIFEST}),
            **parts,
        }
        job = services.create_job(user, request, wire_form={"RoleArn": role.arn})
        working.work("test-node", lambda: False)
        job.refresh_from_db()
        return job

    return create


@pytest.mark.parametrize("parts", [{}, {"manifest_generator": LISTED}])
def test_a_job_with_nothing_wrong_runs(ask: Ask, parts: dict[str, Any]) -> None:
    job = ask(report={"enabled": True, "bucket": "reports"}, **parts)

    assert (job.status, job.succeeded, job.failure_reasons) == ("Complete", 2, [])


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"manifest": {"location": "s3://manifests/none.csv"}}, "ManifestNotFound"),
        ({"manifest": {"location": "s3://nowhere/list.csv"}}, "ManifestNotFound"),
        ({"manifest": {**MANIFEST, "etag": "another"}}, "ManifestETagMismatch"),
        ({"manifest": {**MANIFEST, "format": "JSONLines"}}, "InvalidManifestContent"),
        (
            {"manifest": {"location": "s3://manifests/list.txt", "format": "KeyList"}},
            "InvalidManifestContent",
        ),
        ({"operation": "S3ReplicateObject", "parameters": {}}, "InvalidManifestContent"),
        ({"operation": "S3ComputeObjectChecksum", "parameters": {}}, "ReportRequired"),
        ({"report": {"enabled": True, "bucket": "nowhere"}}, "ReportWriteFailed"),
        (
            {"manifest_generator": {**LISTED, "source_bucket": "arn:aws:s3:::nowhere"}},
            "ManifestNotFound",
        ),
        ({"manifest_generator": {**LISTED, **SAVED}}, "ManifestGenerationFailed"),
    ],
)
def test_what_is_wrong_fails_the_job_before_its_first_task(
    ask: Ask, parts: dict[str, Any], code: str
) -> None:
    job = ask(**parts)

    assert (job.status, job.executed) == ("Failed", 0)
    assert [told["FailureCode"] for told in job.failure_reasons] == [code]
