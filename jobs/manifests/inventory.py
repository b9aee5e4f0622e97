"""S3 Inventory reports (spec.md 4.3): manifest.json, its checksum, and the data files it names.

AWS takes only those whose data files are CSV; Lading reads Parquet and ORC as well. Every data file
is checked against the size and the MD5 that manifest.json tells.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from jobs.manifests.faults import InvalidManifest, excerpt
from jobs.manifests.lint import check_fields, ending
from jobs.manifests.refusals import code_of
from jobs.manifests.sources import ObjectSource, object_source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.models import Manifest

MOST_BYTES = 64 * 1024 * 1024
"""Of manifest.json: some 300,000 data files."""
MOST_FILE_BYTES = 2**50
"""Of a data file: more than any store holds, so that a sum of them can be kept."""
MD5 = re.compile(r"[0-9a-fA-F]{32}")
BUCKET_ARN = re.compile(r"(?:arn:[^:]+:s3:::)?([A-Za-z0-9._-]{1,255})")
HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")
"""JSON may have them; UTF-8, and so a key, may not."""
SCHEMAS = {
    "CSV": re.compile(r"[^,\s](?:[^,]*[^,\s])?"),
    "Parquet": re.compile(r"\b(?:required|optional|repeated)\s+\w+(?:\(\d+\))?\s+(\w+)"),
    "ORC": re.compile(r"[<,]\s*(\w+)\s*:"),
}
"""How the names of the columns stand in fileSchema, by fileFormat."""
COLUMNS = {"bucket": "Bucket", "key": "Key", "versionid": "VersionId"}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows."""

    bucket: str
    key: str
    size: int
    md5: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What manifest.json says."""

    format: str
    """CSV, Parquet or ORC."""
    fields: list[str]
    """The columns: Bucket, Key, VersionId, and Ignore for the others."""
    files: list[DataFile]

    @property
    def size(self) -> int:
        """Bytes of all data files."""
        return sum(file.size for file in self.files)


def column(name: str) -> str:
    """What a column is called in a manifest: version_id → VersionId, size → Ignore."""
    return COLUMNS.get(name.replace("_", "").lower(), "Ignore")


def read_inventory(manifest: Manifest, source: ObjectSource, s3: S3Client) -> Inventory:
    """The inventory that a pinned manifest.json describes.

    Raises InvalidManifest, and botocore's errors where a later try may do better.
    """
    if source.size > MOST_BYTES:
        raise _invalid(f"manifest.json has {source.size:,} bytes; {MOST_BYTES:,} are the most")
    text = source.read(0, source.size)
    _check_sum(manifest, text, s3)
    return parse_inventory(text)


def _check_sum(manifest: Manifest, text: bytes, s3: S3Client) -> None:
    """Compare with the MD5 in the manifest.checksum beside it; other stores may write none.

    That one is about the latest manifest.json, and about no other name.
    """
    folder, slash, name = manifest.key.rpartition("/")
    if name != "manifest.json" or manifest.version_id:
        return
    try:
        reply = s3.get_object(Bucket=manifest.bucket, Key=f"{folder}{slash}manifest.checksum")
    except ClientError as error:
        if code_of(error) in {"NoSuchKey", "AccessDenied", "404", "403"}:
            return
        raise
    with closing(reply["Body"]) as body:
        told = body.read(200).decode("ascii", "replace").strip().strip('"')
    found = hashlib.md5(text, usedforsecurity=False).hexdigest()
    if told.lower() != found:
        raise _invalid(
            f"manifest.checksum says that the MD5 of manifest.json is {excerpt(told)}; "
            f"it is {found}"
        )


def parse_inventory(text: bytes) -> Inventory:
    """An inventory's manifest.json. Raises InvalidManifest."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid("manifest.json is not JSON") from None
    if not isinstance(told, dict):
        raise _invalid("manifest.json is not a JSON object")
    file_format = next((f for f in SCHEMAS if f.lower() == str(told.get("fileFormat")).lower()), "")
    if not file_format:
        shown = excerpt(str(told.get("fileFormat")))
        raise _invalid(f"the fileFormat is {shown}; CSV, Parquet and ORC can be read")
    fields = [column(name) for name in SCHEMAS[file_format].findall(str(told.get("fileSchema")))]
    check_fields(fields)
    bucket = told.get("destinationBucket")
    place = BUCKET_ARN.fullmatch(bucket) if isinstance(bucket, str) else None
    if place is None:
        raise _invalid("the destinationBucket is missing, or is no bucket")
    files = told.get("files")
    if not isinstance(files, list):
        raise _invalid("the list of files is missing")
    return Inventory(file_format, fields, [_data_file(place[1], file) for file in files])


def _data_file(bucket: str, told: Any) -> DataFile:
    match told:
        case {"key": str(key), "size": int(size), "MD5checksum": str(md5)} if (
            key
            and HALF_A_PAIR.search(key) is None
            and type(size) is int
            and 0 <= size <= MOST_FILE_BYTES
            and MD5.fullmatch(md5)
        ):
            return DataFile(bucket, key, size, md5.lower())
    shown = excerpt(json.dumps(told))
    raise _invalid(f"a file needs key, size and MD5checksum; this is {shown}")


def _invalid(what: str) -> InvalidManifest:
    text = f"Manifest file is not properly formatted: in the inventory, {what}."
    return InvalidManifest(text, kind="inventory")


# ---- data files


def open_data_file(s3: S3Client, file: DataFile) -> ObjectSource:
    """A data file that is as long as manifest.json says. Raises InvalidManifest, JobFailure."""
    source = object_source(s3, file.bucket, file.key, what="data file")
    if source.size != file.size:
        raise damaged(file, f"it has {source.size:,} bytes, not {file.size:,}")
    return source


def check_md5(file: DataFile, found: str) -> None:
    """Raise InvalidManifest where a data file is not the one that manifest.json means."""
    if found != file.md5:
        raise damaged(file, f"its MD5 is {found}, not {file.md5}")


def in_data_file(fault: InvalidManifest, file: DataFile) -> InvalidManifest:
    """A fault that does not tell yet which of the data files has it."""
    return InvalidManifest(
        f"In the data file {ending(file.key)}: {fault.reason}",
        line=fault.line,
        column=fault.column,
        file=file.key,
        kind=fault.kind,
    )


def damaged(file: DataFile, what: str) -> InvalidManifest:
    """The fault of a data file."""
    text = f"The data file {ending(file.key)} is not what manifest.json says: {what}."
    return InvalidManifest(text, file=file.key, kind="inventory")
