"""POST /api/v1/jobs/: what only a look at the store can tell, told before the job exists."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.core.authorization import enable_iam_authentication

from jobs.models import Manifest, Role
from tests.conftest import SECRET
from tests.rest.conftest import Asked, Post, fields_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JOBS = "/api/v1/jobs/"
MANIFEST = b"photos,a.jpg\nphotos,b.jpg\n"
REPORT = {"enabled": True, "bucket": "reports"}


def in_s3(**more: Any) -> dict[str, Any]:
    return {"location": "s3://manifests/list.csv", **more}


def deny(s3: S3Client, bucket: str, *actions: str) -> None:
    """Forbid actions on the objects of a bucket to everybody."""
    listed = ",".join(f'"{action}"' for action in actions)
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        f'"Action": [{listed}], "Resource": "arn:aws:s3:::{bucket}/*"}}]}}',
    )


def test_a_manifest_that_is_missing_is_refused(post: Post, asked: Asked, s3: S3Client) -> None:
    response = post(JOBS, asked(manifest=in_s3()))

    assert "s3://manifests/list.csv" in fields_of(response)["manifest"][0]
    assert Manifest.objects.filter(bucket="manifests").count() == 0


def test_a_manifest_in_a_bucket_that_is_missing_is_refused(
    post: Post, asked: Asked, s3: S3Client
) -> None:
    response = post(JOBS, asked(manifest={"location": "s3://nowhere/list.csv"}))

    assert "nowhere" in fields_of(response)["manifest"][0]


def test_a_manifest_with_another_etag_is_refused(post: Post, asked: Asked, s3: S3Client) -> None:
    s3.put_object(Bucket="manifests", Key="list.csv", Body=MANIFEST)

    response = post(JOBS, asked(manifest=in_s3(etag="0" * 32)))

    assert "ETag" in fields_of(response)["manifest"][0]


def test_a_manifest_that_the_role_may_not_read_is_refused(
    post: Post, asked: Asked, s3: S3Client
) -> None:
    s3.put_object(Bucket="manifests", Key="list.csv", Body=MANIFEST)
    deny(s3, "manifests", "s3:GetObject")

    response = post(JOBS, asked(manifest=in_s3()))

    assert "Reading the manifest is forbidden" in fields_of(response)["manifest"][0]


BAD_CONTENT = {
    "header row": (b"Bucket,Key\nphotos,a.jpg\n", "header"),
    "BOM": (b"\xef\xbb\xbfphotos,a.jpg\n", "byte order mark"),
    "three columns for two": (b"photos,a.jpg,v1\n", "Line 1 has 3 columns; 2 are expected"),
    "empty": (b"", "the manifest is empty"),
    "bad percent-escape": (b"photos,a%zz.jpg\n", '"%zz" is not a valid percent-escape'),
    "two buckets": (b"photos,a.jpg\nvideos,b.mp4\n", '"videos" is another bucket than "photos"'),
}


@pytest.mark.parametrize(("content", "told"), BAD_CONTENT.values(), ids=BAD_CONTENT)
def test_a_manifest_in_s3_whose_first_rows_are_wrong_is_refused(
    post: Post, asked: Asked, s3: S3Client, content: bytes, told: str
) -> None:
    s3.put_object(Bucket="manifests", Key="list.csv", Body=content)

    response = post(JOBS, asked(manifest=in_s3()))

    assert told in fields_of(response)["manifest"][0]


def test_a_report_bucket_that_is_missing_is_refused(post: Post, asked: Asked, s3: S3Client) -> None:
    response = post(JOBS, asked(report={"enabled": True, "bucket": "nowhere"}))

    assert fields_of(response)["report.bucket"] == ["The report bucket nowhere does not exist."]


def test_a_report_bucket_that_the_role_may_not_write_is_refused(
    post: Post, asked: Asked, s3: S3Client, role: Role
) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    role.access_key_id, role.secret_access_key = key["AccessKeyId"], key["SecretAccessKey"]
    role.save()
    with enable_iam_authentication():
        response = post(JOBS, asked(report=REPORT))

    told = fields_of(response)["report.bucket"][0]
    assert told.startswith("The job report could not be written to your report bucket.")
    assert key["SecretAccessKey"] not in response.text


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("change", [{"manifest": in_s3()}, {"report": REPORT}])
def test_a_store_that_cannot_be_reached_is_told(
    post: Post,
    asked: Asked,
    role: Role,
    closed_port: int,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    role.endpoint_url = f"http://127.0.0.1:{closed_port}"
    role.save()

    response = post(JOBS, asked(**change))

    told = fields_of(response)["role"][0]
    assert told.startswith(f"The store at http://127.0.0.1:{closed_port} could not be reached")
    assert SECRET not in response.text


def test_credentials_that_the_store_refuses_are_told(
    post: Post, asked: Asked, s3: S3Client
) -> None:
    with enable_iam_authentication():
        of_manifest = post(JOBS, asked(manifest=in_s3()))
        of_report = post(JOBS, asked(report=REPORT))

    assert "InvalidAccessKeyId" in fields_of(of_manifest)["manifest"][0]
    assert fields_of(of_report)["report.bucket"] == [
        "The store refused the role's credentials: InvalidAccessKeyId."
    ]
    assert SECRET not in of_manifest.text + of_report.text


def test_a_secret_that_cannot_be_read_any_more_is_told_without_it(
    post: Post, asked: Asked, s3: S3Client, role: Role, settings: Any
) -> None:
    key_now, settings.SECRET_KEY = settings.SECRET_KEY, "the key of last year"
    role.secret_access_key = SECRET
    role.save()
    settings.SECRET_KEY = key_now

    response = post(JOBS, asked(report=REPORT))

    assert response.status_code == 500
    assert response.json()["code"] == "SecretUnreadable"
    assert "LADING_SECRET_KEY_FALLBACKS" in response.json()["message"]
    assert SECRET not in response.text
