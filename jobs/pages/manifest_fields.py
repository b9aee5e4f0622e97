"""The part of the form that says which objects: a list that is uploaded, pasted or in S3, or a
bucket to be listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms

from jobs.models import Manifest
from jobs.pages.columns import COLUMNS, columns_of
from jobs.pages.kinds import LongText
from jobs.pages.listing_fields import ListingFields

if TYPE_CHECKING:
    from django.http import QueryDict

    from jobs.models.manifest import Manifest as Kept

UPLOAD, PASTED, IN_S3, INVENTORY, LISTING = "upload", "paste", "s3", "inventory", "listing"
SOURCES = [
    (UPLOAD, "Upload a list"),
    (PASTED, "Paste a list"),
    (IN_S3, "A list in S3"),
    (INVENTORY, "An S3 Inventory"),
    (LISTING, "List a bucket"),
]
READ_BY_ROLE = frozenset({IN_S3, INVENTORY, LISTING})
"""Where the store has to be asked for the list."""
FORMATS = [
    (Manifest.Format.CSV.value, "CSV: Bucket, Key and perhaps VersionId"),
    (Manifest.Format.INVENTORY.value, "S3 Inventory report (its manifest.json, in S3)"),
    (Manifest.Format.KEY_LIST.value, "One s3://bucket/key a line, or one key a line"),
    (Manifest.Format.JSON_LINES.value, "JSON lines: an object with bucket and key a line"),
]
WITH_BUCKET = {Manifest.Format.KEY_LIST, Manifest.Format.JSON_LINES}
LONGEST_PASTE = 1_000_000
TOO_LONG = (
    "The list has %(show_value)s characters, more than %(limit_value)s. Save it as a file and "
    "upload that."
)
UPLOADED_ID, PASTED_ID = "manifest_id", "pasted_id"
"""Where the form carries the list that was kept: a pasted one takes no place of an uploaded one."""
NOT_STORED_YET = UUID(int=0)
"""Stands for a pasted list until the rest of the form is right."""


class Location(forms.CharField):
    """Blanks before it are nobody's; those after it may be the key's."""

    def to_python(self, value: Any) -> str:
        """Without those before it."""
        return str(super().to_python(value)).lstrip()


class ManifestFields(ListingFields):
    """Which objects; what is allowed is judged by ManifestRequest and ManifestGenerator."""

    source = forms.ChoiceField(
        label="Where is the list of objects?",
        choices=SOURCES,
        widget=forms.RadioSelect,
        initial=UPLOAD,
    )
    upload = forms.FileField(
        label="File",
        required=False,
        help_text="Plain or gzip. All objects are in one bucket. A line of a CSV is such as "
        "photos,2019/summer%20trip/1.jpg",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.jsonl,.gz,text/*"}),
    )
    pasted = LongText(
        label="List",
        required=False,
        max_length=LONGEST_PASTE,
        strip=False,
        error_messages={"max_length": TOO_LONG},
        help_text="One object a line. For more than a few thousand, upload a file.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "lines"}),
    )
    manifest_location = Location(
        label="Location",
        required=False,
        strip=False,
        help_text="Such as s3://bucket/path/manifest.csv, or an inventory's manifest.json",
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    manifest_etag = forms.CharField(
        label="ETag",
        required=False,
        help_text="The job fails if the file is another one. Without it, the one that the review "
        "shows is taken.",
    )
    manifest_version_id = forms.CharField(label="Version", required=False, help_text="Of the file.")
    manifest_format = forms.ChoiceField(
        label="Format", choices=FORMATS, required=False, initial=FORMATS[0][0]
    )
    columns = forms.ChoiceField(
        choices=COLUMNS,
        required=False,
        initial=COLUMNS[0][0],
        help_text="Of the CSV. It has no header row, and its keys are URL-encoded: a space is %20.",
    )
    other_columns = forms.CharField(
        required=False,
        help_text="Names in order, divided by commas: Bucket, Key, VersionId, Ignore.",
    )
    list_bucket = forms.CharField(
        label="Bucket of the keys", required=False, help_text="Where the list names none."
    )


def described_by(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says of its list: format, columns, and the bucket beside it."""
    chosen = given.get("manifest_format") or Manifest.Format.CSV.value
    if given.get("source") == INVENTORY:
        chosen = Manifest.Format.INVENTORY.value
    told: dict[str, Any] = {"format": chosen}
    if chosen == Manifest.Format.CSV:
        told["fields"] = columns_of(given)
    if chosen in WITH_BUCKET and given.get("list_bucket"):
        told["bucket"] = given["list_bucket"]
    return told


def slot_of(data: Mapping[str, str]) -> str:
    """Where the list is that goes with the chosen source."""
    is_pasted = data.get("source") == PASTED and ("pasted" in data or data.get(PASTED_ID))
    return PASTED_ID if is_pasted else UPLOADED_ID


def read_as(data: QueryDict) -> QueryDict:
    """The form with the format that its button `read_as` names, and the source that goes with it;
    without the button as it was.
    """
    if "read_as" not in data:
        return data
    changed, wanted = data.copy(), data.get("read_as", "")
    changed["manifest_format"] = wanted
    if data.get("source") in (IN_S3, INVENTORY):
        changed["source"] = INVENTORY if wanted == Manifest.Format.INVENTORY else IN_S3
    return changed


def manifest_of(given: Mapping[str, Any], kept: Kept | None) -> dict[str, Any]:
    """What JobRequest takes for `manifest`."""
    if given.get("source") == PASTED:
        return {"id": kept.pk if kept else NOT_STORED_YET}
    if given.get("source") == UPLOAD:
        return {"id": kept.pk if kept else None}
    return {
        "location": given.get("manifest_location") or None,
        "etag": given.get("manifest_etag") or None,
        "version_id": given.get("manifest_version_id") or None,
        **described_by(given),
    }


def filled_from(kept: Kept) -> dict[str, Any]:
    """The fields as a manifest that was kept was read."""
    columns = ",".join(kept.fields)
    known = columns in dict(COLUMNS)
    place = {
        "source": INVENTORY if kept.format == Manifest.Format.INVENTORY else IN_S3,
        "manifest_location": kept.location,
        "manifest_etag": kept.etag,
        "manifest_version_id": kept.version_id,
    }
    return {
        **(place if kept.bucket else {"source": UPLOAD}),
        "manifest_format": kept.format,
        "columns": columns if known else "other",
        "other_columns": "" if known else ", ".join(kept.fields),
        "list_bucket": kept.list_bucket,
    }


def was_read_otherwise(kept: Kept, given: Mapping[str, Any]) -> str:
    """The complaint where a kept file was read in another way than the form says now; else ""."""
    told = described_by(given)
    as_told = (told["format"], told.get("fields", kept.fields), told.get("bucket", ""))
    if as_told == (kept.format, kept.fields, kept.list_bucket):
        return ""
    how = (
        ", ".join(kept.fields) if kept.format == Manifest.Format.CSV else kept.get_format_display()
    )
    return f"{kept} was read as {how}. Choose the file again to change that."
