"""A canonical row is the left half of a report row, and it names exactly one target."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.manifests.rows import (
    MISSING_VERSION,
    MissingVersion,
    columns,
    encode_key,
    encode_row,
    join_rows,
    key_of,
    split_rows,
    target_of,
)
from operations.base import Outcome, Target

RAW_KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024).filter(
    lambda key: len(key.encode()) <= 1024
)
# What must be quoted turns up far more often than in text at large.
CELLS = st.text(st.sampled_from('a,"\r\n%é') | st.characters(exclude_categories=["Cs"]), min_size=1)
VERSIONS = st.none() | st.just("") | CELLS
ROWS = st.lists(st.builds(encode_row, st.just("photos"), CELLS, VERSIONS))


@pytest.mark.parametrize(
    ("row", "target"),
    [
        (b"photos,a.jpg", Target("photos", "a.jpg")),
        (b"photos,2019/summer%20trip/a.jpg", Target("photos", "2019/summer trip/a.jpg")),
        (b"photos,summer+trip", Target("photos", "summer trip")),
        (b"photos,a%2Bb.png", Target("photos", "a+b.png")),
        (b"photos,img%2C1.jpg", Target("photos", "img,1.jpg")),
        (b'photos,"img,1.jpg"', Target("photos", "img,1.jpg")),
        (b'photos,"a""b"', Target("photos", 'a"b')),
        (b"photos,pct%2520literal.txt", Target("photos", "pct%20literal.txt")),
        (b"photos,%D1%84.jpg", Target("photos", "ф.jpg")),
        ("photos,ф.jpg".encode(), Target("photos", "ф.jpg")),
        (b"photos, a ", Target("photos", " a ")),
        (b"photos,a.jpg,Kx0Jq3VbWm.e1Yx2", Target("photos", "a.jpg", "Kx0Jq3VbWm.e1Yx2")),
        (b"photos,a.jpg,null", Target("photos", "a.jpg", "null")),
    ],
)
def test_a_row_names_its_target_with_the_key_decoded(row: bytes, target: Target) -> None:
    assert target_of(row)[:3] == target[:3]


def test_a_target_remembers_its_key_as_the_manifest_wrote_it() -> None:
    assert target_of(b"photos,a+b%2Cc.png,null").written_key == "a+b%2Cc.png"


@pytest.mark.parametrize("row", [b"photos,a.jpg,", b'photos,"a,b",'])
def test_a_row_with_an_empty_version_has_no_target(row: bytes) -> None:
    with pytest.raises(MissingVersion):
        target_of(row)


def test_a_missing_version_fails_the_task_as_aws_does() -> None:
    text = "Task failed due to missing VersionId"

    assert Outcome(False, 400, "InvalidRequest", text) == MISSING_VERSION


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (("photos", "a.jpg", None), b"photos,a.jpg"),
        (("photos", "a.jpg", ""), b"photos,a.jpg,"),
        (("photos", "a.jpg", "null"), b"photos,a.jpg,null"),
        (("photos", "a b", None), b"photos,a b"),
        (("photos", "a,b", "v"), b'photos,"a,b",v'),
        (("photos", 'a"b', None), b'photos,"a""b"'),
        (("photos", "a\nb", None), b'photos,"a\nb"'),
        (("photos", "a\rb", None), b'photos,"a\rb"'),
    ],
)
def test_quotes_are_written_only_where_they_are_needed(
    cells: tuple[str, str, str | None], row: bytes
) -> None:
    assert encode_row(*cells) == row


def test_the_key_of_a_row_stays_as_the_manifest_wrote_it() -> None:
    assert key_of(b"photos,a%20b+c.jpg,null") == "a%20b+c.jpg"


def test_a_raw_key_is_encoded_once_and_keeps_its_slashes() -> None:
    assert encode_key("2019/a b+c%20,é") == "2019/a%20b%2Bc%2520%2C%C3%A9"


@given(RAW_KEYS)
def test_every_raw_key_survives_being_encoded_and_decoded(key: str) -> None:
    assert target_of(encode_row("photos", encode_key(key), None)).key == key


@given(CELLS, VERSIONS)
def test_a_row_gives_its_cells_back(key: str, version_id: str | None) -> None:
    expected = ["photos", key] if version_id is None else ["photos", key, version_id]

    assert columns(encode_row("photos", key, version_id)) == expected


@given(CELLS, VERSIONS)
def test_a_row_with_an_outcome_appended_is_a_row_of_the_report(
    key: str, version_id: str | None
) -> None:
    row = encode_row("photos", key, version_id or "")

    report = io.StringIO(f"{row.decode()},succeeded,200,,Successful\n", newline="")

    expected = ["photos", key, version_id or "", "succeeded", "200", "", "Successful"]
    assert list(csv.reader(report, strict=True)) == [expected]


@given(ROWS)
def test_a_task_file_gives_its_rows_back(rows: list[bytes]) -> None:
    assert split_rows(join_rows(rows)) == rows


def test_a_task_file_that_was_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="no line feed"):
        split_rows(b"photos,a.jpg\nphotos,b")
