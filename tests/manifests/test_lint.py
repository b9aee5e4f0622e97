"""What is wrong with a manifest is told with its place, whichever way the rows were read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.manifests import CsvReader, EmptyManifest, InvalidManifest, check_fields
from jobs.manifests.lint import Lint
from jobs.manifests.plain import plain_rows
from tests.manifests import Bytes, peek
from tests.manifests.test_csv_manifest import THREE, TWO, many, read

NOT_A_CSV = "Manifest file is not properly formatted: not a CSV; this looks like "


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"PK\x03\x04\x14\x00", f"{NOT_A_CSV}a zip file or an Excel workbook."),
        (b"PAR1\x15\x00\x15", f"{NOT_A_CSV}a Parquet file."),
        (b"ORC\x0a\x06\x12\x00", f"{NOT_A_CSV}an ORC file."),
        (b"BZh91AY&SY\x00", f"{NOT_A_CSV}a bzip2 file."),
        (b"\x28\xb5\x2f\xfd\x00", f"{NOT_A_CSV}a zstd file."),
        ("photos,a\n".encode("utf-16"), f"{NOT_A_CSV}UTF-16 text. Please save it as UTF-8"),
        ("photos,a\n".encode("utf-16-le"), "Line 1, column 1 (Bucket): a NUL byte; "),
        (b"\xef\xbb\xbfphotos,a\n", "Line 1 begins with a byte order mark (BOM); save "),
        (b"bucket,key,versionid\nphotos,a,v\n", 'Line 1 is a header row: "bucket,key,versionid"'),
        (b"Bucket, Key\nphotos,a\n", 'Line 1 is a header row: "Bucket, Key"; a manifest has none.'),
        (b'\n"KEY","BUCKET"\n', 'Line 2 is a header row: "KEY,BUCKET"; a manifest has none.'),
        (b"", "Invalid Manifest Content: the manifest is empty; "),
        (b"\n\r\n\n", "Invalid Manifest Content: the manifest is empty; "),
    ],
)
def test_what_is_no_manifest_at_all_is_told_in_both_readings(content: bytes, fault: str) -> None:
    with pytest.raises(InvalidManifest) as told:
        read(content)
    with pytest.raises(InvalidManifest) as told_at_once:
        peek(Bytes(content), TWO)

    assert told.value.reason.startswith(fault)
    assert told_at_once.value.reason == told.value.reason


@pytest.mark.parametrize("name", ["ORC", "PAR1", "BZhang"])
def test_a_bucket_may_be_named_like_the_magic_of_another_format(name: str) -> None:
    assert read(f"{name},a\n") == [f"{name},a".encode()]


@pytest.mark.parametrize("before", [1, 1000], ids=["short", "long"])
@pytest.mark.parametrize(
    ("row", "column", "fault"),
    [
        (b"photos", None, "Line {} has 1 column; 2 are expected (Bucket, Key)."),
        (b" ", None, "Line {} has 1 column; 2 are expected (Bucket, Key)."),
        (b"photos,a,b", None, "Line {} has 3 columns; 2 are expected (Bucket, Key)."),
        (b",a", 1, "Line {}, column 1 (Bucket): the bucket is missing."),
        (b"my bucket,a", 1, 'Line {}, column 1 (Bucket): "my bucket" is not the name of a bucket.'),
        (b"ph,a", 1, 'Line {}, column 1 (Bucket): "ph" is not the name of a bucket.'),
        (b"photos%2Fa,a", 1, 'Line {}, column 1 (Bucket): "photos/a" is not the name of a bucket.'),
        (b"ph%otos,a", 1, 'Line {}, column 1 (Bucket): "%ot" is not a valid percent-escape; '),
        (b"videos,a", 1, 'Line {}, column 1 (Bucket): "videos" is another bucket than "photos" '),
        (b"photos,", 2, "Line {}, column 2 (Key): the key is missing."),
        (
            b"photos,a%zzb",
            2,
            'Line {}, column 2 (Key): "%zz" is not a valid percent-escape; '
            "keys must be URL-encoded.",
        ),
        (b"photos,100%", 2, 'Line {}, column 2 (Key): "%" is not a valid percent-escape; '),
        (b"photos,a%f", 2, 'Line {}, column 2 (Key): "%f" is not a valid percent-escape; '),
        (
            b"photos,%ff",
            2,
            'Line {}, column 2 (Key): Invalid object key format: "%ff" does not decode to UTF-8.',
        ),
        (b"photos,%C3%20", 2, "Line {}, column 2 (Key): Invalid object key format: "),
        (b"photos,%ED%A0%80", 2, "Line {}, column 2 (Key): Invalid object key format: "),
        (b"photos,a\xff", 2, "Line {}, column 2 (Key): byte 0xff is not valid UTF-8; "),
        (b"photos,a\x00b", 2, "Line {}, column 2 (Key): a NUL byte; "),
        (
            b"photos," + b"k" * 1025,
            2,
            "Line {}, column 2 (Key): Invalid object key format: 1,025 bytes when decoded; ",
        ),
        (b"photos," + b"%C3%A9" * 513, 2, "Line {}, column 2 (Key): Invalid object key format: "),
        (b"photos,a\rb", 2, "Line {}, column 2 (Key): a carriage return in the middle of a line"),
        (b'photos,a"b', 2, "Line {}, column 2 (Key): a quote in the middle of a cell; "),
        (b'photos,"a"b', 2, "Line {}, column 2 (Key): there is text after the closing quote; "),
        (b'photos,"a', 2, "Line {}, column 2 (Key): the quote is never closed."),
        (b'photos,"a\nphotos,"b"', 2, "Line {}, column 2 (Key): the quote is never closed."),
        (b"photos," + b"k" * 5_000_000, None, "Line {} is longer than 65,536 bytes."),
        (
            b'photos,"' + b"k\n" * 500_000,
            None,
            "Line {} is longer than 65,536 bytes. Is a quote never closed?",
        ),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_column(
    before: int, row: bytes, column: int | None, fault: str
) -> None:
    content = many("photos,k", before).encode() + row + b"\n"

    with pytest.raises(InvalidManifest) as told:
        read(content)

    assert told.value.code == "InvalidManifestContent"
    assert told.value.reason.startswith(fault.format(before + 1))
    assert (told.value.line, told.value.column) == (before + 1, column)


def test_a_version_id_of_more_than_1024_characters_is_told() -> None:
    assert read(f"photos,a,{'v' * 1024}\n", THREE)

    with pytest.raises(InvalidManifest, match=r"column 3 \(VersionId\): Invalid version ID format"):
        read(f"photos,a,{'v' * 1025}\n", THREE)


@pytest.mark.parametrize("version", ["v\x7f", '"v\n1"', '"v\r"', "vé"])
def test_a_version_id_that_cannot_stand_in_a_header_is_told(version: str) -> None:
    with pytest.raises(InvalidManifest, match=r"Invalid version ID format: .* printable ASCII"):
        read(f"photos,a,{version}\n", THREE)


@pytest.mark.parametrize("key", ["k" * 1024, "%20" * 1024, "+" * 1024, "%C3%A9" * 512, "é" * 512])
def test_a_key_of_exactly_1024_bytes_is_fine(key: str) -> None:
    assert read(f"photos,{key}\n") == [f"photos,{key}".encode()]


def test_the_text_of_a_reason_is_short_and_can_be_printed() -> None:
    with pytest.raises(InvalidManifest) as told:
        read(f"ph\x01{'x' * 3000},a\n")

    assert len(told.value.reason) <= 256
    assert told.value.reason.isprintable()


def test_a_reader_whose_manifest_has_no_rows_says_so_when_it_is_read() -> None:
    reader = CsvReader.of(Bytes(b"\n"), TWO)

    with pytest.raises(EmptyManifest):
        reader.take(1)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ([], "Required fields are missing in the schema: Bucket, Key"),
        (["Bucket"], "Required fields are missing in the schema: Key"),
        (["Key", "Ignore"], "Required fields are missing in the schema: Bucket"),
        (["Bucket", "Key", "Key"], "The schema names Key 2 times; once is right."),
        ([*THREE, "VersionId"], "The schema names VersionId 2 times; once is right."),
        (["Bucket", "Key", "Size"], 'The schema names "Size"; a column is one of Ignore, Bucket'),
        (["bucket", "key"], 'The schema names "bucket"; a column is one of Ignore, Bucket'),
    ],
)
def test_columns_that_make_no_sense_are_refused(fields: Sequence[str], fault: str) -> None:
    with pytest.raises(InvalidManifest) as told:
        check_fields(fields)

    assert told.value.reason.startswith(fault)


@pytest.mark.parametrize(
    "fields", [TWO, THREE, ("Key", "Bucket"), ("Ignore", "Bucket", "Ignore", "VersionId", "Key")]
)
def test_columns_in_any_order_and_any_number_of_ignored_ones_are_fine(
    fields: Sequence[str],
) -> None:
    check_fields(fields)


@settings(max_examples=500)
@given(
    st.lists(
        st.lists(st.sampled_from([*list('ab,"%+ \r\x00\x1fzé'), "%41", "%C3", "%A9", "%C3%A9"]))
        | st.lists(st.binary(min_size=1, max_size=2)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(
        [("Bucket", "Key"), ("Bucket", "Key", "VersionId"), ("Key", "Bucket", "Ignore")]
    ),
    st.sampled_from(["", '"']),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_what_is_vouched_for_at_once_is_what_the_careful_path_lets_through(
    cells: list[list[str] | list[bytes]], fields: tuple[str, ...], quote: str, end: bytes
) -> None:
    rows = []
    for pieces in cells:
        odd = b"".join(p if isinstance(p, bytes) else p.encode() for p in pieces)
        odd = odd.replace(b"\n", b"")
        told = {"Bucket": b"photos", "Key": odd, "VersionId": odd[:3], "Ignore": b""}
        rows.append(b",".join(quote.encode() + told[field] + quote.encode() for field in fields))
    stretch = b"".join(row + end for row in rows)
    lint = Lint(fields, "photos")

    found = plain_rows(stretch, stretch.split(b"\n")[:-1], fields, lint.wanted, b"photos")

    if found is not None:
        checked = [lint.check_record(1, row.removesuffix(b"\r")) for row in rows]
        assert found == checked


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        (TWO, ["photos,a", "photos,b%20c%C3%A9", "photos,é"]),
        (THREE, ["photos,a,v1", "photos,b+c,", "photos,c,null"]),
        (("Key", "Ignore", "Bucket"), ["a,,photos", "b,x,photos"]),
    ],
)
def test_plain_lines_are_vouched_for_however_they_are_written(
    fields: Sequence[str], rows: list[str], quote: str, end: str
) -> None:
    written = [",".join(f"{quote}{cell}{quote}" for cell in row.split(",")) for row in rows]
    stretch = "".join(row + end for row in written).encode()
    lint = Lint(fields, "photos")

    found = plain_rows(stretch, stretch.split(b"\n")[:-1], fields, lint.wanted, b"photos")

    assert found == [lint.check_record(1, row.encode()) for row in written]
