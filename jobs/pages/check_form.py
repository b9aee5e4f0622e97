"""The form that takes a list to be checked: the part of the job's form that says which objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.forms import BoundField

from jobs import services
from jobs.models import Manifest
from jobs.pages.listing_fields import ListingFields
from jobs.pages.manifest_fields import (
    IN_S3,
    INVENTORY,
    PASTED,
    UPLOAD,
    ManifestFields,
    described_by,
)

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.datastructures import MultiValueDict

PLACES = {
    "location": "manifest_location",
    "etag": "manifest_etag",
    "version_id": "manifest_version_id",
    "fields": "columns",
    "bucket": "list_bucket",
    "format": "manifest_format",
    "file": "upload",
}
"""Where a fault is shown whose path is not the name of a field."""
MISSING = {
    UPLOAD: ("upload", "Choose a file."),
    PASTED: ("pasted", "Paste the list."),
    IN_S3: ("manifest_location", "Say where the list is."),
}
FILENAME = "pasted list"


def _as_list_in_s3(data: QueryDict) -> QueryDict:
    """The form of a new job has an entry of its own for an inventory."""
    if data.get("source") != INVENTORY:
        return data
    changed = data.copy()
    changed["source"], changed["manifest_format"] = IN_S3, Manifest.Format.INVENTORY.value
    return changed


class CheckForm(ManifestFields):
    """A list that is uploaded, pasted or in S3."""

    source = forms.ChoiceField(
        label="Where is the list of objects?",
        choices=[(UPLOAD, "Upload a list"), (PASTED, "Paste a list"), (IN_S3, "A list in S3")],
        widget=forms.RadioSelect,
        initial=UPLOAD,
    )
    role = forms.ChoiceField(
        required=False,
        help_text="The store that the list is in, and the credentials that reach it.",
        error_messages={"invalid_choice": "There is no role %(value)s."},
    )

    def __init__(
        self,
        user: User,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
    ) -> None:
        super().__init__(_as_list_in_s3(data) if data else data, files)
        for name in ListingFields.base_fields:
            del self.fields[name]
        role = cast(forms.ChoiceField, self.fields["role"])
        role.choices = [(each.name, each.name) for each in services.roles_of(user)]

    def clean(self) -> dict[str, Any]:
        """There is a list, and a role where it takes one."""
        given = self.cleaned_data
        name, text = MISSING.get(given.get("source", ""), ("source", ""))
        if text and not given.get(name) and not self.has_error(name):
            self.add_error(name, text)
        if given.get("source") == IN_S3 and not given.get("role") and not self.has_error("role"):
            self.add_error("role", "Choose a role; without one nothing in S3 can be read.")
        return given

    @property
    def role_name(self) -> str:
        """The name of the role, where one is needed."""
        given = self.cleaned_data
        return given["role"] if given["source"] == IN_S3 else ""

    def keep(self, user: User) -> Manifest:
        """The list, kept to be checked. Raises InvalidRequest."""
        given = self.cleaned_data
        told = described_by(given)
        if given["source"] == IN_S3:
            named = {
                name: given[PLACES[name]] or None for name in ("location", "etag", "version_id")
            }
            return services.keep_in_s3(user, {**named, **told}, self.role_name)
        file, name = given["upload"], FILENAME
        if given["source"] == PASTED:
            file = ContentFile(given["pasted"].encode())
        else:
            name = file.name or "list"
        return services.keep_list(user, file, filename=name, **told)

    def add_faults(self, faults: Mapping[str, list[str]]) -> None:
        """Put each fault onto the field that it is about."""
        for path, texts in faults.items():
            name = PLACES.get(path.partition(".")[0], path.partition(".")[0])
            for text in texts:
                self.add_error(name if name in self.fields else None, text)

    @property
    def summary(self) -> Iterator[tuple[BoundField | None, str]]:
        """Every fault with its field, for the head of the page."""
        for name, texts in self.errors.items():
            for text in texts:
                yield (self[name] if name in self.fields else None), str(text)
