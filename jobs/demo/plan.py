"""What the demo's jobs are asked to do, and what must have become of every row afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jobs.demo import objects
from operations.examples.describe_key import describe

SOURCE = "demo-photos"
COPIES = "demo-copies"
REPORTS = "demo-reports"
REPORT_PREFIX = "reports"
FUNCTION = "describe-key"
"""The function that the third job calls: operations/examples/describe_key.py."""
DESCRIBED = 400
"""It is called with so many of the keys, all nasty ones among them."""
REFUSED = "missing/"
"""Keys that begin so are refused by it."""
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
    """What the store says of the rows whose key does not exist, or the function of them."""
    absent_status: int = 404
    absent_because: str = "keys do not exist"
    messages: Mapping[str, str] | None = None
    """What the report says of each key as the manifest writes it, where that is foretold."""

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


def describing(contents: Contents) -> Plan:
    """Call a function with each key; it refuses those that do not exist, though it cannot know."""
    missing = objects.missing_keys()
    keys = contents.keys[:DESCRIBED]
    no = f"Keys that begin with {REFUSED} are not wanted."
    return Plan(
        title="Invoke AWS Lambda function",
        operation="LambdaInvoke",
        parameters={
            "FunctionArn": FUNCTION,
            "InvocationSchemaVersion": "2.0",
            "UserArguments": {"refuse": REFUSED},
        },
        manifest_key="manifests/some.csv",
        rows=[[SOURCE, written(key)] for key in (*keys, *missing)],
        absent_code="PermanentFailure",
        absent_status=200,
        absent_because="keys are refused by the function",
        messages={
            **{written(key): describe(key) for key in keys},
            **{written(key): no for key in missing},
        },
    )


def written(key: str) -> str:
    """A key as a manifest writes it: URL-encoded."""
    return quote(key, safe="/")
