"""What is wrong with a manifest fails its job before the first task, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.models import Job, Manifest
from tests.conftest import MakeJob
from tests.core.conftest import MakeOver, RunLane
from tests.core.scripted import Script
from tests.manifests import gz
from tests.manifests.forms import (
    CSV_SCHEMA,
    INVENTORY,
    KEY_LIST,
    LISTS,
    PUT,
    TABLE_SCHEMA,
    TABLES,
    Row,
    cells_of,
    csv_of,
    inventory_csv_of,
    put_inventory,
    put_manifest,
)

FORMS = {**PUT, **LISTS}
INVENTORIES = ["CSV inventory", "Parquet", "ORC"]
ROWS: list[Row] = [(f"album/{number:05d}.jpg", None) for number in range(300)]
DATA = "daily/photos/all/data/"
in_every_inventory = pytest.mark.parametrize("form", INVENTORIES)


def reason_of(job: Job) -> tuple[str, str]:
    job.refresh_from_db()
    assert (job.status, job.executed) == ("Failed", 0)
    (told,) = job.failure_reasons
    assert 1 <= len(told["FailureReason"]) <= 256
    return told["FailureCode"], told["FailureReason"]


# ---- what fails the job


GOOD = csv_of([("a", None), ("b", None)])
PACKED = gz(GOOD)
DAMAGED = PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:]
ONE = gz(inventory_csv_of([("a", None)]))
OTHER = gz(inventory_csv_of([("a", None)], bucket="videos"))
PARQUET = TABLES["Parquet"](cells_of([("a", None)] * 300))
ORC = TABLES["ORC"](cells_of([("a", None)] * 300))


def inventory(*files: bytes, form: str = "CSV", **changes: Any) -> Callable[[Any], Manifest]:
    schema = TABLE_SCHEMA.get((form, False), CSV_SCHEMA[False])
    given = {"schema": schema, **changes}
    return lambda s3: put_inventory(s3, files, form=form, **given)


def plain(content: bytes, *more: Any, **given: Any) -> Callable[[Any], Manifest]:
    return lambda s3: put_manifest(s3, content, *more, **given)


BAD: dict[str, tuple[Callable[[Any], Manifest], str]] = {
    "truncated gzip": (plain(PACKED[:-5]), "the gzip file is cut off"),
    "damaged gzip": (plain(DAMAGED), "the gzip file is damaged"),
    "garbage after gzip": (plain(PACKED + b"xxx"), "the gzip file is cut off"),
    "gzip of nothing": (plain(gz(b"")), "the manifest is empty"),
    "zip": (plain(b"PK\x03\x04\x14\x00"), "this looks like a zip file or an Excel workbook"),
    "line of 5 MB": (plain(GOOD + b"photos," + b"k" * 5_000_000), "Line 3 is longer than 65,536"),
    "NUL": (plain(GOOD + b"photos,a\0b"), "Line 3, column 2 (Key): a NUL byte"),
    "no UTF-8": (plain(GOOD + b"photos,\xff"), "Line 3, column 2 (Key): byte 0xff is not valid"),
    "long key": (plain(GOOD + b"photos," + b"k" * 1025), "Invalid object key format: 1,025 bytes"),
    "unequal rows": (plain(GOOD + b"photos"), "Line 3 has 1 column; 2 are expected (Bucket, Key)"),
    "two buckets": (plain(GOOD + b"videos,a"), '"videos" is another bucket than "photos"'),
    "two buckets in two files": (inventory(ONE, OTHER), '"videos" is another bucket than "photos"'),
    "empty list": (plain(b"\n", KEY_LIST, bucket="photos"), "the manifest is empty"),
    "no data files": (inventory(), "the manifest is empty"),
    "no rows in data files": (inventory(gz(b""), b""), "the manifest is empty"),
    "no schema": (inventory(ONE, fileSchema=None), "Required fields are missing in the schema"),
    "schema without Key": (inventory(ONE, schema="Bucket, Size"), "missing in the schema: Key"),
    "schema without Bucket": (inventory(ONE, schema="Key, Size"), "missing in the schema: Bucket"),
    "unknown format": (inventory(ONE, form="Avro"), 'the fileFormat is "Avro"'),
    "files are no list": (inventory(ONE, files="x"), "the list of files is missing"),
    "checksum": (inventory(ONE, checksum="0" * 32), "manifest.checksum says that the MD5"),
    "truncated data file": (inventory(ONE, ONE[:-2]), '0001.dat": Manifest file is not properly f'),
    "corrupt Parquet": (inventory(PARQUET[:-9], form="Parquet"), "Parquet data file"),
    "corrupt ORC": (inventory(ORC[: len(ORC) // 2], form="ORC"), "ORC data file"),
    "Parquet with a null key": (
        inventory(TABLES["Parquet"]({"bucket": ["photos"], "key": [None]}), form="Parquet"),
        "(Key): the key is missing.",
    ),
}


@pytest.mark.parametrize(("put", "told"), BAD.values(), ids=BAD)
def test_a_manifest_that_is_not_right_fails_the_job_before_its_first_task(
    make_over: MakeOver, s3: Any, run_lane: RunLane, script: Script, put: Any, told: str
) -> None:
    job = make_over(put(s3), look=False)
    run_lane()

    code, reason = reason_of(job)
    assert code == "InvalidManifestContent"
    assert told in reason
    assert script.sent == []


@pytest.mark.parametrize("changed", ["size", "content"])
@in_every_inventory
def test_a_data_file_that_is_another_one_fails_the_job(
    make_over: MakeOver, s3: Any, run_lane: RunLane, form: str, changed: str
) -> None:
    manifest = FORMS[form](s3, ROWS)
    body = s3.get_object(Bucket="manifests", Key=f"{DATA}0001.dat")["Body"].read()
    other = body[:4] + bytes([body[4] ^ 1]) + body[5:] + (b"x" if changed == "size" else b"")
    s3.put_object(Bucket="manifests", Key=f"{DATA}0001.dat", Body=other)
    job = make_over(manifest)
    run_lane()

    code, reason = reason_of(job)
    assert code == "InvalidManifestContent"
    assert f'The data file "{DATA}0001.dat" is not what manifest.json says: ' in reason
    assert ("its MD5 is" if changed == "content" else "bytes, not") in reason


@in_every_inventory
def test_a_data_file_that_is_missing_fails_the_job(
    make_over: MakeOver, s3: Any, run_lane: RunLane, form: str
) -> None:
    job = make_over(FORMS[form](s3, ROWS))
    s3.delete_object(Bucket="manifests", Key=f"{DATA}0001.dat")
    run_lane()

    assert reason_of(job) == (
        "ManifestNotFound",
        f'There is no data file "s3://manifests/{DATA}0001.dat".',
    )


def test_an_inventory_that_was_uploaded_fails_the_job_with_what_to_do(
    make_job: MakeJob, make_manifest: Any, run_lane: RunLane, make_over: MakeOver
) -> None:
    job = make_job(manifest=make_manifest(b"{}", format=INVENTORY), confirmation_required=False)
    run_lane()

    assert "give the location of its manifest.json" in reason_of(job)[1]
