"""Inventories whose data files are Parquet or ORC: keys as they are, nulls, and every way in which
such files may be written or damaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow
import pytest

from jobs.manifests import EmptyManifest, InvalidManifest, MissingVersion, key_of, target_of
from jobs.manifests.tables import BATCH_ROWS
from tests.manifests.forms import (
    TABLE_SCHEMA,
    TABLES,
    Cells,
    cells_of,
    fault_of,
    opened,
    put_inventory,
    read,
    targets_of,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.models import Manifest

SECOND = "daily/photos/all/data/0001.dat"
ODD = ["summer trip/a+b.jpg", "é漢\U0001f600", "100%", "a%20b", 'x,"y"', "a\nb", "\r", "\t", "\0",
       " ", "a//b/", "s3://photos/a", "~'()!*;&=", "\u2028"]  # fmt: skip

pytestmark = pytest.mark.parametrize("form", ["Parquet", "ORC"])


def put(s3: S3Client, form: str, *files: Any, versions: bool = False, **how: Any) -> Manifest:
    """An inventory of tables, or of contents as they are."""
    contents = [file if isinstance(file, bytes) else TABLES[form](file, **how) for file in files]
    return put_inventory(s3, contents, form=form, schema=TABLE_SCHEMA[form, versions])


def keyed(*keys: str | None, bucket: str = "photos") -> Cells:
    """The columns of a table of these keys."""
    return {"bucket": [bucket] * len(keys), "key": list(keys), "size": [1] * len(keys)}


def versioned(*rows: tuple[str, str | None]) -> Cells:
    """The columns of a table of keys and versions."""
    return {**keyed(*(key for key, _ in rows)), "version_id": [version for _, version in rows]}


def many(count: int = 3 * BATCH_ROWS + 7) -> list[str]:
    return [f"album/{number:06d} é.jpg" for number in range(count)]


# ---- what is read


def test_keys_are_taken_as_they_are_and_encoded_once(s3: S3Client, form: str) -> None:
    found = read(put(s3, form, keyed(*ODD)), s3)

    assert targets_of(found) == [("photos", name, None) for name in ODD]
    assert [key_of(row) for row in found[:4]] == [
        "summer%20trip/a%2Bb.jpg",
        "%C3%A9%E6%BC%A2%F0%9F%98%80",
        "100%25",
        "a%2520b",
    ]


def test_many_rows_are_read_like_few_whatever_stands_between_them(s3: S3Client, form: str) -> None:
    names = [*many(), *ODD, *many(20)]

    assert [target_of(row).key for row in read(put(s3, form, keyed(*names)), s3)] == names


@pytest.mark.parametrize(
    "kind",
    [
        pyarrow.string(),
        pyarrow.large_string(),
        pyarrow.binary(),
        pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
        pyarrow.dictionary(pyarrow.int32(), pyarrow.binary()),
    ],
    ids=str,
)
def test_texts_may_be_kept_in_any_type(s3: S3Client, form: str, kind: Any) -> None:
    """AWS writes `binary (UTF8)`; other tools write what they like."""
    if form == "ORC" and pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    names = ["a b", "é", "a b"] * 500
    columns = {"bucket": ["photos"] * 1500, "key": names, "version_id": ["v", None, "null"] * 500}
    plain = {
        "bucket": [value.encode() for value in columns["bucket"]],
        "key": [value.encode() for value in names],
        "version_id": [value and value.encode() for value in columns["version_id"]],
    }
    is_binary = "binary" in str(kind)
    table = pyarrow.table(
        {
            name: pyarrow.array(
                (plain if is_binary else columns)[name],
                pyarrow.binary() if is_binary else pyarrow.string(),
            ).cast(kind)
            for name in columns
        }
    )

    found = read(put(s3, form, table, versions=True), s3)

    assert found == [b"photos,a%20b,v", b"photos,%C3%A9,", b"photos,a%20b,null"] * 500


def test_files_of_several_row_groups_or_stripes_are_read_whole(s3: S3Client, form: str) -> None:
    names = many()
    how: dict[str, Any] = (
        {"row_group_size": 4000} if form == "Parquet" else {"stripe_size": 4096, "batch_size": 500}
    )
    manifest = put(s3, form, keyed(*names), keyed("last"), **how)

    assert [target_of(row).key for row in read(manifest, s3)] == [*names, "last"]


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_files_may_be_compressed_in_any_way(s3: S3Client, form: str, compression: str) -> None:
    known = {"gzip": "zlib", "none": "uncompressed"}.get(compression, compression)
    how = {"compression": known if form == "ORC" else compression}

    assert read(put(s3, form, keyed("a"), **how), s3) == [b"photos,a"]


@pytest.mark.parametrize(
    "order", [["key", "size", "bucket", "version_id"], ["version_id", "key", "bucket", "size"]]
)
def test_the_columns_may_stand_in_any_order_and_be_named_in_any_way(
    s3: S3Client, form: str, order: list[str]
) -> None:
    cells = versioned(("a", "v1"), ("b", "v2"))
    named = {"version_id": "VersionId", "key": "Key"} if order[0] == "key" else {}
    table = {named.get(name, name): cells[name] for name in order}

    assert read(put(s3, form, table, versions=True), s3) == [b"photos,a,v1", b"photos,b,v2"]


def test_files_without_rows_are_passed_over(s3: S3Client, form: str) -> None:
    nothing = pyarrow.table(
        {name: pyarrow.array([], pyarrow.string()) for name in ("bucket", "key")}
    )
    manifest = put(s3, form, nothing, keyed("a"), nothing, nothing, keyed("b"), nothing)

    assert read(manifest, s3) == [b"photos,a", b"photos,b"]
    assert isinstance(fault_of(put(s3, form, nothing, nothing), s3), EmptyManifest)


# ---- all versions


@pytest.mark.parametrize("times", [1, 500], ids=["few", "many"])
@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_version_id_fails_its_task_alone(
    s3: S3Client, form: str, empty: str | None, times: int
) -> None:
    manifest = put(s3, form, versioned(("a", "v1"), ("b", empty), ("c", "null")), versions=True)
    manifest = put(s3, form, versioned(*[("a", "v1"), ("b", empty)] * times), versions=True)

    found = read(manifest, s3)

    assert found == [b"photos,a,v1", b"photos,b,"] * times
    with pytest.raises(MissingVersion):
        target_of(found[1])


def test_versions_are_read_only_where_the_schema_names_them(s3: S3Client, form: str) -> None:
    cells = versioned(("a", "v1"))

    assert read(put(s3, form, cells, versions=False), s3) == [b"photos,a"]


def test_delete_markers_are_tasks_too(s3: S3Client, form: str) -> None:
    cells = {**versioned(("a", "v1"), ("a", "d1")), "is_delete_marker": [False, True]}

    assert read(put(s3, form, cells, versions=True), s3) == [b"photos,a,v1", b"photos,a,d1"]


# ---- bad rows


@pytest.mark.parametrize("before", [1, BATCH_ROWS + 5], ids=["first batch", "second batch"])
@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("photos", None, "v"), "Row {} of {} (Key): the key is missing."),
        (("photos", "", "v"), "Row {} of {} (Key): the key is missing."),
        ((None, "a", "v"), "Row {} of {} (Bucket): the bucket is missing."),
        (("videos", "a", "v"), 'Row {} of {} (Bucket): "videos" is another bucket than "photos"'),
        (("my bucket", "a", "v"), 'Row {} of {} (Bucket): "my bucket" is not the name of a buck'),
        (("photos", "k" * 1025, "v"), "Row {} of {} (Key): Invalid object key format: 1,025 byt"),
        (("photos", "é" * 513, "v"), "Row {} of {} (Key): Invalid object key format: 1,026 byte"),
        (("photos", "k" * 5_000_000, "v"), "Row {} of {} (Key): Invalid object key format: 5,000"),
        (("photos", "a", "v" * 1025), "Row {} of {} (VersionId): Invalid version ID format: 1,02"),
        (("photos", "a", "é"), "Row {} of {} (VersionId): Invalid version ID format: "),
        (("photos", "a", "v\n"), "Row {} of {} (VersionId): Invalid version ID format: "),
        (("photos", "a", "v\0"), "Row {} of {} (VersionId): Invalid version ID format: "),
    ],
)
def test_a_bad_row_is_told_with_its_data_file_and_its_number_there(
    s3: S3Client, form: str, before: int, row: tuple[str | None, ...], fault: str
) -> None:
    cells = cells_of([(str(number), "v") for number in range(before)])
    names = ("bucket", "key", "version_id")
    bad = {name: [*cells[name], cell] for name, cell in zip(names, row, strict=True)}

    told = fault_of(put(s3, form, versioned(("a", "v")), bad, versions=True), s3)

    assert told.reason.startswith(fault.format(before + 1, f'"{SECOND}"'))
    assert (told.file, told.line) == (SECOND, before + 1)


@pytest.mark.parametrize("key", ["k" * 1024, "é" * 512, "%" * 1024, "\n" * 1024])
@pytest.mark.parametrize("times", [1, 500], ids=["few", "many"])
def test_a_key_of_exactly_1024_bytes_is_fine(s3: S3Client, form: str, key: str, times: int) -> None:
    found = read(put(s3, form, keyed(*[key] * times)), s3)

    assert targets_of(found) == [("photos", key, None)] * times


@pytest.mark.parametrize("key", [b"\xff", b"a\xc3", b"\xed\xa0\x80"])
def test_a_key_that_is_no_utf_8_is_told(s3: S3Client, form: str, key: bytes) -> None:
    table = pyarrow.table({"bucket": [b"photos"] * 2, "key": [b"a", key]})

    told = fault_of(put(s3, form, keyed("a"), table), s3)

    assert told.reason.startswith(
        f'Manifest file is not properly formatted: {form} data file "{SECOND}" cannot be read: '
    )
    assert "UTF" in told.reason.upper()


# ---- bad files


def test_a_file_without_a_column_that_the_schema_names_is_told(s3: S3Client, form: str) -> None:
    for cells, field in [
        ({"bucket": ["photos"], "size": [1]}, "Key"),
        ({"key": ["a"], "size": [1]}, "Bucket"),
        (keyed("a"), "VersionId"),
    ]:
        told = fault_of(put(s3, form, versioned(("a", "v")), cells, versions=True), s3)
        assert told.reason == (
            f'The data file "{SECOND}" is not what manifest.json says: '
            f"it has no column for {field}."
        )


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="nothing"),
        pytest.param(lambda content: content[:3], id="three bytes"),
        pytest.param(lambda content: content[: len(content) // 2], id="first half"),
        pytest.param(lambda content: content[:-1], id="cut off by one byte"),
        pytest.param(lambda content: content[len(content) // 2 :], id="second half"),
        pytest.param(lambda content: b"photos,a\nphotos,b\n", id="a CSV"),
        pytest.param(lambda content: b"PK\x03\x04" + b"\0" * 400, id="a zip"),
        pytest.param(
            lambda content: (
                content[:4] + b"\xff" * (len(content) // 2) + content[len(content) // 2 + 4 :]
            ),
            id="bad rows",
        ),
        pytest.param(lambda content: content[:-60] + b"\xff" * 50 + content[-10:], id="bad footer"),
    ],
)
def test_a_file_that_is_damaged_is_told_by_its_name(s3: S3Client, form: str, damage: Any) -> None:
    """Even where manifest.json was written over the damage."""
    good = TABLES[form](keyed(*many(300)))

    told = fault_of(put(s3, form, keyed("a"), damage(good)), s3)

    assert told.reason.startswith(
        f'Manifest file is not properly formatted: {form} data file "{SECOND}" cannot be read: '
    )
    assert told.file == SECOND


def test_a_file_of_the_other_format_is_told(s3: S3Client, form: str) -> None:
    other = TABLES["ORC" if form == "Parquet" else "Parquet"](keyed("a"))

    assert f"{form} data file" in fault_of(put(s3, form, other), s3).reason


def test_a_file_that_is_not_the_one_of_manifest_json_is_refused_before_its_first_row(
    s3: S3Client, form: str
) -> None:
    manifest = put(s3, form, keyed("a"), keyed("b"))
    s3.put_object(Bucket="manifests", Key=SECOND, Body=TABLES[form](keyed("c")))
    reader = opened(manifest, s3)
    assert reader.take(1) == [b"photos,a"]

    with pytest.raises(InvalidManifest) as told:
        reader.take(1)

    assert f'The data file "{SECOND}" is not what manifest.json says: ' in told.value.reason


def test_progress_grows_to_the_bytes_of_all_data_files(s3: S3Client, form: str) -> None:
    files = [TABLES[form](keyed(*many(BATCH_ROWS * 2))) for _ in range(2)]
    reader, seen = opened(put(s3, form, *files), s3), [0]

    while not reader.ended:
        reader.take(3000)
        seen.append(reader.bytes_read)

    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert seen[-1] == sum(map(len, files))
