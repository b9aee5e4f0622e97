"""A generated manifest, kept in the user's bucket in the form of an inventory (spec.md 4.3, 4.4).

It is written from the job's slices, once all rows are in them, so it names exactly the job's tasks
and can be used as the manifest of another job. Data files come first, then manifest.json, then its
checksum, so that a reader who sees the last sees all. Files are named by the SHA-1 of (job, number)
and hold the same bytes each time, so that a repeated save overwrites what it wrote before.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from jobs import results, stores
from jobs.delivery import MAY_PASS
from jobs.generator import OUTPUT_FORMAT, ManifestGenerator, OutputLocation
from jobs.leases import held_during
from jobs.manifests import generator_of
from jobs.manifests.rows import columns
from jobs.manifests.sources import bare
from jobs.spool import spool
from operations.client_events import needed
from operations.parameters import bucket_of

if TYPE_CHECKING:
    from uuid import UUID

    from mypy_boto3_s3 import S3Client

    from jobs.accounts import Role
    from jobs.lanes import JobClaim

ROWS_PER_FILE = 1_000_000
COMPRESSION = 6
SLICES_AT_A_TIME = 100
SCHEMA = ("Bucket", "Key", "VersionId")


class DataFile(NamedTuple):
    """A data file as manifest.json names it."""

    key: str
    size: int
    md5: str


class Tally:
    """Passes bytes on to a file; counts and digests them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def write(self, content: bytes) -> int:
        """Pass some bytes on."""
        self._digest.update(content)
        self.size += len(content)
        return self._file.write(content)

    def flush(self) -> None:
        """As a file does."""
        self._file.flush()

    @property
    def md5(self) -> str:
        """The digest of all bytes so far, in hexadecimal."""
        return self._digest.hexdigest()


def output_key(place: OutputLocation, job_id: UUID, name: str) -> str:
    """Where a file of the manifest lies in the bucket: {ManifestPrefix}/job-{id}/{name}."""
    prefix = (place.manifest_prefix or "").rstrip("/")
    return f"{prefix}/job-{job_id}/{name}" if prefix else f"job-{job_id}/{name}"


def check_output(
    role: Role, generator: ManifestGenerator, job_id: UUID, *, timeout: int = 0
) -> None:
    """Find out whether the manifest can be written, where it shall be. Leaves nothing behind.

    Raises JobFailure, botocore's errors where the store cannot be asked. `timeout`: as for
    `stores.check_writable`.
    """
    place = generator.manifest_output_location
    if generator.enable_manifest_output and place:
        key = output_key(place, job_id, "manifest.json")
        owner = place.expected_manifest_bucket_owner or ""
        stores.check_writable(
            role, bucket_of(place.bucket), key, owner, kind="manifest", timeout=timeout
        )


def save_generated(claim: JobClaim) -> dict[str, Any]:
    """Write the manifest of the job's rows into the user's bucket; its GeneratedManifestDescriptor.

    Raises JobFailure where the store refuses it, LeaseLost, botocore's errors where a later try may
    do better.
    """
    generator = generator_of(claim.job.manifest)
    place = generator.manifest_output_location
    if place is None:
        raise ValueError("A generated manifest without an output location is not saved.")
    try:
        return Saving(claim, generator, place).save()
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status in MAY_PASS:
            raise
        if status == 403 and place.expected_manifest_bucket_owner:
            check = partial(check_output, claim.job.role, generator, claim.job.pk)
            held_during(claim.lease, check)
        bucket = bucket_of(place.bucket)
        raise stores.write_refused("manifest", error, bucket) from None


