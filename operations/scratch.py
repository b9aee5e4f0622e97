"""A scratch object: made for one trial of an operation, read back, and erased whatever happens.

Its key is random, so that it can never be an object of somebody else. What a dead process left
behind lies under the same prefix, and is swept where name, age and content say that it is Lading's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from operations.base import Store, Target
from operations.client_events import FAULTS, UNREADABLE
from operations.perform import refusal_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEFT_BEHIND = re.compile(r"lading-scratch-([0-9a-f]{32})")
WRITTEN = "Written by Lading to try what this store does; see docs/stores.md."
REQUEST = re.compile(
    r"(<\?xml[^>]*>\s*)?<(Tagging|AccessControlPolicy|LegalHold|Retention|ObjectEncryption)[ >]"
)
"""What a store that takes the request of a trial for an upload puts in the scratch object's place.
"""
STALE = timedelta(hours=1)
MOST_SWEPT = 200
MOST_VERSIONS = 5
MOST_READ = 4096
RETAIN = timedelta(seconds=15)
"""How long a trial of retention locks the scratch object, should it not be possible to lift it."""


class Scratch:
    """One scratch object. `tick` is called before each request, and may raise to end the trial."""

    def __init__(
        self, store: Store, bucket: str, prefix: str, tick: Callable[[], None] = lambda: None
    ) -> None:
        self.store, self.bucket, self.prefix, self.tick = store, bucket, prefix, tick
        token = uuid.uuid4().hex
        self.key = f"{prefix}lading-scratch-{token}"
        self.copy_prefix = f"{prefix}copy"
        self.body = f"{WRITTEN} {token}"
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


class Entry(NamedTuple):
    """A line of a listing."""

    key: str
    version_id: str | None
    age: timedelta
    is_marker: bool


def erase(s3: S3Client, bucket: str, key: str, version_id: str | None) -> None:
    """Delete every version and marker of a key; `version_id` is one that is known. What is refused
    for one of them is tried for the others all the same.
    """
    known = [entry.version_id for entry in _versions(s3, bucket, key) if entry.key == key]
    for one in known or [version_id] * bool(version_id):
        with suppress(*FAULTS):
            _delete(s3, bucket, key, one)
    if known:
        return
    for _ in range(MOST_VERSIONS):  # the store lists no versions: the latest, until there is none
        latest = s3.head_object(Bucket=bucket, Key=key).get("VersionId")
        _delete(s3, bucket, key, latest)


def sweep(store: Store, bucket: str, prefix: str) -> None:
    """Delete what earlier trials left behind, among the first MOST_SWEPT entries under the prefix.
    Never fails.

    Locks are lifted on the way, so nothing is deleted that is not known to be Lading's by its name,
    its age and its content. What cannot be read stays.
    """
    with suppress(*FAULTS):
        doubtful: set[str] = set()
        for entry in sorted(_leftovers(store.s3, bucket, prefix), key=lambda one: one.is_marker):
            token = token_of(entry.key, prefix)
            if not token or entry.age <= STALE or entry.key in doubtful:
                continue
            with suppress(*FAULTS):
                if entry.is_marker or is_ours(store.s3, bucket, entry, token):
                    _delete(store.s3, bucket, entry.key, entry.version_id)
                    continue
            doubtful.add(entry.key)  # without its marker it would be there again


def token_of(key: str, prefix: str) -> str:
    """The random part of the key of a scratch object under the prefix, or of its copy; else empty.

    The prefix is looked for here too: there are stores that list what does not begin with it.
    """
    own = key.removeprefix(f"{prefix}copy/")
    found = LEFT_BEHIND.fullmatch(own.removeprefix(prefix)) if own.startswith(prefix) else None
    return found[1] if found else ""


def is_ours(s3: S3Client, bucket: str, entry: Entry, token: str) -> bool:
    """True where the content of a version is what a trial wrote there, or what the store made of
    the trial's request. Raises botocore's errors.
    """
    reply = s3.get_object(**Target(bucket, entry.key, entry.version_id).address)
    body = reply["Body"].read(MOST_READ).decode(errors="replace")
    return body == f"{WRITTEN} {token}" or bool(REQUEST.match(body))


def _leftovers(s3: S3Client, bucket: str, prefix: str) -> list[Entry]:
    if listed := list(_versions(s3, bucket, prefix)):
        return listed
    reply = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=MOST_SWEPT)
    now = clock(reply)
    return [_entry(row, now) for row in reply.get("Contents", [])]


def _versions(s3: S3Client, bucket: str, prefix: str) -> Iterator[Entry]:
    """The versions and markers; none where the store lists none."""
    try:
        reply = s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=MOST_SWEPT)
    except UNREADABLE:
        return
    now = clock(reply)
    for row in reply.get("Versions", []):
        yield _entry(row, now)
    for marker in reply.get("DeleteMarkers", []):
        yield _entry(marker, now, is_marker=True)


def _entry(row: Any, now: datetime, *, is_marker: bool = False) -> Entry:
    """What has no date is as good as new."""
    age = now - row["LastModified"] if row.get("LastModified") else timedelta()
    return Entry(row.get("Key", ""), row.get("VersionId"), age, is_marker)


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
