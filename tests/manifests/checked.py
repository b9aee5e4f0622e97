"""Manifests to be checked and mended, and an inventory in a store."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from jobs.manifests.checking import check
from jobs.manifests.findings import Findings
from jobs.manifests.mending import write_mended
from jobs.models import Manifest
from tests.manifests import gz

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mypy_boto3_s3 import S3Client

TWO = ("Bucket", "Key")
THREE = ("Bucket", "Key", "VersionId")
INVENTORY = Manifest.Format.INVENTORY.value
PLACE = "daily/photos/all"
HERE = f"{PLACE}/2026-01-05T00-00Z/manifest.json"
SCHEMA = "Bucket, Key, VersionId, IsLatest, Size"
PARQUET = "message s3 {required binary bucket; required binary key; optional binary version_id;}"


def uploaded(
    content: bytes | str, fields: Sequence[str] = TWO, **values: Any
) -> tuple[Manifest, InMemoryStorage]:
    """An upload that is no row of the database, and where it lies."""
    content = content.encode() if isinstance(content, str) else content
    storage = InMemoryStorage()
    storage.save("list", ContentFile(content))
    return Manifest(upload="list", size=len(content), fields=list(fields), **values), storage


def findings_of(
    content: bytes | str, fields: Sequence[str] = TWO, *, seconds: float = 600, **values: Any
) -> Findings:
    """What a check finds in an upload."""
    manifest, storage = uploaded(content, fields, **values)
    return check(manifest, None, storage, seconds=seconds)


def mended(
    content: bytes | str, mends: Collection[str], fields: Sequence[str] = TWO, **values: Any
) -> tuple[bytes, dict[str, int]]:
    """The corrected upload, and what was changed how often."""
    manifest, storage = uploaded(content, fields, **values)
    return write(manifest, None, storage, mends)


def write(
    manifest: Manifest, s3: S3Client | None, storage: Any, mends: Collection[str]
) -> tuple[bytes, dict[str, int]]:
    """The same for any manifest."""
    out = io.BytesIO()
    changes = write_mended(manifest, s3, storage, mends, out)
    return out.getvalue(), dict(changes)


def csv_gz(*lines: str) -> bytes:
    """A data file as an inventory has it."""
    return gz("".join(f"{line}\n" for line in lines).encode())


def parquet(**columns: list[str | None]) -> bytes:
    """A data file in Parquet."""
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def put_inventory(
    s3: S3Client, *files: bytes, schema: str = SCHEMA, file_format: str = "CSV", **changes: Any
) -> Manifest:
    """An inventory of `photos` in the bucket `manifests`, and the manifest that names it."""
    listed = []
    for number, content in enumerate(files):
        key = f"{PLACE}/data/{number}.{file_format.lower()}"
        s3.put_object(Bucket="manifests", Key=key, Body=content)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        listed.append({"key": key, "size": len(content), "MD5checksum": md5})
    told = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::manifests",
        "version": "2016-11-30",
        "fileFormat": file_format,
        "fileSchema": schema,
        "files": listed,
        **changes,
    }
    s3.put_object(Bucket="manifests", Key=HERE, Body=json.dumps(told).encode())
    return Manifest(format=INVENTORY, bucket="manifests", key=HERE, fields=list(TWO))
