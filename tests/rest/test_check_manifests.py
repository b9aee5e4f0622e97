"""POST manifests/check/, and mend/, content/ and GET of a manifest: lists before there is a job."""

from __future__ import annotations

import gzip
import hashlib
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import stores
from jobs.models import Job, Manifest, Role
from tests.conftest import OTHER_ACCOUNT, MakeManifest, MakeRole
from tests.manifests.checked import HERE, PARQUET, csv_gz, parquet, put_inventory
from tests.rest.conftest import Asked, Post
from tests.rows import content_of

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

MANIFESTS = "/api/v1/manifests/"
CHECK = f"{MANIFESTS}check/"
FAULTY = b"\xef\xbb\xbfBucket,Key\nphotos,a b.jpg\n\nphotos,100%.jpg\n"


def fields_of(response: Any) -> dict[str, list[str]]:
    """The faults that an answer names."""
    assert response.status_code == 400, response.text
    assert response.json()["code"] == "InvalidRequest"
    fields: dict[str, list[str]] = response.json()["fields"]
    return fields


# ---- check


def test_an_upload_is_kept_and_checked_though_it_is_faulty(client: Client, user: User) -> None:
    response = client.post(CHECK, {"file": SimpleUploadedFile("list.csv", FAULTY)})

    assert response.status_code == 200, response.text
    told = response.json()
    manifest, found = Manifest.objects.get(), told["findings"]
    assert told["manifest"]["id"] == str(manifest.pk)
    assert content_of(manifest) == FAULTY
    assert found["defects"][2] == {
        "what": 'Line 4, column 2 (Key): "%.j" is not a valid percent-escape; keys must be '
        "URL-encoded.",
        "kind": "escape",
        "line": 4,
        "column": 2,
        "file": None,
        "remedy": "URL-encode the keys: a percent sign itself is %25.",
    }
    assert found["kinds"] == {"bom": 1, "header": 1, "escape": 1}
    assert (found["rows"], found["faults"], found["blank_lines"]) == (1, 3, 1)
    assert (found["complete"], found["versions"], found["buckets"]) == (True, None, ["photos"])
    assert found["keys_guessed"]["raw"] == 1
    assert [offer["mend"] for offer in found["offers"]] == ["header", "bom", "blank", "encode"]
    assert found["first_rows"]["columns"] == ["Bucket", "Key"]
    assert found["first_rows"]["rows"][1] == {"line": 2, "cells": ["photos", "a b.jpg"]}
    assert found["summary"].startswith("3 faults were found beside 1 row that is right.")


def test_a_pasted_list_is_described_like_an_uploaded_one(post: Post, user: User) -> None:
    response = post(CHECK, {"text": "a b.jpg\n", "format": "KeyList", "bucket": "photos"})

    assert response.status_code == 200, response.text
    assert response.json()["findings"]["rows"] == 1
    assert content_of(Manifest.objects.get()) == b"a b.jpg\n"


def test_versions_are_counted_where_there_is_a_column_for_them(post: Post, user: User) -> None:
    fields = ["Bucket", "Key", "VersionId"]

    response = post(CHECK, {"text": "photos,a,\nphotos,b,null\nphotos,c,v\n", "fields": fields})

    assert response.json()["findings"]["versions"] == {"present": 2, "null": 1, "empty": 1}


def test_a_list_in_s3_is_pinned_and_checked(post: Post, role: Role, s3: S3Client) -> None:
    etag = s3.put_object(Bucket="manifests", Key="list.csv", Body=b"photos,a\nvideos,b\n")["ETag"]

    response = post(CHECK, {"location": "s3://manifests/list.csv", "role": "archive"})

    assert response.status_code == 200, response.text
    told = response.json()
    assert told["manifest"]["etag"] == etag.strip('"')
    assert told["findings"]["buckets"] == ["photos", "videos"]
    again = post(CHECK, {"id": told["manifest"]["id"], "role": role.arn})
    assert again.json() == told
    assert Manifest.objects.count() == 1


