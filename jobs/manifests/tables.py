"""Data files of inventories in Parquet and ORC, read in batches by pyarrow.

They are fetched as a whole first, into a file that has no name, since their parts are read in any
order; so their MD5 is known before the first row. Their keys are not URL-encoded.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, ClassVar

from jobs.manifests.faults import InvalidManifest, excerpt
from jobs.manifests.inventory import DataFile, check_md5, column, damaged, open_data_file
from jobs.manifests.lines import OnFault
from jobs.manifests.lint import MOST_VERSION_CHARACTERS, ending
from jobs.manifests.raw import RawLint, encode_keys
from jobs.manifests.rows import encode_key, join_cells
from jobs.manifests.streams import Ahead, Blocks, Summed
from jobs.spool import LEAST_FREE_BYTES, spool

if TYPE_CHECKING:
    import pyarrow
    from mypy_boto3_s3 import S3Client

BATCH_ROWS = 10_000
READ_BYTES = 1024 * 1024
"""How much of a column is read at a time, in place of all that a row group has of it."""
PRINTABLE = bytes(range(0x20, 0x7F))


class TableLint(RawLint):
    """The rules of the rows of a table."""

    unit: ClassVar[str] = "Row"


@dataclass(frozen=True)
class Table:
    """A data file at hand."""

    format: str
    file: DataFile
    content: IO[bytes]


def open_table(file_format: str, file: DataFile, s3: S3Client) -> Table:
    """Fetch a data file. Raises InvalidManifest where it is not the one that is meant."""
    source = open_data_file(s3, file)
    spool.check_space(source.size + LEAST_FREE_BYTES)
    content = tempfile.TemporaryFile(dir=spool.scratch_folder)  # noqa: SIM115  # read later on
    table = Table(file_format, file, content)
    # Whoever reads a table may stop anywhere; nobody has to remember to give its space back.
    weakref.finalize(table, content.close)
    stream = Summed(Blocks(source))
    ahead = Ahead(stream)
    while block := ahead.read():
        content.write(block)
    content.flush()
    check_md5(file, stream.md5)
    return table


class TableReader:
    """Reads the canonical rows of a table; a checkpoint is the number of rows before it."""

    def __init__(
        self, table: Table, lint: RawLint, *, row: int = 0, on_fault: OnFault | None = None
    ) -> None:
        self.ended = False
        self.row = row
        """How many rows of the table have been passed."""
        self.md5 = table.file.md5
        self._table, self._lint, self._on_fault = table, lint, on_fault
        try:
            with self._told():
                self._total, self._batches = batches(table, lint, row)
        except BaseException:
            self.close()
            raise
        self._batch: Sequence[tuple[str | None, ...] | bytes] = []
        self._next = 0  # in the batch

    @property
    def bytes_read(self) -> int:
        """How much of the file that is, about."""
        return self._table.file.size * self.row // max(self._total, 1)

    def close(self) -> None:
        """Remove the file, which has no name."""
        self._table.content.close()

    def checkpoint(self) -> dict[str, Any]:
        """Where another reader goes on."""
        return {"row": self.row}

    def take(self, most: int) -> list[bytes]:
        """The next rows, up to `most` of them; fewer at the end, or before a fault that is told.

        Raises InvalidManifest.
        """
        rows: list[bytes] = []
        while len(rows) < most and self._has_more():
            found = self._batch[self._next : self._next + most - len(rows)]
            self._next += len(found)
            for place, row in enumerate(found, 1):
                self.row += 1
                if isinstance(row, bytes):
                    rows.append(row)
                elif checked := self._checked(row):
                    rows.append(checked)
                else:
                    self._next -= len(found) - place
                    return rows
        self.ended = len(rows) < most
        return rows

    def _has_more(self) -> bool:
        while self._next >= len(self._batch):
            with self._told():
                batch = next(self._batches, None)
                if batch is None:
                    return False
                self._batch, self._next = rows_of(batch, self._lint), 0
        return True

    def _checked(self, row: tuple[str | None, ...]) -> bytes | None:
        bucket, key, *version = [cell or "" for cell in row]
        try:
            return self._lint.check_raw(self.row, bucket, key, *version)
        except InvalidManifest as fault:
            if self._on_fault is None:
                raise
            self._on_fault(fault, join_cells([bucket, encode_key(key), *version]))
            return None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What pyarrow says of a file that it cannot read, as the fault of that file."""
        import pyarrow

        try:
            yield
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            what = excerpt(str(error).partition("\n")[0], 80)
            name = ending(self._table.file.key)
            raise InvalidManifest(
                f"Manifest file is not properly formatted: {self._table.format} data file {name} "
                f"cannot be read: {what}.",
                file=self._table.file.key,
                kind="inventory",
            ) from None


