"""The rows of an inventory, data file after data file, from any checkpoint on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobs.manifests.csv_manifest import CsvReader
from jobs.manifests.faults import EmptyManifest, InvalidManifest
from jobs.manifests.inventory import (
    DataFile,
    Inventory,
    check_md5,
    in_data_file,
    open_data_file,
)
from jobs.manifests.lines import OnFault
from jobs.manifests.lint import Lint
from jobs.manifests.raw import RawLint
from jobs.manifests.streams import Blocks, Summed, is_gzip, unpacked
from jobs.manifests.tables import TableLint, TableReader, open_table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class InventoryReader:
    """Reads canonical rows. A checkpoint is the number of a data file, and the place in it."""

    def __init__(
        self,
        inventory: Inventory,
        s3: S3Client,
        checkpoint: dict[str, Any],
        *,
        bucket: str = "",
        on_fault: OnFault | None = None,
    ) -> None:
        self._inventory = inventory
        self._s3 = s3
        self._on_fault = on_fault
        is_csv = inventory.format == "CSV"
        fields = inventory.fields
        self._lint: Lint = Lint(fields, bucket) if is_csv else TableLint(fields, bucket)
        self._number = int(checkpoint.get("file", 0))
        self._place = {name: at for name, at in checkpoint.items() if name != "file"}
        self._reader: CsvDataFile | TableReader | None = None
        self._bytes_before = sum(file.size for file in inventory.files[: self._number])

    @property
    def bucket(self) -> str:
        """The one bucket of the inventory; "" before the first row."""
        return self._lint.bucket

    @property
    def ended(self) -> bool:
        """True once every row has been returned."""
        return self._number >= len(self._inventory.files)

    @property
    def bytes_read(self) -> int:
        """Of all data files."""
        return self._bytes_before + (self._reader.bytes_read if self._reader else 0)

    def checkpoint(self) -> dict[str, Any]:
        """Where another reader goes on."""
        place = self._reader.checkpoint() if self._reader else self._place
        return {"file": self._number, **place}

    def close(self) -> None:
        """Remove the data file that is at hand."""
        if self._reader:
            self._reader.close()

    def take(self, most: int) -> list[bytes]:
        """The next rows, up to `most` of them; fewer at the end, or before a fault that is told.

        Raises InvalidManifest and JobFailure; botocore's errors pass through.
        """
        rows: list[bytes] = []
        while len(rows) < most and not self.ended:
            rows += self._take(self._inventory.files[self._number], most - len(rows))
            if self._on_fault:
                break
        if self.ended and not rows and not self.bucket:
            raise EmptyManifest
        return rows

    def _take(self, file: DataFile, most: int) -> list[bytes]:
        """The next rows of a data file; at its end, on to the next one."""
        reader = self._reader = self._reader or self._open(file)
        try:
            rows = reader.take(most)
        except InvalidManifest as fault:
            raise fault if fault.file else in_data_file(fault, file) from None
        if reader.ended:
            check_md5(file, reader.md5)
            reader.close()
            self._bytes_before += file.size
            self._number += 1
            self._reader, self._place = None, {}
        return rows

    def _open(self, file: DataFile) -> CsvDataFile | TableReader:
        self._lint.file = file.key
        if isinstance(self._lint, RawLint):
            return TableReader(
                open_table(self._inventory.format, file, self._s3),
                self._lint,
                **self._place,
                on_fault=self._on_fault,
            )
        return CsvDataFile(file, self._s3, self._lint, **self._place, on_fault=self._on_fault)


class CsvDataFile(CsvReader):
    """A data file in CSV, nearly always packed. Its MD5 is taken of all of it, resumed or not."""

    def __init__(self, file: DataFile, s3: S3Client, lint: Lint, **where: Any) -> None:
        source = open_data_file(s3, file)
        packed = is_gzip(source.read(0, min(2, source.size)))
        self._summed = Summed(Blocks(source))
        stream = unpacked(self._summed, packed=packed, offset=where.get("offset", 0))
        super().__init__(stream, lint, may_be_empty=True, **where)

    @property
    def md5(self) -> str:
        """Of the stored file, once it has ended."""
        return self._summed.md5
