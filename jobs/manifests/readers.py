"""The reader of a manifest, whatever its form; and a look at its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from botocore.parsers import ResponseParserError

from jobs.generator import ManifestGenerator
from jobs.manifests.csv_manifest import HEAD_BYTES, CsvReader
from jobs.manifests.faults import EmptyManifest, InvalidManifest
from jobs.manifests.inventory import Inventory, open_data_file, read_inventory
from jobs.manifests.inventory_reader import InventoryReader
from jobs.manifests.lines import LineReader, OnFault
from jobs.manifests.lint import Lint
from jobs.manifests.lister import Lister, Position
from jobs.manifests.listing import ListingReader
from jobs.manifests.lists import JsonLinesReader, KeyListReader, fields_of
from jobs.manifests.raw import RawLint
from jobs.manifests.sources import ObjectSource, Source, open_source
from jobs.manifests.streams import Blocks, Stream, Unpacked, is_gzip, open_stream
from jobs.models import Manifest

if TYPE_CHECKING:
    from django.core.files.storage import Storage
    from mypy_boto3_s3 import S3Client

LINES: dict[str, tuple[type[LineReader], type[Lint]]] = {
    Manifest.Format.CSV: (CsvReader, Lint),
    Manifest.Format.JSON_LINES: (JsonLinesReader, RawLint),
    Manifest.Format.KEY_LIST: (KeyListReader, RawLint),
}
"""The forms with a target a line: who reads them, and by which rules."""


class Reader(Protocol):
    """Reads canonical rows, from the beginning or from another's checkpoint.

    A reader that has raised is spent: start another from the last checkpoint.
    """

    @property
    def bucket(self) -> str:
        """The one bucket of the manifest; "" before the first row."""

    @property
    def bytes_read(self) -> int:
        """Of the manifest's bytes, for people; 0 where it has none."""

    @property
    def ended(self) -> bool:
        """True once every row has been returned."""

    def checkpoint(self) -> dict[str, Any]:
        """Where another reader goes on, as JSON; valid after each `take`."""

    def take(self, most: int) -> list[bytes]:
        """The next rows, up to `most` of them; perhaps fewer, or none, also before the end."""

    def close(self) -> None:
        """Let go of what is held open."""


def open_reader(
    manifest: Manifest,
    s3: S3Client | None,
    storage: Storage,
    *,
    checkpoint: dict[str, Any] | None = None,
    bucket: str = "",
    on_fault: OnFault | None = None,
) -> Reader:
    """A reader that goes on where another was, `bucket` being the one that it had found.

    With `on_fault` what is wrong with a row is told and not raised. Raises InvalidManifest,
    JobFailure; botocore's errors pass through.
    """
    place = checkpoint or {}
    if manifest.format == Manifest.Format.GENERATED:
        generator = generator_of(manifest)
        return ListingReader(
            _given(s3), generator, versions=manifest.has_versions, checkpoint=place
        )
    source = open_source(manifest, s3, storage)
    if manifest.format == Manifest.Format.INVENTORY:
        inventory = inventory_of(manifest, source, s3)
        return InventoryReader(inventory, _given(s3), place, bucket=bucket, on_fault=on_fault)
    stream = open_stream(source, place.get("offset", 0))
    return line_reader(manifest, stream, bucket=bucket, on_fault=on_fault, **place)


def generator_of(manifest: Manifest) -> ManifestGenerator:
    """What lists the bucket."""
    return ManifestGenerator.parse(manifest.generator or {})


def _given(s3: S3Client | None) -> S3Client:
    if s3 is None:
        raise ValueError("What is in S3 needs a client.")
    return s3


def line_reader(
    manifest: Manifest, stream: Stream, *, bucket: str = "", **where: Any
) -> LineReader:
    """A reader of a form with a target a line."""
    reader, lint = LINES[manifest.format]
    rules = lint(manifest.fields, bucket or manifest.list_bucket)
    if isinstance(rules, RawLint):
        rules.is_bucket_given = bool(manifest.list_bucket)
    return reader(stream, rules, **where)


def inventory_of(manifest: Manifest, source: Source, s3: S3Client | None) -> Inventory:
    """What an inventory's manifest.json says. Raises InvalidManifest."""
    if s3 is None or not isinstance(source, ObjectSource):
        raise InvalidManifest(
            "An inventory cannot be uploaded, since its data files are in S3: give the location "
            "of its manifest.json.",
            kind="foreign",
        )
    inventory = read_inventory(manifest, source, s3)
    if not inventory.files:
        raise EmptyManifest
    return inventory