class Saving:
    """One manifest on its way into a bucket."""

    def __init__(
        self, claim: JobClaim, generator: ManifestGenerator, place: OutputLocation
    ) -> None:
        self._claim, self._generator, self._place = claim, generator, place
        self._bucket = bucket_of(place.bucket)
        partition = place.bucket.split(":")[1]
        self._arn = f"arn:{partition}:s3:::{self._bucket}"
        self._s3: S3Client = stores.s3_for(claim.job.role)
        self._columns = 2

    def save(self) -> dict[str, Any]:
        """Write all files; the descriptor. Raises what the store refuses as a ClientError."""
        files = list(self._data_files())
        told = json.dumps(self._manifest(files), indent=2).encode()
        reply = self._put("manifest.json", told, "application/json")
        checksum = hashlib.md5(told, usedforsecurity=False).hexdigest()
        self._put("manifest.checksum", checksum.encode(), "text/plain")
        location = {"ObjectArn": f"{self._arn}/{self._key('manifest.json')}"}
        location["ETag"] = bare(needed(reply, "ETag"))
        if version_id := reply.get("VersionId"):
            location["ObjectVersionId"] = version_id
        return {"Format": OUTPUT_FORMAT, "Location": location}

    def _manifest(self, files: list[DataFile]) -> dict[str, Any]:
        # The time of the job, and not of now: what is saved again is the same.
        created = int(self._claim.job.created_at.timestamp() * 1000)
        return {
            "sourceBucket": self._generator.bucket,
            "destinationBucket": self._arn,
            "version": "2016-11-30",
            "creationTimestamp": str(created),
            "fileFormat": "CSV",
            "fileSchema": ", ".join(SCHEMA[: self._columns]),
            "files": [
                {"key": file.key, "size": file.size, "MD5checksum": file.md5} for file in files
            ],
        }

    # ---- data files

    def _data_files(self) -> Iterator[DataFile]:
        """Write data files of at most ROWS_PER_FILE rows, one after the other."""
        rows, number = self._rows(), 1
        row = next(rows, None)
        while row is not None:
            self._columns = len(columns(row))
            name = f"jobs/{self._claim.job.pk}/manifest-{self._claim.job.epoch}/{number}.csv.gz"
            with spool.writing(name) as out:
                tally, count = Tally(out), 0
                with gzip.GzipFile("", "wb", COMPRESSION, cast(Any, tally), mtime=0) as packed:
                    while row is not None and count < ROWS_PER_FILE:
                        packed.write(quoted(row))
                        count += 1
                        row = next(rows, None)
            file = DataFile(self._data_key(number), tally.size, tally.md5)
            self._upload(name, file)
            spool.delete(name)
            yield file
            number += 1

    def _rows(self) -> Iterator[bytes]:
        """The rows of the job's slices, in order, with flat memory.

        No query stays open meanwhile: SQLite would refuse to renew the lease once another process
        has written.
        """
        slices, last = self._claim.job.slices.order_by("number"), 0
        while some := list(slices.filter(number__gt=last)[:SLICES_AT_A_TIME]):
            for slice_ in some:
                self._claim.lease.renew_when_due()
                yield from results.task_rows(slice_)
            last = some[-1].number

    def _data_key(self, number: int) -> str:
        seed = f"{self._claim.job.pk} {number}".encode()
        return self._key(f"data/{hashlib.sha1(seed, usedforsecurity=False).hexdigest()}.csv.gz")

    # ---- into the bucket

    def _key(self, name: str) -> str:
        return output_key(self._place, self._claim.job.pk, name)

    @property
    def _extra(self) -> dict[str, Any]:
        """Encryption and owner, as arguments of every write."""
        owner = stores.owned_by(self._place.expected_manifest_bucket_owner or "")
        chosen = self._place.manifest_encryption
        if chosen and chosen.sse_kms:
            kms = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": chosen.sse_kms.key_id}
            return {**owner, **kms}
        return {**owner, "ServerSideEncryption": "AES256"} if chosen else owner

    def _upload(self, name: str, file: DataFile) -> None:
        """One data file, in multipart uploads of flat memory."""
        with spool.open(name) as content:
            upload = partial(
                self._s3.upload_fileobj,
                content,
                self._bucket,
                file.key,
                ExtraArgs={"ContentType": "application/gzip", **self._extra},
                Config=TransferConfig(use_threads=False),
            )
            held_during(self._claim.lease, upload)

    def _put(self, name: str, content: bytes, kind: str) -> Any:
        put = partial(
            self._s3.put_object,
            Bucket=self._bucket,
            Key=self._key(name),
            Body=content,
            ContentType=kind,
            **self._extra,
        )
        return held_during(self._claim.lease, put)


def quoted(row: bytes) -> bytes:
    """A row as inventories write it: every field in double quotes."""
    if b'"' not in row:
        return b'"%s"\n' % row.replace(b",", b'","')
    cells = [cell.replace('"', '""') for cell in columns(row)]
    return ('"' + '","'.join(cells) + '"\n').encode()
