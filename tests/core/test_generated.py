"""A generated manifest in the user's bucket: an inventory of the job's rows (spec.md 4.4)."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from jobs import generated, stores
from jobs.errors import JobFailure
from jobs.generated import check_output, save_generated
from jobs.generator import ManifestGenerator
from jobs.lanes import JobClaim
from jobs.leases import LeaseLost
from jobs.models import Job
from tests.conftest import MakeJob, MakeSlice
from tests.core.conftest import claim_to_finish
from tests.core.scripted import reply_to

OWNER, STRANGER = "123456789012", "210987654321"

MakeClaim = Callable[..., JobClaim]


def generator_to(**place: Any) -> dict[str, Any]:
    return {
        "SourceBucket": "arn:aws:s3:::photos",
        "EnableManifestOutput": True,
        "ManifestOutputLocation": {
            "Bucket": "arn:aws:s3:::manifests",
            "ManifestFormat": "S3InventoryReport_CSV_20211130",
            **place,
        },
    }


@pytest.fixture
def make_claim(s3: Any, make_job: MakeJob, make_slice: MakeSlice) -> MakeClaim:
    """A claim on a job that is being prepared, all rows in slices: make_claim([rows], …)."""

    def make(*slices: list[str], **place: Any) -> JobClaim:
        job = make_job(status="Preparing")
        for rows in slices:
            make_slice(job, rows)
        claim = claim_to_finish(job)
        claim.job.manifest.generator = generator_to(**place)
        return claim

    return make


def read(s3: Any, job: Job, prefix: str = "") -> tuple[dict[str, Any], list[list[str]]]:
    """The manifest and its rows, as a reader of inventories reads them, sums checked."""

    def content(key: str) -> bytes:
        body: bytes = s3.get_object(Bucket="manifests", Key=key)["Body"].read()
        return body

    told = content(f"{prefix}job-{job.pk}/manifest.json")
    checksum = content(f"{prefix}job-{job.pk}/manifest.checksum").decode()
    assert checksum == hashlib.md5(told).hexdigest()
    manifest = json.loads(told)
    rows: list[list[str]] = []
    for file in manifest["files"]:
        packed = content(file["key"])
        assert (len(packed), hashlib.md5(packed).hexdigest()) == (file["size"], file["MD5checksum"])
        rows += csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    return manifest, rows


def refuse(
    claim: JobClaim, status: int, code: str, when: Callable[[Any], bool] = lambda _: True
) -> None:
    def answer(request: Any, **_: object) -> AWSResponse | None:
        return reply_to(request, status, code) if when(request) else None

    stores.s3_for(claim.job.role).meta.events.register_first("before-send.s3", answer)


def test_the_manifest_names_every_row_in_the_form_of_an_inventory(
    make_claim: MakeClaim, s3: Any
) -> None:
    claim = make_claim(["photos,a.jpg", "photos,b%20c%2Cd.jpg"], ["photos,e.jpg"])

    save_generated(claim)

    manifest, rows = read(s3, claim.job)
    assert rows == [["photos", "a.jpg"], ["photos", "b%20c%2Cd.jpg"], ["photos", "e.jpg"]]
    assert manifest["fileSchema"] == "Bucket, Key"
    assert (manifest["sourceBucket"], manifest["destinationBucket"]) == (
        "photos",
        "arn:aws:s3:::manifests",
    )
    assert (manifest["version"], manifest["fileFormat"]) == ("2016-11-30", "CSV")
    assert manifest["creationTimestamp"] == str(int(claim.job.created_at.timestamp() * 1000))


def test_rows_with_versions_have_a_column_for_them(make_claim: MakeClaim, s3: Any) -> None:
    claim = make_claim(["photos,a.jpg,v1", 'photos,b.jpg,"v,2"', "photos,c.jpg,null"])

    save_generated(claim)

    manifest, rows = read(s3, claim.job)
    assert manifest["fileSchema"] == "Bucket, Key, VersionId"
    assert [row[2] for row in rows] == ["v1", "v,2", "null"]


def test_every_field_stands_in_double_quotes(make_claim: MakeClaim, s3: Any) -> None:
    claim = make_claim(["photos,a.jpg,v1", 'photos,b.jpg,"v""2"'])

    save_generated(claim)

    [file] = read(s3, claim.job)[0]["files"]
    packed = s3.get_object(Bucket="manifests", Key=file["key"])["Body"].read()
    assert gzip.decompress(packed) == b'"photos","a.jpg","v1"\n"photos","b.jpg","v""2"\n'


def test_the_descriptor_points_at_manifest_json(make_claim: MakeClaim, s3: Any) -> None:
    claim = make_claim(["photos,a.jpg"], ManifestPrefix="nightly/lists/")

    descriptor = save_generated(claim)

    key = f"nightly/lists/job-{claim.job.pk}/manifest.json"
    etag = s3.head_object(Bucket="manifests", Key=key)["ETag"].strip('"')
    assert descriptor == {
        "Format": "S3InventoryReport_CSV_20211130",
        "Location": {"ObjectArn": f"arn:aws:s3:::manifests/{key}", "ETag": etag},
    }
    [file] = read(s3, claim.job, "nightly/lists/")[0]["files"]
    assert re.fullmatch(
        rf"nightly/lists/job-{claim.job.pk}/data/[0-9a-f]{{40}}\.csv\.gz", file["key"]
    )


def test_in_a_bucket_with_versions_the_descriptor_names_the_version(
    make_claim: MakeClaim, s3: Any
) -> None:
    s3.put_bucket_versioning(Bucket="manifests", VersioningConfiguration={"Status": "Enabled"})
    claim = make_claim(["photos,a.jpg"])

    location = save_generated(claim)["Location"]

    key = location["ObjectArn"].removeprefix("arn:aws:s3:::manifests/")
    assert s3.head_object(Bucket="manifests", Key=key)["VersionId"] == location["ObjectVersionId"]


def test_a_data_file_has_a_limited_number_of_rows(
    make_claim: MakeClaim, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated, "ROWS_PER_FILE", 2)
    claim = make_claim([f"photos,{n}" for n in range(3)], [f"photos,{n}" for n in range(3, 5)])

    save_generated(claim)

    manifest, rows = read(s3, claim.job)
    assert len({file["key"] for file in manifest["files"]}) == 3
    assert [row[1] for row in rows] == ["0", "1", "2", "3", "4"]


def test_a_save_that_is_repeated_writes_the_same_bytes_under_the_same_names(
    make_claim: MakeClaim, s3: Any
) -> None:
    claim = make_claim(["photos,a.jpg"], ["photos,b.jpg"])

    def objects() -> dict[str, str]:
        listed = s3.list_objects_v2(Bucket="manifests")["Contents"]
        return {told["Key"]: told["ETag"] for told in listed}

    first = save_generated(claim), objects()
    again = save_generated(claim), objects()

    assert again == first
    assert len(first[1]) == 3


def test_manifest_json_is_written_last_but_for_its_checksum(make_claim: MakeClaim, s3: Any) -> None:
    claim = make_claim(["photos,a.jpg"])
    put: list[str] = []

    def note(request: Any) -> bool:
        put.append(request.url.partition("?")[0].rsplit("/", 1)[-1])
        return False

    refuse(claim, 500, "never", note)
    save_generated(claim)

    assert put[0].endswith(".csv.gz")
    assert put[1:] == ["manifest.json", "manifest.checksum"]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"SSES3": {}}, ("AES256", None)),
        ({"SSEKMS": {"KeyId": "alias/lists"}}, ("aws:kms", "alias/lists")),
    ],
)
def test_every_file_is_encrypted_as_asked(
    make_claim: MakeClaim, s3: Any, chosen: dict[str, Any], told: tuple[str, str | None]
) -> None:
    claim = make_claim(["photos,a.jpg"], ManifestEncryption=chosen)

    save_generated(claim)

    keys = [told["Key"] for told in s3.list_objects_v2(Bucket="manifests")["Contents"]]
    heads = [s3.head_object(Bucket="manifests", Key=key) for key in keys]
    assert len(heads) == 3
    assert {(head["ServerSideEncryption"], head.get("SSEKMSKeyId")) for head in heads} == {told}


def test_the_lease_is_renewed_meanwhile_and_its_loss_ends_the_save(
    make_claim: MakeClaim, s3: Any
) -> None:
    claim = make_claim(["photos,a.jpg"])
    claim.lease.renewed_at -= 1000
    save_generated(claim)
    assert not claim.lease.is_due, "it was due, and has been renewed"

    Job.objects.filter(pk=claim.job.pk).update(owner="somebody else")
    claim.lease.renewed_at -= 1000
    with pytest.raises(LeaseLost):
        save_generated(claim)


def test_nothing_is_left_in_the_spool(make_claim: MakeClaim, s3: Any, spool_folder: Any) -> None:
    claim = make_claim(["photos,a.jpg"])
    before = sorted(path for path in spool_folder.rglob("*") if path.is_file())

    save_generated(claim)

    assert sorted(path for path in spool_folder.rglob("*") if path.is_file()) == before


# ---- where it cannot be written


def checked(claim: JobClaim) -> None:
    generator = ManifestGenerator.parse(claim.job.manifest.generator)  # type: ignore[attr-defined]
    check_output(claim.job.role, generator, claim.job.pk)


@pytest.mark.parametrize("act", [save_generated, checked])
def test_a_bucket_that_is_gone_is_told_by_name_and_code(
    make_claim: MakeClaim, act: Callable[[JobClaim], object]
) -> None:
    claim = make_claim(["photos,a.jpg"], Bucket="arn:aws:s3:::nowhere")

    with pytest.raises(JobFailure) as told:
        act(claim)

    assert (told.value.code, told.value.reason) == (
        "ManifestGenerationFailed",
        "Error occurred when preparing manifest: Failed to write manifest to the bucket nowhere: "
        "NoSuchBucket.",
    )


@pytest.mark.parametrize("act", [save_generated, checked])
def test_a_bucket_of_another_owner_is_told_apart_from_a_forbidden_one(
    make_claim: MakeClaim, act: Callable[[JobClaim], object]
) -> None:
    claim = make_claim(["photos,a.jpg"], ExpectedManifestBucketOwner=STRANGER)

    def is_strangers(request: Any) -> bool:
        told = request.headers.get("x-amz-expected-bucket-owner", OWNER)
        return (told.decode() if isinstance(told, bytes) else told) != OWNER

    refuse(claim, 403, "AccessDenied", is_strangers)

    with pytest.raises(JobFailure) as told:
        act(claim)

    assert (told.value.code, told.value.reason) == (
        "BucketOwnerMismatch",
        f"The manifest bucket manifests does not belong to account {STRANGER}.",
    )


@pytest.mark.parametrize("act", [save_generated, checked])
@pytest.mark.parametrize("place", [{}, {"ExpectedManifestBucketOwner": OWNER}])
def test_a_forbidden_bucket_is_told(
    make_claim: MakeClaim, act: Callable[[JobClaim], object], place: dict[str, str]
) -> None:
    claim = make_claim(["photos,a.jpg"], **place)
    refuse(claim, 403, "AccessDenied")

    with pytest.raises(JobFailure) as told:
        act(claim)

    assert told.value.code == "ManifestGenerationFailed"
    assert told.value.reason.endswith(
        "Failed to write manifest to the bucket manifests: AccessDenied."
    )


def test_a_store_that_is_busy_is_no_failure_of_the_job(
    make_claim: MakeClaim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    claim = make_claim(["photos,a.jpg"])
    refuse(claim, 503, "SlowDown")

    with pytest.raises(ClientError):
        save_generated(claim)


def test_a_manifest_that_is_not_to_be_kept_is_not_checked(
    make_claim: MakeClaim, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = make_claim(["photos,a.jpg"])
    claim.job.manifest.generator["EnableManifestOutput"] = False  # type: ignore[attr-defined]
    monkeypatch.setattr(stores, "s3_for", lambda _: pytest.fail("the store was asked"))

    checked(claim)


def test_checking_leaves_nothing_behind(make_claim: MakeClaim, s3: Any) -> None:
    checked(make_claim(["photos,a.jpg"]))

    assert "Contents" not in s3.list_objects_v2(Bucket="manifests")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="manifests")
