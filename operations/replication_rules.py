"""A bucket's replication configuration: which rules apply to which object (spec.md 5.9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operations.bucket_memory import BucketMemory
from operations.parameters import bucket_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Rule:
    """An enabled rule: what it is for, and where that goes."""

    bucket: str
    """The destination."""
    priority: int = 0
    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str | None = None
    owner: str | None = None
    """The account that the replicas shall belong to."""
    kms_key: str | None = None
    takes_kms: bool = False
    """True where objects encrypted with SSE-KMS are replicated."""
    takes_delete_markers: bool = False

    def is_for(self, key: str, tags: Mapping[str, str]) -> bool:
        """True where the filter lets the object through."""
        return key.startswith(self.prefix) and self.tags.items() <= tags.items()


def rules_of(s3: S3Client, bucket: str) -> tuple[Rule, ...]:
    """The enabled rules of a bucket, as the store says now. Raises botocore's errors."""
    told = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"]
    return tuple(rule_of(rule) for rule in told if rule["Status"] == "Enabled")


remembered_rules = BucketMemory(rules_of)
"""`rules_of`, asked once a minute."""


def rule_of(told: Mapping[str, Any]) -> Rule:
    """A rule as boto3 gives it. One without a filter is of AWS's first version, which replicates
    delete markers.
    """
    place = told["Destination"]
    prefix, tags = _filter(told)
    markers = told.get("DeleteMarkerReplication", {}).get("Status") == "Enabled"
    criteria = told.get("SourceSelectionCriteria", {})
    changes_owner = place.get("AccessControlTranslation", {}).get("Owner") == "Destination"
    return Rule(
        bucket=bucket_of(place["Bucket"]),
        priority=told.get("Priority", 0),
        prefix=prefix,
        tags=tags,
        storage_class=place.get("StorageClass"),
        owner=place.get("Account") if changes_owner else None,
        kms_key=place.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID"),
        takes_kms=criteria.get("SseKmsEncryptedObjects", {}).get("Status") == "Enabled",
        takes_delete_markers=markers or "Filter" not in told,
    )


def _filter(told: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    if "Filter" not in told:
        return told.get("Prefix", ""), {}
    chosen = told["Filter"]
    both = chosen.get("And", {})
    tags = [*both.get("Tags", []), *([chosen["Tag"]] if "Tag" in chosen else [])]
    prefix = both.get("Prefix", chosen.get("Prefix", ""))
    return prefix, {tag["Key"]: tag["Value"] for tag in tags}


def need_tags(rules: Iterable[Rule], key: str) -> bool:
    """True where an object's tags decide whether a rule is for it."""
    return any(rule.tags and key.startswith(rule.prefix) for rule in rules)


def one_per_destination(rules: Iterable[Rule]) -> list[Rule]:
    """Of several rules with one destination, that of the highest priority."""
    chosen: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: rule.priority):
        chosen[rule.bucket] = rule
    return list(chosen.values())
