"""Lists of keys: `s3://bucket/key` a line, or keys alone with the bucket given beside."""

from __future__ import annotations

import pytest

from jobs.manifests import EmptyManifest, InvalidManifest, key_of
from jobs.manifests.readers import Bytes, line_reader
from jobs.manifests.streams import BLOCK_BYTES, Blocks, open_stream
from jobs.models import Manifest
from tests.manifests import gz
from tests.manifests.forms import KEY_LIST, fault_of, looked_at, opened, read, upload
from tests.manifests.forms import targets_of as targets


def addresses(content: str | bytes) -> Manifest:
    content = content.encode() if isinstance(content, str) else content
    return upload(content, KEY_LIST)


def keys(content: str | bytes) -> Manifest:
    content = content.encode() if isinstance(content, str) else content
    return upload(content, KEY_LIST, bucket="photos")


# ---- what is read


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("times", [1, 400], ids=["few", "many"])
def test_a_list_of_addresses_names_its_keys_as_they_are(line_end: str, times: int) -> None:
    names = ["a b.jpg", "2019/summer trip/é+1.jpg", "100%", "a%20b", 'x,"y"', " spaces ", "a//b/"]
    content = "".join(f"s3://photos/{name}{line_end}" for name in names * times)

    rows = read(addresses(content))

    assert targets(rows) == [("photos", name, None) for name in names * times]
    assert [key_of(row) for row in rows[:4]] == [
        "a%20b.jpg",
        "2019/summer%20trip/%C3%A9%2B1.jpg",
        "100%25",
        "a%2520b",
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("times", [1, 400], ids=["few", "many"])
def test_a_list_of_keys_takes_the_bucket_beside(line_end: str, times: int) -> None:
    names = ["a b.jpg", "é", "photos/a", "s3:/a", "http://x/y?z=1&q"] * times
    content = "".join(f"{name}{line_end}" for name in names)

    rows = read(keys(content))

    assert targets(rows) == [("photos", name, None) for name in names]


def test_addresses_and_keys_may_be_mixed_where_the_bucket_is_given_beside() -> None:
    rows = read(keys("a\ns3://photos/b\nc\n" * 300))

    assert [key for _, key, _ in targets(rows)] == ["a", "b", "c"] * 300


@pytest.mark.parametrize("times", [1, 2, 700], ids=["one", "two", "many"])
def test_a_key_may_itself_look_like_an_address(times: int) -> None:
    content = "s3://photos/a\n" + "s3://photos/s3://photos/b\n" * times + "s3://photos/s3://c\n"

    rows = read(addresses(content))

    found = [key for _, key, _ in targets(rows)]
    assert found == ["a", *["s3://photos/b"] * times, "s3://c"]


@pytest.mark.parametrize(
    "content", ["\n\ns3://photos/a\n\n\r\ns3://photos/b\n\n", "s3://photos/a\r\ns3://photos/b"]
)
def test_blank_lines_are_ignored_and_the_last_line_end_may_be_missing(content: str) -> None:
    assert read(addresses(content)) == [b"photos,a", b"photos,b"]


def test_a_byte_order_mark_is_not_part_of_the_first_key() -> None:
    """Editors write it, and no key list needs it gone: a key may begin with it only as text."""
    assert read(keys(b"\xef\xbb\xbfa\nb\n")) == [b"photos,a", b"photos,b"]
    assert read(addresses(b"\xef\xbb\xbfs3://photos/a\n")) == [b"photos,a"]


def test_a_list_may_be_packed() -> None:
    content = gz(b"s3://photos/a\ns3://photos/b\n")

    assert read(addresses(content)) == [b"photos,a", b"photos,b"]


@pytest.mark.parametrize("key", ["k" * 1024, "é" * 512, "漢" * 341 + "a", " " * 1024, "%" * 1024])
@pytest.mark.parametrize("times", [1, 600], ids=["few", "many"])
def test_a_key_of_exactly_1024_bytes_is_fine(key: str, times: int) -> None:
    rows = read(addresses(f"s3://photos/{key}\n" * times))

    assert targets(rows) == [("photos", key, None)] * times


# ---- what is wrong


@pytest.mark.parametrize("before", [1, 1000], ids=["short", "long"])
@pytest.mark.parametrize(
    ("line", "fault", "kind"),
    [
        (b"a.jpg", "Line {} does not begin with s3://; give the bucket beside.", "form"),
        (b"s3://videos/a", 'Line {} (Bucket): "videos" is another bucket than "photos"', "bucket"),
        (b"s3://photos", "Line {} (Key): the key is missing.", "key"),
        (b"s3://photos/", "Line {} (Key): the key is missing.", "key"),
        (b"s3:///a", "Line {} (Bucket): the bucket is missing.", "bucket"),
        (b"s3://my bucket/a", 'Line {} (Bucket): "my bucket" is not the name of a b', "bucket"),
        (b"s3://photos/a\0b", "Line {}: a NUL byte; ", "encoding"),
        (b"s3://photos/\xff", "Line {}: byte 0xff is not valid UTF-8", "encoding"),
        (b"s3://photos/\xed\xa0\x80", "Line {}: byte 0xed is not valid UTF-8", "encoding"),
        (
            b"s3://photos/" + b"k" * 1025,
            "Line {} (Key): Invalid object key format: 1,025 bytes; at most 1,024 are allowed.",
            "key",
        ),
        (
            b"s3://photos/" + "é".encode() * 513,
            "Line {} (Key): Invalid object key format: 1,026 bytes; at most 1,024 are allowed.",
            "key",
        ),
        (b"s3://photos/" + b"k" * 5_000_000, "Line {} is longer than 65,536 bytes.", "long"),
    ],
)
def test_a_bad_line_is_told_with_its_number(
    before: int, line: bytes, fault: str, kind: str
) -> None:
    content = b"".join(b"s3://photos/%d\n" % number for number in range(before))

    told = fault_of(addresses(content + line + b"\ns3://photos/z\n"))

    assert told.reason.startswith(fault.format(before + 1))
    assert (told.line, told.kind) == (before + 1, kind)


def test_a_bare_key_without_a_bucket_is_told_in_the_first_line() -> None:
    fault = fault_of(addresses("album/a.jpg\n"))

    assert fault.reason == "Line 1 does not begin with s3://; give the bucket beside."


def test_an_address_of_another_bucket_than_the_one_given_beside_is_told() -> None:
    fault = fault_of(keys("a\ns3://videos/b\n"))

    assert fault.reason.startswith('Line 2 (Bucket): "videos" is another bucket than "photos"')


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04\x14\x00", "a zip file or an Excel workbook"),
        (b"PAR1\x15\x00\x15", "a Parquet file"),
        ("s3://photos/a\n".encode("utf-16"), "UTF-16 text"),
        (b"\xef\xbb\xbf\xef\xbb\xbfs3://photos/a\n", "byte order mark"),
    ],
)
def test_what_is_no_list_at_all_is_told(content: bytes, told: str) -> None:
    assert told in fault_of(addresses(content)).reason