def test_an_inventory_tells_its_columns_and_they_are_kept(
    post: Post, role: Role, s3: S3Client
) -> None:
    put_inventory(s3, csv_gz('"photos","a","","true","1"'))

    response = post(
        CHECK,
        {
            "location": f"s3://manifests/{HERE}",
            "role": "archive",
            "format": "S3InventoryReport_CSV_20161130",
        },
    )

    assert response.status_code == 200, response.text
    manifest = Manifest.objects.get()
    assert manifest.fields == ["Bucket", "Key", "VersionId", "Ignore", "Ignore"]
    assert response.json()["manifest"]["fields"] == manifest.fields
    assert response.json()["findings"]["total_bytes"] == manifest.total_bytes


def test_a_list_that_was_checked_makes_a_job_and_a_faulty_one_does_not(
    post: Post, asked: Asked
) -> None:
    right = post(CHECK, {"text": "photos,a\n"}).json()["manifest"]["id"]
    wrong = post(CHECK, {"text": "photos\n"}).json()["manifest"]["id"]

    made = post("/api/v1/jobs/", asked(manifest={"id": right}))
    refused = post("/api/v1/jobs/", asked(manifest={"id": wrong}))

    assert made.status_code == 201, made.text
    assert fields_of(refused) == {
        "manifest": ["Line 1 has 1 column; 2 are expected (Bucket, Key)."]
    }
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({}, "", "Give one list: "),
        ({"text": "a", "location": "s3://m/l"}, "", "Give one list: "),
        ({"text": 7}, "text", "Give it as a text."),
        ({"text": "a", "fields": "Bucket,Key"}, "fields", "Give a list of the names of columns."),
        ({"text": "a", "fields": ["Bucket"]}, "fields", "Required fields are missing"),
        ({"text": "a", "format": "XML"}, "format", ""),
        ({"text": "a", "bucket": "photos"}, "", "Only JSONLines and KeyList take a bucket beside"),
        ({"text": "a", "colour": "red"}, "colour", "Unknown"),
        ({"location": "s3://manifests/l"}, "role", "Name the role"),
        ({"location": "s3://manifests/l", "role": "x"}, "role", "There is no role 'x'."),
        ({"location": "s3://manifests/l", "role": "archive"}, "location", "There is no manifest"),
        ({"location": "s3://nobody/l", "role": "archive"}, "location", "does not exist"),
        ({"location": "manifests/l", "role": "archive"}, "", "must look like s3://"),
        ({"location": "s3://a b/l", "role": "archive"}, "", "must look like s3://"),
        ({"location": "s3://m/l", "role": "archive", "fields": ["Key"]}, "fields", "Bucket"),
        ({"location": "s3://m/l", "role": "archive", "fields": 7}, "fields", ""),
    ],
)
def test_what_names_no_list_is_refused_and_nothing_kept(
    post: Post, role: Role, s3: S3Client, given: dict[str, Any], field: str, told: str
) -> None:
    faults = fields_of(post(CHECK, given))

    assert list(faults) == [field]
    assert told in faults[field][0]
    assert Manifest.objects.count() == 0


def test_a_form_without_a_file_is_refused(client: Client, user: User) -> None:
    response = client.post(CHECK, {"format": "KeyList"})

    assert fields_of(response) == {"file": ["Send the manifest as a file named `file`."]}


def test_a_store_that_does_not_answer_is_a_fault_of_the_role(
    post: Post, make_role: MakeRole
) -> None:
    make_role("gone", endpoint_url="http://127.0.0.1:9")
    stores._client.cache_clear()

    faults = fields_of(post(CHECK, {"location": "s3://manifests/l", "role": "gone"}))

    assert "could not be reached" in faults["role"][0]


# ---- mend


