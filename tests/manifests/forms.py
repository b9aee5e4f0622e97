"""One list of targets in every form that Lading reads, put into a store as people would put it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pyarrow
import pyarrow.orc
import pyarrow.parquet
import pytest
from hypothesis import strategies as st

from jobs.manifests import InvalidManifest, Reader, open_reader, peek, pin, target_of
from jobs.models import Manifest
from jobs.spool import spool
from tests.manifests import gz

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Row = tuple[str, str | None]
"""A raw key, and its version id; None where the list has no versions."""
Cells = dict[str, Sequence[Any]]

CSV, INVENTORY = Manifest.Format.CSV, Manifest.Format.INVENTORY
JSON_LINES, KEY_LIST = Manifest.Format.JSON_LINES, Manifest.Format.KEY_LIST
TWO, THREE = ["Bucket", "Key"], ["Bucket", "Key", "VersionId"]
PARQUET_SCHEMA = (
    "message s3.inventory {{ required binary bucket (UTF8); required binary key (UTF8); {}"
    "optional int64 size; optional binary storage_class (UTF8); }}"
)
CSV_SCHEMA = {False: "Bucket, Key, Size", True: "Bucket, Key, VersionId, IsLatest, IsDeleteMarker"}
TABLE_SCHEMA = {
    ("Parquet", False): PARQUET_SCHEMA.format(""),
    ("Parquet", True): PARQUET_SCHEMA.format("optional binary version_id (UTF8); "),
    ("ORC", False): "struct<bucket:string,key:string,size:bigint,storage_class:string>",
    ("ORC", True): "struct<bucket:string,key:string,version_id:string,size:bigint>",
}
FOLDER = "daily/photos/all/2026-01-05T00-00Z"

KEYS = st.text(
    st.sampled_from("a/ +%&\"',\n\r\t~\\é漢\U0001f600") | st.characters(exclude_categories=["Cs"]),
    min_size=1,
    max_size=1024,
).filter(lambda key: len(key.encode()) <= 1024)
"""Whatever S3 allows as a key."""
VERSIONS = st.sampled_from(["", "null", "v1", "Kx0Jq3VbWm.e1Yx2", "a b=+%"])
ONE_LINE = KEYS.filter(lambda key: "\n" not in key and "\0" not in key and not key.endswith("\r"))
"""What a list of one key a line can hold."""
BARE = ONE_LINE.filter(lambda key: not key.startswith(("s3://", "\ufeff")))
"""What it can hold without an address: the first of them may be read as a mark of the encoding."""


def rows_of_targets(keys: Any = KEYS, least: int = 1, most: int = 12) -> Any:
    """Lists of rows, all with versions or none."""
    without = st.lists(st.tuples(keys, st.none()), min_size=least, max_size=most)
    return without | st.lists(st.tuples(keys, VERSIONS), min_size=least, max_size=most)


# ---- the bytes of each form


def quoted(cells: Iterable[str]) -> str:
    """A line as S3 Inventory writes it: every cell in quotes."""
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def csv_of(rows: Sequence[Row], bucket: str = "photos") -> bytes:
    """S3BatchOperations_CSV_20180820."""
    return "".join(
        ",".join([bucket, quote(key), *([] if version is None else [version])]) + "\n"
        for key, version in rows
    ).encode()


def inventory_csv_of(rows: Sequence[Row], bucket: str = "photos") -> bytes:
    """A data file of an inventory in CSV, before it is packed."""
    return "".join(
        quoted(
            [bucket, quote_plus(key, safe="/"), "12"]
            if version is None
            else [bucket, quote_plus(key, safe="/"), version, "true", "false"]
        )
        for key, version in rows
    ).encode()


def json_lines_of(rows: Sequence[Row], bucket: str = "photos") -> bytes:
    """An object a line."""
    return b"".join(
        json.dumps(
            {"bucket": bucket, "key": key, **({} if version is None else {"version_id": version})}
        ).encode()
        + b"\n"
        for key, version in rows
    )


def cells_of(rows: Sequence[Row], bucket: str = "photos") -> Cells:
    """The columns of a table."""
    cells: Cells = {"bucket": [bucket] * len(rows), "key": [key for key, _ in rows]}
    if rows and rows[0][1] is not None:
        # The null version is a null in tables, and an empty cell in CSV.
        cells["version_id"] = [version or None for _, version in rows]
    return {**cells, "size": [12] * len(rows)}


def parquet(cells: Cells | pyarrow.Table, **how: Any) -> bytes:
    """A Parquet file."""
    table = cells if isinstance(cells, pyarrow.Table) else pyarrow.table(cells)
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, **how)
    return out.getvalue()


def orc(cells: Cells | pyarrow.Table, **how: Any) -> bytes:
    """An ORC file."""
    table = cells if isinstance(cells, pyarrow.Table) else pyarrow.table(cells)
    out = io.BytesIO()
    pyarrow.orc.write_table(table, out, **how)
    return out.getvalue()


TABLES: dict[str, Callable[..., bytes]] = {"Parquet": parquet, "ORC": orc}


# ---- in the store


def put_manifest(
    s3: S3Client, content: bytes, form: str = CSV, fields: Sequence[str] = TWO, bucket: str = ""
) -> Manifest:
    """A manifest in S3, not looked at, and not saved."""
    s3.put_object(Bucket="manifests", Key="list", Body=content)
    return Manifest(
        format=form, fields=list(fields), list_bucket=bucket, bucket="manifests", key="list"
    )


def upload(
    content: bytes, form: str = CSV, fields: Sequence[str] = TWO, bucket: str = ""
) -> Manifest:
    """An uploaded manifest, not looked at, and not saved."""
    name = f"uploads/{hashlib.sha256(content).hexdigest()}"
    with spool.writing(name) as out:
        out.write(content)
    return Manifest(
        format=form, fields=list(fields), list_bucket=bucket, upload=name, size=len(content)
    )


def entry(key: str, content: bytes) -> dict[str, Any]:
    """What manifest.json says of a data file."""
    return {
        "key": key,
        "size": len(content),
        "MD5checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }


def put_inventory(
    s3: S3Client,
    contents: Sequence[bytes],
    *,
    form: str = "CSV",
    schema: str = CSV_SCHEMA[False],
    checksum: str | None = None,
    **changes: Any,
) -> Manifest:
    """An inventory of these data files: put_inventory(s3, [one, two], fileSchema=None).

    `changes` are made to manifest.json; None takes a member away.
    """
    names = [f"daily/photos/all/data/{number:04d}.dat" for number in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        s3.put_object(Bucket="manifests", Key=name, Body=content)
    told = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::manifests",
        "version": "2016-11-30",
        "creationTimestamp": "1767571200000",
        "fileFormat": form,
        "fileSchema": schema,
        "files": [entry(name, content) for name, content in zip(names, contents, strict=True)],
        **changes,
    }
    text = json.dumps({name: value for name, value in told.items() if value is not None}).encode()
    return put_manifest_json(s3, text, checksum)


def put_manifest_json(s3: S3Client, text: bytes, checksum: str | None = None) -> Manifest:
    """manifest.json, with its checksum beside it."""
    found = hashlib.md5(text, usedforsecurity=False).hexdigest() if checksum is None else checksum
    s3.put_object(Bucket="manifests", Key=f"{FOLDER}/manifest.json", Body=text)
    s3.put_object(Bucket="manifests", Key=f"{FOLDER}/manifest.checksum", Body=found.encode())
    return Manifest(format=INVENTORY, fields=TWO, bucket="manifests", key=f"{FOLDER}/manifest.json")


def halves(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """The rows of two data files; the second has one at least."""
    return [rows[: len(rows) // 2], rows[len(rows) // 2 :]]


def put_csv_inventory(s3: S3Client, rows: Sequence[Row]) -> Manifest:
    """The rows in two packed data files."""
    files = [gz(inventory_csv_of(half)) for half in halves(rows)]
    return put_inventory(s3, files, schema=CSV_SCHEMA[rows[0][1] is not None])


def put_table_inventory(s3: S3Client, rows: Sequence[Row], form: str) -> Manifest:
    """The rows in two data files in Parquet or ORC; the first may be empty."""
    names = list(cells_of(rows))
    schema = pyarrow.schema(
        [(n, pyarrow.int64() if n == "size" else pyarrow.string()) for n in names]
    )
    files = [
        TABLES[form](pyarrow.table(cells_of(half) if half else {n: [] for n in names}, schema))
        for half in halves(rows)
    ]
    return put_inventory(s3, files, form=form, schema=TABLE_SCHEMA[form, rows[0][1] is not None])


Put = Callable[["S3Client", Sequence[Row]], Manifest]


def fields_for(rows: Sequence[Row]) -> list[str]:
    """The columns of such rows."""
    return TWO if rows[0][1] is None else THREE


ENCODED: dict[str, Put] = {
    "CSV": lambda s3, rows: put_manifest(s3, csv_of(rows), fields=fields_for(rows)),
    "gzip CSV": lambda s3, rows: put_manifest(s3, gz(csv_of(rows)), fields=fields_for(rows)),
    "CSV inventory": put_csv_inventory,
}
"""Forms whose keys are URL-encoded."""
RAW: dict[str, Put] = {
    "JSON lines": lambda s3, rows: put_manifest(s3, json_lines_of(rows), JSON_LINES),
    "Parquet": lambda s3, rows: put_table_inventory(s3, rows, "Parquet"),
    "ORC": lambda s3, rows: put_table_inventory(s3, rows, "ORC"),
}
"""Forms whose keys are as they are."""
PUT = {**ENCODED, **RAW}
LISTS: dict[str, Put] = {
    "addresses": lambda s3, rows: put_manifest(
        s3, "".join(f"s3://photos/{key}\n" for key, _ in rows).encode(), KEY_LIST
    ),
    "keys": lambda s3, rows: put_manifest(
        s3, "".join(f"{key}\n" for key, _ in rows).encode(), KEY_LIST, bucket="photos"
    ),
}
"""Forms with one key a line, that hold neither versions nor line breaks."""


# ---- reading


def opened(manifest: Manifest, s3: S3Client | None = None, **where: Any) -> Reader:
    """A reader, also of a manifest that was not looked at."""
    return open_reader(manifest, s3, spool.storage, **where)


def read(manifest: Manifest, s3: S3Client | None = None, most: int = 1000) -> list[bytes]:
    """All rows."""
    reader, rows = opened(manifest, s3), []
    while not reader.ended:
        rows += reader.take(most)
    return rows


def looked_at(manifest: Manifest, s3: S3Client | None = None) -> Manifest:
    """The manifest as it is when a job has been created over it."""
    if s3:
        pin(manifest, s3)
    peek(manifest, s3, spool.storage)
    return manifest


def fault_of(manifest: Manifest, s3: S3Client | None = None) -> InvalidManifest:
    """The fault that reading all rows comes upon; its reason is fit to be shown."""
    with pytest.raises(InvalidManifest) as told:
        read(manifest, s3)
    fault = told.value
    assert fault.code == "InvalidManifestContent"
    assert fault.reason.isprintable()
    assert 1 <= len(fault.reason) <= 256
    return fault


def targets_of(rows: Iterable[bytes]) -> list[tuple[str, str, str | None]]:
    """Bucket, decoded key, and version id of rows that have one."""
    return [target_of(row)[:3] for row in rows]  # type: ignore[misc]
