"""The spool in a bucket, for machines that share no folder (design decision 3).

A file of a few MiB costs one request to write and one to read; a larger one goes in parts while it
is written, so that neither memory nor a disk has to hold it. Faults come as those of a folder do:
FileNotFoundError for a file that is not there, OSError for all else.
"""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 16 * 1024 * 1024
"""The size of all parts but the last, as some stores ask for; 10,000 of them are 160 GB."""
READ_BYTES = 1024 * 1024
READS = 3
"""How often a stream that breaks off is taken up again."""
GONE = {"NoSuchKey", "404"}
CLIENT = Config(
    # Below a lease together, so that a lane whose spool is silent does not lose it at once.
    connect_timeout=5,
    read_timeout=10,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=32,
    # What is read is checked against the receipt; trailing checksums are unknown to many stores.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    user_agent_extra="lading",
)


class BucketSpool(S3Storage):  # type: ignore[misc]
    """django-storages' S3, with one client for each process and requests of our own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        style = {"addressing_style": self.addressing_style}
        self.client_config = CLIENT.merge(Config(s3=cast(Any, style)))
        self._making = threading.Lock()
        self._made: tuple[int, Any] = (0, None)

    @property
    def connection(self) -> Any:
        """One for all threads, as to make one takes a tenth of a second; another after a fork,
        which would share its sockets.
        """
        with self._making:
            if self._made[0] != os.getpid():
                made = self._create_session().resource(
                    "s3",
                    region_name=self.region_name,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                )
                self._made = (os.getpid(), made)
            return self._made[1]

    @property
    def bucket(self) -> Any:
        """Of this process' connection."""
        return self.connection.Bucket(self.bucket_name)

    def address(self, name: str) -> dict[str, Any]:
        """Bucket and key of a file, as arguments of a request."""
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}

    @contextmanager
    def asking(self, name: str) -> Iterator[S3Client]:
        """The client for one request about a file; its faults become those of a folder."""
        try:
            yield self.connection.meta.client
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in GONE:
                raise FileNotFoundError(errno.ENOENT, "there is no such file", name) from None
            raise self._fault(f"answers {code} to {error.operation_name}") from error
        except BotoCoreError as error:
            raise self._fault(f"cannot be used: {type(error).__name__}") from error

    def _fault(self, what: str) -> OSError:
        return OSError(errno.EIO, f"its bucket {self.bucket_name} {what}")

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(io.BufferedReader(_Stream(self, name), READ_BYTES), name)

    def _save(self, name: str, content: File[Any]) -> str:
        with self.placing(name) as out:
            for block in content.chunks(PART_BYTES):
                out.write(block)
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Names are chosen by us and never collide; a file written twice is the same file."""
        return name

    def delete(self, name: str) -> None:
        """Remove a file; a store does not mind where it is gone already."""
        with self.asking(name) as client:
            client.delete_object(**self.address(name))

    @contextmanager
    def placing(self, name: str) -> Iterator[IO[bytes]]:
        """A file to fill; it has its name, whole, after the block and never before."""
        out = _Upload(self, name)
        try:
            yield cast("IO[bytes]", out)
            out.finish()
        except BaseException:
            out.abort()
            raise


class _Stream(io.RawIOBase):
    """A file of the bucket, read by one request from wherever the last `seek` led on."""

    def __init__(self, storage: BucketSpool, name: str) -> None:
        self._storage, self._name = storage, name
        self._at = self._body_at = 0
        self._body: Any = None
        self._size = self._ask()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Costs nothing until something is read there."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        block = self._read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._read(READ_BYTES), b""))

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
        super().close()

    def _read(self, most: int) -> bytes:
        wanted = min(most, self._size - self._at)
        if wanted <= 0:
            return b""
        for last in (*[False] * (READS - 1), True):
            try:
                return self._next(wanted)
            except OSError as error:
                if last or isinstance(error, FileNotFoundError):
                    raise
        raise AssertionError("the last try returns or raises")

    def _next(self, wanted: int) -> bytes:
        if self._body is None or self._body_at != self._at:
            self._ask()
        try:
            with self._storage.asking(self._name):
                block: bytes = self._body.read(wanted)
            if not block:
                raise OSError(errno.EIO, f"{self._name} is shorter than it was")
        except OSError:
            self._body, self._body_at = None, 0
            raise
        self._at += len(block)
        self._body_at = self._at
        return block

    def _ask(self) -> int:
        """Begin to read where the next byte is wanted; returns how many there are from there on."""
        if self._body is not None:
            self._body.close()
        stretch: dict[str, Any] = {"Range": f"bytes={self._at}-"} if self._at else {}
        with self._storage.asking(self._name) as client:
            reply = client.get_object(**self._storage.address(self._name), **stretch)
        self._body, self._body_at = reply["Body"], self._at
        return reply["ContentLength"]


class _Upload(io.RawIOBase):
    """A file on its way into the bucket: one request where it is small, else a multipart upload."""

    def __init__(self, storage: BucketSpool, name: str) -> None:
        self._storage, self._name = storage, name
        self._address: dict[str, Any] = storage.address(name)
        self._held = bytearray()
        self._upload_id = ""
        self._parts: list[Any] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._held += content
        while len(self._held) > PART_BYTES:
            self._send_part(PART_BYTES)
        return len(content)

    def finish(self) -> None:
        """Send the rest; the file has its name after this."""
        if not self._upload_id:
            with self._storage.asking(self._name) as client:
                client.put_object(**self._address, Body=bytes(self._held))
            return
        self._send_part(len(self._held))
        parts = {"Parts": self._parts}
        with self._storage.asking(self._name) as client:
            client.complete_multipart_upload(
                **self._address, UploadId=self._upload_id, MultipartUpload=cast(Any, parts)
            )

    def abort(self) -> None:
        """Leave nothing that would be paid for."""
        if self._upload_id:
            with suppress(OSError), self._storage.asking(self._name) as client:
                client.abort_multipart_upload(**self._address, UploadId=self._upload_id)

    def _send_part(self, size: int) -> None:
        number = len(self._parts) + 1
        with self._storage.asking(self._name) as client:
            if not self._upload_id:
                begun = client.create_multipart_upload(**self._address)
                self._upload_id = begun["UploadId"]
            sent = client.upload_part(
                **self._address,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=bytes(memoryview(self._held)[:size]),
            )
        del self._held[:size]
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