@pytest.mark.parametrize("content", [b"", b"\n\r\n\n", gz(b"")])
@pytest.mark.parametrize("bucket", ["", "photos"], ids=["addresses", "keys"])
def test_a_list_of_nothing_is_told_when_it_is_handed_in(content: bytes, bucket: str) -> None:
    with pytest.raises(EmptyManifest):
        looked_at(upload(content, KEY_LIST, bucket=bucket))


@pytest.mark.parametrize("content", ["s3://photos/a\nb.jpg\n", "b.jpg\n", "s3://photos/\n"])
def test_a_fault_near_the_beginning_is_told_when_the_list_is_handed_in(content: str) -> None:
    with pytest.raises(InvalidManifest):
        looked_at(addresses(content))


@pytest.mark.parametrize("quotes", ['"', '"quoted" ', 'a"'])
def test_quotes_in_keys_are_keys_and_no_csv(quotes: str) -> None:
    """Also where the first 64 KiB end between them."""
    names = [f"{quotes}{number}" for number in range(9_001)]
    manifest = keys("".join(f"{name}\n" for name in names))

    looked_at(manifest)

    assert [key for _, key, _ in targets(read(manifest))] == names


# ---- going on in the middle


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("packed", [False, True], ids=["stored", "packed"])
@pytest.mark.parametrize("taken", [1, 2, 500])
def test_a_list_goes_on_exactly_after_the_last_row_that_was_taken(
    mark: bytes, packed: bool, taken: int
) -> None:
    content = mark + b"".join(b"s3://photos/%d\n" % number for number in range(1000)) + b"oops\n"
    manifest = addresses(gz(content) if packed else content)
    first = opened(manifest)
    rows = first.take(taken)

    second = opened(manifest, checkpoint=first.checkpoint(), bucket=first.bucket)
    rows += second.take(1000 - taken)

    assert rows == [b"photos,%d" % number for number in range(1000)]
    with pytest.raises(InvalidManifest, match="Line 1001 does not begin"):
        second.take(1)


def test_a_line_without_end_that_is_told_is_passed_a_block_at_a_time() -> None:
    """Packed it may be a thousand times shorter, and whoever checks the list has little time."""
    content = b"k" * (8 * BLOCK_BYTES) + b"\ns3://photos/a\n"
    told: list[str] = []
    reader = line_reader(
        Manifest(format="KeyList", fields=["Bucket", "Key"]),
        Blocks(Bytes(content)),
        on_fault=lambda fault, _: told.append(fault.kind),
    )

    assert reader.take(10) == []
    assert (told, reader.ended) == (["long"], False)
    assert reader.offset <= 2 * BLOCK_BYTES

    rows: list[bytes] = []
    while not reader.ended:
        rows += reader.take(10)
    assert (rows, told, reader.line, reader.offset) == ([b"photos,a"], ["long"], 2, len(content))


def test_a_mark_that_is_packed_by_itself_is_not_the_end_of_the_list() -> None:
    manifest = Manifest(format="KeyList", fields=["Bucket", "Key"])
    packed = gz(b"\xef\xbb\xbf") + gz(b"s3://photos/a\n")

    assert line_reader(manifest, open_stream(Bytes(packed))).take(10) == [b"photos,a"]
