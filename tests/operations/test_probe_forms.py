"""The probe tries each form of a request: a store may know one, and take another for an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from operations.base import Store
from operations.probe import Finding, Found, probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = ".lading-probe/"


class Uploader:
    """A store that takes some requests for uploads: of those it is asked to, by what they say."""

    def __init__(self, s3: S3Client, call: str, member: str) -> None:
        self.s3, self.call, self.member = s3, call, member

    def __getattr__(self, name: str) -> Any:
        return self.answer if name == self.call else getattr(self.s3, name)

    def answer(self, **asked: Any) -> Any:
        if self.member in asked:
            return self.s3.put_object(Bucket=asked["Bucket"], Key=asked["Key"], Body=b"<Xml/>")
        return getattr(self.s3, self.call)(**asked)


def try_it(operation: str, store: object, bucket: str = "photos") -> Found:
    return probe(operation, Store(store), bucket, PREFIX)  # type: ignore[arg-type]


def left(s3: S3Client, bucket: str) -> list[Any]:
    reply = s3.list_object_versions(Bucket=bucket)
    return [*reply.get("Versions", []), *reply.get("DeleteMarkers", [])]


def test_a_list_of_grants_that_is_taken_for_an_upload_is_found(s3: S3Client) -> None:
    store = Uploader(s3, "put_object_acl", "AccessControlPolicy")

    found = try_it("S3PutObjectAcl", store)

    assert found.finding == Finding.DESTROYS
    assert left(s3, "photos") == []


@pytest.mark.parametrize(
    ("operation", "call"),
    [("S3PutObjectTagging", "put_object_tagging"), ("S3PutObjectAcl", "put_object_acl")],
)
def test_a_version_id_for_which_it_is_taken_for_an_upload_is_found(
    s3: S3Client, operation: str, call: str
) -> None:
    found = try_it(operation, Uploader(s3, call, "VersionId"), "versions")

    assert found.finding == Finding.DESTROYS
    assert found.detail.startswith("By the id of a version: It answered 200, and the object's")
    assert left(s3, "versions") == []


def test_a_bucket_that_would_keep_the_scratch_object_gets_none(s3: S3Client) -> None:
    years = {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 10}}
    s3.put_object_lock_configuration(
        Bucket="locked",
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": years},  # type: ignore[typeddict-item]
    )

    found = try_it("S3PutObjectTagging", s3, "locked")

    assert found.finding == Finding.UNTRIED
    assert "locks all that is put there (COMPLIANCE)" in found.detail
    assert left(s3, "locked") == []
