"""A scratch object: made for one trial of an operation, read back, and erased whatever happens.

Its key is random, so that it can never be an object of somebody else; what a dead process left
behind lies under the same prefix, and is swept by its name and age.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from operations.base import Store, Target
from operations.perform import refusal_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEFT_BEHIND = re.compile(r".*object-[0-9a-f]{32}")
STALE = timedelta(hours=1)
MOST_SWEPT = 200
MOST_VERSIONS = 5
MOST_READ = 4096
RETAIN = timedelta(seconds=15)
"""How long a trial of retention locks the scratch object, should it not be possible to lift it."""

UNREADABLE = (ClientError, ResponseParserError)
"""A refusal, or an answer that is not S3's."""
FAULTS = (BotoCoreError, *UNREADABLE)


class Scratch:
    """One scratch object. `tick` is called before each request, and may raise to end the trial."""

    def __init__(
        self, store: Store, bucket: str, prefix: str, tick: Callable[[], None] = lambda: None
    ) -> None:
        self.store, self.bucket, self.prefix, self.tick = store, bucket, prefix, tick
        token = uuid.uuid4().hex
        self.key = f"{prefix}object-{token}"
        self.copy_prefix = f"{prefix}copy"
        self.body = f"Written by Lading to try what this store does; see docs/stores.md. {token}"
        self.tags = [{"Key": "lading", "Value": token}]
        self.version_id: str | None = None
        self.retain_until = datetime.now(UTC)

    @property
    def s3(self) -> S3Client:
        """The client, for one request."""
        self.tick()
        return self.store.s3

    @property
    def target(self) -> Target:
        """The scratch object as the target of an operation."""
        return Target(self.bucket, self.key)

    @property
    def copy_key(self) -> str:
        """Where a copy of it goes."""
        return f"{self.copy_prefix}/{self.key}"

    def put(self, *, is_tagged: bool = False) -> None:
        """Write it. Raises botocore's errors."""
        tags = "&".join(f"{tag['Key']}={tag['Value']}" for tag in self.tags)
        arguments: dict[str, Any] = {"Tagging": tags} if is_tagged else {}
        reply = self.s3.put_object(
            Bucket=self.bucket, Key=self.key, Body=self.body.encode(), **arguments
        )
        self.version_id = reply.get("VersionId")
        self.retain_until = clock(reply).replace(microsecond=0) + RETAIN

    def read(self, key: str) -> str | None:
        """The beginning of a body; None where there is no such object. Raises botocore's errors."""
        try:
            reply = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if refusal_of(error).http_status == 404:
                return None
            raise
        return reply["Body"].read(MOST_READ).decode(errors="replace")

    def erase(self) -> None:
        """Delete it and its copy, every version and marker by its id. Never fails: what cannot be
        deleted is swept later.
        """
        for key, version_id in ((self.key, self.version_id), (self.copy_key, None)):
            with suppress(*FAULTS):
                erase(self.store.s3, self.bucket, key, version_id)


def erase(s3: S3Client, bucket: str, key: str, version_id: str | None) -> None:
    """Delete every version and marker of a key; `version_id` is one that is known."""
    listed = [(found, id_) for found, id_, _ in _versions(s3, bucket, key) if found == key]
    for _, id_ in listed:
        _delete(s3, bucket, key, id_)
    if listed:
        return
    if version_id:
        _delete(s3, bucket, key, version_id)
    for _ in range(MOST_VERSIONS):  # the store lists no versions: the latest, until there is none
        try:
            latest = s3.head_object(Bucket=bucket, Key=key).get("VersionId")
        except UNREADABLE:
            return
        _delete(s3, bucket, key, latest)


def sweep(store: Store, bucket: str, prefix: str) -> None:
    """Delete what earlier trials left behind, by name and age. Never fails."""
    with suppress(*FAULTS):
        for key, version_id, age in _leftovers(store.s3, bucket, prefix):
            if age > STALE and LEFT_BEHIND.fullmatch(key.removeprefix(prefix)):
                with suppress(*FAULTS):
                    _delete(store.s3, bucket, key, version_id)


def _leftovers(s3: S3Client, bucket: str, prefix: str) -> list[tuple[str, str | None, timedelta]]:
    listed = list(_versions(s3, bucket, prefix))
    if listed:
        return list(listed)
    reply = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=MOST_SWEPT)
    now = clock(reply)
    return [(row["Key"], None, now - row["LastModified"]) for row in reply.get("Contents", [])]


def _versions(
    s3: S3Client, bucket: str, prefix: str
) -> Iterator[tuple[str, str | None, timedelta]]:
    """Key, version id and age of the versions and markers; none where the store lists none."""
    try:
        reply = s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=MOST_SWEPT)
    except UNREADABLE:
        return
    now = clock(reply)
    for row in [*reply.get("Versions", []), *reply.get("DeleteMarkers", [])]:
        yield row["Key"], row.get("VersionId"), now - row["LastModified"]


def _delete(s3: S3Client, bucket: str, key: str, version_id: str | None) -> None:
    """Delete one version. Where a lock is in the way, lift the lock that a trial may have set."""
    address = Target(bucket, key, version_id).address
    try:
        s3.delete_object(**address)
    except ClientError:
        with suppress(*UNREADABLE):
            s3.put_object_legal_hold(**address, LegalHold={"Status": "OFF"})
        s3.delete_object(**address, BypassGovernanceRetention=True)


def clock(reply: Any) -> datetime:
    """The store's time, as its reply says; ours where it does not."""
    said = reply["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(said)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.now(UTC)
