"""Mending: only what was asked for changes, each change is counted, and nothing is lost."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import JobFailure
from jobs.manifests import CsvReader, InvalidManifest, target_of
from jobs.manifests.mending import write_mended
from jobs.manifests.rows import join_cells
from tests.manifests import Bytes, gz
from tests.manifests.checked import (
    PARQUET,
    THREE,
    TWO,
    csv_gz,
    findings_of,
    mended,
    parquet,
    put_inventory,
    uploaded,
    write,
)
from tests.manifests.test_rows import RAW_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

ALL = ("header", "bom", "blank", "encode", "null")


@pytest.mark.parametrize(
    ("content", "mends", "result", "changes"),
    [
        ("Bucket,Key\nphotos,a\n", ["header"], "photos,a\n", {"header": 1}),
        ("\ufeffphotos,a\n", ["bom"], "photos,a\n", {"bom": 1}),
        ("\n\r\nphotos,a\n\n  \nphotos,b\n", ["blank"], "photos,a\nphotos,b\n", {"blank": 4}),
        ("photos,a b\nphotos,c\n", ["encode"], "photos,a%20b\nphotos,c\n", {"encode": 1}),
        ("photos,100%\n", ["encode"], "photos,100%25\n", {"encode": 1}),
        ("photos,a%20b+c\n", ["encode"], "photos,a%2520b%2Bc\n", {"encode": 1}),
        ('photos,5" disk\r\n', ["encode"], "photos,5%22%20disk\n", {"encode": 1}),
        ('photos,"a,""b"\n', ["encode"], "photos,a%2C%22b\n", {"encode": 1}),
        ('photos,"a\nb"\nphotos,c\n', ["encode"], "photos,a%0Ab\nphotos,c\n", {"encode": 1}),
    ],
)
def test_what_is_asked_for_is_mended_and_counted(
    content: str, mends: list[str], result: str, changes: dict[str, int]
) -> None:
    assert mended(content, mends) == (result.encode(), changes)


def test_what_is_not_asked_for_stays_as_it_is() -> None:
    content = "\ufeffBucket,Key,VersionId\nphotos,a b,\n\n  \nphotos,100%,v\nvideos,c,\n".encode()

    for mend, old, new, count in (
        ("header", b"Bucket,Key,VersionId\n", b"", 1),
        ("null", b"a b,\n", b"a b,null\n", 1),
        ("blank", b"\n\n  \n", b"\n", 2),
        ("bom", b"\xef\xbb\xbf", b"", 1),
    ):
        result, changes = mended(content, [mend], THREE)

        assert result == content.replace(old, new)
        assert changes == {mend: count}


def test_rows_that_are_faulty_all_the_same_are_kept_in_their_place() -> None:
    lines = [
        "Bucket,Key",
        "photos,a b",
        "photos",
        "videos,c d",
        'photos,"open',
        "photos,e,f",
        "photos," + "k" * 1025,
        'photos,"g"h',
        "",
        "photos,i\xa0j",
    ]

    result, changes = mended("\n".join(lines) + "\n", ["header", "encode"])

    assert result.decode().splitlines() == [
        "photos,a%20b",
        *lines[2:9],
        "photos,i%C2%A0j",
    ]
    assert changes == {"header": 1, "encode": 2}


def test_the_faults_that_are_kept_are_those_that_a_check_finds_again() -> None:
    content = "".join(
        f"Bucket,Key\n{'photos,a b' if number % 2 else 'photos,100%'}\n\nvideos,c\nphotos\n"
        for number in range(500)
    )
    before = findings_of("photos,z\n" + content)

    result, changes = mended("photos,z\n" + content, ALL)

    after = findings_of(result)
    assert changes == {"blank": 500, "encode": 500}
    assert before.kinds == {"bucket": 1000, "escape": 250, "columns": 500}
    assert after.kinds == {"bucket": 1000, "columns": 500}
    assert (after.rows, after.blank_lines) == (before.rows + 250, 0)
    assert after.buckets == before.buckets


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ignored_columns_and_their_order_are_kept(quote: str, end: str) -> None:
    fields = ("Ignore", "Key", "VersionId", "Bucket")
    rows = [("1", "a b", "", "photos"), ("2", "c", "v", "photos")] * 400
    content = "".join(",".join(f"{quote}{cell}{quote}" for cell in row) + end for row in rows)

    result, changes = mended(content, ["encode", "null"], fields)

    cells = [line.replace('"', "") for line in result.decode().splitlines()]
    assert cells == ["1,a%20b,null,photos", "2,c,v,photos"] * 400
    assert changes == {"encode": 400, "null": 400}


def test_a_packed_list_becomes_a_plain_one() -> None:
    packed = gz(b"Bucket,Key\nphotos,a\n")

    assert mended(packed, ["header"]) == (b"photos,a\n", {"header": 1})


@settings(deadline=None)
@given(
    st.lists(RAW_KEYS.filter(lambda key: "\0" not in key), min_size=1, max_size=20),
    st.sampled_from(["\n", "\r\n"]),
)
def test_keys_that_are_encoded_by_a_mend_are_decoded_to_what_they_were(
    keys: list[str], end: str
) -> None:
    content = b"".join(join_cells(["photos", key]) + end.encode() for key in keys)

    result, _ = mended(content, ["encode"])

    rows = CsvReader.of(Bytes(result), TWO).take(1000)
    assert [target_of(row).key for row in rows] == keys


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "photos,a,v",
                "photos,b c,",
                "photos,100%,v",
                'photos,"d""e",v',
                'photos,"f\ng",',
                'photos,"open,v',
                'photos,h"i,v',
                "videos,j,v",
                "photos,k",
                "",
                " ",
            ]
        ),
        max_size=12,
    ),
    st.sets(st.sampled_from(ALL)),
    st.sampled_from(["", "Bucket,Key,VersionId\n"]),
)
def test_nothing_is_lost_whatever_is_mended(lines: list[str], mends: set[str], header: str) -> None:
    content = f"{header}photos,first,v\n" + "".join(f"{line}\n" for line in lines)
    before = findings_of(content, THREE)

    result, changes = mended(content, mends, THREE)

    after = findings_of(result, THREE)
    dropped = {name: changes.get(name, 0) for name in ("header", "blank")}
    kept_blank = before.blank_lines + before.kinds.get("blank", 0) - dropped["blank"]
    assert after.blank_lines + after.kinds.get("blank", 0) == kept_blank
    assert after.kinds.get("header", 0) + dropped["header"] == before.kinds.get("header", 0)
    assert result.count(b"\n") >= content.count("\n") - sum(dropped.values()) - content.count("f\n")
    assert after.rows >= before.rows
    if not mends:
        assert (result, changes) == (content.encode(), {})


def test_a_line_that_is_too_long_to_be_kept_is_never_cut() -> None:
    content = b"photos,a b\nphotos," + b"k" * 5_000_000 + b"\n"

    with pytest.raises(InvalidManifest, match="Line 2 is too long to be kept"):
        mended(content, ["encode"])


def test_a_line_that_is_just_too_long_is_kept_whole() -> None:
    long = b"photos," + b"k" * 100_000

    result, _ = mended(b"photos,a b\n" + long + b"\nphotos,c\n", ["encode"])

    assert result == b"photos,a%20b\n" + long + b"\nphotos,c\n"


@pytest.mark.parametrize("content", [b"PK\x03\x04\0\0", gz(b"photos,a\n" * 99)[:-9]])
def test_what_cannot_be_read_to_its_end_is_not_mended(content: bytes) -> None:
    with pytest.raises(JobFailure):
        mended(content, ALL)


# ---- the other forms


def test_json_lines_stay_json_lines() -> None:
    lines = [
        '{"Bucket": "photos", "key": "a b", "Version-Id": 1, "versionId": null, "size": 7}',
        '{"bucket": "photos", "key": "c", "version_id": "v"}',
        '{"bucket": "photos", "key": "d"}',
    ]

    result, changes = mended("\n \n".join(lines), ["null", "blank"], format="JSONLines")

    assert result.decode().splitlines() == [
        lines[0].replace('"versionId": null', '"versionId": "null"'),
        *lines[1:],
    ]
    assert changes == {"null": 1, "blank": 2}


@pytest.mark.parametrize(
    ("mends", "mark", "changes"),
    [
        (["bom", "blank"], "", {"bom": 1, "blank": 1}),
        (["blank"], "\ufeff", {"blank": 1}),
    ],
)
def test_a_list_of_keys_stays_one_with_its_mark_unless_that_is_dropped(
    mends: Sequence[str], mark: str, changes: dict[str, int]
) -> None:
    rows = "".join(f"s3://photos/a b {number}\r\n" for number in range(600))

    result = mended(f"\ufeff{rows}\ns3://videos/c\n", mends, format="KeyList")

    kept = rows.replace("\r", "")
    assert result == (f"{mark}{kept}s3://videos/c\n".encode(), changes)


def test_an_inventory_of_all_versions_becomes_a_csv_without_empty_version_ids(
    s3: S3Client,
) -> None:
    rows = ('"photos","a+b","v1","true","1"', '"photos","c%2Cd","","false","2"')
    faulty = '"videos","e","","true","3"'
    manifest = put_inventory(s3, csv_gz(*rows), csv_gz(faulty, '"photos","f","","true","4"'))

    result, changes = write(manifest, s3, None, ["null"])

    assert result.decode().splitlines() == [
        "photos,a+b,v1",
        "photos,c%2Cd,null",
        faulty,
        "photos,f,null",
    ]
    assert changes == {"null": 2}
    assert findings_of(result, THREE).kinds == {"columns": 1}


def test_a_table_becomes_a_csv_with_encoded_keys(s3: S3Client) -> None:
    content = parquet(
        bucket=["photos", "videos", "photos"], key=["a b", "c\nd", "e"], version_id=["v", "v", None]
    )
    manifest = put_inventory(s3, content, schema=PARQUET, file_format="Parquet")

    result, changes = write(manifest, s3, None, ["null"])

    assert result == b"photos,a%20b,v\nvideos,c%0Ad,v\nphotos,e,null\n"
    assert changes == {"null": 1}


# ---- bounds


@pytest.mark.parametrize(
    "line", [b"photos,a%%07d%s\n", b"photos,b c %%07d%s\n", b"videos,%%07d%s\n"]
)
def test_the_memory_of_a_mend_does_not_grow_with_the_list(line: bytes) -> None:
    line %= b"k" * 200
    peaks = [_peak(line, rows) for rows in (25_000, 75_000)]

    assert peaks[1] - peaks[0] < 4 * 1024 * 1024


def _peak(line: bytes, rows: int) -> int:
    """Bytes at most while it is mended."""
    content = b"Bucket,Key\nphotos,first\n" + b"".join(line % number for number in range(rows))
    manifest, storage = uploaded(content)
    written = _Nowhere()
    tracemalloc.start()
    write_mended(manifest, None, storage, ["header", "encode"], written)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written.lines == rows + 1
    return peak


class _Nowhere:
    """Counts what is written, and keeps nothing."""

    lines = 0

    def write(self, data: Any) -> None:
        self.lines += data.count(b"\n")
