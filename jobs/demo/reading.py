"""Reads the store back key by key, never by listing, and names whatever is not as it must be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from jobs.demo import objects
from jobs.demo.filling import Advance, in_threads
from jobs.demo.plan import COPIES, SOURCE, TAGS, Contents
from jobs.demo.store import EmbeddedStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def read_back(store: EmbeddedStore, contents: Contents, advance: Advance) -> list[str]:
    """Everything that is wrong in the store, as sentences; none when both jobs kept their word."""
    reader = Reader(store.client(), contents)
    keys = [*contents.keys, *objects.missing_keys()]
    found = in_threads(lambda key: list(reader.faults(key)), keys, advance)
    return [fault for faults in found for fault in faults]


class Reader:
    """Compares one key at a time with what must have become of it."""

    def __init__(self, s3: S3Client, contents: Contents) -> None:
        self.s3 = s3
        self.contents = contents

    def faults(self, key: str) -> Iterator[str]:
        """What is wrong with a key, in both buckets."""
        try:
            if key not in self.contents.first:
                yield from self._absence(key)
                return
            yield from self._tags(key)
            yield from self._bodies(key)
        except (ClientError, BotoCoreError) as error:
            yield f"{key!r} cannot be read back: {error}"

    def _tags(self, key: str) -> Iterator[str]:
        """The latest version has the wanted tags and no others; an older one has none."""
        first, latest = self.contents.first[key], self.contents.latest[key]
        if (tags := self._tags_of(key, latest)) != TAGS:
            yield f"{key!r} has the tags {tags}."
        if first != latest and (tags := self._tags_of(key, first)):
            yield f"The first version of {key!r} has the tags {tags}; it should have none."

    def _bodies(self, key: str) -> Iterator[str]:
        """The tagged object is untouched, and its copy is that of the first version."""
        rewritten = self.contents.first[key] != self.contents.latest[key]
        if self._body_of(SOURCE, key) != objects.body(key, rewritten=rewritten):
            yield f"The content of {key!r} in {SOURCE} was changed."
        if self._body_of(COPIES, key) != objects.body(key):
            yield f"The content of {key!r} in {COPIES} is not that of the first version."

    def _absence(self, key: str) -> Iterator[str]:
        """A key that was missing is missing still."""
        for bucket in (SOURCE, COPIES):
            try:
                self.s3.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    continue
                raise
            yield f"{key!r} is in {bucket}, where nobody put it."

    def _tags_of(self, key: str, version: str) -> dict[str, str]:
        reply = self.s3.get_object_tagging(Bucket=SOURCE, Key=key, VersionId=version)
        return {tag["Key"]: tag["Value"] for tag in reply["TagSet"]}

    def _body_of(self, bucket: str, key: str) -> bytes:
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
