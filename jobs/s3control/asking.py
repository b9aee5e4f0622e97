"""CreateJob's members as services.py wants them: what each is called here, and nothing decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.s3control.errors import WireError, bad_request
from jobs.tags import MOST_TAGS

AS_SENT = ("Manifest", "Report", "RoleArn")
"""What DescribeJob gives back in the words of the client. The others are kept as AWS writes them
anyway.
"""
IF_ENABLED = ("Bucket", "Format", "ReportScope")


def job_request(members: Mapping[str, Any]) -> dict[str, Any]:
    """A JobRequest. Raises WireError for what AWS refuses and a JobRequest cannot say."""
    (name, parameters), *others = members["Operation"].items() or [("", {})]
    if not name or others:
        raise bad_request("Operation: give exactly one operation.")
    asked = {
        "operation": name,
        "parameters": parameters,
        "role": members["RoleArn"],
        "priority": members["Priority"],
        "report": _report(members["Report"]),
        "description": members.get("Description", ""),
        "client_request_token": members["ClientRequestToken"],
        # What is left out is true (spec.md 3.4): a job that nobody confirmed must not run.
        "confirmation_required": members.get("ConfirmationRequired", True),
        "tags": tags_of(members.get("Tags", [])),
    }
    return asked | _list(members)


def wire_form(members: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept to be told as it was sent."""
    return {name: members[name] for name in AS_SENT if name in members}


def tags_of(listed: list[dict[str, str]]) -> dict[str, str]:
    """Tags by key. Raises WireError."""
    if len(listed) > MOST_TAGS:
        told = f"A job has at most {MOST_TAGS} tags; {len(listed)} were given."
        raise WireError("TooManyTagsException", told)
    tags = {tag["Key"]: tag["Value"] for tag in listed}
    if len(tags) < len(listed):
        raise bad_request("Tags: each key may be given once.")
    return tags


def _list(members: Mapping[str, Any]) -> dict[str, Any]:
    """What stands for the objects: exactly one of the two."""
    if ("Manifest" in members) == ("ManifestGenerator" in members):
        raise bad_request("Give either Manifest or ManifestGenerator.")
    if "Manifest" in members:
        return {"manifest": _manifest(members["Manifest"])}
    generator = members["ManifestGenerator"].get("S3JobManifestGenerator")
    if generator is None:
        raise bad_request("ManifestGenerator: give an S3JobManifestGenerator.")
    # AWS has no member to permit it with: whoever names such a criterion there means it.
    return {"manifest_generator": {**generator, "AskEachObject": True}}


def _manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    spec, location = manifest["Spec"], manifest["Location"]
    told = {
        "location": location["ObjectArn"],
        "format": spec["Format"],
        "fields": spec.get("Fields") or None,
        "etag": location["ETag"],
        "version_id": location.get("ObjectVersionId"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _report(report: Mapping[str, Any]) -> dict[str, Any]:
    if not report["Enabled"]:
        return {"enabled": False}
    if lacking := [name for name in IF_ENABLED if name not in report]:
        raise bad_request(f"Report.{lacking[0]} is required where the report is enabled.")
    owner = {"expected_bucket_owner": report.get("ExpectedBucketOwner")}
    return {
        "enabled": True,
        "bucket": report["Bucket"],
        "prefix": report.get("Prefix", ""),
        "scope": report["ReportScope"],
        **(owner if owner["expected_bucket_owner"] else {}),
    }