# ---- a look at the beginning


def peek(manifest: Manifest, s3: S3Client | None, storage: Storage) -> None:
    """Check the rows that lie wholly in the first 64 KiB, the first data file of an inventory, or
    that a bucket can be listed.

    Fills in what the manifest itself says of its columns and its size; the caller saves. Raises
    InvalidManifest, JobFailure. It reads no more than that unless the first row alone is longer.
    """
    if manifest.format == Manifest.Format.GENERATED:
        look_at_bucket(manifest, _given(s3))
        return
    source = open_source(manifest, s3, storage)
    if manifest.format != Manifest.Format.INVENTORY:
        look(manifest, source)
        return
    inventory = describe_inventory(manifest, source, s3)
    if s3 and inventory.files:
        open_data_file(s3, inventory.files[0])


def describe(manifest: Manifest, source: Source, s3: S3Client | None) -> Inventory | None:
    """Fill in what a manifest itself says of its columns and its size; the caller saves."""
    if manifest.format == Manifest.Format.INVENTORY:
        return describe_inventory(manifest, source, s3)
    if manifest.format == Manifest.Format.JSON_LINES:
        manifest.fields = fields_of(head_of(source)[0])
    return None


def describe_inventory(manifest: Manifest, source: Source, s3: S3Client | None) -> Inventory:
    """Fill in what manifest.json says of the columns and the size; the caller saves."""
    inventory = inventory_of(manifest, source, s3)
    manifest.fields, manifest.total_bytes = inventory.fields, inventory.size
    return inventory


def look_at_bucket(manifest: Manifest, s3: S3Client) -> None:
    """Ask for one object. Raises JobFailure where the bucket cannot be listed."""
    generator = generator_of(manifest)
    owner = generator.expected_bucket_owner or ""
    lister = Lister(s3, generator.bucket, owner, versions=manifest.has_versions, order="bytes")
    try:
        lister.page("", Position(), most=1)
    except ResponseParserError:
        raise lister.odd("its answer is no listing") from None


def look(manifest: Manifest, source: Source) -> None:
    """`peek` at a form with a target a line."""
    head, is_whole, _ = head_of(source)
    if manifest.format == Manifest.Format.JSON_LINES:
        manifest.fields = fields_of(head)
    whole_rows = head if is_whole else head[: _end_of_rows(head)]
    try:
        if whole_rows or is_whole:
            rows = line_reader(manifest, Blocks(Bytes(whole_rows))).take(HEAD_BYTES)
            if is_whole and not rows:
                # Its bucket may be known, being given beside.
                raise EmptyManifest
        else:
            line_reader(manifest, open_stream(source)).take(1)
    except EmptyManifest:
        # Blank lines alone, so far: rows may follow.
        if is_whole:
            raise


class Bytes:
    """Bytes in memory as a source."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        """These."""
        return self._data[offset : offset + length]


def head_of(source: Source, *, strictly: bool = True) -> tuple[bytes, bool, bool]:
    """The first 64 KiB, or what they hold, whether that is all, and whether it is packed.

    Raises InvalidManifest where they are all, and packed, and damaged; unless `strictly` is False.
    """
    head = source.read(0, min(HEAD_BYTES, source.size))
    is_whole = len(head) == source.size
    if not is_gzip(head):
        return head, is_whole, False
    packed, unpacked = Unpacked(Blocks(Bytes(head))), b""
    try:
        while len(unpacked) < HEAD_BYTES and (block := packed.read()):
            unpacked += block
        is_whole = is_whole and not packed.read()
    except InvalidManifest:
        # Where there is more to fetch, it only looks cut off.
        if is_whole and strictly:
            raise
    return unpacked, is_whole, True


def _end_of_rows(head: bytes) -> int:
    """Where the last row ends that is whole; 0 where not even the first is."""
    end = head.rfind(b"\n") + 1
    quotes = head.count(b'"', 0, end)
    while quotes % 2:
        # The last line break is inside quotes: step back to the one before the row.
        earlier = head.rfind(b"\n", 0, end - 1) + 1
        quotes -= head.count(b'"', earlier, end)
        end = earlier
    return end
