"""Replicate: copy each version as the rules of its bucket say (spec.md 5.9).

AWS has no public call that starts a replication, so Lading reads the bucket's rules and copies by
itself, on AWS as anywhere else. docs/operations.md says what differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from operations.base import SUCCESSFUL, Operation, Outcome, Store, Target, Unfit
from operations.bucket_memory import BucketMemory
from operations.perform import refusal_of
from operations.replica import NotReplicated, Replica, refused, tags_of, told_as
from operations.replication_rules import (
    Rule,
    need_tags,
    one_per_destination,
    remembered_rules,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

NO_RULES = {"ReplicationConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"}
NOT_PERMITTED = "InitiateReplicationNotPermitted"
ARCHIVED = {"GLACIER", "DEEP_ARCHIVE"}
TO_SOURCE = {"404": "SrcObjectNotFound", "NoSuchKey": "SrcObjectNotFound"}


def is_versioned(s3: S3Client, bucket: str) -> str:
    """Whether a bucket keeps versions: Enabled, Suspended or None."""
    return s3.get_bucket_versioning(Bucket=bucket).get("Status", "None")


remembered_versioning = BucketMemory(is_versioned)


class ReplicateObject(Operation):
    """Copy each version to where the replication rules of its bucket send it."""

    name: ClassVar[str] = "S3ReplicateObject"
    label: ClassVar[str] = "Replicate"
    permissions: ClassVar[tuple[str, ...]] = (
        *("s3:GetReplicationConfiguration", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"),
        *("s3:GetBucketVersioning", "s3:ListBucket", "s3:PutObject", "s3:PutObjectAcl"),
        *("s3:PutObjectTagging", "s3:DeleteObject"),
        *("s3:PutObjectRetention", "s3:PutObjectLegalHold"),
    )
    needs_versions: ClassVar[bool] = True
    plain_success: ClassVar[Outcome] = replace(SUCCESSFUL, message="success")

    def check(self, store: Store, bucket: str) -> None:
        """Refuse a bucket without replication rules."""
        try:
            remembered_rules(store.s3, bucket)
        except ClientError as error:
            raise unfit(error, bucket) from None

    def run(self, store: Store, target: Target) -> Outcome:
        """Copy one version to every destination; the first that fails is reported."""
        try:
            rules = self.rules(store, target.bucket)
            head = head_of(store, target)
            if head is None:
                failures = mark_deleted(store, target, rules)
            else:
                failures = copy_to_all(store, target, head, rules)
        except NotReplicated as refusal:
            return refusal.outcome
        return failures[0] if failures else self.plain_success

    def rules(self, store: Store, bucket: str) -> tuple[Rule, ...]:
        codes = dict.fromkeys(NO_RULES, "SrcBucketReplicationConfigMissing")
        with told_as({**codes, "NoSuchBucket": "SrcBucketNotFound"}, NOT_PERMITTED):
            return remembered_rules(store.s3, bucket)


def unfit(error: ClientError, bucket: str) -> Exception:
    """Why no version of the bucket can be replicated; the error itself where that may pass."""
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in NO_RULES:
        return Unfit(
            "SrcBucketReplicationConfigMissing", f"The bucket {bucket} has no replication rules."
        )
    if code == "NoSuchBucket":
        return Unfit("SrcBucketNotFound", f"The bucket {bucket} does not exist.")
    if status == 403:
        return Unfit(
            NOT_PERMITTED,
            f"The role may not read the replication rules of the bucket {bucket} "
            "(s3:GetReplicationConfiguration).",
        )
    return error


def head_of(store: Store, target: Target) -> HeadObjectOutputTypeDef | None:
    """What the store says of the version; None where it is a delete marker. Raises NotReplicated.

    A version that AWS would not replicate is refused.
    """
    try:
        head = store.s3.head_object(**target.address)
    except ClientError as error:
        if "x-amz-delete-marker" in error.response["ResponseMetadata"].get("HTTPHeaders", {}):
            return None
        with told_as(TO_SOURCE, "SrcGetObjectNotPermitted"):
            raise
    if head.get("StorageClass") in ARCHIVED or "SSECustomerAlgorithm" in head:
        raise not_eligible()
    return head


def not_eligible() -> NotReplicated:
    return refused("SrcObjectNotEligible", "Object is not eligible for replication")


def copy_to_all(
    store: Store, target: Target, head: HeadObjectOutputTypeDef, rules: Iterable[Rule]
) -> list[Outcome]:
    """Copy the version to each destination; what went wrong. Raises NotReplicated."""
    tags = tags_of(store, target) if need_tags(rules, target.key) else {}
    is_kms = head.get("ServerSideEncryption", "").startswith("aws:kms")
    fitting = [
        rule for rule in rules if rule.is_for(target.key, tags) and (rule.takes_kms or not is_kms)
    ]
    if not fitting:
        raise not_eligible()
    failures = []
    for rule in one_per_destination(fitting):
        try:
            require_versions(store, rule)
            Replica(store, target, head, rule).make()
        except NotReplicated as refusal:
            failures.append(refusal.outcome)
    return failures


def mark_deleted(store: Store, target: Target, rules: Iterable[Rule]) -> list[Outcome]:
    """Put a delete marker where the rules send one and none is yet; what went wrong."""
    fitting = [rule for rule in rules if not rule.tags and rule.is_for(target.key, {})]
    chosen = [rule for rule in one_per_destination(fitting) if rule.takes_delete_markers]
    if not chosen:
        raise not_eligible()
    failures = []
    for rule in chosen:
        try:
            require_versions(store, rule)
            if not is_marked(store, rule.bucket, target.key):
                with told_as({"NoSuchBucket": "DstBucketNotFound"}, "DstDelObjNotPermitted"):
                    store.s3.delete_object(Bucket=rule.bucket, Key=target.key)
        except NotReplicated as refusal:
            failures.append(refusal.outcome)
    return failures


def is_marked(store: Store, bucket: str, key: str) -> bool:
    """True where the latest version of the key is a delete marker."""
    try:
        store.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        outcome = refusal_of(error)
        if outcome.http_status not in (403, 404):
            raise NotReplicated(outcome) from None
        return "x-amz-delete-marker" in error.response["ResponseMetadata"].get("HTTPHeaders", {})
    return False


def require_versions(store: Store, rule: Rule) -> None:
    """Refuse a destination that keeps no versions. Raises NotReplicated."""
    with told_as({"NoSuchBucket": "DstBucketNotFound"}, "DstPutObjectNotPermitted"):
        status = remembered_versioning(store.s3, rule.bucket)
    if status != "Enabled":
        raise refused("DstBucketUnversioned", f"The bucket {rule.bucket} does not keep versions")
