"""A store that runs, with the buckets of the suite in it, and how to look into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from operations.base import Store, Target
from tests.stores.servers import Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COPIES = "lading-copies"
ABSENT = {
    *("NoSuchTagSet", "NoSuchTagSetError", "NoSuchObjectLockConfiguration"),
    "ObjectLockConfigurationNotFoundError",
}
"""Codes by which a store says that an object has not got what was asked for."""


class Unreadable(NamedTuple):
    """Something that the store does not show, and the code with which it says so."""

    code: str


def code_of(error: ClientError) -> str:
    """HTTP status and code: 404 NoSuchKey. A HEAD has no body, so its code is the status."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    code = error.response["Error"].get("Code", "")
    return f"{status} {code}".removesuffix(f" {status}")


def seen(look: Callable[[], Any]) -> Any:
    """What a look shows; None where there is nothing, Unreadable where the store does not say."""
    try:
        return look()
    except ClientError as error:
        if error.response["Error"].get("Code") in ABSENT:
            return None
        return Unreadable(code_of(error))
    except ResponseParserError:
        return Unreadable("not S3")


class Shop:
    """A server, the bucket that copies go to, and buckets for each trial."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = server.name
        self.s3: S3Client = server.client(tries=3)
        self.make_bucket(COPIES)
        self.jobs = 0
        self.owner_id = self.s3.list_buckets()["Owner"]["ID"]

    def make_bucket(self, name: str, *, versions: bool = False, locked: bool = False) -> None:
        """A bucket in which ACLs count, as in those of old.

        Where the store has neither versions nor locks, it has none: the trials will tell.
        """
        lock = {"ObjectLockEnabledForBucket": True} if locked else {}
        try:
            self.s3.create_bucket(Bucket=name, **lock)
        except ClientError:
            self.s3.create_bucket(Bucket=name)
        if versions:
            enabled: Any = {"Status": "Enabled"}
            seen(
                lambda: self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=enabled)
            )
        if self.server.closes_access:
            self._open_access(name)

    def _open_access(self, name: str) -> None:
        owned: Any = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        self.s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=owned)
        self.s3.delete_public_access_block(Bucket=name)

    def store(self, *, asks_size: bool = False) -> Store:
        """The store as operations see it: by another client than this suite looks with.

        `asks_size` makes a copy two requests, as at stores that copy any size.
        """
        return Store(self.server.client(), accepts_large_copies=asks_size)

    def put(self, bucket: str, key: str, body: bytes, **more: Any) -> str | None:
        """Put an object; its version id, where there are versions. Raises ClientError."""
        reply = self.s3.put_object(Bucket=bucket, Key=key, Body=body, **more)
        version = reply.get("VersionId")
        return None if version == "null" else version

    def content(self, target: Target, *, archived: bool = False) -> Any:
        """ETag and body of an object; the size of one in an archive, from which nobody reads."""

        def look() -> tuple[str, Any]:
            if archived:
                head = self.s3.head_object(**target.address)
                return head["ETag"], head["ContentLength"]
            said = self.s3.get_object(**target.address)
            return said["ETag"], said["Body"].read()

        return seen(look)

    def tags(self, target: Target) -> Any:
        """The tags of an object."""

        def look() -> dict[str, str]:
            told = self.s3.get_object_tagging(**target.address).get("TagSet", [])
            return {tag["Key"]: tag["Value"] for tag in told}

        return seen(look)

    def readers(self, target: Target) -> Any:
        """The groups that may read an object."""

        def look() -> list[str]:
            grants = self.s3.get_object_acl(**target.address).get("Grants", [])
            groups = [grant["Grantee"].get("URI", "") for grant in grants]
            return sorted(group.rsplit("/", 1)[-1] for group in groups if group)

        return seen(look)

    def retention(self, target: Target) -> Any:
        """How strictly and until when an object is kept."""

        def look() -> tuple[str, str] | None:
            told = self.s3.get_object_retention(**target.address).get("Retention", {})
            if "Mode" not in told:
                return None
            return told["Mode"], f"{told['RetainUntilDate']:%Y-%m-%dT%H:%M:%SZ}"

        return seen(look)

    def legal_hold(self, target: Target) -> Any:
        """ON, or None: that a hold is off and that there never was one is the same."""

        def look() -> str | None:
            told = self.s3.get_object_legal_hold(**target.address).get("LegalHold", {})
            return "ON" if told.get("Status") == "ON" else None

        return seen(look)

    def restore(self, target: Target) -> Any:
        """Whether a restore has begun."""

        def look() -> bool:
            return "ongoing-request" in self.s3.head_object(**target.address).get("Restore", "")

        return seen(look)

    def encryption_key(self, target: Target) -> Any:
        """The KMS key that an object is encrypted with."""
        return seen(lambda: self.s3.head_object(**target.address).get("SSEKMSKeyId"))
