"""The CSV form of a manifest (spec.md 4.2), also that of an inventory's data files (4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jobs.manifests.faults import InvalidManifest
from jobs.manifests.lines import LineReader
from jobs.manifests.lint import Lint
from jobs.manifests.plain import plain_rows
from jobs.manifests.streams import BLOCK_BYTES, Blocks

if TYPE_CHECKING:
    from jobs.manifests.sources import Source

HEAD_BYTES = 65_536
BOM = b"\xef\xbb\xbf"
FOREIGN = (
    (b"\x1f\x8b", "a gzip file", "decompress it"),
    (b"PK\x03\x04", "a zip file or an Excel workbook", "unpack it, or save it as CSV,"),
    (b"PK\x05\x06", "a zip file or an Excel workbook", "unpack it, or save it as CSV,"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "decompress it"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)
FOREIGN_WITH_NUL = (
    (b"PAR1", "a Parquet file", "convert it to CSV, or name its inventory's manifest.json,"),
    (b"ORC", "an ORC file", "convert it to CSV, or name its inventory's manifest.json,"),
    (b"BZh", "a bzip2 file", "decompress it"),
    (b"\xfd7zXZ", "an xz file", "decompress it"),
)
"""Beginnings that could be text as well; in the file that they tell of a NUL byte is never far."""


class CsvReader(LineReader):
    """Reads the rows of a CSV (lines.py)."""

    block_bytes: ClassVar[int] = BLOCK_BYTES
    joins_quoted_lines: ClassVar[bool] = True

    @classmethod
    def of(
        cls, source: Source, fields: Sequence[str], *, bucket: str = "", **where: Any
    ) -> CsvReader:
        """A reader of the source's bytes as they are; `where` it goes on: `offset` and `line`."""
        stream = Blocks(source, where.get("offset", 0), cls.block_bytes)
        return cls(stream, Lint(fields, bucket), **where)

    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> list[bytes] | None:
        """Vouches for what plain.py finds right."""
        lint = self.lint
        return plain_rows(stretch, lines, lint.fields, lint.wanted, self._bucket)

    @property
    def _bucket(self) -> bytes:
        return self.lint.bucket.encode()

    def check(self, line: int, record: bytes) -> bytes:
        """The row by lint.py."""
        return self.lint.check_record(line, record)

    def begin(self, block: bytes) -> bytes:
        """Refuse what is not a CSV in UTF-8; where faults are only told, without its mark."""
        try:
            refuse_foreign(block)
        except InvalidManifest as fault:
            if self.on_fault is None or fault.kind != "bom":
                raise
            self.on_fault(fault, BOM)
        return block.removeprefix(BOM)


def refuse_foreign(head: bytes) -> None:
    """Raise InvalidManifest where a manifest begins like something that is not a CSV in UTF-8."""
    if head.startswith(BOM):
        text = "Line 1 begins with a byte order mark (BOM); save the manifest as UTF-8 without BOM."
        raise InvalidManifest(text, line=1, column=1, kind="bom")
    for magic, name, remedy in FOREIGN + (FOREIGN_WITH_NUL if b"\0" in head[:HEAD_BYTES] else ()):
        if head.startswith(magic):
            raise InvalidManifest(
                f"Manifest file is not properly formatted: not a CSV; this looks like {name}. "
                f"Please {remedy} and use the plain CSV as the manifest.",
                kind="foreign",
            )
    if b'"fileSchema"' in head[:HEAD_BYTES] and head.lstrip().startswith(b"{"):
        raise InvalidManifest(
            "Manifest file is not properly formatted: not a CSV; this looks like the manifest.json "
            "of an inventory. Choose that format.",
            kind="foreign",
        )
