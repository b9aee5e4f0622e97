"""Lists that a generator makes, and lists that S3 Inventory made."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest

from tests.processes.s3control.conftest import ACCOUNT, KEYS, Wired
from tests.processes.s3control.test_walk import rows_of

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("s3control")]


def generator(**more: Any) -> dict[str, Any]:
    """Lists the bucket `photos`."""
    inner = {"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False, **more}
    return {"S3JobManifestGenerator": inner}


def test_a_listing_is_kept_and_is_the_manifest_of_another_job(wired: Wired) -> None:
    control = wired.control()
    listing = generator(
        ExpectedBucketOwner=ACCOUNT,
        EnableManifestOutput=True,
        ManifestOutputLocation={
            "ExpectedManifestBucketOwner": ACCOUNT,
            "Bucket": "arn:aws:s3:::manifests",
            "ManifestPrefix": "lists",
            "ManifestEncryption": {"SSES3": {}},
            "ManifestFormat": "S3InventoryReport_CSV_20211130",
        },
        Filter={
            "KeyNameConstraint": {"MatchAnySuffix": ["1.jpg", "2.jpg"], "MatchAnyPrefix": ["2019"]},
            "ObjectSizeGreaterThanBytes": 1,
            "MatchAnyStorageClass": ["STANDARD"],
        },
    )
    chosen = [key for key in KEYS if key.endswith(("1.jpg", "2.jpg"))]

    first = control.create_job(**wired.asked(Manifest=None, ManifestGenerator=listing))["JobId"]
    job = wired.ended(first)

    assert job["Status"] == "Complete"
    assert job["ManifestGenerator"] == listing
    assert "Manifest" not in job
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == len(chosen)
    made = job["GeneratedManifestDescriptor"]
    assert made["Format"] == "S3InventoryReport_CSV_20211130"
    assert (
        made["Location"]["ObjectArn"] == f"arn:aws:s3:::manifests/lists/job-{first}/manifest.json"
    )

    # AWS has one name for what it makes and another for what it reads.
    manifest = {
        "Spec": {"Format": "S3InventoryReport_CSV_20161130"},
        "Location": made["Location"],
    }
    second = control.create_job(**wired.asked(Manifest=manifest))["JobId"]
    job = wired.ended(second)

    assert job["Status"] == "Complete"
    assert job["Manifest"] == manifest
    assert sorted(row[1].replace("%20", " ") for row in rows_of(wired, second)) == sorted(chosen)


def test_an_inventory_is_read(wired: Wired) -> None:
    rows = "".join(f'"photos","{key.replace(" ", "+")}","1"\n' for key in KEYS)
    content = gzip.compress(rows.encode())
    wired.store.put_object(Bucket="manifests", Key="inventory/data/1.csv.gz", Body=content)
    told = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::manifests",
        "version": "2016-11-30",
        "creationTimestamp": "1767571200000",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [
            {
                "key": "inventory/data/1.csv.gz",
                "size": len(content),
                "MD5checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            }
        ],
    }
    etag = wired.store.put_object(
        Bucket="manifests", Key="inventory/manifest.json", Body=json.dumps(told)
    )["ETag"]
    manifest = {
        "Spec": {"Format": "S3InventoryReport_CSV_20161130"},
        "Location": {
            "ObjectArn": "arn:aws:s3:::manifests/inventory/manifest.json",
            "ETag": etag.strip('"'),
        },
    }

    made = wired.control().create_job(**wired.asked(Manifest=manifest))["JobId"]
    job = wired.ended(made)

    assert job["Status"] == "Complete"
    assert job["Manifest"] == manifest
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == len(KEYS)


# ---- what AWS, and so its clients, learn of a job that was created


@pytest.mark.parametrize(
    ("part", "value", "code"),
    [
        ("ObjectArn", "arn:aws:s3:::manifests/gone.csv", "ManifestNotFound"),
        ("ObjectArn", "arn:aws:s3:::no-such-bucket/list.csv", "ManifestNotFound"),
        ("ETag", "0" * 32, "ManifestETagMismatch"),
    ],
)
def test_a_manifest_that_cannot_be_read_fails_the_job(
    wired: Wired, part: str, value: str, code: str
) -> None:
    manifest = wired.put_manifest()
    manifest["Location"][part] = value

    made = wired.control().create_job(**wired.asked(Manifest=manifest))["JobId"]
    job = wired.ended(made)

    assert job["Status"] == "Failed"
    assert [reason["FailureCode"] for reason in job["FailureReasons"]] == [code]
    assert job["FailureReasons"][0]["FailureReason"]
    assert job["Manifest"] == manifest


def test_a_manifest_with_a_fault_in_it_fails_the_job(wired: Wired) -> None:
    manifest = wired.put_manifest("broken.csv", "photos,a.jpg\nphotos\n")

    job = wired.ended(wired.control().create_job(**wired.asked(Manifest=manifest))["JobId"])

    assert job["Status"] == "Failed"
    assert job["FailureReasons"][0]["FailureCode"] == "InvalidManifestContent"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {"ManifestGenerator": generator(Filter={"CreatedAfter": "2100-01-01T00:00:00Z"})},
            "ManifestGenerationNoKeys",
        ),
        ({"ManifestGenerator": generator(SourceBucket="arn:aws:s3:::no-such-bucket")}, None),
    ],
    ids=["no keys", "no bucket"],
)
def test_a_listing_that_cannot_be_made_fails_the_job(
    wired: Wired, changes: dict[str, Any], code: str | None
) -> None:
    made = wired.control().create_job(**wired.asked(Manifest=None, **changes))["JobId"]
    job = wired.ended(made)

    assert job["Status"] == "Failed"
    told = job["FailureReasons"][0]["FailureCode"]
    assert told == code if code else told


def test_a_checksum_job_without_a_report_fails(wired: Wired) -> None:
    asked = wired.asked(Operation={"S3ComputeObjectChecksum": {}}, Report={"Enabled": False})

    job = wired.ended(wired.control().create_job(**asked)["JobId"])

    assert job["Status"] == "Failed"
    assert job["FailureReasons"]


def test_replicating_without_versions_fails(wired: Wired) -> None:
    asked = wired.asked(Operation={"S3ReplicateObject": {}})

    job = wired.ended(wired.control().create_job(**asked)["JobId"])

    assert job["Status"] == "Failed"
    assert "VersionId" in job["FailureReasons"][0]["FailureReason"]