def test_a_mend_makes_a_new_list_and_tells_what_has_changed(
    client: Client, post: Post, make_manifest: MakeManifest
) -> None:
    old = make_manifest(FAULTY)

    response = post(f"{MANIFESTS}{old.pk}/mend/", {"mend": ["header", "bom", "encode"]})

    assert response.status_code == 201, response.text
    told = response.json()
    new = Manifest.objects.exclude(pk=old.pk).get()
    content = b"photos,a%20b.jpg\n\nphotos,100%25.jpg\n"
    assert told["manifest"]["id"] == str(new.pk)
    assert response["Location"].endswith(f"{MANIFESTS}{new.pk}/")
    assert told["mended_from"] == str(old.pk)
    assert told["changes"] == {"bom": 1, "header": 1, "encode": 2}
    assert (told["findings"]["rows"], told["findings"]["faults"]) == (2, 0)
    assert (content_of(new), content_of(old)) == (content, FAULTY)
    assert (new.size, new.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (new.filename, new.account_id, new.created_by) == (
        "list.mended.csv",
        old.account_id,
        old.created_by,
    )


def test_an_inventory_is_mended_into_a_csv_also_where_it_was_not_checked(
    post: Post, role: Role, s3: S3Client, make_manifest: MakeManifest
) -> None:
    named = put_inventory(s3, csv_gz('"photos","a+b","","true","1"'))
    old = make_manifest(key=named.key, format=named.format, etag="")

    response = post(f"{MANIFESTS}{old.pk}/mend/", {"mend": ["null"], "role": "archive"})

    assert response.status_code == 201, response.text
    new = Manifest.objects.exclude(pk=old.pk).get()
    assert content_of(new) == b"photos,a+b,null\n"
    assert (new.format, new.fields) == (
        "S3BatchOperations_CSV_20180820",
        ["Bucket", "Key", "VersionId"],
    )
    assert new.filename == "manifest.mended.csv"


@pytest.mark.parametrize(
    ("filename", "format", "mended"),
    [
        ("a.b.csv.gz", "S3BatchOperations_CSV_20180820", "a.b.mended.csv"),
        ("a.mended.csv", "S3BatchOperations_CSV_20180820", "a.mended.csv"),
        ("keys", "KeyList", "keys.mended.txt"),
        ("lines.json", "JSONLines", "lines.mended.jsonl"),
        ("x" * 255, "KeyList", "x" * 200 + ".mended.txt"),
    ],
)
def test_a_mended_list_is_called_after_the_old_one(
    post: Post, make_manifest: MakeManifest, filename: str, format: str, mended: str
) -> None:
    old = make_manifest(b"\n", filename=filename, format=format)

    response = post(f"{MANIFESTS}{old.pk}/mend/", {"mend": ["blank"]})

    assert response.json()["manifest"]["location"] == mended


def test_a_list_with_a_line_break_in_its_key_is_mended_and_downloaded(
    client: Client, post: Post, role: Role, s3: S3Client, make_manifest: MakeManifest
) -> None:
    """The name of the file stands in a header of the answer, which cannot carry it."""
    s3.put_object(Bucket="manifests", Key="in\r\nbox.csv", Body=b"photos,a\n\n")
    old = make_manifest(key="in\r\nbox.csv", etag="")

    response = post(f"{MANIFESTS}{old.pk}/mend/", {"mend": ["blank"], "role": "archive"})

    assert response.status_code == 201, response.text
    content = client.get(f"{response['Location']}content/")
    assert b"".join(content) == b"photos,a\n"
    assert content["Content-Disposition"] == 'attachment; filename="inbox.mended.csv"'


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Give a list of what to mend."),
        ({"mend": "header"}, "Give a list of what to mend."),
        ({"mend": [1]}, "Give a list of what to mend."),
        ({"mend": []}, "Say what to mend: header, bom, blank, encode, null."),
        ({"mend": ["all"]}, "There is no mend all; take of header, bom, blank, encode, null."),
        ({"mend": ["null"]}, "There is nothing in the list that this mends."),
    ],
)
def test_a_mend_that_changes_nothing_makes_nothing(
    post: Post,
    make_manifest: MakeManifest,
    spool_folder: Path,
    given: dict[str, Any],
    told: str,
) -> None:
    old = make_manifest(FAULTY)
    before = set(spool_folder.rglob("*"))

    response = post(f"{MANIFESTS}{old.pk}/mend/", given)

    assert fields_of(response) == {"mend": [told]}
    assert (Manifest.objects.count(), set(spool_folder.rglob("*"))) == (1, before)


def test_a_mended_list_does_not_fill_the_disk(
    post: Post, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch, spool_folder: Path
) -> None:
    """What is packed may hold a thousand times as much."""
    old = make_manifest(gzip.compress(b"\n" + b"photos,a\n" * 400_000))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1024**2))

    response = post(f"{MANIFESTS}{old.pk}/mend/", {"mend": ["blank"]})

    assert fields_of(response) == {
        "mend": ["The mended list cannot be kept: the spool has only 1 MiB left."]
    }
    assert [path.name for path in (spool_folder / "uploads").iterdir()] == [
        old.upload.partition("/")[2]
    ]


