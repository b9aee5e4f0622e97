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
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.core.files import File
from storages.backends.s3 import S3Storage

from jobs.bucket_files import PART_BYTES, READ_BYTES, BucketStream, BucketUpload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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
        except (BotoCoreError, ResponseParserError) as error:
            raise self._fault(f"cannot be used: {type(error).__name__}") from error

    def _fault(self, what: str) -> OSError:
        return OSError(errno.EIO, f"its bucket {self.bucket_name} {what}")

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(io.BufferedReader(BucketStream(self, name), READ_BYTES), name)

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
        out = BucketUpload(self, name)
        try:
            yield cast("IO[bytes]", out)
            out.finish()
        except BaseException:
            out.abort()
            raise

    def delete_all(self, folder: str) -> None:
        """Remove every file whose name begins with `folder/`, a page of a thousand at a time.

        Raises OSError where the store keeps one of them.
        """
        for page in self._found(folder).pages():
            doomed = [{"Key": found.key} for found in page]
            if not doomed:  # as in the page of an empty folder
                continue
            with self.asking(folder):
                reply = self.bucket.delete_objects(Delete={"Objects": doomed, "Quiet": True})
            for error in reply.get("Errors", []):
                raise OSError(f"the spool's bucket keeps {error['Key']}: {error['Code']}")

    def written(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """The files of a folder, and when each was written, by the clock of the store."""
        for found in self._found(folder):
            yield f"{folder}/{found.key.rpartition('/')[2]}", found.last_modified

    def _found(self, folder: str) -> Any:
        """What is listed page by page, so that memory does not depend on how much there is."""
        return self.bucket.objects.filter(Prefix=self._normalize_name(f"{folder}/"))
