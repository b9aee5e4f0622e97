"""Manifests that are packed with gzip: read like plain ones, and never trusted when damaged."""

from __future__ import annotations

import tracemalloc
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.manifests import EmptyManifest, InvalidManifest, look
from jobs.manifests.csv_manifest import CsvReader
from jobs.manifests.lint import Lint
from jobs.manifests.streams import BLOCK_BYTES, open_stream
from jobs.models import Manifest
from tests.manifests import Bytes, gz
from tests.manifests.forms import TWO, fault_of, opened, read, upload

NOT_FORMATTED = "Manifest file is not properly formatted: the gzip file is "
ROWS = b"".join(b"photos,album/%05d.jpg\n" % number for number in range(300))


def reader_of(content: bytes, **where: Any) -> CsvReader:
    stream = open_stream(Bytes(content), where.get("offset", 0))
    return CsvReader(stream, Lint(TWO, where.pop("bucket", "")), **where)


def rows_in(content: bytes) -> list[bytes]:
    reader, rows = reader_of(content), []
    while not reader.ended:
        rows += reader.take(100)
    return rows


# ---- what is read


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_a_packed_manifest_has_the_rows_of_the_plain_one(level: int) -> None:
    manifest = upload(gz(ROWS, level))

    assert read(manifest) == ROWS.splitlines()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gz(ROWS[:100]) + gz(ROWS[100:]), id="torn row"),
        pytest.param(gz(b"") + gz(ROWS) + gz(b""), id="empty ones too"),
        pytest.param(b"".join(gz(ROWS[at : at + 7]) for at in range(0, len(ROWS), 7)), id="many"),
        pytest.param(gz(ROWS) + b"\0" * 512, id="padded with zeros, as tapes are"),
        pytest.param(
            gz(ROWS[:100]) + b"\0" * (3 * BLOCK_BYTES) + gz(ROWS[100:]),
            id="much padding between them",
        ),
    ],
)
def test_several_gzip_files_one_after_the_other_are_one(content: bytes) -> None:
    assert rows_in(content) == ROWS.splitlines()


