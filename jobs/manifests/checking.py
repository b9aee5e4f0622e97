"""The linter: what a manifest is like and what is wrong with it, before a job exists.

It reads with the readers of Preparing, so that both say the same, but has faults told instead of
raised, goes on after them, and stops after a time. Memory is bounded: defects, names of buckets and
the rows that are compared with each other each have their most.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobs.errors import JobFailure
from jobs.manifests.faults import EmptyManifest, InvalidManifest
from jobs.manifests.findings import Defect, Findings, FirstRow
from jobs.manifests.first_rows import SHOWN_ROWS, columns_of, first_rows, other_format, shown
from jobs.manifests.guessing import Keys, Repeats, Versions
from jobs.manifests.lines import LineReader
from jobs.manifests.mended_lines import may_be_literal
from jobs.manifests.readers import Reader, describe, head_of, open_reader
from jobs.manifests.rows import columns
from jobs.manifests.sources import open_source
from jobs.models import Manifest

if TYPE_CHECKING:
    from django.core.files.storage import Storage
    from mypy_boto3_s3 import S3Client

    from jobs.manifests.sources import Source

SECONDS = 10.0
ROWS_AT_ONCE = 10_000
MOST_DEFECTS = 1000
MOST_BUCKETS = 1000
RAW_FORMATS = frozenset({Manifest.Format.JSON_LINES, Manifest.Format.KEY_LIST})


def check(
    manifest: Manifest, s3: S3Client | None, storage: Storage, *, seconds: float = SECONDS
) -> Findings:
    """Read a manifest for so long, and tell what was found.

    Fills in what the manifest itself says of its columns and its size; the caller saves. What is
    wrong with it, or with its data files, is found and not raised; that the store cannot be reached
    is botocore's exception and passes through.
    """
    checking = _Checking(manifest)
    try:
        checking.look(open_source(manifest, s3, storage), s3)
        checking.reader = open_reader(manifest, s3, storage, on_fault=checking.tell)
        checking.read(checking.reader, time.monotonic() + seconds)
    except JobFailure as failure:
        checking.break_off(failure)
    finally:
        if checking.reader:
            checking.reader.close()
    return checking.findings()


class _Checking:
    """What has been found so far."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.reader: Reader | None = None
        self.first_rows: tuple[FirstRow, ...] = ()
        self.other_format = ""
        self.is_packed = False
        self.takes_raw_keys = manifest.format in RAW_FORMATS
        self.kinds: Counter[str] = Counter()
        self.literal_quotes = 0
        self.defects: list[Defect] = []
        self.buckets: dict[str, None] = {}
        self.rows = 0
        self.broke_off = self.is_empty = False
        self.versions, self.repeats = Versions(), Repeats()
        self.keys = Keys(takes_raw=self.takes_raw_keys)

    def look(self, source: Source, s3: S3Client | None) -> None:
        """At the beginning, and at what it says of the rest."""
        manifest = self.manifest
        head, is_whole, self.is_packed = head_of(source, strictly=False)
        self.other_format = other_format(manifest, head)
        if inventory := describe(manifest, source, s3):
            self.takes_raw_keys = inventory.format != "CSV"
            self.keys = Keys(takes_raw=self.takes_raw_keys)
        self.first_rows = first_rows(manifest, head, is_whole=is_whole)

    def read(self, reader: Reader, until: float) -> None:
        """To the end, or until it is time."""
        while not reader.ended and time.monotonic() < until:
            if rows := reader.take(ROWS_AT_ONCE):
                self._count(rows)

    def _count(self, rows: Sequence[bytes]) -> None:
        self.rows += len(rows)
        joined = b"\n".join(rows)
        self.keys.add(rows, joined)
        self.repeats.add(rows, joined)
        if self.manifest.has_versions:
            self.versions.add(rows, joined)
        if self.manifest.format == Manifest.Format.INVENTORY:
            room = SHOWN_ROWS - len(self.first_rows)
            self.first_rows += tuple(shown(columns(row)) for row in rows[:room])

    def tell(self, fault: JobFailure, record: bytes = b"") -> None:
        """Keep a fault."""
        told = Defect(fault.reason, "unreadable")
        if isinstance(fault, InvalidManifest):
            kind = fault.kind or "form"
            told = Defect(fault.reason, kind, fault.line, fault.column, fault.file)
            if fault.bucket:
                self._name(fault.bucket)
            columns = len(self.manifest.fields)
            self.literal_quotes += kind == "quotes" and may_be_literal(record, columns)
        self.kinds[told.kind] += 1
        if len(self.defects) < MOST_DEFECTS:
            self.defects.append(told)

    def _name(self, bucket: str) -> None:
        if self.reader and self.reader.bucket:
            self.buckets.setdefault(self.reader.bucket)
        if len(self.buckets) < MOST_BUCKETS:
            self.buckets.setdefault(bucket)

    def break_off(self, failure: JobFailure) -> None:
        """Nothing can be read after this. That there is no row is no news after faulty ones."""
        self.is_empty = isinstance(failure, EmptyManifest)
        self.broke_off = not self.is_empty
        if not self.is_empty or not self.kinds:
            self.tell(failure)

    def findings(self) -> Findings:
        """All of it."""
        reader, manifest = self.reader, self.manifest
        if reader and reader.bucket:
            self.buckets.setdefault(reader.bucket)
        has_versions = manifest.has_versions
        return Findings(
            columns=columns_of(manifest),
            first_rows=self.first_rows,
            defects=tuple(self.defects),
            kinds=dict(self.kinds),
            literal_quotes=self.literal_quotes,
            rows=self.rows,
            buckets=tuple(self.buckets),
            has_versions=has_versions,
            with_version=self.rows - self.versions.empty if has_versions else 0,
            null_versions=self.versions.null,
            empty_versions=self.versions.empty,
            blank_lines=reader.blank_lines if isinstance(reader, LineReader) else 0,
            duplicates=self.repeats.found,
            keys=self.keys.guess,
            takes_raw_keys=self.takes_raw_keys,
            is_inventory=manifest.format == Manifest.Format.INVENTORY,
            complete=self.is_empty or (reader is not None and reader.ended),
            broke_off=self.broke_off,
            bytes_read=reader.bytes_read if reader else 0,
            total_bytes=manifest.bytes_to_read,
            is_packed=self.is_packed,
            other_format=self.other_format if self.kinds else "",
        )
