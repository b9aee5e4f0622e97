"""The part of the form that lists a bucket: an S3JobManifestGenerator in the words of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from django import forms

from jobs.pages.kinds import IN_UTC, LinesField, Moment, WholeNumber
from operations.parameters import StorageClass

ENCRYPTIONS = [
    ("", "Any"),
    ("SSES3", "SSE-S3"),
    ("SSEKMS", "SSE-KMS"),
    ("DSSEKMS", "DSSE-KMS"),
    ("SSEC", "SSE-C"),
    ("NOTSSE", "Not encrypted"),
]
STATUSES = [
    ("COMPLETED", "Completed"),
    ("FAILED", "Failed"),
    ("REPLICA", "Replica"),
    ("NONE", "None"),
]


class ListingFields(forms.Form):
    """Which objects of a bucket; what is allowed is judged by ManifestGenerator."""

    listing_bucket = forms.CharField(label="Bucket to list", required=False)
    listing_owner = forms.CharField(
        label="Bucket owner",
        required=False,
        help_text="The 12 digits of the account that must own the bucket.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "spellcheck": "false"}),
    )
    prefixes = LinesField(
        str, label="Key begins with", help_text="One a line; a key that fits one of them is taken."
    )
    suffixes = LinesField(str, label="Key ends with", help_text="One a line; any of them.")
    substrings = LinesField(str, label="Key contains", help_text="One a line; any of them.")
    storage_classes = forms.MultipleChoiceField(
        label="Storage classes",
        required=False,
        choices=[(name, name) for name in get_args(StorageClass)],
        help_text="Any of them; all where none is chosen.",
    )
    created_after = Moment(label="Created after", required=False, help_text=IN_UTC)
    created_before = Moment(label="Created before", required=False, help_text=IN_UTC)
    larger_than = WholeNumber(label="Larger than", required=False, help_text="Bytes.")
    smaller_than = WholeNumber(label="Smaller than", required=False, help_text="Bytes.")
    every_version = forms.BooleanField(
        label="Every version, not only the current one",
        required=False,
        help_text="Without delete markers. Replicate always takes every version.",
    )
    ask_each_object = forms.BooleanField(
        label="Ask the store about each object",
        required=False,
        help_text="Slow: one request per object. These filters need it, as no listing tells.",
    )
    encryption = forms.ChoiceField(label="Encryption", required=False, choices=ENCRYPTIONS)
    replication_statuses = forms.MultipleChoiceField(
        label="Replication status", required=False, choices=STATUSES, help_text="Any of them."
    )
    eligible_for_replication = forms.BooleanField(
        label="Only what the bucket's replication rules send somewhere", required=False
    )
    save_list = forms.BooleanField(
        label="Save the list",
        required=False,
        help_text="In the form of an S3 Inventory report, which other jobs can use.",
    )
    save_bucket = forms.CharField(label="Bucket for the list", required=False)
    save_prefix = forms.CharField(
        label="Folder for the list", required=False, help_text="It goes to folder/job-…/ there."
    )

    @property
    def has_more_filters(self) -> bool:
        """True where a filter that is folded away at first is filled in or wrong."""
        return any(self[name].value() or self[name].errors for name in FOLDED)


FOLDED = (
    *("substrings", "storage_classes", "created_after", "created_before"),
    *("larger_than", "smaller_than", "ask_each_object", "encryption"),
    *("replication_statuses", "eligible_for_replication"),
)
PLACES = {
    "manifest_generator": "listing_bucket",
    "manifest_generator.source_bucket": "listing_bucket",
    "manifest_generator.expected_bucket_owner": "listing_owner",
    "manifest_generator.include_versions": "every_version",
    "manifest_generator.manifest_output_location": "save_bucket",
    "manifest_generator.manifest_output_location.bucket": "save_bucket",
    "manifest_generator.manifest_output_location.manifest_prefix": "save_prefix",
    "manifest_generator.filter": "ask_each_object",
    "manifest_generator.filter.created_after": "created_after",
    "manifest_generator.filter.created_before": "created_before",
    "manifest_generator.filter.object_size_greater_than_bytes": "larger_than",
    "manifest_generator.filter.object_size_less_than_bytes": "smaller_than",
    "manifest_generator.filter.key_name_constraint.match_any_prefix": "prefixes",
    "manifest_generator.filter.key_name_constraint.match_any_suffix": "suffixes",
    "manifest_generator.filter.key_name_constraint.match_any_substring": "substrings",
}
"""Where a fault of the generator is shown."""


def generator_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What JobRequest takes for `manifest_generator`."""
    generator: dict[str, Any] = {
        "source_bucket": _arn(given.get("listing_bucket", "")),
        "include_versions": given.get("every_version", False),
        "ask_each_object": given.get("ask_each_object", False),
        "enable_manifest_output": given.get("save_list", False),
        "filter": _filter_of(given),
    }
    if given.get("listing_owner"):
        generator["expected_bucket_owner"] = given["listing_owner"]
    if given.get("save_list"):
        generator["manifest_output_location"] = {
            "bucket": _arn(given.get("save_bucket", "")),
            "manifest_format": "S3InventoryReport_CSV_20211130",
        } | _told(manifest_prefix=given.get("save_prefix"))
    return generator


def _filter_of(given: Mapping[str, Any]) -> dict[str, Any]:
    keys = _told(
        match_any_prefix=given.get("prefixes"),
        match_any_suffix=given.get("suffixes"),
        match_any_substring=given.get("substrings"),
    )
    encryption = given.get("encryption")
    return _told(
        key_name_constraint=keys,
        match_any_storage_class=given.get("storage_classes"),
        created_after=given.get("created_after"),
        created_before=given.get("created_before"),
        object_size_greater_than_bytes=given.get("larger_than"),
        object_size_less_than_bytes=given.get("smaller_than"),
        eligible_for_replication=given.get("eligible_for_replication") or None,
        object_replication_statuses=given.get("replication_statuses"),
        match_any_object_encryption=[{encryption: {}}] if encryption else None,
    )


def _told(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _arn(bucket: str) -> str:
    """The ARN of a bucket that was typed as people write it: its name, s3://name/ or the ARN."""
    name = bucket.strip()
    if name.startswith("arn:"):
        return name
    return f"arn:aws:s3:::{name.removeprefix('s3://').rstrip('/')}"
