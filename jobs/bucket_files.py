"""A file of a bucket as Python reads and writes files: in one request where it is small."""

from __future__ import annotations

import errno
import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from jobs.bucket_spool import BucketSpool

PART_BYTES = 16 * 1024 * 1024
"""The size of all parts but the last, as some stores ask for; 10,000 of them are 160 GB."""
READ_BYTES = 1024 * 1024
READS = 3
"""How often a stream that breaks off is taken up again."""


class BucketStream(io.RawIOBase):
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


class BucketUpload(io.RawIOBase):
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
