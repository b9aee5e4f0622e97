"""The form that creates a job: the forms in which a list may be handed in."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Job, Manifest, Role
from jobs.spool import spool
from operations import OPERATIONS
from tests.conftest import PutObjects
from tests.manifests import gz
from tests.pages.conftest import CSV, Fill, send
from tests.pages.test_bad_input import fault_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY_LIST, JSON_LINES = "KeyList", "JSONLines"
INVENTORY = "S3InventoryReport_CSV_20161130"


def stored(manifest: Manifest) -> bytes:
    with spool.open(manifest.upload) as file:
        content: bytes = file.read()
        return content


def test_a_packed_csv_may_be_uploaded(client: Client, filled: Fill, s3: S3Client) -> None:
    packed = SimpleUploadedFile("pictures.csv.gz", gz(CSV))

    status, _ = send(client, filled(upload=packed))

    assert status == 302
    assert Job.objects.get().manifest.filename == "pictures.csv.gz"


@pytest.mark.parametrize(
    ("chosen", "content", "bucket", "fields"),
    [
        (KEY_LIST, b"s3://photos/a b.jpg\n", "", ["Bucket", "Key"]),
        (KEY_LIST, b"a b.jpg\n", "photos", ["Bucket", "Key"]),
        (JSON_LINES, b'{"bucket": "photos", "key": "a"}\n', "", ["Bucket", "Key"]),
        (
            JSON_LINES,
            b'{"key": "a", "version_id": "v"}\n',
            "photos",
            ["Bucket", "Key", "VersionId"],
        ),
    ],
)
def test_a_list_in_a_form_of_ladings_own_may_be_uploaded(
    client: Client,
    filled: Fill,
    s3: S3Client,
    chosen: str,
    content: bytes,
    bucket: str,
    fields: list[str],
) -> None:
    values = filled(
        upload=SimpleUploadedFile("list", content), manifest_format=chosen, list_bucket=bucket
    )

    status, page = send(client, values)

    assert status == 302, page
    manifest = Job.objects.get().manifest
    assert (manifest.format, manifest.list_bucket, manifest.fields) == (chosen, bucket, fields)


def test_a_list_that_names_no_bucket_asks_for_it(client: Client, filled: Fill) -> None:
    values = filled(upload=SimpleUploadedFile("list", b"a.jpg\n"), manifest_format=KEY_LIST)

    status, page = send(client, values)

    assert status == 422
    assert "Line 1 does not begin with s3://; give the bucket beside." in fault_of(page, "upload")


def test_a_kept_list_stays_with_its_format(client: Client, filled: Fill) -> None:
    upload = SimpleUploadedFile("list", b"s3://photos/a\n")
    send(client, filled(upload=upload, manifest_format=KEY_LIST, priority="x"))
    manifest = str(Manifest.objects.get().pk)

    _, page = send(client, filled(upload=None, manifest_id=manifest, manifest_format=JSON_LINES))

    assert "list was read as List of keys or s3:// addresses." in page


# ---- pasted


def test_a_pasted_list_makes_a_job(client: Client, filled: Fill, s3: S3Client) -> None:
    values = filled(
        upload=None,
        source="paste",
        pasted="s3://photos/a\r\ns3://photos/b",
        manifest_format=KEY_LIST,
    )

    status, page = send(client, values)

    assert status == 302, page
    manifest = Job.objects.get().manifest
    assert (manifest.filename, stored(manifest)) == ("pasted list", b"s3://photos/a\ns3://photos/b")


def test_a_pasted_list_is_kept_on_the_page_and_nowhere_else_while_something_is_wrong(
    client: Client, filled: Fill
) -> None:
    _, page = send(client, filled(upload=None, source="paste", pasted="photos,a", priority="x"))

    assert ">\nphotos,a</textarea>" in page
    assert not Manifest.objects.exists()


@pytest.mark.parametrize(
    ("pasted", "told"), [("", "Paste the list."), ("photos,a,b\n", "Line 1 has 3 columns")]
)
def test_a_pasted_list_that_is_wrong_is_told_beside_it(
    client: Client, filled: Fill, pasted: str, told: str
) -> None:
    status, page = send(client, filled(upload=None, source="paste", pasted=pasted))

    assert status == 422
    assert told in fault_of(page, "pasted")


def test_a_list_too_long_to_paste_is_told_of_and_not_kept(client: Client, filled: Fill) -> None:
    pasted = "photos,a\r\n" * 111_112

    status, page = send(
        client, filled(upload=None, source="paste", pasted=pasted, at="objects", step="operation")
    )

    assert status == 422
    assert fault_of(page, "pasted") == (
        "The list has 1000008 characters, more than 1000000. Save it as a file and upload that."
    )
    assert page.count("photos,a") == 111_112
    assert not Manifest.objects.exists()


def test_a_list_is_as_long_as_it_was_before_the_browser_changed_its_line_ends(
    client: Client, filled: Fill, s3: S3Client
) -> None:
    pasted = "photos,a\r\n" * 111_111

    status, page = send(client, filled(upload=None, source="paste", pasted=pasted))

    assert status == 302, page


def test_no_browser_cuts_what_is_pasted_into_a_text_area(client: Client, role: Role) -> None:
    page = client.get("/jobs/new/").content.decode()

    areas = re.findall(r"<textarea[^>]*>", page)
    assert [area for area in areas if 'name="pasted"' in area]
    assert not [area for area in areas if "maxlength" in area]


# ---- inventories


def put_inventory(put_objects: PutObjects, **changes: Any) -> None:
    data = gz(b'"photos","a.jpg","v1","true"\n')
    put_objects("inv/data/1.csv.gz", bucket="manifests", body=data)
    told = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::manifests",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest",
        "files": [
            {
                "key": "inv/data/1.csv.gz",
                "size": len(data),
                "MD5checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            }
        ],
    }
    content = json.dumps(told | changes).encode()
    put_objects("inv/manifest.json", bucket="manifests", body=content)


def test_an_inventory_makes_a_job_with_the_columns_that_it_names(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_inventory(put_objects)
    values = from_s3(
        manifest_location="s3://manifests/inv/manifest.json", manifest_format=INVENTORY
    )

    status, page = send(client, values)

    assert status == 302, page
    manifest = Job.objects.get().manifest
    assert manifest.fields == ["Bucket", "Key", "VersionId", "Ignore"]
    assert manifest.bytes_to_read == manifest.total_bytes != manifest.size


def test_an_inventory_without_keys_is_refused(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_inventory(put_objects, fileSchema="Bucket, VersionId")
    values = from_s3(
        manifest_location="s3://manifests/inv/manifest.json", manifest_format=INVENTORY
    )

    status, page = send(client, values)

    assert status == 422
    told = "Required fields are missing in the schema: Key"
    assert told in fault_of(page, "manifest_location")


def test_an_inventory_cannot_be_uploaded(client: Client, filled: Fill) -> None:
    upload = SimpleUploadedFile("manifest.json", b"{}")

    _, page = send(client, filled(upload=upload, manifest_format=INVENTORY))

    assert "give the location of its manifest.json" in fault_of(page, "upload")


# ---- a bucket to be listed


def test_a_bucket_is_listed_with_the_filters_that_were_typed(
    client: Client, listing: Fill, s3: S3Client
) -> None:
    values = listing(
        prefixes="2019/\n2020/",
        suffixes=".jpg",
        created_after="2024-01-31T00:00:00",
        larger_than="0",
        storage_classes=["STANDARD", "GLACIER_IR"],
        every_version="on",
    )

    status, page = send(client, values)

    assert status == 302, page
    manifest = Job.objects.get().manifest
    assert manifest.is_generated
    assert manifest.fields == ["Bucket", "Key", "VersionId"]
    assert manifest.generator["SourceBucket"] == "arn:aws:s3:::photos"
    assert manifest.generator["Filter"] == {
        "KeyNameConstraint": {
            "MatchAnyPrefix": ["2019/", "2020/"],
            "MatchAnySuffix": [".jpg"],
        },
        "CreatedAfter": "2024-01-31T00:00:00Z",
        "ObjectSizeGreaterThanBytes": 0,
        "MatchAnyStorageClass": ["STANDARD", "GLACIER_IR"],
    }


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"listing_bucket": ""}, "listing_bucket", "Say which bucket."),
        ({"listing_bucket": "a b"}, "listing_bucket", "Give the name of a bucket, such as photos."),
        ({"listing_owner": "12"}, "listing_owner", "12 digits"),
        ({"encryption": "SSEKMS"}, "ask_each_object", "A listing cannot tell “Encryption”"),
        (
            {"replication_statuses": ["NONE"]},
            "ask_each_object",
            "Permit it with “Ask the store about each object”, or leave it out.",
        ),
        ({"save_list": "on"}, "save_bucket", "bucket"),
        ({"larger_than": "1e"}, "larger_than", "whole number"),
        ({"created_before": "2020-01-01 --:--"}, "created_before", "such as 2026-11-29 14:00"),
        ({"created_before": "01/02/2020"}, "created_before", "such as 2026-11-29 14:00"),
        (
            {"created_after": "2024-02-01T00:00:00", "created_before": "2024-01-01T00:00:00"},
            "created_before",
            "No object fits both “Created after” and “Created before”.",
        ),
        ({"larger_than": "5", "smaller_than": "6"}, "smaller_than", "No object is larger than"),
    ],
)
def test_what_is_wrong_with_a_listing_is_told_beside_its_field(
    client: Client, listing: Fill, changes: dict[str, Any], field: str, told: str
) -> None:
    status, page = send(client, listing(**changes))

    assert status == 422
    assert told in fault_of(page, field)
    typed = {text for text in changes.values() if isinstance(text, str)} - {"", "on"}
    assert all(f'value="{text}"' in page for text in typed)


@pytest.mark.parametrize(
    "typed",
    [
        {"created_after": "2026-11-"},
        {"smaller_than": "10 MB"},
        {"failure_rule": "half", "failure_limit": "ten"},
    ],
)
def test_what_is_typed_half_into_fields_that_nothing_is_made_of_holds_up_nobody(
    client: Client, filled: Fill, s3: S3Client, typed: dict[str, str]
) -> None:
    status, page = send(client, filled(**typed))

    assert status == 302, page
    assert Job.objects.get().failure_rule == "half"


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2024-01-31", "2024-01-31T00:00:00Z"),
        ("2024-01-31 14:05", "2024-01-31T14:05:00Z"),
        ("2024-01-31T14:05:06", "2024-01-31T14:05:06Z"),
        ("2024-01-31T14:05+02:00", "2024-01-31T12:05:00Z"),
    ],
)
def test_a_moment_is_typed_as_one_writes_it(
    client: Client, listing: Fill, s3: S3Client, typed: str, moment: str
) -> None:
    status, page = send(client, listing(created_before=typed))

    assert status == 302, page
    assert Job.objects.get().manifest.generator["Filter"] == {"CreatedBefore": moment}


@pytest.mark.parametrize("operation", [operation.name for operation in OPERATIONS])
def test_what_is_typed_half_reaches_the_server(client: Client, role: Role, operation: str) -> None:
    page = client.get(f"/jobs/new/?operation={operation}").content.decode()

    types = {*re.findall(r'<input type="(\w[\w-]*)"', page)}
    assert types <= {"hidden", "text", "radio", "checkbox", "file"}, "others are sent empty"


def test_filters_that_are_filled_in_are_not_folded_away(client: Client, listing: Fill) -> None:
    _, page = send(client, listing(substrings="summer", priority="x"))
    _, plain = send(client, listing(priority="x"))

    assert re.search(r'<details class="group" open>\s*<summary>More filters', page)
    assert re.search(r'<details class="group">\s*<summary>More filters', plain)


# ---- a list that was checked before


def test_the_form_opens_with_a_list_that_was_checked_before(
    client: Client, filled: Fill, s3: S3Client, role: Role
) -> None:
    upload = SimpleUploadedFile("mine.txt", b"a.jpg\n")
    values = filled(upload=upload, manifest_format=KEY_LIST, list_bucket="photos", priority="x")
    send(client, values)
    manifest = Manifest.objects.get()

    page = client.get(f"/jobs/new/?manifest={manifest.pk}").content.decode()

    assert f'name="manifest_id" value="{manifest.pk}"' in page
    assert '<option value="KeyList" selected>' in page
    assert 'name="list_bucket" value="photos"' in page


def test_a_list_of_another_account_is_not_offered(client: Client, role: Role) -> None:
    other = Manifest.objects.create(account_id="999999999999", upload="uploads/x", size=1)

    page = client.get(f"/jobs/new/?manifest={other.pk}").content.decode()

    assert str(other.pk) not in page
