"""How each operation is tried on a scratch object: one small entry each.

Parameters are fixed and in AWS's names, so that a finding is about the store and the operation and
not about a job. What is not listed is never tried, and NOT_TRIED says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from operations.base import Operation
from operations.client_events import UNREADABLE
from operations.parameters import bucket_of
from operations.scratch import Scratch

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
NOBODY = "0" * 64
NO_KEY = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"


class Harmed(Exception):
    """The operation did harm that is not seen on the scratch object itself; says which."""


@dataclass(frozen=True)
class Step:
    """The operation once, and whether the store shows its effect.

    `is_seen` raises ClientError where the store does not tell, Harmed where it did harm.
    """

    parameters: Callable[[Scratch], dict[str, Any]]
    is_seen: Callable[[Scratch], bool]


@dataclass(frozen=True)
class Plan:
    """How one operation is tried."""

    steps: tuple[Step, ...]
    is_tagged: bool = False
    """The scratch object needs tags before."""
    when_refused: str = ""
    """What a clean refusal proves and what not, for people."""
    needs_lock: bool = False
    """Only a bucket with Object Lock can show the effect."""
    place: Callable[[Operation, str], str] = lambda _operation, bucket: bucket
    """The bucket to try it in for a job: given the job's operation and its source bucket."""


def has_tags(scratch: Scratch) -> bool:
    reply = scratch.s3.get_object_tagging(Bucket=scratch.bucket, Key=scratch.key)
    return reply.get("TagSet") == scratch.tags


def has_no_tags(scratch: Scratch) -> bool:
    return not scratch.s3.get_object_tagging(Bucket=scratch.bucket, Key=scratch.key).get("TagSet")


def is_copied(scratch: Scratch) -> bool:
    body = scratch.read(scratch.copy_key)
    if body not in (None, scratch.body):
        raise Harmed("the copy is not what was copied, and would overwrite whatever it replaces")
    return body is not None


def is_public(scratch: Scratch) -> bool:
    reply = scratch.s3.get_object_acl(Bucket=scratch.bucket, Key=scratch.key)
    return any(
        grant.get("Grantee", {}).get("URI") == EVERYBODY for grant in reply.get("Grants", [])
    )


def owned(scratch: Scratch) -> dict[str, Any]:
    """A list that gives the owner everything, and nothing to anybody else."""
    try:
        reply: Any = scratch.s3.get_object_acl(Bucket=scratch.bucket, Key=scratch.key)
        owner = reply.get("Owner", {}).get("ID") or NOBODY
    except UNREADABLE:
        owner = NOBODY
    grants = [
        {
            "Grantee": {"TypeIdentifier": "id", "Identifier": owner},
            "Permission": "FULL_CONTROL",
        }
    ]
    return {
        "AccessControlPolicy": {"AccessControlList": {"Owner": {"ID": owner}, "Grants": grants}}
    }


def is_held(scratch: Scratch) -> bool:
    reply = scratch.s3.get_object_legal_hold(Bucket=scratch.bucket, Key=scratch.key)
    return reply.get("LegalHold", {}).get("Status") == "ON"


def is_retained(scratch: Scratch) -> bool:
    address = scratch.target.address
    try:
        kept = scratch.s3.get_object_retention(**address).get("Retention", {})
        mode, until = kept.get("Mode"), kept.get("RetainUntilDate")
    except UNREADABLE:  # some stores tell it in a HEAD alone
        head = scratch.s3.head_object(**address)
        mode, until = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
    if mode is None or until is None:
        return False
    return mode == "GOVERNANCE" and abs(until - scratch.retain_until) < timedelta(seconds=2)


def has_key(scratch: Scratch) -> bool:
    return scratch.s3.head_object(**scratch.target.address).get("SSEKMSKeyId") == NO_KEY


def legal_hold(status: str) -> Callable[[Scratch], dict[str, Any]]:
    return lambda _scratch: {"LegalHold": {"Status": status}}


PLANS: dict[str, Plan] = {
    # To the destination, as a job that copies may well only read its source.
    "S3PutObjectCopy": Plan(
        steps=(
            Step(
                lambda scratch: {
                    "TargetResource": f"arn:aws:s3:::{scratch.bucket}",
                    "TargetKeyPrefix": scratch.copy_prefix,
                },
                is_copied,
            ),
        ),
        place=lambda operation, _bucket: bucket_of(operation.target_resource),  # type: ignore[attr-defined]
    ),
    "S3PutObjectTagging": Plan(steps=(Step(lambda scratch: {"TagSet": scratch.tags}, has_tags),)),
    "S3DeleteObjectTagging": Plan(steps=(Step(lambda _: {}, has_no_tags),), is_tagged=True),
    # The scratch object says nothing to anybody, and is deleted within the second.
    "S3PutObjectAcl": Plan(
        steps=(
            Step(
                lambda _: {"AccessControlPolicy": {"CannedAccessControlList": "public-read"}},
                is_public,
            ),
            # A list is a body, and may be taken for an upload where the header above is not.
            Step(owned, lambda scratch: not is_public(scratch)),
        )
    ),
    "S3PutObjectLegalHold": Plan(
        steps=(
            Step(legal_hold("ON"), is_held),
            Step(legal_hold("OFF"), lambda scratch: not is_held(scratch)),
        ),
        needs_lock=True,
    ),
    "S3PutObjectRetention": Plan(
        steps=(
            Step(
                lambda scratch: {
                    "BypassGovernanceRetention": True,
                    "Retention": {
                        "Mode": "GOVERNANCE",
                        "RetainUntilDate": scratch.retain_until.isoformat(),
                    },
                },
                is_retained,
            ),
        ),
        needs_lock=True,
    ),
    # With a key that does not exist: a store that knows the request refuses it, and that is enough
    # to know that it does not take it for an upload.
    "S3UpdateObjectEncryption": Plan(
        steps=(Step(lambda _: {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": NO_KEY}}}, has_key),),
        when_refused="The key of the trial does not exist: this shows that the request is not "
        "taken for an upload, and not whether a real key would be taken.",
    ),
}

NOT_TRIED = {
    "LambdaInvoke": "What a function does cannot be taken back.",
    "S3InitiateRestoreObject": "A restore cannot be taken back.",
    "S3ReplicateObject": "It writes to buckets of its own, by the requests of Copy: what is found "
    "of Copy counts for it.",
    "S3ComputeObjectChecksum": "It only reads, and changes nothing.",
}
"""Why what has no plan is never tried, for people."""
