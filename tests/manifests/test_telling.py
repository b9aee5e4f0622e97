"""A reader that tells of faults in place of raising them goes on, and gives all rows in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.manifests import CsvReader, InvalidManifest
from jobs.manifests.lint import Lint
from jobs.manifests.lists import KeyListReader
from jobs.manifests.raw import RawLint
from jobs.manifests.streams import Blocks
from tests.manifests import Bytes

LINES = st.lists(
    st.sampled_from(
        [
            b"photos,a",
            b'photos,"b"',
            b'photos,"c\nd"',
            b"photos",
            b'photos,"never closed',
            b'photos,5" disk',
            b"",
            b"\r",
            b"LONG",
        ]
    ),
    max_size=12,
)


def events(content: bytes, block: int, most: int) -> list[tuple[str, int | bytes | None]]:
    """What a telling reader gives, in order: rows, lines of faults, blank lines."""
    seen: list[tuple[str, int | bytes | None]] = []
    told: list[tuple[str, int | bytes | None]] = []
    reader = CsvReader(
        Blocks(Bytes(content), 0, block),
        Lint(("Bucket", "Key")),
        on_fault=lambda fault, _: told.append((fault.kind, fault.line)),
        may_be_empty=True,
    )
    while not reader.ended:
        blank = reader.blank_lines
        seen += [("row", row) for row in reader.take(most)]
        assert len(told) + reader.blank_lines - blank <= 1
        seen += told
        seen += [("blank", reader.line)] * (reader.blank_lines - blank)
        told.clear()
    return seen


@settings(deadline=None)
@given(LINES, st.sampled_from([7, 64, 2_000_000]), st.sampled_from([1, 3, 1000]), st.booleans())
def test_how_the_bytes_are_cut_makes_no_difference_to_what_is_told(
    lines: list[bytes],
    block: int,
    most: int,
    ends: bool,
) -> None:
    content = b"\n".join(lines).replace(b"LONG", b"photos," + b"k" * 70_000) + b"\n" * ends

    block = max(block, len(content) // 1000)
    assert events(content, block, most) == events(content, 2_000_000, 1000)


def test_each_row_fault_and_blank_line_comes_in_its_place() -> None:
    content = b'photos,a\nphotos\n\nphotos,"open\nphotos,b\nphotos,c\nvideos,d'

    assert events(content, 2_000_000, 1000) == [
        ("row", b"photos,a"),
        ("columns", 2),
        ("blank", 3),
        ("quotes", 4),
        ("row", b"photos,b"),
        ("row", b"photos,c"),
        ("bucket", 7),
    ]


def test_what_ends_the_reading_comes_after_the_rows_before_it() -> None:
    reader = CsvReader(Breaking(b"photos,a\nphotos,b\npho"), Lint(("Bucket", "Key")))
    telling = CsvReader(
        Breaking(b"photos,a\nphotos,b\npho"), Lint(("Bucket", "Key")), on_fault=lambda *_: None
    )

    with pytest.raises(InvalidManifest, match="broken"):
        reader.take(1000)
    assert telling.take(1000) == [b"photos,a", b"photos,b"]
    assert not telling.ended
    with pytest.raises(InvalidManifest, match="broken"):
        telling.take(1000)


class Breaking:
    """A stream that is damaged after its first block."""

    consumed = 0

    def __init__(self, block: bytes) -> None:
        self._blocks = [block]

    def read(self) -> bytes:
        if not self._blocks:
            raise InvalidManifest("The file is broken.")
        return self._blocks.pop()


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_a_list_with_a_byte_order_mark_is_taken_up_again_exactly_after_the_last_row(
    taken: int,
) -> None:
    content = "\ufeffs3://photos/a.jpg\ns3://photos/b.jpg\ns3://photos/c.jpg\n".encode()
    first = listing(content)
    rows = first.take(taken)

    second = listing(content, **first.checkpoint())

    assert first.offset == len("\ufeff".encode()) + taken * len("s3://photos/a.jpg\n")
    assert rows + second.take(1000) == [b"photos,a.jpg", b"photos,b.jpg", b"photos,c.jpg"]


def listing(content: bytes, **where: Any) -> KeyListReader:
    fields: Sequence[str] = ("Bucket", "Key")
    bucket = "photos" if where else ""
    stream = Blocks(Bytes(content), where.get("offset", 0))
    return KeyListReader(stream, RawLint(fields, bucket), **where)
