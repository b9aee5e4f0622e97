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
from operations.replica import (
    NotReplicated,
    Replica,
    is_under_kms,
    refused,
    tags_of,
    told_as,
)
from operations.replication_order import Seen, is_marked, require_older, seen
from operations.replication_rules import (
    Rule,
    need_tags,
    one_per_destination,
    remembered_rules,
)
from operations.source_lock import with_lock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_RULES = {"ReplicationConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"}
NOT_PERMITTED = "InitiateReplicationNotPermitted"
ARCHIVED = {"GLACIER", "DEEP_ARCHIVE"}


def is_versioned(s3: S3Client, bucket: str) -> str:
    """Whether a bucket keeps versions: Enabled, Suspended or None."""
    return s3.get_bucket_versioning(Bucket=bucket).get("Status", "None")


remembered_versioning = BucketMemory(is_versioned)


class ReplicateObject(Operation):
    """Copy each version to where the replication rules of its bucket send it. One that is not the
    latest of its key is refused where a newer one may be there already."""

    name: ClassVar[str] = "S3ReplicateObject"
    label: ClassVar[str] = "Replicate"
    permissions: ClassVar[tuple[str, ...]] = (
        *("s3:GetReplicationConfiguration", "s3:GetObject"),
        *("s3:GetObjectVersion", "s3:GetObjectVersionTagging"),
        *("s3:GetBucketVersioning", "s3:ListBucket", "s3:PutObject", "s3:PutObjectAcl"),
        *("s3:PutObjectTagging", "s3:DeleteObject"),
        *("s3:GetBucketObjectLockConfiguration", "s3:GetObjectRetention", "s3:GetObjectLegalHold"),
        *("s3:PutObjectRetention", "s3:PutObjectLegalHold"),
    )
    needs_versions: ClassVar[bool] = True
    plain_success: ClassVar[Outcome] = replace(SUCCESSFUL, message="success")

    def check(self, store: Store, bucket: str) -> None:
        """Refuse a bucket without a replication rule that is enabled."""
        try:
            rules = remembered_rules(store.s3, bucket)
        except ClientError as error:
            raise unfit(error, bucket) from None
        if not rules:
            reason = f"The bucket {bucket} has no replication rule that is enabled."
            raise Unfit("SrcBucketReplicationConfigMissing", reason)

    def run(self, store: Store, target: Target) -> Outcome:
        """Copy one version to every destination; the first that fails is reported."""
        try:
            rules = self.rules(store, target.bucket)
            version = seen(store, target)
            if version.head is None:
                failures = mark_deleted(store, target, version, rules)
            else:
                failures = copy_to_all(store, target, version, rules)
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


def not_eligible(why: str = "") -> NotReplicated:
    return refused("SrcObjectNotEligible", f"Object is not eligible for replication{why}")


def copy_to_all(
    store: Store, target: Target, version: Seen, rules: Iterable[Rule]
) -> list[Outcome]:
    """Copy the version to each destination; what went wrong. Raises NotReplicated."""
    head = version.head
    if head is None or head.get("StorageClass") in ARCHIVED or "SSECustomerAlgorithm" in head:
        raise not_eligible()
    tags = tags_of(store, target) if need_tags(rules, target.key) else {}
    fitting = [
        rule
        for rule in rules
        if rule.is_for(target.key, tags) and (rule.takes_kms or not is_under_kms(head))
    ]
    if not fitting:
        raise not_eligible()
    head = with_lock(store, target, head)
    failures = []
    for rule in one_per_destination(fitting):
        try:
            require_versions(store, rule)
            condition = {}
            if not version.is_latest:
                condition = require_older(store, rule.bucket, target.key, head)
            Replica(store, target, head, rule, condition).make()
        except NotReplicated as refusal:
            failures.append(refusal.outcome)
    return failures


def mark_deleted(
    store: Store, target: Target, version: Seen, rules: Iterable[Rule]
) -> list[Outcome]:
    """Put a delete marker where the rules send one and none is yet; what went wrong."""
    if not version.is_latest:
        raise not_eligible(
            ": this delete marker is not the latest version of its key, and would hide a newer one"
        )
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


def require_versions(store: Store, rule: Rule) -> None:
    """Refuse a destination that keeps no versions. Raises NotReplicated."""
    with told_as({"NoSuchBucket": "DstBucketNotFound"}, "DstPutObjectNotPermitted"):
        status = remembered_versioning(store.s3, rule.bucket)
    if status != "Enabled":
        raise refused("DstBucketUnversioned", f"The bucket {rule.bucket} does not keep versions")
