"""POST and GET manifests/: lists of objects that people upload."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Manifest
from tests.conftest import OTHER_ACCOUNT, MakeManifest
from tests.rest.conftest import Asked, Post

MANIFESTS = "/api/v1/manifests/"
TWO = b"photos,a.jpg\nphotos,b%20b.jpg\n"


def upload(client: Client, content: bytes, **more: Any) -> Any:
    return client.post(MANIFESTS, {"file": SimpleUploadedFile("list.csv", content), **more})


def test_a_manifest_is_uploaded_and_kept(client: Client) -> None:
    response = upload(client, TWO)

    assert response.status_code == 201, response.text
    shown = response.json()
    manifest = Manifest.objects.get(pk=shown["id"])
    assert shown["location"] == "list.csv"
    assert shown["fields"] == ["Bucket", "Key"]
    assert (shown["size"], shown["sha256"]) == (len(TWO), hashlib.sha256(TWO).hexdigest())
    assert manifest.account_id == "000000000000"


def test_an_upload_that_there_is_no_room_for_is_refused_with_the_reason(
    client: Client, full_spool: None
) -> None:
    response = upload(client, TWO)

    assert response.status_code == 503
    assert response.json()["code"] == "SpoolFailed"
    assert "No space left on device" in response.json()["message"]
    assert not Manifest.objects.exists()


def test_a_job_can_be_made_over_an_uploaded_manifest(
    client: Client, post: Post, asked: Asked
) -> None:
    manifest = upload(client, TWO).json()

    response = post("/api/v1/jobs/", asked(manifest={"id": manifest["id"]}))

    assert response.status_code == 201
    assert response.json()["manifest"] == manifest


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ("Bucket,Key,VersionId", b"photos,a.jpg,v1\n"),
        ("Ignore, Key, Bucket", b"7,a.jpg,photos\n"),
    ],
)
def test_the_columns_may_have_any_order(client: Client, fields: str, content: bytes) -> None:
    response = upload(client, content, fields=fields)

    assert response.status_code == 201, response.text
    assert response.json()["fields"] == [name.strip() for name in fields.split(",")]


BAD_FILES = {
    "empty": (b"", "is empty"),
    "header row": (b"Bucket,Key\nphotos,a.jpg\n", "header"),
    "BOM": (b"\xef\xbb\xbfphotos,a.jpg\n", "byte order mark"),
    "too many columns": (b"photos,a.jpg,v1\n", "Line 1 has 3 columns; 2 are expected"),
    "too few columns": (b"photos,a.jpg\nphotos\n", "Line 2 has 1 column; 2 are expected"),
    "bad percent-escape": (b"photos,50%.jpg\n", "is not a valid percent-escape"),
    "key too long": (b"photos," + b"k" * 1025 + b"\n", "1,024"),
    "two buckets": (b"photos,a\nvideos,b\n", "all must be the same"),
    "no CSV": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "Line 1"),
}


@pytest.mark.parametrize(("content", "told"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_manifest_is_refused_and_not_kept(
    client: Client, spool_folder: Path, content: bytes, told: str
) -> None:
    response = upload(client, content)

    assert response.status_code == 400
    assert told in response.json()["fields"]["file"][0]
    assert Manifest.objects.count() == 0
    assert [file for file in spool_folder.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("Bucket", "Key"),
        ("Key,VersionId", "Bucket"),
        ("Bucket,Key,Size", "Size"),
        ("Bucket,Key,Key", "Key"),
        ("", "Bucket"),
    ],
)
def test_columns_that_make_no_sense_are_refused(client: Client, fields: str, told: str) -> None:
    response = upload(client, TWO, fields=fields)

    assert response.status_code == 400
    assert told in response.json()["fields"]["fields"][0]
    assert Manifest.objects.count() == 0


@pytest.mark.parametrize("given", [{}, {"file": "photos,a.jpg"}])
def test_an_upload_without_a_file_is_refused(client: Client, given: dict[str, str]) -> None:
    response = client.post(MANIFESTS, given)

    assert response.status_code == 400
    assert response.json()["fields"] == {"file": ["Send the manifest as a file named `file`."]}


def test_an_upload_is_a_form_and_not_json(post: Post) -> None:
    response = post(MANIFESTS, {"file": "photos,a.jpg"})

    assert response.status_code == 415
    assert response.json()["code"] == "UnsupportedMediaType"
    assert response.json()["message"] == (
        "Send a form as multipart/form-data, with the manifest as the file named `file`; "
        "not application/json."
    )


@pytest.mark.django_db
def test_a_form_that_was_cut_off_is_refused(client: Client) -> None:
    response = client.generic("POST", MANIFESTS, b"--x", content_type="multipart/form-data")

    assert response.status_code == 400
    assert response.json()["code"] == "MalformedRequest"


def test_manifests_of_the_account_are_listed_newest_first(
    client: Client, make_manifest: MakeManifest
) -> None:
    old, new = make_manifest(TWO), make_manifest(key="other.csv")
    Manifest.objects.filter(pk=old.pk).update(created_at="2026-01-01T00:00:00Z")
    make_manifest(account_id=OTHER_ACCOUNT)

    first = client.get(f"{MANIFESTS}?limit=1").json()
    second = client.get(first["next"]).json()

    assert [row["id"] for row in first["results"]] == [str(new.pk)]
    assert first["results"][0]["location"] == "s3://manifests/other.csv"
    assert [row["id"] for row in second["results"]] == [str(old.pk)]
    assert second["next"] is None
