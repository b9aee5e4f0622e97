"""JSON lines: an object a line, with bucket, key and perhaps version_id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jobs.manifests import EmptyManifest, InvalidManifest
from tests.manifests import gz
from tests.manifests.forms import (
    JSON_LINES,
    THREE,
    TWO,
    fault_of,
    looked_at,
    opened,
    read,
    targets_of,
    upload,
)

if TYPE_CHECKING:
    from jobs.models import Manifest


def lines(*objects: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def at(key: Any, **more: Any) -> dict[str, Any]:
    return {"bucket": "photos", "key": key, **more}


def put(content: bytes, bucket: str = "", *, fields: list[str] = TWO) -> Manifest:
    return upload(content, JSON_LINES, fields, bucket)


# ---- what is read


def test_keys_are_taken_as_they_are() -> None:
    names = ["a b.jpg", "a%20b", "a+b", "é", 'x,"y"', "two\nlines", "\r", "\t", "\u2028", "\0", " "]
    rows = read(put(lines(*map(at, names))))

    assert targets_of(rows) == [("photos", name, None) for name in names]
    assert all(b"\n" not in row and b"\0" not in row for row in rows)


@pytest.mark.parametrize(
    "line",
    [
        b'{"bucket":"photos","key":"\xc3\xa9"}',
        b'{"bucket":"photos","key":"\\u00e9"}',
        b'  {"key" : "\\u00E9", "bucket" : "photos"}  ',
        b'{"Bucket":"photos","Key":"\xc3\xa9"}',
        b'{"BUCKET":"photos","KEY":"\xc3\xa9","size":12,"tags":{"key":"no"}}',
    ],
)
def test_an_object_may_be_written_in_any_way(line: bytes) -> None:
    assert read(put(line)) == [b"photos,%C3%A9"]


@pytest.mark.parametrize("name", ["version_id", "VersionId", "versionId", "version-id"])
def test_versions_are_read_where_the_first_line_has_one(name: str) -> None:
    if name == "version-id":
        manifest = looked_at(put(lines(at("a", **{name: "v1"}))))
        assert manifest.fields == TWO, "other members are left out"
        return
    content = lines(at("a", **{name: "v1"}), at("b", **{name: "null"}), at("c", **{name: "v,3"}))
    manifest = looked_at(put(content))

    assert manifest.fields == THREE
    assert targets_of(read(manifest)) == [
        ("photos", "a", "v1"),
        ("photos", "b", "null"),
        ("photos", "c", "v,3"),
    ]


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_version_is_kept_so_that_its_task_alone_fails(empty: str | None) -> None:
    content = lines(at("a", version_id="v1"), at("b", version_id=empty))
    manifest = looked_at(put(content))

    assert read(manifest) == [b"photos,a,v1", b"photos,b,"]


def test_the_bucket_may_be_given_beside() -> None:
    content = lines({"key": "a"}, at("b"), {"key": "c"})

    assert read(put(content, "photos")) == [b"photos,a", b"photos,b", b"photos,c"]


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"bucket":"photos","key":"a","version_id":"v"}\n',
        b'\n\r\n{"bucket":"photos","key":"a","version_id":"v"}\r\n\n',
        gz(b'{"bucket":"photos","key":"a","version_id":"v"}'),
    ],
    ids=["byte order mark", "blank lines and CRLF", "packed"],
)
def test_marks_blank_lines_and_packing_do_not_matter(content: bytes) -> None:
    manifest = looked_at(put(content))

    assert read(manifest) == [b"photos,a,v"]


@pytest.mark.parametrize("key", ["k" * 1024, "é" * 512, "\U0001f600" * 256, "\n" * 1024])
def test_a_key_of_exactly_1024_bytes_is_fine(key: str) -> None:
    assert targets_of(read(put(lines(at(key))))) == [("photos", key, None)]


# ---- what is wrong


@pytest.mark.parametrize(
    ("line", "fault", "kind"),
    [
        (b"photos,a", "Line 2 is not valid JSON: Expecting value.", "form"),
        (b'{"bucket":"photos","key":"a"', "Line 2 is not valid JSON: ", "form"),
        (b'{"bucket":"photos","key":"a"},', "Line 2 is not valid JSON: Extra data.", "form"),
        (b'{"key":"a"}{"key":"b"}', "Line 2 is not valid JSON: Extra data.", "form"),
        (b'{"key":' + b"1" * 5000 + b"}", "Line 2 is not valid JSON", "form"),
        (b'["photos","a"]', "Line 2 is not a JSON object, such as {…}.", "form"),
        (b'"photos/a"', "Line 2 is not a JSON object, such as {…}.", "form"),
        (b"null", "Line 2 is not a JSON object, such as {…}.", "form"),
        (b'{"key":"a"}', "Line 2 (Bucket): the bucket is missing.", "bucket"),
        (b'{"bucket":"photos"}', "Line 2 (Key): the key is missing.", "key"),
        (b'{"bucket":"photos","key":null}', "Line 2 (Key): the key is missing.", "key"),
        (b'{"bucket":"photos","key":""}', "Line 2 (Key): the key is missing.", "key"),
        (b'{"bucket":"photos","key":7}', 'Line 2 (Key): "7" is not a text.', "form"),
        (b'{"bucket":"photos","key":["a"]}', "Line 2 (Key): ", "form"),
        (b'{"bucket":"","key":"a"}', "Line 2 (Bucket): the bucket is missing.", "bucket"),
        (b'{"bucket":null,"key":"a"}', "Line 2 (Bucket): the bucket is missing.", "bucket"),
        (b'{"bucket":7,"key":"a"}', 'Line 2 (Bucket): "7" is not a text.', "form"),
        (b'{"bucket":"videos","key":"a"}', 'Line 2 (Bucket): "videos" is another b', "bucket"),
        (b'{"bucket":"a/b","key":"a"}', 'Line 2 (Bucket): "a/b" is not the name of', "bucket"),
        (b'{"bucket":"photos","key":"\\ud800"}', "Line 2 (Key): ", "encoding"),
        (b'{"bucket":"photos","key":"\xff"}', "Line 2: byte 0xff is not valid UTF-8", "encoding"),
        (b'{"bucket":"photos","key":"a\0b"}', "Line 2: a NUL byte", "encoding"),
        (
            b'{"bucket":"photos","key":"' + b"k" * 1025 + b'"}',
            "Line 2 (Key): Invalid object key format: 1,025 bytes; at most 1,024 are allowed.",
            "key",
        ),
        (
            b'{"bucket":"photos","key":"' + b"\\u00e9" * 513 + b'"}',
            "Line 2 (Key): Invalid object key format: 1,026 bytes; at most 1,024 are allowed.",
            "key",
        ),
        (b'{"key":"' + b"k" * 5_000_000, "Line 2 is longer than 65,536 bytes.", "long"),
        (
            b'{"bucket":"photos","key":"a","version_id":"v1"}',
            "Line 2 has a version_id, but the list has none; give every line one, or none.",
            "columns",
        ),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_member(line: bytes, fault: str, kind: str) -> None:
    manifest = put(lines(at("first")) + line + b"\n" + lines(at("last")))
    told = fault_of(manifest)

    assert told.reason.startswith(fault)
    assert (told.line, told.kind) == (2, kind)


@pytest.mark.parametrize("depth", [100, 900, 990, 1000, 30_000])
def test_json_that_is_nested_deeply_is_a_fault_like_any_other(depth: int) -> None:
    nested = b'{"bucket":"photos","key":' + b"[" * depth + b"]" * depth + b"}\n"

    assert fault_of(put(nested)).reason.startswith("Line 1 ")


def test_a_line_without_its_bucket_is_told_where_none_is_given_beside() -> None:
    fault = fault_of(put(lines({"key": "a"})))

    assert (fault.reason, fault.line) == ("Line 1 (Bucket): the bucket is missing.", 1)


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (at("b"), "Line 2 has no version_id, but the list has version ids; give every line one"),
        (at("b", version_id=3), 'Line 2 (VersionId): "3" is not a text.'),
        (at("b", version_id="v" * 1025), "Line 2 (VersionId): Invalid version ID format: 1,025"),
        (at("b", version_id="v\n"), "Line 2 (VersionId): Invalid version ID format: "),
        (at("b", version_id="é"), "Line 2 (VersionId): Invalid version ID format: "),
    ],
)
def test_a_bad_version_is_told(second: dict[str, Any], fault: str) -> None:
    manifest = put(lines(at("a", version_id="v1"), second), fields=THREE)

    assert fault_of(manifest).reason.startswith(fault)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04\x14\x00", "a zip file or an Excel workbook"),
        (b"PAR1\x15\x00\x15", "a Parquet file"),
        (lines(at("a")).decode().encode("utf-16"), "UTF-16 text"),
        (b'{"fileSchema": "Bucket, Key", "files": []}', "manifest.json of an inventory"),
        (b"[\n" + lines(at("a")) + b"]\n", "Line 1 is not valid JSON"),
    ],
)
def test_what_is_no_list_of_json_lines_is_told(content: bytes, told: str) -> None:
    assert told in fault_of(put(content)).reason


@pytest.mark.parametrize("content", [b"", b"\n\r\n", gz(b"\n"), b"\xef\xbb\xbf"])
@pytest.mark.parametrize("bucket", ["", "photos"])
def test_a_list_of_nothing_is_told_when_it_is_handed_in(content: bytes, bucket: str) -> None:
    with pytest.raises(EmptyManifest):
        looked_at(put(content, bucket))


# ---- going on in the middle


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("packed", [False, True], ids=["stored", "packed"])
def test_a_list_goes_on_exactly_after_the_last_row_that_was_taken(
    mark: bytes, packed: bool
) -> None:
    content = mark + lines(*(at(str(number)) for number in range(20))) + b"\n[]\n"
    manifest = put(gz(content) if packed else content)
    rows: list[bytes] = []
    place: dict[str, Any] = {}
    bucket = ""
    for _ in range(20):
        reader = opened(manifest, checkpoint=json.loads(json.dumps(place)), bucket=bucket)
        rows += reader.take(1)
        place, bucket = reader.checkpoint(), reader.bucket

    assert rows == [b"photos,%d" % number for number in range(20)]
    with pytest.raises(InvalidManifest, match="Line 22 is not a JSON object"):
        opened(manifest, checkpoint=place, bucket=bucket).take(1)