def test_the_name_and_the_comment_in_a_gzip_header_do_not_matter() -> None:
    packed = gz(ROWS)
    named = packed[:3] + b"\x18" + packed[4:10] + b"list.csv\0a comment\0" + packed[10:]

    assert rows_in(named) == ROWS.splitlines()


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_what_unpacks_to_whole_blocks_is_read_to_its_end(more: int) -> None:
    row = b"photos," + b"k" * 56 + b"\n"
    content = (
        row * (BLOCK_BYTES // len(row)) + b"photos,k\n" * more
        if more >= 0
        else row * (BLOCK_BYTES // len(row) - 1)
    )

    assert len(rows_in(gz(content))) == content.count(b"\n")


# ---- what is damaged


@settings(max_examples=150, deadline=None)
@given(st.integers(3, len(gz(ROWS)) - 1))
def test_a_gzip_file_that_is_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(InvalidManifest) as told:
        rows_in(gz(ROWS)[:length])

    assert told.value.code == "InvalidManifestContent"
    assert told.value.reason.startswith(f"{NOT_FORMATTED}cut off: it ends after {length:,} bytes.")


def test_a_gzip_file_of_two_bytes_is_refused() -> None:
    fault = fault_of(upload(b"\x1f\x8b"))

    assert fault.reason.startswith(f"{NOT_FORMATTED}cut off: it ends after 2 bytes.")


def test_the_second_of_several_gzip_files_may_not_be_cut_off_either() -> None:
    second = gz(ROWS)
    for length in (1, 2, 5, 11, len(second) - 1):
        with pytest.raises(InvalidManifest, match="cut off"):
            rows_in(gz(ROWS) + second[:length])


@settings(max_examples=300, deadline=None)
@given(st.integers(16, 8 * len(gz(ROWS)) - 1))
def test_no_bit_of_a_gzip_file_can_be_flipped_so_that_other_rows_are_read(bit: int) -> None:
    packed = bytearray(gz(ROWS))
    packed[bit // 8] ^= 1 << bit % 8

    # Its checksum is at the end; a row that makes no sense may be come upon before.
    with suppress(InvalidManifest):
        assert rows_in(bytes(packed)) == ROWS.splitlines()
        # Date, operating system and the like, which nobody reads, and what fills up the last byte
        # before the checksum.
        assert bit // 8 < 10 or bit // 8 == len(packed) - 9


@pytest.mark.parametrize("at", [-8, -5, -4, -1], ids=["CRC", "CRC end", "length", "length end"])
def test_checksum_and_length_at_the_end_are_compared(at: int) -> None:
    packed = bytearray(gz(ROWS))
    packed[at] ^= 0x10

    fault = fault_of(upload(bytes(packed)))

    assert fault.reason.startswith(f"{NOT_FORMATTED}damaged before byte {len(packed):,}.")
    assert "Make or upload it again." in fault.reason


@pytest.mark.parametrize(
    "garbage", [b"x", b"photos,a\n", b"\x1f\x8b", b"\0\0x", b"\x1f\x8bxxxxxxx"]
)
def test_what_follows_a_gzip_file_and_is_none_is_refused(garbage: bytes) -> None:
    fault = fault_of(upload(gz(ROWS) + garbage))

    assert fault.reason.startswith((f"{NOT_FORMATTED}damaged", f"{NOT_FORMATTED}cut off"))


def test_a_damaged_gzip_file_is_told_as_soon_as_it_is_handed_in() -> None:
    manifest = Manifest(fields=TWO)

    with pytest.raises(InvalidManifest, match="cut off"):
        look(manifest, Bytes(gz(ROWS)[:-1]))


# ---- what is wrong inside


@pytest.mark.parametrize("content", [b"", gz(b""), gz(b"") * 3, gz(b"\n\r\n\n")])
def test_a_gzip_file_of_nothing_is_an_empty_manifest(content: bytes) -> None:
    fault = fault_of(upload(content))

    assert isinstance(fault, EmptyManifest)
    assert fault.reason.startswith("Invalid Manifest Content: the manifest is empty")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (gz(ROWS), "this looks like a gzip file"),
        (b"PK\x03\x04\x14\x00rest of a zip", "this looks like a zip file or an Excel workbook"),
        (b"\xef\xbb\xbf" + ROWS, "Line 1 begins with a byte order mark (BOM)"),
        (b"photos,a\nphotos,%zz\n", 'Line 2, column 2 (Key): "%zz" is not a valid percent-escape'),
        (ROWS + b"photos\n", "Line 301 has 1 column; 2 are expected (Bucket, Key)."),
        (ROWS + b"videos,a\n", 'Line 301, column 1 (Bucket): "videos" is another bucket'),
        (ROWS + b"photos,\xff\n", "Line 301, column 2 (Key): byte 0xff is not valid UTF-8"),
        (ROWS + b"photos,a\0b\n", "Line 301, column 2 (Key): a NUL byte"),
        (ROWS + b"photos," + b"k" * 1025, "Line 301, column 2 (Key): Invalid object key format"),
    ],
)
def test_what_is_wrong_with_the_unpacked_rows_is_told_like_that_of_plain_ones(
    content: bytes, told: str
) -> None:
    assert told in fault_of(upload(gz(content))).reason


def test_a_line_of_five_megabytes_is_refused_with_little_memory() -> None:
    """What unpacks to much more than it takes packed cannot fill the memory either."""
    packed = gz(ROWS + b"photos," + b"k" * 50_000_000)
    manifest = upload(packed)
    reader = opened(manifest)
    tracemalloc.start()

    with pytest.raises(InvalidManifest, match="Line 301 is longer than 65,536 bytes"):
        reader.take(301)

    assert tracemalloc.get_traced_memory()[1] < 12 * BLOCK_BYTES
    tracemalloc.stop()


# ---- going on in the middle


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 299), st.sampled_from([1, 2, 40]))
def test_a_packed_manifest_goes_on_anywhere_and_its_faults_keep_their_lines(
    taken: int, members: int
) -> None:
    content = ROWS + b"\n\nphotos,%zz\n"
    size = -(-len(content) // members)
    packed = b"".join(gz(content[at : at + size]) for at in range(0, len(content), size))
    first = reader_of(packed)
    rows = first.take(taken)

    second = reader_of(packed, bucket=first.bucket, **first.checkpoint())
    rows += second.take(300 - taken)

    assert rows == ROWS.splitlines()
    with pytest.raises(InvalidManifest, match="Line 303, column 2"):
        second.take(1)


def test_progress_of_a_packed_manifest_is_told_in_packed_bytes() -> None:
    row = b"".join(
        zlib.crc32(b"%d" % number).to_bytes(4, "big").hex().encode() for number in range(9)
    )
    content = b"".join(b"photos,%d%s\n" % (number, row) for number in range(100_000))
    packed = gz(content, 1)
    reader, seen = reader_of(packed), [0]

    while not reader.ended:
        reader.take(5000)
        seen.append(reader.bytes_read)

    assert seen == sorted(seen)
    assert seen[-1] == len(packed)


def test_what_is_fetched_of_a_packed_manifest_is_not_yet_read() -> None:
    packed = gz(b"photos,a.jpg\n" * 1_000_000)
    reader = reader_of(packed)

    reader.take(5000)

    assert 0 < reader.bytes_read < len(packed)
