"""What is tried at every store: an operation, what an object needs before, and what shows after.

A new operation is one entry: parameters, what is put, what is done before, where its effect is seen
and what it is to be.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from operations import OPERATION_BY_NAME, Operation
from operations.base import Outcome, Target
from tests.operations.examples import KEY_ARN
from tests.stores.shop import COPIES, Shop, Unreadable, seen

AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
TAGS = {"project": "lading", "größe": "a b+c/=:@"}
OLD_TAGS = {"old": "yes"}
TAG_SET = [{"Key": key, "Value": value} for key, value in TAGS.items()]
UNTIL = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Trial:
    """One case at one store, in a bucket of its own."""

    shop: Shop
    bucket: str

    @property
    def prefix(self) -> str:
        """Where copies go, so that no trial sees the copies of another."""
        return self.bucket

    @property
    def replicas(self) -> str:
        """Where replicas go."""
        return f"{self.bucket}-replicas"

    def copy_of(self, target: Target) -> Target:
        """Where the copy of a target is looked for."""
        return Target(COPIES, f"{self.prefix}/{target.key}")


Look = Callable[[Trial, Target], Any]


def nothing(*_: object) -> None:
    """Nothing is done before, or nothing can be seen."""


@dataclass(frozen=True)
class Case:
    """An operation with its parameters, and how its effect is read back."""

    title: str
    name: str
    """AWS's name of the operation."""
    parameters: Callable[[Trial], Mapping[str, Any]]
    effect: Look = nothing
    wanted: Callable[[bytes], Any] = nothing
    """The effect that there has to be, given the body of the object."""
    tells: Callable[[Outcome, bytes], bool] | None = None
    """Whether the outcome tells what it has to; for operations that change nothing."""
    on_every_key: bool = False
    only_versions: bool = False
    put: Mapping[str, Any] = field(default_factory=dict)
    arrange: Callable[[Trial], Any] = nothing
    """What the bucket needs."""
    before: Callable[[Trial, Target], Any] = nothing
    """What each object needs."""
    locked: bool = False
    elsewhere: bool = False
    """The effect shows on another object than the target."""

    @property
    def archived(self) -> bool:
        """The objects lie in an archive."""
        return "StorageClass" in self.put

    @property
    def slug(self) -> str:
        """The title as a part of a bucket's name."""
        return re.sub(r"[^a-z]+", "-", self.title.lower())[:36]

    def operation(self, trial: Trial) -> Operation:
        """The operation with its parameters."""
        return OPERATION_BY_NAME[self.name].parse(self.parameters(trial))


def always(value: Any) -> Callable[[Any], Any]:
    """The same whatever is asked."""
    return lambda _: value


def copy(trial: Trial) -> dict[str, Any]:
    """The parameters of a copy to where only this trial looks."""
    return {"TargetResource": f"arn:aws:s3:::{COPIES}", "TargetKeyPrefix": trial.prefix}


def copied(trial: Trial, target: Target) -> Any:
    """The body of the copy."""
    said = trial.shop.content(trial.copy_of(target))
    return said if isinstance(said, Unreadable) else said[1]


def copied_anew(trial: Trial, target: Target) -> Any:
    """Body, tags, metadata and type of the copy."""
    body, made = copied(trial, target), trial.copy_of(target)
    if isinstance(body, Unreadable):
        return body
    head = trial.shop.s3.head_object(**made.address)
    return body, trial.shop.tags(made), head["Metadata"], head["ContentType"]


def grants(trial: Trial) -> dict[str, Any]:
    """All to the owner, and reading to whoever is known."""
    owner = {"TypeIdentifier": "id", "Identifier": trial.shop.owner_id}
    known = {"TypeIdentifier": "uri", "Identifier": AUTHENTICATED}
    listed = [
        {"Grantee": owner, "Permission": "FULL_CONTROL"},
        {"Grantee": known, "Permission": "READ"},
    ]
    acl = {"Owner": {"ID": trial.shop.owner_id}, "Grants": listed}
    return {"AccessControlPolicy": {"AccessControlList": acl}}


def tag(trial: Trial, target: Target) -> None:
    """Give the object tags that the operation has to take away."""
    tags = [{"Key": key, "Value": value} for key, value in OLD_TAGS.items()]
    trial.shop.s3.put_object_tagging(**target.address, Tagging={"TagSet": tags})


def hold(trial: Trial, target: Target) -> None:
    """Put a legal hold on the object."""
    trial.shop.s3.put_object_legal_hold(**target.address, LegalHold={"Status": "ON"})


def retain(trial: Trial, target: Target) -> None:
    """Put a lock on the object that may be lifted."""
    lock: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.fromisoformat(UNTIL)}
    trial.shop.s3.put_object_retention(**target.address, Retention=lock)


