"""The form that creates a job.

It only gathers: what is allowed is judged by JobRequest and services.create_job.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.forms import BoundField

from jobs import services
from jobs.errors import InvalidRequest
from jobs.models import Job, Manifest
from jobs.pages.kinds import LinesField, read_pair
from jobs.pages.listing_fields import PLACES as LISTING_PLACES
from jobs.pages.listing_fields import generator_of
from jobs.pages.manifest_fields import (
    IN_S3,
    LISTING,
    PASTED,
    ManifestFields,
    described_by,
    filled_from,
    manifest_of,
    was_read_otherwise,
)
from jobs.pages.parameters import ParametersForm, carried
from jobs.pages.report_fields import ReportFields, report_of
from jobs.pages.turn_fields import PLACES as TURN_PLACES
from jobs.pages.turn_fields import StopFields, WindowFields, threshold_of, window_of
from jobs.requests import CSV, JobRequest
from operations import OPERATION_BY_NAME, OPERATIONS

if TYPE_CHECKING:
    from django.http import QueryDict

PLACES = {
    "manifest": "upload",
    "manifest.id": "upload",
    "manifest.etag": "manifest_etag",
    "manifest.version_id": "manifest_version_id",
    "manifest.location": "manifest_location",
    "manifest.fields": "columns",
    "manifest.bucket": "list_bucket",
    "manifest.format": "manifest_format",
    "file": "upload",
    "fields": "columns",
    "bucket": "list_bucket",
    "report": "report_bucket",
    **LISTING_PLACES,
    **TURN_PLACES,
}
"""Where a fault is shown whose path is not the name of a field with dots for underscores."""

PLAIN = ("operation", "role", "description", "priority", "requests_per_second", "tags")
"""The fields whose values are handed in as they are."""


class JobForm(ManifestFields, StopFields, WindowFields, ReportFields):
    """Everything but the operation's parameters: they are a form of their own, `parameters`."""

    operation = forms.ChoiceField(choices=lambda: [(o.name, o.label) for o in OPERATIONS])
    role = forms.ChoiceField(
        help_text="The store, and the credentials that reach it.",
        error_messages={"invalid_choice": "There is no role %(value)s."},
    )
    description = forms.CharField(required=False, max_length=256, strip=False)
    priority = forms.IntegerField(
        initial=10, help_text="0 to 2147483647; jobs with a higher number go first."
    )
    requests_per_second = forms.IntegerField(
        label="Speed ceiling",
        required=False,
        help_text="The most requests per second; empty for none. It can be changed later.",
    )
    tags = LinesField(
        read_pair, unique=True, label="Job tags", help_text="At most 50, one key=value a line."
    )
    confirmation_required = forms.BooleanField(
        label="Wait for confirmation",
        required=False,
        initial=True,
        help_text="Read and count the manifest, then wait until somebody has reviewed the job.",
    )

    def __init__(
        self,
        user: User,
        data: QueryDict | None = None,
        *,
        typed: QueryDict | None = None,
        operation: str | None = None,
        manifest: Manifest | None = None,
        upload_faults: Mapping[str, list[str]] | None = None,
    ) -> None:
        """Bound to `data`; or unbound, filled with what was `typed`, without judging it yet.

        `manifest` is the file that was uploaded with this form, now or before.
        """
        super().__init__(data)
        self.kept = manifest
        self.made: Job | None = None
        self.upload_faults = upload_faults or {}
        roles = cast(forms.ChoiceField, self.fields["role"])
        roles.choices = [(role.name, _store(role)) for role in services.roles_of(user)]
        sent: Mapping[str, str] = data or typed or {}
        # Sent twice, the form makes one job: the token is the form's own (spec.md 3.11).
        self.token = sent.get("client_request_token") or str(uuid.uuid4())
        chosen = sent.get("operation") or operation
        chosen = chosen if chosen in OPERATION_BY_NAME else OPERATIONS[0].name
        kept = filled_from(manifest) if manifest and not typed and not data else {}
        self.initial = {**(self._typed(typed) if typed else kept), "operation": chosen}
        self.parameters = ParametersForm(OPERATION_BY_NAME[chosen], data, typed=typed)
        self.carried = carried(sent, chosen, OPERATION_BY_NAME)

    def _typed(self, data: QueryDict) -> dict[str, Any]:
        return {
            name: field.widget.value_from_datadict(data, {}, name)
            for name, field in self.fields.items()
        }

    def clean(self) -> dict[str, Any]:
        """Find every fault that can be found without asking the store."""
        self.parameters.full_clean()
        self.add_faults(self.upload_faults)
        self._check_source(self.cleaned_data)
        try:
            JobRequest.parse(self.request())
        except InvalidRequest as error:
            self.add_faults(error.fields)
        return self.cleaned_data

    def _check_source(self, given: Mapping[str, Any]) -> None:
        """A list was handed in, and an uploaded one is what it was read as."""
        missing = {
            IN_S3: ("manifest_location", "Say where the manifest is."),
            PASTED: ("pasted", "Paste the list."),
            LISTING: ("listing_bucket", "Say which bucket."),
        }
        source = given.get("source")
        if source in missing:
            name, text = missing[source]
            if not given.get(name) and not self.has_error(name):
                self.add_error(name, text)
        elif self.kept is None and not self.has_error("upload") and not self.has_error("columns"):
            self.add_error("upload", "Choose a file.")
        elif self.kept is not None and (told := was_read_otherwise(self.kept, given)):
            self.add_error("columns" if self.kept.format == CSV else "manifest_format", told)

    def is_valid(self) -> bool:
        """True when neither form found a fault."""
        return super().is_valid() and self.parameters.is_valid()

    def request(self) -> dict[str, Any]:
        """What services.create_job takes."""
        given = self.cleaned_data
        request = {name: given[name] for name in PLAIN if name in given}
        return request | {
            "parameters": self.parameters.mapping(),
            **self._objects(given),
            "failure_threshold": threshold_of(given),
            "run_window": window_of(given),
            "confirmation_required": given.get("confirmation_required", False),
            "client_request_token": self.token,
            "report": report_of(given),
        }

    def _objects(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("source") == LISTING:
            return {"manifest_generator": generator_of(given)}
        return {"manifest": manifest_of(given, self.kept)}

    def keep_pasted(self, user: User) -> None:
        """Keep a pasted list like an upload, now that all else is right. Raises InvalidRequest."""
        given = self.cleaned_data
        if given["source"] == PASTED and self.kept is None:
            text = ContentFile(given["pasted"].replace("\r\n", "\n").encode())
            self.kept = services.store_upload(
                user, text, filename="pasted list", **described_by(given)
            )

    def add_faults(self, faults: Mapping[str, list[str]]) -> None:
        """Put each fault onto the field that it is about, unless that is known to be wrong.

        Nor is a structure blamed as a whole for a part of it that could not be read.
        """
        known = {*self.errors, *(f"parameters.{name}" for name in self.parameters.errors)}
        for path, texts in faults.items():
            form, name, rest = self._place(path)
            place = f"parameters.{name}" if form is self.parameters else name
            parts = (f"{path}.", f"{path}:")
            if place not in known and not any(part.startswith(parts) for part in known):
                for text in texts:
                    form.add_error(name, f"{rest}: {text}" if rest else text)

    def _place(self, path: str) -> tuple[forms.Form, str | None, str]:
        steps = path.split(".")
        if steps[0] == "parameters":
            return self.parameters, *self.parameters.place_of(".".join(steps[1:]))
        for end in range(len(steps), 0, -1):
            beginning = ".".join(steps[:end])
            name = PLACES.get(beginning, beginning.replace(".", "_"))
            if name in self.fields:
                return self, self._shown(name), ""
        return self, None, ""

    def _shown(self, name: str) -> str:
        """The manifest as a whole is shown where it was chosen."""
        shown = {IN_S3: "manifest_location", PASTED: "pasted"}
        return shown.get(self.data.get("source", ""), name) if name == "upload" else name

    @property
    def summary(self) -> Iterator[tuple[BoundField | None, str]]:
        """Every fault with its field, for the head of the page."""
        for form in (self, self.parameters):
            for name, texts in form.errors.items():
                for text in texts:
                    yield (form[name] if name in form.fields else None), str(text)


def _store(role: Any) -> str:
    return f"{role.name} ({role.endpoint_url or f'AWS, {role.region}'})"
