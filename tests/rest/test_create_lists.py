"""POST /api/v1/jobs/ and /api/v1/manifests/: the forms in which a list may be handed in."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Job
from tests.conftest import PutObjects
from tests.pages.test_new_job_lists import put_inventory
from tests.rest.conftest import Asked, Post, fields_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JOBS, MANIFESTS = "/api/v1/jobs/", "/api/v1/manifests/"
INVENTORY = "S3InventoryReport_CSV_20161130"
LISTING = {"source_bucket": "arn:aws:s3:::photos", "enable_manifest_output": False}


def test_an_upload_says_in_which_form_it_is(client: Client) -> None:
    form = {"file": SimpleUploadedFile("list", b"a b\n"), "format": "KeyList", "bucket": "photos"}

    told = client.post(MANIFESTS, form).json()

    assert (told["format"], told["bucket"], told["fields"]) == (
        "KeyList",
        "photos",
        ["Bucket", "Key"],
    )


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"format": "XML"}, "format"),
        ({"format": "KeyList", "fields": "Bucket,Key"}, ""),
        ({"format": "KeyList", "bucket": "a b"}, "bucket"),
        ({"bucket": "photos"}, ""),
    ],
)
def test_what_an_upload_is_said_to_be_is_judged(
    client: Client, form: dict[str, str], field: str
) -> None:
    response = client.post(MANIFESTS, {"file": SimpleUploadedFile("list", b"a\n"), **form})

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ({}, gzip.compress(b"photos,a\n", mtime=0)),
        ({"format": "KeyList"}, b"s3://photos/a b\n"),
        ({"format": "KeyList", "bucket": "photos"}, b"a b\n"),
        ({"format": "JSONLines"}, b'{"bucket": "photos", "key": "a b"}\n'),
    ],
)
def test_a_manifest_in_s3_may_have_any_form(
    post: Post, asked: Asked, put_objects: PutObjects, form: dict[str, Any], content: bytes
) -> None:
    put_objects("list", bucket="manifests", body=content)

    response = post(JOBS, asked(manifest={"location": "s3://manifests/list", **form}))

    assert response.status_code == 201, response.text


def test_an_inventory_tells_its_columns_and_its_size(
    post: Post, asked: Asked, put_objects: PutObjects
) -> None:
    put_inventory(put_objects)
    place = {"location": "arn:aws:s3:::manifests/inv/manifest.json", "format": INVENTORY}

    told = post(JOBS, asked(manifest=place)).json()

    assert told["manifest"]["fields"] == ["Bucket", "Key", "VersionId", "Ignore"]
    assert told["manifest"]["total_bytes"] > 0
    assert told["preparing"] == {
        "rows_read": 0,
        "bytes_read": 0,
        "total_bytes": told["manifest"]["total_bytes"],
    }


def test_a_bucket_is_listed_in_place_of_a_manifest(post: Post, asked: Asked, s3: S3Client) -> None:
    request = asked(manifest_generator=LISTING)
    del request["manifest"]

    told = post(JOBS, request).json()

    assert told["manifest"]["location"] == "s3://photos/"
    assert told["manifest"]["generator"] == LISTING
    assert told["generated_manifest"] is None
    assert Job.objects.get().manifest.fields == ["Bucket", "Key"]


def test_awss_names_are_taken_for_a_generator_too(post: Post, asked: Asked, s3: S3Client) -> None:
    named = {"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False}
    request = asked(manifest_generator=named)
    del request["manifest"]

    assert post(JOBS, request).json()["manifest"]["generator"] == LISTING


def test_a_job_takes_a_manifest_or_a_generator_and_not_both(post: Post, asked: Asked) -> None:
    neither = asked()
    del neither["manifest"]

    both = fields_of(post(JOBS, asked(manifest_generator=LISTING)))
    none = fields_of(post(JOBS, neither))

    assert both == {"": ["Give either a manifest or a manifest_generator, not both."]}
    assert none == {"manifest": ["Give a manifest, or a manifest_generator."]}


def test_a_fault_of_a_generator_is_told_by_its_path(post: Post, asked: Asked) -> None:
    request = asked(manifest_generator={**LISTING, "filter": {"created_after": 5}})
    del request["manifest"]

    assert list(fields_of(post(JOBS, request))) == ["manifest_generator.filter.created_after"]
