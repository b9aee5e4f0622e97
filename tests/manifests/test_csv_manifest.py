"""The CSV form: which rows it has, where it can be taken up again, and how a fault is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.manifests import CsvReader, EmptyManifest, InvalidManifest, target_of
from jobs.manifests.rows import encode_key
from tests.manifests import Bytes, peek
from tests.manifests.test_rows import RAW_KEYS

TWO = ("Bucket", "Key")
THREE = ("Bucket", "Key", "VersionId")
KEYS = st.sampled_from(
    ["a", "b+c", "%20d", "%C3%A9", "é", '"e,f"', '"g\nh"', '"i\r\n\nj"', '"k""l"', "x" * 40]
)
LINES = st.lists(
    st.tuples(st.sampled_from(["photos,", '"photos",', "%70hotos,"]), KEYS, st.just("\n"))
    | st.tuples(st.just("photos,"), KEYS, st.just("\r\n"))
    | st.sampled_from([("", "", "\n"), ("", "", "\r\n")])
)


class SmallBlocks(CsvReader):
    """Fetches so little at a time that every row is torn."""

    block_bytes = 7


def read(
    content: bytes | str, fields: Sequence[str] = TWO, reader: type[CsvReader] = CsvReader
) -> list[bytes]:
    """All rows of a manifest."""
    content = content.encode() if isinstance(content, str) else content
    opened = reader.of(Bytes(content), fields)
    rows: list[bytes] = []
    while some := opened.take(3):
        rows += some
    return rows


def many(row: str, count: int = 1000) -> str:
    """So many lines that the careful path alone does not see them."""
    return "".join(f"{row}{number}\n" for number in range(count))


# ---- what is read


@pytest.mark.parametrize(
    ("content", "fields", "rows"),
    [
        ("photos,a.jpg\nphotos,b.jpg\n", TWO, [b"photos,a.jpg", b"photos,b.jpg"]),
        ("photos,a.jpg\nphotos,b.jpg", TWO, [b"photos,a.jpg", b"photos,b.jpg"]),
        ("photos,a.jpg\r\nphotos,b.jpg\r\n", TWO, [b"photos,a.jpg", b"photos,b.jpg"]),
        ("photos,a.jpg\r\nphotos,b.jpg\r", TWO, [b"photos,a.jpg", b"photos,b.jpg"]),
        ("\n\r\nphotos,a\n\n\nphotos,b\n\n", TWO, [b"photos,a", b"photos,b"]),
        ("photos,a \nphotos, b\n", TWO, [b"photos,a ", b"photos, b"]),
        ("photos,a,v1\nphotos,b,null\n", THREE, [b"photos,a,v1", b"photos,b,null"]),
        ("photos,a,\nphotos,b,\n", THREE, [b"photos,a,", b"photos,b,"]),
        ('"photos","a"\n"photos","b"\n', TWO, [b"photos,a", b"photos,b"]),
        ('photos,"a,b"\n', TWO, [b'photos,"a,b"']),
        ('photos,"a\r\nb"\r\nphotos,c\r\n', TWO, [b'photos,"a\r\nb"', b"photos,c"]),
        ("photos,a%20b+c%2C\nphotos,é\n", TWO, [b"photos,a%20b+c%2C", "photos,é".encode()]),
        ("%70hotos,a\nphotos,b\n", TWO, [b"photos,a", b"photos,b"]),
        ("a,1,photos\nb,2,photos\n", ("Key", "Ignore", "Bucket"), [b"photos,a", b"photos,b"]),
        ("x,photos,a,,v,\n", ("Ignore", *TWO, "Ignore", "VersionId", "Ignore"), [b"photos,a,v"]),
    ],
)
def test_a_manifest_gives_its_canonical_rows(
    content: str, fields: Sequence[str], rows: list[bytes]
) -> None:
    assert read(content, fields) == rows
    assert read(content, fields, SmallBlocks) == rows


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("row", "fields", "canonical"),
    [
        ("photos,img{}.jpg", TWO, "photos,img{}.jpg"),
        ('"photos","img{}.jpg"', TWO, "photos,img{}.jpg"),
        ("photos,%D1%84%20{}", TWO, "photos,%D1%84%20{}"),
        (
            "photos,12,img{}.jpg,v{}",
            ("Bucket", "Ignore", "Key", "VersionId"),
            "photos,img{}.jpg,v{}",
        ),
        ('"v{}","k{}","photos"', ("VersionId", "Key", "Bucket"), "photos,k{},v{}"),
    ],
)
def test_long_plain_manifests_are_read_as_carefully_as_short_ones(
    row: str, fields: Sequence[str], canonical: str, line_end: str
) -> None:
    content = "".join(row.format(n, n) + line_end for n in range(2000))

    assert read(content, fields) == [canonical.format(n, n).encode() for n in range(2000)]


@given(st.lists(RAW_KEYS, min_size=1, max_size=20))
def test_every_key_comes_back_from_a_manifest_as_it_was(keys: list[str]) -> None:
    content = "".join(f"photos,{encode_key(key)}\n" for key in keys)

    assert [target_of(row).key for row in read(content)] == keys


def test_take_gives_no_more_than_it_was_asked_for_and_nothing_after_the_end() -> None:
    reader = CsvReader.of(Bytes(many("photos,a").encode()), TWO)

    assert [len(reader.take(600)) for _ in range(4)] == [600, 400, 0, 0]


def test_a_manifest_is_fetched_in_blocks_each_once() -> None:
    source = Bytes(many("photos,a", 20).encode())

    while (reader := SmallBlocks.of(source, TWO)).take(1000) and reader.take(1):
        pass

    assert source.reads == [(at, min(7, source.size - at)) for at in range(0, source.size, 7)]


# ---- taking it up again


@settings(max_examples=200)
@given(LINES, st.integers(1, 4))
def test_a_manifest_can_be_cut_after_any_row_and_gives_the_same_rows(
    lines: list[tuple[str, str, str]], most: int
) -> None:
    content = "".join("".join(line) for line in [("photos,", "first", "\n"), *lines]).encode()
    whole = read(content)

    rows: list[bytes] = []
    checkpoint = {"offset": 0, "line": 0, "bucket": ""}
    while True:
        reader = SmallBlocks.of(Bytes(content), TWO, **checkpoint)  # type: ignore[arg-type]
        taken = reader.take(most)
        if not taken:
            break
        rows += taken
        checkpoint = {"offset": reader.offset, "line": reader.line, "bucket": reader.bucket}
        assert reader.line == content[: reader.offset].count(b"\n")

    assert rows == whole


def test_the_checkpoint_lies_just_after_the_last_row() -> None:
    reader = CsvReader.of(Bytes(b'photos,"a\nb"\r\n\n\nphotos,c'), TWO)
    places = [(reader.offset, reader.line, reader.bucket)]

    while reader.take(1):
        places.append((reader.offset, reader.line, reader.bucket))

    assert places == [(0, 0, ""), (14, 2, "photos"), (24, 5, "photos")]


def test_a_fault_after_the_checkpoint_names_the_line_of_the_whole_manifest() -> None:
    content = b'photos,"a\nb"\n\nphotos,c\nphotos,%zz\n'
    first = CsvReader.of(Bytes(content), TWO)
    first.take(1)

    second = CsvReader.of(
        Bytes(content), TWO, offset=first.offset, line=first.line, bucket=first.bucket
    )

    with pytest.raises(InvalidManifest, match="Line 5, column 2"):
        second.take(10)


def test_a_second_bucket_is_noticed_after_the_checkpoint_too() -> None:
    reader = CsvReader.of(Bytes(b"photos,a\nvideos,b\n"), TWO, offset=9, line=1, bucket="photos")

    with pytest.raises(InvalidManifest, match='"videos" is another bucket than "photos"'):
        reader.take(1)


# ---- a look at the beginning


def test_a_look_at_a_long_manifest_reads_64_kib() -> None:
    source = Bytes(many("photos,a", 100_000).encode())

    peek(source, TWO)

    assert source.reads == [(0, 65_536)]


@pytest.mark.parametrize("key", ["photos,img", 'photos,"two\nlines"\nphotos,"a\n"\nphotos,'])
def test_a_look_does_not_mind_where_the_first_64_kib_end(key: str) -> None:
    for shift in range(0, 42, 5):
        peek(Bytes((f"photos,{'x' * (shift + 1)}\n" + many(key, 3000)).encode()), TWO)


def test_a_look_tells_a_fault_near_the_beginning_and_none_far_behind() -> None:
    peek(Bytes((many("photos,a", 10_000) + "photos,%zz\n").encode()), TWO)

    with pytest.raises(InvalidManifest, match="Line 11, column 2"):
        peek(Bytes((many("photos,a", 10) + "photos,%zz\n" + many("photos,b", 9000)).encode()), TWO)


def test_a_look_tells_of_an_empty_manifest_but_not_of_many_blank_lines() -> None:
    peek(Bytes(b"\n" * 70_000 + b"photos,a\n"), TWO)

    with pytest.raises(EmptyManifest):
        peek(Bytes(b"\n\n"), TWO)


def test_a_look_tells_of_a_first_row_that_never_ends() -> None:
    with pytest.raises(InvalidManifest, match="Line 1 is longer"):
        peek(Bytes(b'photos,"' + b"a\n" * 100_000), TWO)
