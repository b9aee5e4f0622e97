"""What is read in stretches is exactly what would be read row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.manifests import InvalidManifest
from jobs.manifests.csv_manifest import CsvReader
from jobs.manifests.lines import LineReader
from jobs.manifests.lint import Lint
from jobs.manifests.lists import KeyListReader
from jobs.manifests.plain import plain_rows
from jobs.manifests.raw import RawLint, encode_keys
from jobs.manifests.rows import encode_key
from jobs.manifests.streams import Blocks
from jobs.manifests.tables import TableLint, plain_table
from tests.manifests import Bytes
from tests.manifests.forms import THREE, TWO

PIECES = st.sampled_from(
    [*"ab/ ~'!*%+,\"\r\t\0\x7fzé漢\u2028\ufeff", "%41", "%C3", "%A9", "%C3%A9", "%c3%a9", "%00",
     "%0A", "%zz", "%2", "s3://", "s3://photos/", "photos", "videos", "k" * 1020, '""', "null"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)
NASTY = TEXTS.map(str.encode) | st.binary(max_size=6)
LINES = NASTY.map(lambda line: line.replace(b"\n", b""))
ENDS = st.sampled_from([b"\n", b"\r\n"])


def careful(lint: Lint, check: Any, records: Sequence[Any]) -> list[bytes] | None:
    """The rows of the careful path; None where it finds a fault."""
    try:
        return [check(number, record) for number, record in enumerate(records, 1)]
    except InvalidManifest:
        return None


# ---- keys


@settings(max_examples=500)
@given(st.lists(TEXTS.map(lambda key: key.replace("\n", "")), min_size=1, max_size=5))
@example(["%", "%25", "a%2Fb"])
def test_keys_encoded_at_once_are_those_encoded_one_by_one(keys: list[str]) -> None:
    found = encode_keys("".join(f"{key}\n" for key in keys).encode())

    if found is not None:
        assert found == [encode_key(key).encode() for key in keys]
        assert all(1 <= len(key.encode()) <= 1024 for key in keys)
    else:
        assert not all(1 <= len(key.encode()) <= 1024 for key in keys)


@given(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))
def test_every_single_character_is_encoded_alike(character: str) -> None:
    assert encode_keys(f"{character}\n".encode()) == [encode_key(character).encode()]


@pytest.mark.parametrize("byte", [byte for byte in range(128) if byte != 10])
def test_every_ascii_character_is_encoded_alike(byte: int) -> None:
    assert encode_keys(b"a%cb\n" % byte) == [encode_key(f"a{chr(byte)}b").encode()]


# ---- CSV


CSV_FIELDS = st.sampled_from(
    [TWO, THREE, ["Key", "Bucket"], ["Ignore", "Bucket", "VersionId", "Ignore", "Key"]]
)


@settings(max_examples=1000)
@given(
    st.lists(st.tuples(LINES, LINES, LINES), min_size=1, max_size=4),
    CSV_FIELDS,
    st.sampled_from([b"", b'"']),
    ENDS,
)
def test_csv_rows_that_are_vouched_for_are_those_of_the_careful_path(
    cells: list[tuple[bytes, bytes, bytes]], fields: list[str], quote: bytes, end: bytes
) -> None:
    records = []
    for key, version, other in cells:
        named = {"Bucket": b"photos", "Key": key, "VersionId": version, "Ignore": other}
        records.append(b",".join(quote + named[field] + quote for field in fields))
    stretch = b"".join(record + end for record in records)
    lint = Lint(fields, "photos")

    found = plain_rows(stretch, stretch.split(b"\n")[:-1], lint.fields, lint.wanted, b"photos")

    if found is not None:
        # A carriage return at the end of a cell without quotes is the line's.
        parts = [(record + end).removesuffix(b"\n").removesuffix(b"\r") for record in records]
        assert found == careful(lint, lint.check_record, parts)


@settings(max_examples=500)
@given(st.lists(LINES | LINES.map(lambda key: b"photos," + key), min_size=1, max_size=6), ENDS)
@example([b"photos,a\r", b"photos,b\rc"], b"\n")
def test_csv_lines_of_any_bytes_that_are_vouched_for_are_those_of_the_careful_path(
    records: list[bytes], end: bytes
) -> None:
    stretch = b"".join(record + end for record in records)
    lines = stretch.split(b"\n")[:-1]
    lint = Lint(TWO, "photos")

    found = plain_rows(stretch, lines, lint.fields, lint.wanted, b"photos")

    if found is not None:
        parts = [line.removesuffix(b"\r") for line in lines]
        assert found == careful(lint, lint.check_record, parts)


# ---- lists of keys


@settings(max_examples=1000)
@given(
    st.lists(
        LINES
        | LINES.map(lambda key: b"s3://photos/" + key)
        | LINES.map(lambda key: b"s3://photos/k" + key),
        min_size=1,
        max_size=5,
    ),
    ENDS,
    st.booleans(),
)
@example([b"s3://photos/s3://photos/a"], b"\n", False)
@example([b"s3://photos/a", b"s3://photos/bs3://photos/c"], b"\r\n", True)
def test_listed_keys_that_are_vouched_for_are_those_of_the_careful_path(
    records: list[bytes], end: bytes, is_given: bool
) -> None:
    stretch = b"".join(record + end for record in records)
    lines = stretch.split(b"\n")[:-1]
    lint = RawLint(TWO, "photos")
    lint.is_bucket_given = is_given
    reader = KeyListReader(Blocks(Bytes(b"")), lint)

    found = reader.plain_rows(stretch, lines)

    if found is not None:
        parts = [line.removesuffix(b"\r") for line in lines]
        assert found == careful(lint, reader.check, parts)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_ordinary_addresses_and_keys_are_vouched_for(end: bytes) -> None:
    lint = RawLint(TWO, "photos")
    lint.is_bucket_given = True
    reader = KeyListReader(Blocks(Bytes(b"")), lint)

    for before in (b"", b"s3://photos/"):
        records = [before + key.encode() for key in ("a b", "caf\u00e9", "100%")]
        stretch = b"".join(record + end for record in records)
        assert reader.plain_rows(stretch, stretch.split(b"\n")[:-1]) == [
            b"photos,a%20b",
            b"photos,caf%C3%A9",
            b"photos,100%25",
        ]


# ---- tables


@settings(max_examples=1000)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["photos"] * 9 + ["videos", None, ""]),
            TEXTS | st.none() | TEXTS.map(lambda key: f"a\n{key}"),
            TEXTS | st.sampled_from([None, "", "v1", "v\n1", "v" * 1025]),
        ),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_tables_that_are_vouched_for_are_those_of_the_careful_path(
    cells: list[tuple[str | None, ...]], has_versions: bool
) -> None:
    lint = TableLint(THREE if has_versions else TWO, "photos")
    wanted = [row if has_versions else row[:2] for row in cells]
    columns = [list(column) for column in zip(*wanted, strict=True)]

    found = plain_table(columns, lint)

    if found is not None:
        rows = [tuple(cell or "" for cell in row) for row in wanted]
        assert found == careful(lint, lambda number, row: lint.check_raw(number, *row), rows)


def test_ordinary_tables_are_vouched_for() -> None:
    columns = [["photos"] * 3, ["a b", "caf\u00e9", "100%"], ["v1", None, "null"]]

    assert plain_table(columns[:2], TableLint(TWO, "photos")) == [
        b"photos,a%20b",
        b"photos,caf%C3%A9",
        b"photos,100%25",
    ]
    assert plain_table(columns, TableLint(THREE, "photos")) == [
        b"photos,a%20b,v1",
        b"photos,caf%C3%A9,",
        b"photos,100%25,null",
    ]


# ---- whole readers


class CarefulCsv(CsvReader):
    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> None:
        return None


class CarefulKeys(KeyListReader):
    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> None:
        return None


def verdict(reader: LineReader, most: int) -> tuple[list[bytes], str]:
    """The rows, and the fault after them."""
    rows: list[bytes] = []
    try:
        while not reader.ended:
            rows += reader.take(most)
    except InvalidManifest as fault:
        return rows, fault.reason
    return rows, ""


BODIES = st.lists(
    st.tuples(st.integers(1, 400), LINES | st.just(b"plain") | st.just(b"caf%C3%A9"), ENDS),
    min_size=1,
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@given(
    BODIES,
    st.sampled_from(
        [
            (CsvReader, CarefulCsv, Lint, b"photos,"),
            (KeyListReader, CarefulKeys, RawLint, b"s3://photos/"),
        ]
    ),
)
def test_a_manifest_has_the_same_rows_and_the_same_first_fault_either_way(
    stretches: list[tuple[int, bytes, bytes]], form: tuple[Any, ...]
) -> None:
    """Row by row, since a take that comes upon a fault gives none of its rows."""
    quick, slow, lint, before = form
    content = b"".join((before + line + end) * times for times, line, end in stretches)

    found = verdict(quick(Blocks(Bytes(content)), lint(TWO)), 1)

    assert found == verdict(slow(Blocks(Bytes(content)), lint(TWO)), 1)
    assert verdict(quick(Blocks(Bytes(content)), lint(TWO)), 300)[1] == found[1]
