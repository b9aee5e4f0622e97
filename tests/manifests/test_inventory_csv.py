"""Inventories whose data files are CSV: packed, every field in quotes (spec.md 4.3)."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from jobs.manifests import EmptyManifest, InvalidManifest, MissingVersion, key_of, target_of
from jobs.manifests.streams import BLOCK_BYTES
from tests.manifests import gz
from tests.manifests.forms import (
    CSV_SCHEMA,
    fault_of,
    inventory_csv_of,
    opened,
    put_inventory,
    quoted,
    read,
    targets_of,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.models import Manifest

VERSIONS = CSV_SCHEMA[True]
SECOND = '"daily/photos/all/data/0001.dat"'
"""What the second data file is called in a reason."""


def put(s3: S3Client, *files: str | bytes, schema: str = CSV_SCHEMA[False]) -> Manifest:
    """An inventory of packed data files."""
    contents = [file.encode() if isinstance(file, str) else file for file in files]
    return put_inventory(s3, [gz(content) for content in contents], schema=schema)


def rows(*keys: str) -> bytes:
    return inventory_csv_of([(key, None) for key in keys])


# ---- what is read


def test_rows_are_read_from_all_data_files_in_their_order(s3: S3Client) -> None:
    manifest = put(s3, rows("a", "b"), rows("c"), rows("d", "e"))

    assert read(manifest, s3) == [b"photos,a", b"photos,b", b"photos,c", b"photos,d", b"photos,e"]


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 6, 250])
def test_take_gives_no_more_than_it_was_asked_for_across_data_files(
    s3: S3Client, most: int
) -> None:
    reader = opened(put(s3, rows("a", "b"), rows("c", "d"), rows("e")), s3)
    taken: list[bytes] = []

    while not reader.ended:
        some = reader.take(most)
        assert len(some) <= most
        taken += some

    assert [key_of(row) for row in taken] == list("abcde")
    assert reader.take(most) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([b"", rows("a")], ["a"]),
        ([rows("a"), b"", b"", rows("b"), b""], ["a", "b"]),
        ([b"\n\n", rows("a")], ["a"]),
    ],
)
def test_data_files_may_be_empty(s3: S3Client, files: list[bytes], found: list[str]) -> None:
    assert [key_of(row) for row in read(put(s3, *files), s3)] == found


def test_an_inventory_of_empty_data_files_is_empty(s3: S3Client) -> None:
    assert isinstance(fault_of(put(s3, b"", b"\n"), s3), EmptyManifest)


def test_data_files_need_not_be_packed(s3: S3Client) -> None:
    assert read(put_inventory(s3, [rows("a"), gz(rows("b"))]), s3) == [
        b"photos,a",
        b"photos,b",
    ]


def test_keys_are_url_encoded_and_a_plus_is_a_space(s3: S3Client) -> None:
    names = ["summer trip/a+b.jpg", "é", "100%", 'x,"y"', "a\nb", "a%20b", "~'()!*"]
    manifest = put(s3, rows(*names))

    found = read(manifest, s3)

    assert targets_of(found) == [("photos", name, None) for name in names]
    assert key_of(found[0]) == "summer+trip/a%2Bb.jpg", "as the inventory wrote it"


def test_all_columns_that_an_inventory_may_have_are_passed_over(s3: S3Client) -> None:
    schema = (
        "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, "
        "StorageClass, IsMultipartUploaded, ReplicationStatus, EncryptionStatus, "
        "ObjectLockRetainUntilDate, ObjectLockMode, ObjectLockLegalHoldStatus, "
        "IntelligentTieringAccessTier, BucketKeyStatus, ChecksumAlgorithm, "
        "ObjectAccessControlList, ObjectOwner"
    )
    acl = "eyJ2ZXJzaW9uIjoi" * 100
    row = ["photos", "a+b", "v1", "true", "false", "12", "2024-04-22T01:11:06.000Z", "0" * 32,
           "STANDARD", *[""] * 9, acl, "owner, and more"]  # fmt: skip
    manifest = put(s3, quoted(row) * 600, schema=schema)

    assert read(manifest, s3) == [b"photos,a+b,v1"] * 600


@pytest.mark.parametrize("times", [1, 500], ids=["few", "many"])
def test_the_columns_may_stand_in_any_order(s3: S3Client, times: int) -> None:
    content = quoted(["12", "v1", "true", "a+b", "photos"]) * times
    manifest = put(s3, content, schema="Size, VersionId, IsLatest, Key, Bucket")

    assert read(manifest, s3) == [b"photos,a+b,v1"] * times


# ---- all versions


@pytest.mark.parametrize("times", [1, 500], ids=["few", "many"])
def test_every_version_is_a_task_and_so_is_every_delete_marker(s3: S3Client, times: int) -> None:
    content = (
        quoted(["photos", "a", "v2", "true", "false"])
        + quoted(["photos", "a", "v1", "false", "false"])
        + quoted(["photos", "gone", "d1", "true", "true"])
    )
    found = read(put(s3, content * times, schema=VERSIONS), s3)

    assert (
        targets_of(found)
        == [("photos", "a", "v2"), ("photos", "a", "v1"), ("photos", "gone", "d1")] * times
    )


@pytest.mark.parametrize("times", [1, 500], ids=["few", "many"])
def test_an_empty_version_id_fails_its_task_alone(s3: S3Client, times: int) -> None:
    content = (
        quoted(["photos", "a", "", "true", "false"]) + quoted(["photos", "b", "v", "true", "false"])
    ) * times
    found = read(put(s3, content, schema=VERSIONS), s3)

    assert found == [b"photos,a,", b"photos,b,v"] * times
    with pytest.raises(MissingVersion):
        target_of(found[0])


def test_an_inventory_of_current_versions_acts_on_the_latest(s3: S3Client) -> None:
    found = read(put(s3, rows("a")), s3)

    assert target_of(found[0]).version_id is None


# ---- what is wrong


@pytest.mark.parametrize("before", [1, 700], ids=["few", "many"])
@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'"videos","a","1"', 'Line {} of {}, column 1 (Bucket): "videos" is another bucket than '),
        (b'"","a","1"', "Line {} of {}, column 1 (Bucket): the bucket is missing."),
        (b'"photos","","1"', "Line {} of {}, column 2 (Key): the key is missing."),
        (b'"photos","a"', "Line {} of {} has 2 columns; 3 are expected (Bucket, Key, Ignore)."),
        (b'"photos","a","1","x"', "Line {} of {} has 4 columns; 3 are expected"),
        (b'"photos","%zz","1"', 'Line {} of {}, column 2 (Key): "%zz" is not a valid percent-'),
        (b'"photos","\xff","1"', "Line {} of {}, column 2 (Key): byte 0xff is not valid UTF-8"),
        (b'"photos","a","\xff"', "Line {} of {}, column 3 (Ignore): byte 0xff is not valid UTF"),
        (b'"photos","a\0","1"', "Line {} of {}, column 2 (Key): a NUL byte"),
        (b'"photos","a"b","1"', "Line {} of {}, column 2 (Key): there is text after the closing"),
        (b'"photos","a","1', "Line {} of {}, column 3 (Ignore): the quote is never closed."),
        (b'"photos","' + b"k" * 1025 + b'","1"', "Line {} of {}, column 2 (Key): Invalid object "),
        (b'"photos","' + b"k" * 5_000_000 + b'","1"', "Line {} of {} is longer than 65,536 bytes."),
    ],
)
def test_a_bad_row_is_told_with_its_data_file_and_its_line_there(
    s3: S3Client, before: int, line: bytes, fault: str
) -> None:
    good = rows(*(str(number) for number in range(before)))

    told = fault_of(put(s3, rows("first") * 3, good + line + b"\n"), s3)

    assert told.reason.startswith(fault.format(before + 1, SECOND))
    assert (told.file, told.line) == ("daily/photos/all/data/0001.dat", before + 1)


def test_rows_of_another_bucket_in_the_second_data_file_are_told(s3: S3Client) -> None:
    manifest = put(s3, rows("a"), inventory_csv_of([("b", None)], bucket="videos"))

    assert fault_of(manifest, s3).reason == (
        f'Line 1 of {SECOND}, column 1 (Bucket): "videos" is another bucket than "photos" before; '
        "all must be the same."
    )


def test_a_decoded_key_of_exactly_1024_bytes_is_fine(s3: S3Client) -> None:
    names = ["k" * 1024, "é" * 512, " " * 1024, "%" * 1024]

    assert [target_of(row).key for row in read(put(s3, rows(*names)), s3)] == names


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (gz(rows("b"))[:-3], "the gzip file is cut off"),
        (gz(rows("b")) + b"garbage", "the gzip file is cut off"),
        (b"PK\x03\x04\x14\x00", "this looks like a zip file"),
        (b"PAR1\x15\x00\x15", "this looks like a Parquet file"),
        (gz(gz(rows("b"))), "this looks like a gzip file"),
        (gz(b"\xef\xbb\xbf" + rows("b")), "begins with a byte order mark"),
        (gz(b'"Bucket","Key","Size"\n'), '"Bucket" is another bucket'),
    ],
)
def test_a_data_file_that_cannot_be_read_is_told_by_its_name(
    s3: S3Client, content: bytes, fault: str
) -> None:
    told = fault_of(put_inventory(s3, [gz(rows("a")), content]), s3)

    assert fault in told.reason
    assert SECOND in told.reason
    assert told.file == "daily/photos/all/data/0001.dat"


def test_a_line_of_five_megabytes_takes_little_memory(s3: S3Client) -> None:
    manifest = put(s3, rows("a"), b'"photos","' + b"k" * 50_000_000)
    reader = opened(manifest, s3)
    tracemalloc.start()

    with pytest.raises(InvalidManifest, match="longer than 65,536 bytes"):
        reader.take(2)

    assert tracemalloc.get_traced_memory()[1] < 12 * BLOCK_BYTES
    tracemalloc.stop()


# ---- progress


def test_progress_grows_to_the_bytes_of_all_data_files_and_never_over_them(s3: S3Client) -> None:
    files = [gz(rows(*(f"{n}/{m}" for m in range(400)))) for n in range(3)]
    reader, seen = opened(put_inventory(s3, files), s3), [0]

    while not reader.ended:
        reader.take(150)
        seen.append(reader.bytes_read)

    assert seen == sorted(seen)
    assert seen[-1] == sum(map(len, files))
