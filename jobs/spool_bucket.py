"""The spool in an S3 bucket: django-storages' storage, with what sweeping needs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from storages.backends.s3 import S3Storage


class BucketSpool(S3Storage):  # type: ignore[misc]
    """A bucket, or a prefix of one."""

    def delete_all(self, folder: str) -> None:
        """Remove every file whose name begins with `folder/`, a page of a thousand at a time.

        Raises OSError where the store keeps one of them.
        """
        bucket = self.connection.Bucket(self.bucket_name)
        for page in self._found(folder).pages():
            doomed = [{"Key": found.key} for found in page]
            if not doomed:  # as in the page of an empty folder
                continue
            reply = bucket.delete_objects(Delete={"Objects": doomed, "Quiet": True})
            for error in reply.get("Errors", []):
                raise OSError(f"the spool's bucket keeps {error['Key']}: {error['Code']}")

    def written(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """The files of a folder, and when each was written, by the clock of the store."""
        for found in self._found(folder):
            yield f"{folder}/{found.key.rpartition('/')[2]}", found.last_modified

    def _found(self, folder: str) -> Any:
        """What is listed page by page, so that memory does not depend on how much there is."""
        prefix = self._normalize_name(f"{folder}/")
        return self.connection.Bucket(self.bucket_name).objects.filter(Prefix=prefix)