def batches(table: Table, lint: RawLint, skip: int) -> tuple[int, Iterator[pyarrow.RecordBatch]]:
    """How many rows a table has, and those after the first `skip`, of the columns that are needed.

    Raises pyarrow's errors, and InvalidManifest where a column is missing.
    """
    import pyarrow

    if table.format == "Parquet":
        import pyarrow.parquet

        file = pyarrow.parquet.ParquetFile(table.content, buffer_size=READ_BYTES, pre_buffer=False)
        names = columns_of(file.schema_arrow.names, lint, table)
        total, found = file.metadata.num_rows, parquet_batches(file, names, skip)
    else:
        import pyarrow.dataset

        # By its number: the file has no name. Unlike ORCFile, a data set reads less than a stripe.
        path = f"/proc/self/fd/{table.content.fileno()}"
        data = pyarrow.dataset.dataset(path, format="orc")
        names = columns_of(data.schema.names, lint, table)
        scanner = data.scanner(
            columns=names, batch_size=BATCH_ROWS, use_threads=False, batch_readahead=0
        )
        total, found = data.count_rows(), after(scanner.to_batches(), skip)
    return total, found


def parquet_batches(
    file: pyarrow.parquet.ParquetFile, names: list[str], skip: int
) -> Iterator[pyarrow.RecordBatch]:
    """The rows after the first `skip`; row groups that lie before are not read."""
    groups = list(range(file.num_row_groups))
    while groups and skip >= (rows := file.metadata.row_group(groups[0]).num_rows):
        skip -= rows
        groups.pop(0)
    found = file.iter_batches(
        batch_size=BATCH_ROWS, row_groups=groups, columns=names, use_threads=False
    )
    return after(found, skip)


def after(found: Iterable[pyarrow.RecordBatch], skip: int) -> Iterator[pyarrow.RecordBatch]:
    """Without the first `skip` rows."""
    for batch in found:
        if skip < batch.num_rows:
            yield batch.slice(skip)
        skip = max(skip - batch.num_rows, 0)


def columns_of(names: list[str], lint: RawLint, table: Table) -> list[str]:
    """What the file calls bucket, key and version id. Raises InvalidManifest."""
    called = {column(name): name for name in names}
    wanted = [lint.fields[index] for index in lint.wanted]
    for field in wanted:
        if field not in called:
            raise damaged(table.file, f"it has no column for {field}")
    return [called[field] for field in wanted]


def rows_of(
    batch: pyarrow.RecordBatch, lint: RawLint
) -> list[bytes] | list[tuple[str | None, ...]]:
    """The canonical rows of a batch where all are beyond doubt; else its cells."""
    import pyarrow

    columns = [column.cast(pyarrow.string()).to_pylist() for column in batch.columns]
    return plain_table(columns, lint) or list(zip(*columns, strict=True))


def plain_table(columns: list[list[str | None]], lint: RawLint) -> list[bytes] | None:
    """The canonical rows where each has the bucket, a good key and, if any, a good version id."""
    buckets, keys, *versions = columns
    if buckets.count(lint.bucket) != len(buckets) or None in keys:
        return None
    encoded = encode_keys("\n".join([*keys, ""]).encode())  # type: ignore[list-item]
    if encoded is None or len(encoded) != len(keys):
        return None
    before = lint.bucket.encode() + b","
    if not versions:
        return [before + key for key in encoded]
    written = [version or "" for version in versions[0]]
    text = "\n".join(written).encode()
    if text.translate(None, PRINTABLE) != b"\n" * (len(keys) - 1) or b"," in text or b'"' in text:
        return None
    if max(map(len, written)) > MOST_VERSION_CHARACTERS:
        return None
    return [
        b"%s%s,%s" % (before, key, version)
        for key, version in zip(encoded, text.split(b"\n"), strict=True)
    ]
