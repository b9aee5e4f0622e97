"""What the demo's jobs are asked to do, and what must have become of every row afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jobs.demo import objects

SOURCE = "demo-photos"
COPIES = "demo-copies"
REPORTS = "demo-reports"
REPORT_PREFIX = "reports"
TAGS = {"project": "Lading + demo", "reviewed": "yes/no = @maybe_"}


@dataclass(frozen=True)
class Contents:
    """What was put into the bucket SOURCE: each key's first version id, and its latest."""

    first: dict[str, str]
    latest: dict[str, str]

    @property
    def keys(self) -> list[str]:
        """The keys that exist."""
        return list(self.first)


@dataclass(frozen=True)
class Plan:
    """One job of the demo."""

    title: str
    operation: str
    parameters: Mapping[str, Any]
    manifest_key: str
    rows: list[list[str]]
    """Bucket, key as the manifest writes it and, where there is that column, the version id."""
    absent_code: str
    """What the store says of the rows whose key does not exist."""

    @property
    def fields(self) -> list[str]:
        """The manifest's columns."""
        return ["Bucket", "Key", "VersionId"][: len(self.rows[0])]

    @property
    def manifest(self) -> bytes:
        """The CSV file."""
        return "".join(",".join(row) + "\n" for row in self.rows).encode()

    def request(self, role: str) -> dict[str, Any]:
        """What services.create_job is asked for."""
        return {
            "operation": self.operation,
            "parameters": dict(self.parameters),
            "manifest": {"location": f"s3://{REPORTS}/{self.manifest_key}", "fields": self.fields},
            "role": role,
            "description": f"Demo: {self.title.lower()}",
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": REPORTS, "prefix": REPORT_PREFIX},
        }


def tagging(contents: Contents) -> Plan:
    """Tag the latest version of each object: a manifest without version ids."""
    keys = [*contents.keys, *objects.missing_keys()]
    return Plan(
        title="Replace all object tags",
        operation="S3PutObjectTagging",
        parameters={"TagSet": [{"Key": key, "Value": value} for key, value in TAGS.items()]},
        manifest_key="manifests/latest.csv",
        rows=[[SOURCE, written(key)] for key in keys],
        absent_code="NoSuchKey",
    )


def copying(contents: Contents, absent_code: str) -> Plan:
    """Copy the first version of each object under its own key: a manifest with version ids."""
    some_version = next(iter(contents.first.values()))
    versions = {**contents.first, **dict.fromkeys(objects.missing_keys(), some_version)}
    return Plan(
        title="Copy",
        operation="S3PutObjectCopy",
        parameters={"TargetResource": f"arn:aws:s3:::{COPIES}"},
        manifest_key="manifests/first-versions.csv",
        rows=[[SOURCE, written(key), version] for key, version in versions.items()],
        absent_code=absent_code,
    )


def written(key: str) -> str:
    """A key as a manifest writes it: URL-encoded."""
    return quote(key, safe="/")
