"""POST /api/v1/jobs/: what is accepted, and how each fault is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Job, Role
from tests.conftest import MakeManifest, MakeRole
from tests.rest.conftest import Asked, Post, fields_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JOBS = "/api/v1/jobs/"
MANIFEST = b"photos,a.jpg\nphotos,b.jpg\n"


# ---- what is accepted


def test_a_job_is_created_over_an_uploaded_manifest(post: Post, asked: Asked, user: User) -> None:
    response = post(JOBS, asked(description="Tag the photos", priority=7, tags={"team": "web"}))

    assert response.status_code == 201
    made = response.json()
    job = Job.objects.get(pk=made["id"])
    assert response["Location"].endswith(f"/api/v1/jobs/{job.pk}/")
    assert (job.created_by, job.status, job.priority) == (user, "New", 7)
    assert made["status"] == "New"
    assert made["operation"] == "S3PutObjectTagging"
    assert made["parameters"] == {"tag_set": [{"key": "project", "value": "lading"}]}
    assert made["description"] == "Tag the photos"
    assert made["confirmation_required"] is True
    assert made["tags"] == {"team": "web"}


@pytest.mark.parametrize("ceiling", [1, 1_000_000, None])
def test_a_job_may_have_a_speed_ceiling(post: Post, asked: Asked, ceiling: int | None) -> None:
    response = post(JOBS, asked(requests_per_second=ceiling))

    assert response.status_code == 201
    assert response.json()["requests_per_second"] == ceiling
    assert Job.objects.get().requests_per_second == ceiling


def test_parameters_may_have_awss_names_and_are_shown_in_snake_case(
    post: Post, asked: Asked
) -> None:
    response = post(JOBS, asked(parameters={"TagSet": [{"Key": "project", "Value": "lading"}]}))

    assert response.status_code == 201
    assert response.json()["parameters"] == {"tag_set": [{"key": "project", "value": "lading"}]}
    assert Job.objects.get().parameters == {"TagSet": [{"Key": "project", "Value": "lading"}]}


def test_a_role_may_be_named_by_its_arn(post: Post, asked: Asked, role: Role) -> None:
    response = post(JOBS, asked(role=role.arn))

    assert response.status_code == 201
    assert response.json()["role"] == {"name": role.name, "arn": role.arn}


def test_a_job_is_created_over_a_manifest_in_s3_which_is_pinned(
    post: Post, asked: Asked, s3: S3Client
) -> None:
    etag = s3.put_object(Bucket="manifests", Key="list.csv", Body=MANIFEST)["ETag"].strip('"')

    response = post(JOBS, asked(manifest={"location": "s3://manifests/list.csv"}))

    assert response.status_code == 201, response.text
    manifest = response.json()["manifest"]
    assert manifest["location"] == "s3://manifests/list.csv"
    assert (manifest["etag"], manifest["size"]) == (etag, len(MANIFEST))
    assert manifest["fields"] == ["Bucket", "Key"]


def test_a_report_is_asked_for_with_its_place(post: Post, asked: Asked, s3: S3Client) -> None:
    wanted = {
        "enabled": True,
        "bucket": "reports",
        "expected_bucket_owner": "123456789012",
        "prefix": "nightly",
        "scope": "FailedTasksOnly",
    }

    response = post(JOBS, asked(report=wanted))

    assert response.status_code == 201, response.text
    assert response.json()["report"] == wanted
    assert s3.list_multipart_uploads(Bucket="reports").get("Uploads") is None


# ---- the same request again


def test_the_same_token_with_the_same_request_gives_the_same_job(post: Post, asked: Asked) -> None:
    first = post(JOBS, asked(client_request_token="once"))

    again = post(JOBS, asked(client_request_token="once"))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Job.objects.count() == 1


def test_the_same_token_with_another_request_is_a_conflict(post: Post, asked: Asked) -> None:
    post(JOBS, asked(client_request_token="once"))

    response = post(JOBS, asked(client_request_token="once", priority=99))

    assert response.status_code == 409
    assert response.json() == {
        "code": "Conflict",
        "message": "This client_request_token was used before for a job with other parameters.",
        "fields": {},
    }


# ---- faults of the request itself

TAG = {"key": "k", "value": "v"}

FAULTS = {
    # what is wrong: (the change, the field that is named, a part of the message)
    "unknown operation": ({"operation": "S3Shred"}, "operation", "no such operation"),
    "operation is no text": ({"operation": 7}, "operation", "no such operation"),
    "unknown member": ({"prority": 3}, "prority", "no field of this name"),
    "unknown member of the report": (
        {"report": {"enabled": False, "buket": "b"}}, "report.buket", "no field of this name",
    ),
    "unknown parameter": (
        {"parameters": {"tag_set": [TAG], "speed": 9}}, "parameters.speed", "no field of this name",
    ),
    "parameters are no object": ({"parameters": []}, "parameters", "as an object"),
    "parameters are missing": ({"parameters": {}}, "parameters.tag_set", "required"),
    "11 tags": (
        {"parameters": {"tag_set": [{"key": f"k{n}", "value": ""} for n in range(11)]}},
        "parameters.tag_set", "at most 10",
    ),
    "duplicate tag keys": (
        {"parameters": {"tag_set": [TAG, TAG]}}, "parameters.tag_set", "k is given more often",
    ),
    "empty tag key": (
        {"parameters": {"tag_set": [{"key": "", "value": "v"}]}},
        "parameters.tag_set.0.key", "not be empty",
    ),
    "priority below 0": ({"priority": -1}, "priority", "Give 0 or more."),
    "priority above its limit": ({"priority": 2_147_483_648}, "priority", "2,147,483,647"),
    "priority is no number": ({"priority": "high"}, "priority", "a whole number"),
    "no request per second": ({"requests_per_second": 0}, "requests_per_second", "Give 1 or more."),
    "negative speed": ({"requests_per_second": -5}, "requests_per_second", "Give 1 or more."),
    "speed above its limit": (
        {"requests_per_second": 1_000_001}, "requests_per_second", "1,000,000",
    ),
    "speed in words": ({"requests_per_second": "fast"}, "requests_per_second", "a whole number"),
    "speed as text": ({"requests_per_second": "50"}, "requests_per_second", "a whole number"),
    "speed is true": ({"requests_per_second": True}, "requests_per_second", "a whole number"),
    "speed is a fraction": ({"requests_per_second": 0.5}, "requests_per_second", "a whole number"),
    "description too long": ({"description": "x" * 257}, "description", "256"),
    "a job tag with a comma": ({"tags": {"a,b": ""}}, "tags", "Only letters, digits, spaces"),
    "51 job tags": ({"tags": {f"k{n}": "" for n in range(51)}}, "tags", "at most 50"),
    "token too long": ({"client_request_token": "t" * 65}, "client_request_token", "64"),
    "no role": ({"role": ""}, "role", "not be empty"),
    "unknown role": ({"role": "nobody"}, "role", "no role 'nobody'"),
    "unknown manifest": (
        {"manifest": {"id": "00000000-0000-0000-0000-000000000000"}}, "manifest.id", "upload it",
    ),
    "manifest is not an id": ({"manifest": {"id": "list.csv"}}, "manifest.id", "UUID"),
    "no manifest": ({"manifest": {}}, "manifest", "id of an uploaded manifest or the location"),
    "both manifests": (
        {"manifest": {"id": "00000000-0000-0000-0000-000000000000", "location": "s3://b/k"}},
        "manifest", "either",
    ),
    "location is no address": (
        {"manifest": {"location": "list.csv"}}, "manifest", "s3://bucket/manifest.csv",
    ),
    "unknown column": (
        {"manifest": {"location": "s3://b/k", "fields": ["Bucket", "Name"]}},
        "manifest.fields.1", "'VersionId'",
    ),
    "unknown format": (
        {"manifest": {"location": "s3://b/k", "format": "XLS"}},
        "manifest.format", "S3BatchOperations_CSV_20180820",
    ),
    "report without a bucket": ({"report": {"enabled": True}}, "report", "needs a bucket"),
    "report bucket is none": (
        {"report": {"enabled": True, "bucket": "a b"}}, "report.bucket", "not a bucket's name",
    ),
    "report owner is no account": (
        {"report": {"enabled": True, "bucket": "reports", "expected_bucket_owner": "42"}},
        "report.expected_bucket_owner", "12 digits",
    ),
    "unknown scope": (
        {"report": {"enabled": True, "bucket": "reports", "scope": "All"}},
        "report.scope", "AllTasks",
    ),
    "prefix too long": (
        {"report": {"enabled": True, "bucket": "reports", "prefix": "p" * 513}},
        "report.prefix", "512",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "field", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_at_its_field(
    post: Post, asked: Asked, change: dict[str, Any], field: str, told: str
) -> None:
    response = post(JOBS, asked(**change))

    fields = fields_of(response)
    assert told in " ".join(fields[field])
    assert response.json()["code"] == "InvalidRequest"
    assert fields[field][0] in response.json()["message"]


def test_all_faults_are_told_at_once(post: Post, asked: Asked) -> None:
    response = post(JOBS, asked(operation="S3Shred", priority=-1, description="x" * 257))

    assert set(fields_of(response)) == {"operation", "priority", "description"}


def test_an_empty_request_names_what_is_missing(post: Post, role: Role) -> None:
    response = post(JOBS, {})

    assert {"operation", "manifest", "role"} <= set(fields_of(response))


def test_the_role_and_the_manifest_of_another_account_are_unknown(
    post: Post, asked: Asked, make_role: MakeRole, make_manifest: MakeManifest
) -> None:
    make_role("theirs", account_id="999988887777")
    manifest = make_manifest(MANIFEST, account_id="999988887777")

    of_role = post(JOBS, asked(role="theirs"))
    of_manifest = post(JOBS, asked(manifest={"id": str(manifest.pk)}))

    assert "no role 'theirs'" in fields_of(of_role)["role"][0]
    assert "no such manifest" in fields_of(of_manifest)["manifest.id"][0]


def test_a_user_without_a_role_learns_how_to_make_one(post: Post, user: User) -> None:
    body = {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": []},
        "manifest": {"location": "s3://manifests/list.csv"},
        "role": "archive",
    }

    response = post(JOBS, body)

    assert "manage.py role set" in fields_of(response)["role"][0]
