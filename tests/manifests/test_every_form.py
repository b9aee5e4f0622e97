"""What all forms have in common: the key that goes in comes out, and reading goes on anywhere."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.manifests import InvalidManifest, MissingVersion, Reader, target_of
from tests.manifests import gz
from tests.manifests.forms import (
    BARE,
    LISTS,
    PUT,
    TABLE_SCHEMA,
    TABLES,
    Row,
    cells_of,
    inventory_csv_of,
    looked_at,
    opened,
    put_inventory,
    read,
    rows_of_targets,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.models import Manifest

in_every_form = pytest.mark.parametrize("form", PUT)
in_every_list = pytest.mark.parametrize("form", LISTS)
hypothesis = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def target(row: bytes) -> Row:
    """The decoded key and the version of a row; "" where its task will fail."""
    try:
        found = target_of(row)
    except MissingVersion as missing:
        return str(missing), ""
    return found.key, found.version_id


def given_back(rows: list[Row], form: str) -> list[Row]:
    """What comes out: of a row without its version only the written key can be told."""
    return [(key, version) if version != "" else (written(key, form), "") for key, version in rows]


def written(key: str, form: str) -> str:
    """The key as the canonical row of a form writes it."""
    return quote_plus(key, safe="/") if form == "CSV inventory" else quote(key, safe="/")


# ---- keys


@in_every_form
@hypothesis
@given(rows=rows_of_targets())
def test_every_key_that_goes_in_comes_out(s3: S3Client, form: str, rows: list[Row]) -> None:
    manifest = looked_at(PUT[form](s3, rows), s3)

    assert [target(row) for row in read(manifest, s3)] == given_back(rows, form)


@in_every_list
@hypothesis
@given(rows=st.lists(st.tuples(BARE, st.none()), min_size=1, max_size=12))
def test_every_key_that_a_line_can_hold_comes_out(s3: S3Client, form: str, rows: list[Row]) -> None:
    manifest = looked_at(LISTS[form](s3, rows), s3)

    assert [target(row) for row in read(manifest, s3)] == rows


@pytest.mark.parametrize("form", [*PUT, *LISTS])
def test_many_rows_with_a_few_odd_ones_between_come_out_in_order(s3: S3Client, form: str) -> None:
    odd = ["a b+c", "é漢", "100%", "x,y", 'q"uote', "p;q&r=s", "s3://photos/a", "~"]
    names = [
        f"album/{number:05d} {odd[number // 700 % 8] if number % 700 == 699 else 'plain'}"
        for number in range(6000)
    ]
    manifest = looked_at({**PUT, **LISTS}[form](s3, [(name, None) for name in names]), s3)

    assert [target_of(row).key for row in read(manifest, s3, most=950)] == names


# ---- going on


def resumed(manifest: Manifest, s3: S3Client, reader: Reader) -> Reader:
    """Another reader that goes on where one was, through what the database keeps."""
    place = json.loads(json.dumps(reader.checkpoint()))
    return opened(manifest, s3, checkpoint=place, bucket=reader.bucket)


def read_with_interruptions(manifest: Manifest, s3: S3Client, takes: list[int]) -> list[bytes]:
    """All rows, each few of them by another reader."""
    reader, rows, turn = opened(manifest, s3), [], 0
    while not reader.ended:
        some = reader.take(takes[turn % len(takes)])
        assert len(some) <= takes[turn % len(takes)]
        rows += some
        assert 0 <= reader.bytes_read <= (manifest.bytes_to_read or 0)
        turn += 1
        if not reader.ended:
            reader = resumed(manifest, s3, reader)
    assert resumed(manifest, s3, reader).take(5) == []
    return rows


@in_every_form
@settings(parent=hypothesis, max_examples=15)
@given(rows=rows_of_targets(), takes=st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_reading_can_be_interrupted_after_any_row_and_gives_the_same_rows(
    s3: S3Client, form: str, rows: list[Row], takes: list[int]
) -> None:
    manifest = looked_at(PUT[form](s3, rows), s3)

    assert read_with_interruptions(manifest, s3, takes) == read(manifest, s3)


@in_every_list
@settings(parent=hypothesis, max_examples=15)
@given(
    rows=st.lists(st.tuples(BARE, st.none()), min_size=1, max_size=12),
    takes=st.lists(st.integers(1, 6), min_size=1, max_size=3),
)
def test_reading_a_list_can_be_interrupted_after_any_row_too(
    s3: S3Client, form: str, rows: list[Row], takes: list[int]
) -> None:
    manifest = looked_at(LISTS[form](s3, rows), s3)

    assert read_with_interruptions(manifest, s3, takes) == read(manifest, s3)


@pytest.mark.parametrize("form", [*PUT, *LISTS])
@pytest.mark.parametrize("takes", [[250, 500, 1000, 2000, 4000], [2999, 1], [6000]], ids=str)
def test_reading_many_rows_can_be_interrupted_anywhere(
    s3: S3Client, form: str, takes: list[int]
) -> None:
    rows = [(f"album/{number:05d}", None) for number in range(12_000)]
    manifest = looked_at({**PUT, **LISTS}[form](s3, rows), s3)

    found = read_with_interruptions(manifest, s3, takes)

    assert [target_of(row).key for row in found] == [key for key, _ in rows]


@pytest.mark.parametrize("taken", [0, 1, 5, 9])
@pytest.mark.parametrize("form", ["CSV", "gzip CSV", "JSON lines", "addresses"])
def test_a_fault_after_going_on_keeps_the_line_of_the_whole_manifest(
    s3: S3Client, form: str, taken: int
) -> None:
    """The tenth row is of another bucket, after blank lines."""
    manifest = {**PUT, **LISTS}[form](s3, [(str(number), None) for number in range(9)])
    content = s3.get_object(Bucket="manifests", Key="list")["Body"].read()
    plain = gzip.decompress(content) if form == "gzip CSV" else content
    bad = plain + b"\n\r\n" + plain.splitlines()[0].replace(b"photos", b"videos") + b"\n"
    s3.put_object(Bucket="manifests", Key="list", Body=gz(bad) if form == "gzip CSV" else bad)
    reader = opened(manifest, s3)
    reader.take(taken)

    with pytest.raises(InvalidManifest, match=r'^Line 12.*"videos" is another bucket') as told:
        resumed(manifest, s3, reader).take(20)

    assert told.value.line == 12


@pytest.mark.parametrize("taken", [1, 2, 3])
@pytest.mark.parametrize("form", ["CSV inventory", "Parquet", "ORC"])
def test_a_second_bucket_in_a_later_data_file_is_noticed_after_going_on_too(
    s3: S3Client, form: str, taken: int
) -> None:
    rows: list[list[Row]] = [[("a", None), ("b", None)], [("c", None)], [("d", None)]]
    buckets = ["photos", "photos", "videos"]
    pairs = list(zip(rows, buckets, strict=True))
    if form == "CSV inventory":
        manifest = put_inventory(s3, [inventory_csv_of(part, name) for part, name in pairs])
    else:
        files = [TABLES[form](cells_of(part, name)) for part, name in pairs]
        manifest = put_inventory(s3, files, form=form, schema=TABLE_SCHEMA[form, False])
    reader = opened(manifest, s3)
    reader.take(taken)

    with pytest.raises(InvalidManifest, match=r'1 of ".*0002\.dat".*"videos" is another bucket'):
        resumed(manifest, s3, reader).take(4)
