"""Long manifests to prepare: the same rows as CSV, as a packed inventory, and as one in Parquet."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BUCKET = "photo-archive"
BLOCK = 20_000
"""Rows made at a time."""
ROW_GROUP = 250_000
LEAST_FILES = 4
MOST_ROWS = 1_000_000
"""Of a data file of an inventory."""
INVENTORY = "S3InventoryReport_CSV_20161130"
SCHEMAS = {
    "CSV": "Bucket, Key, Size",
    "Parquet": (
        "message s3.inventory { required binary bucket (UTF8); required binary key (UTF8); "
        "optional int64 size; }"
    ),
}


def key(number: int) -> str:
    """A key of 60 characters that does not pack too well."""
    mixed = number * 0x9E3779B97F4A7C15F39CC0605CEDC834 >> 16 & (1 << 80) - 1
    return (
        f"2024/{number % 12 + 1:02d}/{number % 28 + 1:02d}/camera-{number % 97:04d}/"
        f"{mixed:020x}/IMG_{number:08d}.jpg"
    )


def blocks(start: int, end: int, size: int = BLOCK) -> Iterator[list[str]]:
    """The keys in between, some at a time."""
    for at in range(start, end, size):
        yield [key(number) for number in range(at, min(at + size, end))]


def write_csv(path: Path, count: int) -> None:
    """`bucket,key`, 75 bytes a row."""
    with path.open("w") as out:
        for keys in blocks(0, count):
            out.write("".join([f"{BUCKET},{each}\n" for each in keys]))


def write_inventory(folder: Path, count: int, file_format: str) -> None:
    """manifest.json, manifest.checksum and the data files of an inventory (spec.md 4.3)."""
    write, ending = {"CSV": (_write_gz, "csv.gz"), "Parquet": (_write_parquet, "parquet")}[
        file_format
    ]
    data = folder / "data"
    data.mkdir(parents=True)
    rows = min(MOST_ROWS, -(-count // LEAST_FILES))
    files = []
    for number, start in enumerate(range(0, count, rows), 1):
        path = data / f"{number:04d}.{ending}"
        write(path, start, min(start + rows, count))
        files.append(_described(path, f"{folder.name}/data/{path.name}"))
    text = json.dumps(_manifest(file_format, files)).encode()
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.checksum").write_text(hashlib.md5(text).hexdigest())


def _manifest(file_format: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    from bench.server import FILES

    return {
        "sourceBucket": BUCKET,
        "destinationBucket": f"arn:aws:s3:::{FILES}",
        "version": "2016-11-30",
        "creationTimestamp": "1767571200000",
        "fileFormat": file_format,
        "fileSchema": SCHEMAS[file_format],
        "files": files,
    }


def _described(path: Path, name: str) -> dict[str, Any]:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "md5").hexdigest()
    return {"key": name, "size": path.stat().st_size, "MD5checksum": digest}


def _write_gz(path: Path, start: int, end: int) -> None:
    """Three columns, every cell in quotes, as S3 writes them."""
    with gzip.open(path, "wb", compresslevel=1) as out:
        for keys in blocks(start, end):
            rows = [
                f'"{BUCKET}","{each}","{place * 37 % 9_000_000}"\n'
                for place, each in enumerate(keys)
            ]
            out.write("".join(rows).encode())


def _write_parquet(path: Path, start: int, end: int) -> None:
    import pyarrow
    import pyarrow.parquet

    types = {"bucket": pyarrow.string(), "key": pyarrow.string(), "size": pyarrow.int64()}
    schema = pyarrow.schema([*types.items()])
    with pyarrow.parquet.ParquetWriter(path, schema) as out:
        for keys in blocks(start, end, ROW_GROUP):
            sizes = [place * 37 % 9_000_000 for place in range(len(keys))]
            columns = [[BUCKET] * len(keys), keys, sizes]
            out.write_table(pyarrow.table(dict(zip(types, columns, strict=True)), schema))
