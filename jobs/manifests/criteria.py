"""Which of the listed objects a generated manifest takes (spec.md 3.4, 4.4).

Criteria are joined by AND, the values of one list by OR; comparisons are strict. What a listing
tells is judged at once; for the rest each object that is left is asked for, one request each, and
one more where replication rules want to know its tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from jobs.errors import JobFailure
from jobs.generator_filter import Filter, KeyNames
from jobs.manifests.faults import excerpt
from jobs.manifests.refusals import advised, code_of, is_forbidden, may_pass, status_of, with_code
from operations.client_events import needed
from operations.replica import is_under_kms
from operations.replicate_object import ARCHIVED, NO_RULES
from operations.replication_rules import Rule, need_tags, rules_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.generator import ManifestGenerator
    from jobs.generator_filter import Encryption
    from jobs.manifests.pages import Entry

Check = Callable[["Entry"], bool]
GONE = {404, 405}
"""Statuses of an object that was removed after it was listed."""
CUSTOMER_KEY: Mapping[str, Any] = {"SSECustomerAlgorithm": "AES256"}
"""What is known of an object that S3 tells nothing of without its customer's key."""
STATUSES = {"COMPLETE": "COMPLETED"}
"""Other words for a replication status."""


class Criteria:
    """What a generator asks of objects; may be used by many threads once `begin` was called."""

    def __init__(self, s3: S3Client, generator: ManifestGenerator) -> None:
        self._s3 = s3
        self._bucket = generator.bucket
        owner = generator.expected_bucket_owner
        self._owner = {"ExpectedBucketOwner": owner} if owner else {}
        self._filter = generator.filter or Filter()
        self._checks = [*_key_checks(self._filter.key_name_constraint), *_checks(self._filter)]
        self._rules: tuple[Rule, ...] = ()
        self.needs_asking = bool(self._filter.needs_asking)

    def begin(self) -> None:
        """Read the replication rules, where they matter. Raises JobFailure, botocore's errors."""
        if self._filter.eligible_for_replication:
            self._rules = self._read_rules()
            self._checks.append(self._may_replicate)

    def are_met_by(self, entry: Entry) -> bool:
        """Whether the listing's words on an object are right."""
        return not entry.is_marker and all(check(entry) for check in self._checks)

    def are_met_when_asked(self, entry: Entry) -> bool:
        """The same of what only the object itself tells. False for one that is gone.

        Raises JobFailure where that is forbidden, botocore's errors where it may be answered later.
        """
        head = self._told(entry, "s3:GetObject", self._head)
        if head is None:
            return False
        wanted = self._filter.object_replication_statuses
        status = head.get("ReplicationStatus", "NONE")
        if wanted and (head is CUSTOMER_KEY or STATUSES.get(status, status) not in wanted):
            return False
        kinds = self._filter.match_any_object_encryption
        if kinds and not any(is_encrypted(head, kind) for kind in kinds):
            return False
        return not self._filter.eligible_for_replication or self._is_replicated(entry, head)

    # ---- replication

    def _read_rules(self) -> tuple[Rule, ...]:
        try:
            rules = rules_of(self._s3, self._bucket)
        except ClientError as error:
            if code_of(error) not in NO_RULES:
                raise self._no_rules_told(error) from None
            rules = ()
        if not rules:
            raise JobFailure(
                "ManifestGenerationFailed",
                f"The bucket {self._bucket} has no replication rule that is enabled, so none of "
                "its objects is eligible for replication.",
            )
        return rules

    def _no_rules_told(self, error: ClientError) -> ClientError | JobFailure:
        if code_of(error) == "NoSuchBucket":
            return JobFailure("ManifestNotFound", f"The bucket {self._bucket} does not exist.")
        if may_pass(error) or not is_forbidden(error):
            return error
        return JobFailure(
            "ManifestAccessDenied",
            f"Reading the replication rules of the bucket {self._bucket} is forbidden: "
            f"{advised(error)}. The role needs s3:GetReplicationConfiguration.",
        )

    def _may_replicate(self, entry: Entry) -> bool:
        begins = any(entry.key.startswith(rule.prefix) for rule in self._rules)
        return begins and entry.storage_class not in ARCHIVED

    def _is_replicated(self, entry: Entry, head: Mapping[str, Any]) -> bool:
        """Whether a rule sends the object somewhere: replicas are sent on by none."""
        if head.get("ReplicationStatus") == "REPLICA" or "SSECustomerAlgorithm" in head:
            return False
        if head.get("StorageClass") in ARCHIVED:
            return False
        tags: Mapping[str, Any] | None = {}
        if need_tags(self._rules, entry.key):
            tags = self._told(entry, "s3:GetObjectTagging", self._tags)
        known: Any = head
        return tags is not None and any(
            rule.is_for(entry.key, tags) and (rule.takes_kms or not is_under_kms(known))
            for rule in self._rules
        )

    # ---- asking

    def _head(self, address: dict[str, Any]) -> Mapping[str, Any]:
        return self._s3.head_object(**address)

    def _tags(self, address: dict[str, Any]) -> Mapping[str, Any]:
        reply = self._s3.get_object_tagging(**address)
        return {tag["Key"]: tag["Value"] for tag in needed(reply, "TagSet")}

    def _told(
        self, entry: Entry, permission: str, ask: Callable[[dict[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any] | None:
        """What the store tells of an object; None where that is gone."""
        address: dict[str, Any] = {"Bucket": self._bucket, "Key": entry.key, **self._owner}
        if entry.version_id is not None:
            address["VersionId"] = entry.version_id
        try:
            return ask(address)
        except ClientError as error:
            if status_of(error) in GONE:
                return None
            told = error if may_pass(error) else with_code(error, self._s3, address)
            if status_of(error) == 400 and code_of(told) == "InvalidRequest":
                return CUSTOMER_KEY
            raise self._refused(told, entry, permission) from None

    def _refused(self, error: ClientError, entry: Entry, permission: str) -> Exception:
        if may_pass(error):
            return error
        key = excerpt(entry.key, 80)
        if is_forbidden(error):
            return JobFailure(
                "ManifestAccessDenied",
                f"Asking about the object {key} is forbidden: {advised(error)}. "
                f"The role needs {permission}.",
            )
        return JobFailure(
            "ManifestGenerationFailed",
            f"The store refuses to tell about the object {key}: {code_of(error)}.",
        )


def _key_checks(names: KeyNames | None) -> list[Check]:
    """The listing itself takes care of prefixes."""
    checks: list[Check] = []
    if names and (suffixes := names.match_any_suffix):
        checks.append(lambda entry: entry.key.endswith(suffixes))
    if names and (parts := names.match_any_substring):
        checks.append(lambda entry: any(part in entry.key for part in parts))
    return checks


def _checks(wanted: Filter) -> list[Check]:
    """What a listing tells besides the key."""
    checks: list[Check] = []
    if classes := wanted.match_any_storage_class:
        checks.append(lambda entry: entry.storage_class in classes)
    if (more := wanted.object_size_greater_than_bytes) is not None:
        checks.append(lambda entry: entry.size > more)
    if (less := wanted.object_size_less_than_bytes) is not None:
        checks.append(lambda entry: entry.size < less)
    if after := wanted.created_after:
        checks.append(lambda entry: moment(entry.modified) > after)
    if before := wanted.created_before:
        checks.append(lambda entry: moment(entry.modified) < before)
    return checks


def moment(text: str) -> datetime:
    """A listing's time. Raises JobFailure for what is none."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise JobFailure(
            "ManifestGenerationFailed",
            f"The store lists an object with the date {excerpt(text)}, which is none.",
        ) from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def is_encrypted(head: Mapping[str, Any], kind: Encryption) -> bool:
    """Whether an object is encrypted in one way."""
    if kind.sse_c or kind.not_sse:
        customer = "SSECustomerAlgorithm" in head
        return customer if kind.sse_c else not (customer or head.get("ServerSideEncryption"))
    if kind.sse_s3:
        return head.get("ServerSideEncryption") == "AES256"
    chosen = kind.sse_kms or kind.dsse_kms
    name = "aws:kms" if kind.sse_kms else "aws:kms:dsse"
    if head.get("ServerSideEncryption") != name or chosen is None:
        return False
    key_fits = chosen.kms_key_arn in (None, head.get("SSEKMSKeyId"))
    with_key = kind.sse_kms.bucket_key_enabled if kind.sse_kms else None
    return key_fits and with_key in (None, head.get("BucketKeyEnabled", False))
