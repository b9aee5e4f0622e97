"""A manifest is pinned before it is read, and what stands in the way is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from jobs.errors import JobFailure
from jobs.manifests import ObjectSource, pin
from jobs.manifests.sources import bare
from tests.manifests import ROWS, Refusing, manifest, pinned, put

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_pinning_fills_in_the_etag_without_quotes_and_the_size(s3: S3Client) -> None:
    etag = put(s3)
    found = manifest()

    pin(found, s3)

    assert (f'"{found.etag}"', found.size) == (etag, len(ROWS))


@pytest.mark.parametrize("form", ["{}", '"{}"', 'W/"{}"'])
def test_an_etag_may_be_given_in_any_form(s3: S3Client, form: str) -> None:
    etag = bare(put(s3))
    found = manifest(etag=form.format(etag))

    pin(found, s3)

    assert found.etag == etag


def test_another_etag_than_the_one_given_is_told_with_both(s3: S3Client) -> None:
    etag = bare(put(s3))

    with pytest.raises(JobFailure) as told:
        pin(manifest(etag='"0123abcd"'), s3)

    assert told.value.code == "ManifestETagMismatch"
    assert etag in told.value.reason
    assert "0123abcd" in told.value.reason


def test_a_version_of_a_manifest_can_be_pinned_and_read_after_it_was_overwritten(
    s3: S3Client,
) -> None:
    s3.put_bucket_versioning(Bucket="manifests", VersioningConfiguration={"Status": "Enabled"})
    version_id = s3.put_object(Bucket="manifests", Key="list.csv", Body=ROWS)["VersionId"]
    put(s3, b"photos,other\n")

    source = pinned(s3, version_id=version_id)

    assert source.read(0, source.size) == ROWS


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ({"key": "gone.csv"}, 'There is no manifest "s3://manifests/gone.csv".'),
        ({"bucket": "nowhere"}, "The bucket nowhere of the manifest does not exist."),
    ],
)
def test_a_manifest_that_is_not_there_is_told(
    s3: S3Client, place: dict[str, str], fault: str
) -> None:
    with pytest.raises(JobFailure) as told:
        pin(manifest(**place), s3)

    assert (told.value.code, told.value.reason) == ("ManifestNotFound", fault)


@pytest.mark.parametrize(
    ("code", "status", "failure", "fault"),
    [
        ("AccessDenied", 403, "ManifestAccessDenied", "forbidden: AccessDenied"),
        ("InvalidAccessKeyId", 403, "ManifestAccessDenied", "InvalidAccessKeyId; the store does"),
        ("SignatureDoesNotMatch", 403, "ManifestAccessDenied", "secret access key is wrong"),
        ("ExpiredToken", 400, "ManifestAccessDenied", "ExpiredToken; the role's credentials have"),
        ("InvalidObjectState", 403, "ManifestAccessDenied", "archived; restore it first"),
        ("NoSuchBucket", 404, "ManifestNotFound", "The bucket manifests of the manifest does not"),
        ("NoSuchVersion", 404, "ManifestNotFound", 'list.csv" in version "v1".'),
        ("MethodNotAllowed", 405, "ManifestNotFound", 'list.csv" in version "v1".'),
        ("InvalidArgument", 400, "ManifestNotFound", 'list.csv": InvalidArgument.'),
    ],
)
def test_a_refusal_is_told_with_its_true_code_though_a_head_has_only_a_number(
    code: str, status: int, failure: str, fault: str
) -> None:
    with pytest.raises(JobFailure) as told:
        pin(manifest(version_id="v1"), Refusing(code, status))  # type: ignore[arg-type]

    assert told.value.code == failure
    assert fault in told.value.reason
    assert "AKIAEXAMPLE" not in told.value.reason


def test_the_words_of_aws_are_used_where_reading_is_forbidden() -> None:
    with pytest.raises(JobFailure) as told:
        pin(manifest(), Refusing("AccessDenied", 403))  # type: ignore[arg-type]

    assert told.value.reason == "Reading the manifest is forbidden: AccessDenied"


@pytest.mark.parametrize(
    ("code", "status"),
    [("InternalError", 500), ("SlowDown", 503), ("RequestTimeout", 400), ("Throttled", 429)],
)
def test_what_may_pass_is_left_to_the_caller(code: str, status: int) -> None:
    source = ObjectSource(Refusing(code, status), "b", "k", "", "e", 9)  # type: ignore[arg-type]

    with pytest.raises(ClientError):
        source.read(0, 9)
    with pytest.raises(ClientError):
        pin(manifest(), Refusing(code, status))  # type: ignore[arg-type]


def test_a_store_that_cannot_be_reached_is_left_to_the_caller() -> None:
    def unreachable(**address: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(EndpointConnectionError):
        pin(manifest(), SimpleNamespace(head_object=unreachable))  # type: ignore[arg-type]