def replicate_here(trial: Trial) -> None:
    """Give the bucket a rule that sends everything to a bucket of replicas."""
    trial.shop.make_bucket(trial.replicas, versions=True)
    rule: Any = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{trial.replicas}"},
    }
    rules: Any = {"Role": "arn:aws:iam::000000000000:role/replication", "Rules": [rule]}
    seen(
        lambda: trial.shop.s3.put_bucket_replication(
            Bucket=trial.bucket, ReplicationConfiguration=rules
        )
    )


def replicated(trial: Trial, target: Target) -> Any:
    """Body and tags of the replica."""
    said = trial.shop.content(Target(trial.replicas, target.key))
    if isinstance(said, Unreadable):
        return said
    return said[1], trial.shop.tags(Target(trial.replicas, target.key))


def tells_sha256(outcome: Outcome, body: bytes) -> bool:
    """The message holds the checksum, as AWS's reports have it."""
    return json.loads(outcome.message)["checksum_hex"] == hashlib.sha256(body).hexdigest().upper()


def shown(name: str) -> Look:
    """What the shop shows of a target."""
    return lambda trial, target: getattr(trial.shop, name)(target)


TAGGING = Case(
    title="Replace all object tags",
    name="S3PutObjectTagging",
    parameters=always({"TagSet": TAG_SET}),
    effect=shown("tags"),
    wanted=always(TAGS),
    on_every_key=True,
)
COPY = Case(
    title="Copy",
    name="S3PutObjectCopy",
    parameters=copy,
    effect=copied,
    elsewhere=True,
    wanted=lambda body: body,
    on_every_key=True,
)

CASES = (
    COPY,
    Case(
        title="Copy with new tags and metadata",
        name="S3PutObjectCopy",
        parameters=lambda trial: {
            **copy(trial),
            "NewObjectTagging": TAG_SET,
            "NewObjectMetadata": {
                "UserMetadata": {"team": "ops"},
                "ContentType": "text/x-lading",
            },
        },
        effect=copied_anew,
        elsewhere=True,
        wanted=lambda body: (body, TAGS, {"team": "ops"}, "text/x-lading"),
    ),
    TAGGING,
    Case(
        title="Delete all object tags",
        name="S3DeleteObjectTagging",
        parameters=always({}),
        before=tag,
        effect=lambda trial, target: trial.shop.tags(target) or None,
        wanted=always(None),
    ),
    Case(
        title="Replace ACL, canned",
        name="S3PutObjectAcl",
        parameters=always({"AccessControlPolicy": {"CannedAccessControlList": "public-read"}}),
        effect=shown("readers"),
        wanted=always(["AllUsers"]),
    ),
    Case(
        title="Replace ACL, grants",
        name="S3PutObjectAcl",
        parameters=grants,
        effect=shown("readers"),
        wanted=always(["AuthenticatedUsers"]),
    ),
    Case(
        title="Restore",
        name="S3InitiateRestoreObject",
        parameters=always({"ExpirationInDays": 3, "GlacierJobTier": "BULK"}),
        put={"StorageClass": "GLACIER"},
        effect=shown("restore"),
        wanted=always(True),
    ),
    Case(
        title="Object Lock retention",
        name="S3PutObjectRetention",
        parameters=always({"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL}}),
        effect=shown("retention"),
        wanted=always(("GOVERNANCE", UNTIL)),
        locked=True,
    ),
    Case(
        title="Object Lock retention, removed with bypass",
        name="S3PutObjectRetention",
        parameters=always({"BypassGovernanceRetention": True, "Retention": {}}),
        before=retain,
        effect=shown("retention"),
        wanted=always(None),
        locked=True,
    ),
    Case(
        title="Object Lock legal hold on",
        name="S3PutObjectLegalHold",
        parameters=always({"LegalHold": {"Status": "ON"}}),
        effect=shown("legal_hold"),
        wanted=always("ON"),
        locked=True,
    ),
    Case(
        title="Object Lock legal hold off",
        name="S3PutObjectLegalHold",
        parameters=always({"LegalHold": {"Status": "OFF"}}),
        before=hold,
        effect=shown("legal_hold"),
        wanted=always(None),
        locked=True,
    ),
    Case(
        title="Update object encryption",
        name="S3UpdateObjectEncryption",
        parameters=always({"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_ARN}}}),
        effect=shown("encryption_key"),
        wanted=always(KEY_ARN),
    ),
    Case(
        title="Replicate",
        name="S3ReplicateObject",
        parameters=always({}),
        arrange=replicate_here,
        before=tag,
        effect=replicated,
        wanted=lambda body: (body, OLD_TAGS),
        elsewhere=True,
        only_versions=True,
    ),
    Case(
        title="Compute checksum",
        name="S3ComputeObjectChecksum",
        parameters=always({"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}),
        tells=tells_sha256,
    ),
)