@pytest.mark.parametrize(("door", "more"), [("check/", {}), ("mend/", {"mend": ["null"]})])
def test_a_data_file_that_there_is_no_room_for_is_told(
    post: Post,
    role: Role,
    s3: S3Client,
    make_manifest: MakeManifest,
    monkeypatch: pytest.MonkeyPatch,
    door: str,
    more: dict[str, Any],
) -> None:
    content = parquet(bucket=["photos"], key=["a"])
    named = put_inventory(s3, content, schema=PARQUET, file_format="Parquet")
    old = make_manifest(key=named.key, format=named.format, etag="")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1024**2))
    given = {"id": str(old.pk)} if door == "check/" else more
    path = CHECK if door == "check/" else f"{MANIFESTS}{old.pk}/mend/"

    faults = fields_of(post(path, {**given, "role": "archive"}))

    assert faults == {"id": ["The list cannot be fetched: the spool has only 1 MiB left."]}


def test_what_cannot_be_read_is_not_mended(post: Post, make_manifest: MakeManifest) -> None:
    old = make_manifest(b"PK\x03\x04\0\0\0\0")

    response = post(f"{MANIFESTS}{old.pk}/mend/", {"mend": ["encode"]})

    assert "a zip file or an Excel workbook" in fields_of(response)["mend"][0]
    assert Manifest.objects.count() == 1


def test_a_listing_of_a_bucket_is_no_list_to_check(
    post: Post, role: Role, make_manifest: MakeManifest
) -> None:
    listing = make_manifest(
        format="S3JobManifestGenerator",
        generator={"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False},
    )

    response = post(CHECK, {"id": str(listing.pk), "role": "archive"})

    assert "the listing of a bucket" in fields_of(response)["id"][0]


# ---- one manifest, and its content


def test_one_manifest_and_its_content(client: Client, make_manifest: MakeManifest) -> None:
    manifest = make_manifest(FAULTY)

    shown = client.get(f"{MANIFESTS}{manifest.pk}/")
    content = client.get(f"{MANIFESTS}{manifest.pk}/content/")

    assert shown.json() == client.get(MANIFESTS).json()["results"][0]
    assert content["Content-Disposition"] == 'attachment; filename="list.csv"'
    assert b"".join(content.streaming_content) == FAULTY  # type: ignore[attr-defined, arg-type]


def test_the_content_of_a_list_in_s3_is_not_here(
    client: Client, make_manifest: MakeManifest
) -> None:
    response = client.get(f"{MANIFESTS}{make_manifest().pk}/content/")

    assert response.status_code == 404
    assert response.json()["message"] == "The content is not here, but at s3://manifests/list.csv."


@pytest.mark.parametrize("path", ["", "content/", "mend/", "check/"])
@pytest.mark.parametrize("belongs", [True, False])
def test_lists_of_other_accounts_are_not_there(
    client: Client,
    post: Post,
    make_manifest: MakeManifest,
    path: str,
    belongs: bool,
) -> None:
    other = make_manifest(b"photos,a b\n", account_id=OTHER_ACCOUNT)
    pk = other.pk if belongs else uuid.uuid4()

    match path:
        case "check/":
            response = post(CHECK, {"id": str(pk)})
        case "mend/":
            response = post(f"{MANIFESTS}{pk}/mend/", {"mend": ["encode"]})
        case _:
            response = client.get(f"{MANIFESTS}{pk}/{path}")

    assert response.status_code == 404
    assert response.json() == {
        "code": "NotFound",
        "message": "There is no such manifest.",
        "fields": {},
    }
    assert Manifest.objects.count() == 1


@pytest.mark.parametrize("role_of", [OTHER_ACCOUNT])
def test_a_role_of_another_account_reads_nothing(
    post: Post, user: User, make_role: MakeRole, role_of: str
) -> None:
    make_role("theirs", account_id=role_of)

    faults = fields_of(post(CHECK, {"location": "s3://manifests/l", "role": "theirs"}))

    assert faults == {"role": ["There is no role 'theirs'."]}


def test_strangers_check_nothing(anonymous: Client, db: None) -> None:
    response = anonymous.post(CHECK, {"text": "photos,a"}, content_type="application/json")

    assert response.status_code == 401
