"""manifest.json of an S3 Inventory report (spec.md 4.3)."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.base import ContentFile

from jobs.manifests import InvalidManifest
from jobs.manifests.inventory import parse_inventory
from jobs.spool import spool
from tests.manifests import gz
from tests.manifests.forms import (
    CSV_SCHEMA,
    INVENTORY,
    TABLE_SCHEMA,
    THREE,
    TWO,
    entry,
    fault_of,
    inventory_csv_of,
    looked_at,
    put_inventory,
    put_manifest_json,
    upload,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

IN_INVENTORY = "Manifest file is not properly formatted: in the inventory, "
ONE = gz(inventory_csv_of([("a", None)]))
TWO_ROWS = gz(inventory_csv_of([("b", None), ("c", None)]))
DATA = "daily/photos/all/data/"


def told(**changes: Any) -> bytes:
    """A manifest.json."""
    value = {
        "destinationBucket": "arn:aws:s3:::manifests",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [],
        **changes,
    }
    return json.dumps({name: one for name, one in value.items() if one is not None}).encode()


# ---- manifest.json


@pytest.mark.parametrize(
    ("form", "schema", "fields"),
    [
        ("CSV", "Bucket, Key", TWO),
        ("CSV", "Bucket,Key,Size", [*TWO, "Ignore"]),
        ("CSV", "Size, Key, IsLatest, Bucket", ["Ignore", "Key", "Ignore", "Bucket"]),
        ("CSV", CSV_SCHEMA[True], [*THREE, "Ignore", "Ignore"]),
        ("csv", "Bucket, Key", TWO),
        ("Parquet", TABLE_SCHEMA["Parquet", False], [*TWO, "Ignore", "Ignore"]),
        ("Parquet", TABLE_SCHEMA["Parquet", True], [*THREE, "Ignore", "Ignore"]),
        ("PARQUET", "message x { required binary key; optional binary bucket; }", TWO[::-1]),
        ("ORC", TABLE_SCHEMA["ORC", False], [*TWO, "Ignore", "Ignore"]),
        ("ORC", "struct<size:bigint, version_id:string, key:string, bucket:string>",
         ["Ignore", "VersionId", "Key", "Bucket"]),
    ],
)  # fmt: skip
def test_the_columns_are_read_from_the_schema_in_its_order(
    form: str, schema: str, fields: list[str]
) -> None:
    assert parse_inventory(told(fileFormat=form, fileSchema=schema)).fields == fields


@pytest.mark.parametrize("form", ["CSV", "Parquet", "ORC"])
@pytest.mark.parametrize("piece", [" ", "a ", "required ", "<a ", ", "])
def test_a_long_schema_takes_no_longer_than_its_length(form: str, piece: str) -> None:
    schema = f"Bucket, Key, required {piece * 30_000}b"
    begin = time.process_time()

    with suppress(InvalidManifest):
        parse_inventory(told(fileFormat=form, fileSchema=schema))

    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    "bucket", ["arn:aws:s3:::manifests", "arn:aws-cn:s3:::manifests", "manifests"]
)
def test_the_bucket_of_the_data_files_is_an_arn_or_a_name(bucket: str) -> None:
    file = {"key": "x", "size": 3, "MD5checksum": "A" * 32}

    inventory = parse_inventory(told(destinationBucket=bucket, files=[file]))

    assert (inventory.files[0].bucket, inventory.files[0].md5) == ("manifests", "a" * 32)
    assert inventory.size == 3


FILE = {"key": "x", "size": 3, "MD5checksum": "0" * 32}
NEEDS = "a file needs key, size and MD5checksum; this is "


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "manifest.json is not JSON."),
        (b"photos,a\n", "manifest.json is not JSON."),
        (b"\xff\xfe\x00", "manifest.json is not JSON."),
        (b"[" * 100_000, "manifest.json is not JSON."),
        (b"[]", "manifest.json is not a JSON object."),
        (told(fileFormat="Avro"), 'the fileFormat is "Avro"; CSV, Parquet and ORC can be read.'),
        (told(fileFormat=None), "the fileFormat is "),
        (told(fileFormat=["CSV"]), "the fileFormat is "),
        (told(destinationBucket=None), "the destinationBucket is missing, or is no bucket."),
        (told(destinationBucket=7), "the destinationBucket is missing, or is no bucket."),
        (told(destinationBucket=""), "the destinationBucket is missing, or is no bucket."),
        (told(destinationBucket="a b"), "the destinationBucket is missing, or is no bucket."),
        (told(destinationBucket="a/b"), "the destinationBucket is missing, or is no bucket."),
        (told(destinationBucket="arn:aws:sqs:::x"), "the destinationBucket is missing, or is no "),
        (told(files=None), "the list of files is missing."),
        (told(files={"key": "x"}), "the list of files is missing."),
        (told(files="x"), "the list of files is missing."),
        (told(files=["x"]), NEEDS + '""x"".'),
        (told(files=[FILE, {}]), NEEDS + '"{}"'),
        (told(files=[{**FILE, "key": ""}]), NEEDS),
        (told(files=[{**FILE, "key": 7}]), NEEDS),
        (told(files=[{**FILE, "key": "\ud800"}]), NEEDS),
        (told(files=[{**FILE, "size": -1}]), NEEDS),
        (told(files=[{**FILE, "size": "3"}]), NEEDS),
        (told(files=[{**FILE, "size": 3.5}]), NEEDS),
        (told(files=[{**FILE, "size": True}]), NEEDS),
        (told(files=[{**FILE, "size": 10**30}]), NEEDS),
        (told(files=[{**FILE, "MD5checksum": "0" * 31}]), NEEDS),
        (told(files=[{**FILE, "MD5checksum": "z" * 32}]), NEEDS),
        (told(files=[{**FILE, "MD5checksum": None}]), NEEDS),
    ],
)
def test_a_manifest_json_that_makes_no_sense_is_told(text: bytes, fault: str) -> None:
    with pytest.raises(InvalidManifest) as raised:
        parse_inventory(text)

    assert raised.value.reason.startswith(IN_INVENTORY + fault)
    assert raised.value.reason.isprintable()


@pytest.mark.parametrize("form", ["CSV", "Parquet", "ORC"])
@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (None, "Bucket, Key"),
        (7, "Bucket, Key"),
        ("", "Bucket, Key"),
        (["Size"], "Bucket, Key"),
        (["Bucket", "Size"], "Key"),
        (["Size", "Key", "VersionId"], "Bucket"),
    ],
)
def test_a_schema_without_bucket_or_key_is_told(form: str, names: Any, missing: str) -> None:
    written = {
        "CSV": lambda: ", ".join(names),
        "Parquet": lambda: "message m { " + " ".join(f"optional binary {n};" for n in names) + "}",
        "ORC": lambda: "struct<" + ",".join(f"{name}:string" for name in names) + ">",
    }
    schema = written[form]() if isinstance(names, list) else names

    with pytest.raises(InvalidManifest) as raised:
        parse_inventory(told(fileFormat=form, fileSchema=schema))

    assert raised.value.reason == f"Required fields are missing in the schema: {missing}"


def test_a_schema_that_names_a_column_twice_is_told() -> None:
    with pytest.raises(InvalidManifest, match="names Key 2 times"):
        parse_inventory(told(fileSchema="Bucket, Key, Key"))


def test_an_inventory_is_looked_at_when_it_is_handed_in(s3: S3Client) -> None:
    manifest = looked_at(put_inventory(s3, [ONE, TWO_ROWS]), s3)

    assert manifest.fields == [*TWO, "Ignore"]
    assert manifest.bytes_to_read == manifest.total_bytes == len(ONE) + len(TWO_ROWS)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"fileFormat": "Avro"}, "the fileFormat is"),
        ({"fileSchema": None}, "Required fields are missing in the schema: Bucket, Key"),
        ({"files": None}, "the list of files is missing"),
        ({"checksum": "0" * 32}, "manifest.checksum says"),
        ({"files": [{**entry(f"{DATA}0000.dat", ONE), "size": 7}]}, "not 7."),
    ],
)
def test_what_is_wrong_with_it_is_told_when_it_is_handed_in(
    s3: S3Client, changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidManifest) as raised:
        looked_at(put_inventory(s3, [ONE], **changes), s3)

    assert fault in raised.value.reason


def test_an_inventory_cannot_be_uploaded_and_the_reason_says_what_to_do() -> None:
    spool.storage.save("uploads/x", ContentFile(told()))
    fault = fault_of(upload(told(), INVENTORY))

    assert fault.reason == (
        "An inventory cannot be uploaded, since its data files are in S3: give the location of "
        "its manifest.json."
    )


def test_a_manifest_json_beyond_all_measure_is_refused_unread(s3: S3Client) -> None:
    manifest = put_manifest_json(s3, b" " * (64 * 1024 * 1024 + 1))

    assert "manifest.json has 67,108,865 bytes" in fault_of(manifest, s3).reason
