"""That manifest.json is what its checksum says, and the data files what it says (spec.md 4.3)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from jobs.errors import JobFailure
from jobs.manifests import EmptyManifest, InvalidManifest
from tests.manifests import gz
from tests.manifests.forms import (
    FOLDER,
    fault_of,
    inventory_csv_of,
    opened,
    put_inventory,
    put_manifest_json,
    read,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

IN_INVENTORY = "Manifest file is not properly formatted: in the inventory, "
ONE = gz(inventory_csv_of([("a", None)]))
TWO_ROWS = gz(inventory_csv_of([("b", None), ("c", None)]))
DATA = "daily/photos/all/data/"


# ---- manifest.checksum


@pytest.mark.parametrize("written", ["{}", "{}\n", '"{}"', " {} \r\n"])
@pytest.mark.parametrize("upper", [False, True])
def test_the_checksum_may_be_written_in_any_way(s3: S3Client, written: str, upper: bool) -> None:
    manifest = put_inventory(s3, [ONE])
    text = s3.get_object(Bucket="manifests", Key=manifest.key)["Body"].read()
    found = hashlib.md5(text, usedforsecurity=False).hexdigest()

    manifest = put_manifest_json(s3, text, written.format(found.upper() if upper else found))

    assert read(manifest, s3) == [b"photos,a"]


def test_an_inventory_without_a_checksum_is_read(s3: S3Client) -> None:
    """Other stores write none."""
    manifest = put_inventory(s3, [ONE])
    s3.delete_object(Bucket="manifests", Key=f"{FOLDER}/manifest.checksum")

    assert read(manifest, s3) == [b"photos,a"]


@pytest.mark.parametrize("checksum", ["0" * 32, "", "x" * 5000, "\x00\u0394"])
def test_a_manifest_json_that_is_not_what_its_checksum_says_is_refused(
    s3: S3Client, checksum: str
) -> None:
    fault = fault_of(put_inventory(s3, [ONE], checksum=checksum), s3)

    assert fault.reason.startswith(
        f"{IN_INVENTORY}manifest.checksum says that the MD5 of manifest.json is "
    )


def test_a_checksum_is_about_the_latest_manifest_json_and_no_other_name(s3: S3Client) -> None:
    manifest = put_inventory(s3, [ONE], checksum="0" * 32)
    s3.copy_object(
        Bucket="manifests",
        Key=f"{FOLDER}/monday.json",
        CopySource={"Bucket": "manifests", "Key": manifest.key},
    )
    manifest.key = f"{FOLDER}/monday.json"

    assert read(manifest, s3) == [b"photos,a"]


def test_a_manifest_json_at_the_root_of_its_bucket_has_its_checksum_there(s3: S3Client) -> None:
    manifest = put_inventory(s3, [ONE])
    s3.copy_object(Bucket="manifests", Key="manifest.json", CopySource=f"manifests/{manifest.key}")
    s3.put_object(Bucket="manifests", Key="manifest.checksum", Body=b"0" * 32)
    manifest.key = "manifest.json"

    assert "manifest.checksum says" in fault_of(manifest, s3).reason


# ---- data files


def test_a_data_file_that_is_missing_is_told_by_its_name(s3: S3Client) -> None:
    manifest = put_inventory(s3, [ONE, TWO_ROWS])
    s3.delete_object(Bucket="manifests", Key=f"{DATA}0001.dat")

    with pytest.raises(JobFailure) as raised:
        read(manifest, s3)

    assert raised.value.code == "ManifestNotFound"
    assert raised.value.reason == (f'There is no data file "s3://manifests/{DATA}0001.dat".')


def test_the_bucket_of_the_data_files_may_be_missing(s3: S3Client) -> None:
    manifest = put_inventory(s3, [ONE], destinationBucket="arn:aws:s3:::nowhere")

    with pytest.raises(JobFailure) as raised:
        read(manifest, s3)

    assert raised.value.code == "ManifestNotFound"
    assert "nowhere" in raised.value.reason


def test_a_data_file_of_another_size_is_told(s3: S3Client) -> None:
    manifest = put_inventory(s3, [ONE, TWO_ROWS])
    s3.put_object(Bucket="manifests", Key=f"{DATA}0001.dat", Body=ONE)

    fault = fault_of(manifest, s3)

    assert fault.reason == (
        f'The data file "{DATA}0001.dat" is not what manifest.json says: '
        f"it has {len(ONE)} bytes, not {len(TWO_ROWS)}."
    )
    assert fault.file == f"{DATA}0001.dat"


@pytest.mark.parametrize("packed", [True, False])
def test_a_data_file_of_another_md5_is_told(s3: S3Client, packed: bool) -> None:
    """Also where it is a good file in itself."""
    old, new = inventory_csv_of([("a", None)]), inventory_csv_of([("b", None)])
    if packed:
        old, new = gz(old), gz(new)
    manifest = put_inventory(s3, [TWO_ROWS, old])
    s3.put_object(Bucket="manifests", Key=f"{DATA}0001.dat", Body=new)

    fault = fault_of(manifest, s3)

    md5 = [hashlib.md5(text, usedforsecurity=False).hexdigest() for text in (new, old)]
    assert fault.reason == (
        f'The data file "{DATA}0001.dat" is not what manifest.json says: '
        f"its MD5 is {md5[0]}, not {md5[1]}."
    )


def test_the_md5_is_taken_of_all_of_a_data_file_also_by_one_who_goes_on_in_it(
    s3: S3Client,
) -> None:
    content = inventory_csv_of([(str(number), None) for number in range(100)])
    manifest = put_inventory(s3, [gz(content)])
    first = opened(manifest, s3)
    first.take(50)
    second = opened(manifest, s3, checkpoint=first.checkpoint(), bucket=first.bucket)
    assert len(second.take(100)) == 50
    assert second.ended

    other = bytearray(gz(content))
    other[4] ^= 1  # the date, which changes no row
    s3.put_object(Bucket="manifests", Key=f"{DATA}0000.dat", Body=bytes(other))
    third = opened(manifest, s3, checkpoint=first.checkpoint(), bucket=first.bucket)

    with pytest.raises(InvalidManifest, match="its MD5 is"):
        third.take(100)


def test_an_inventory_of_no_files_is_empty(s3: S3Client) -> None:
    assert isinstance(fault_of(put_inventory(s3, []), s3), EmptyManifest)


def test_a_data_file_that_may_not_be_read_is_told(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = put_inventory(s3, [ONE])
    head = s3.head_object

    def refuse(**address: str) -> Any:
        if "data" in address["Key"]:
            reply: Any = {"Error": {"Code": "AccessDenied"},
                          "ResponseMetadata": {"HTTPStatusCode": 403}}  # fmt: skip
            raise ClientError(reply, "HeadObject")
        return head(**address)  # type: ignore[arg-type]

    monkeypatch.setattr(s3, "head_object", refuse)
    with pytest.raises(JobFailure) as raised:
        read(manifest, s3)

    assert raised.value.code == "ManifestAccessDenied"
    assert raised.value.reason == "Reading the data file is forbidden: AccessDenied"
