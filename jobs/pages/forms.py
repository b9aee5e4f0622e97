"""The form that creates a job.

It only gathers: what is allowed is judged by JobRequest and services.create_job.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django import forms
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from jobs import services
from jobs.errors import InvalidRequest
from jobs.models import Job, Manifest
from jobs.pages.browser import unchosen
from jobs.pages.faults import FaultPlacing
from jobs.pages.listing_fields import ListingFields, generator_of
from jobs.pages.manifest_fields import (
    IN_S3,
    INVENTORY,
    LISTING,
    PASTED,
    PASTED_ID,
    SOURCES,
    UPLOADED_ID,
    ManifestFields,
    described_by,
    filled_from,
    manifest_of,
    was_read_otherwise,
)
from jobs.pages.option_fields import OptionFields
from jobs.pages.parameters import ParametersForm, about, carried
from jobs.pages.report_fields import report_of
from jobs.pages.task_fields import CHOICE, TASKS, TaskFields, asked_of, list_of_tasks
from jobs.pages.turn_fields import threshold_of, window_of
from jobs.requests import CSV, JobRequest
from operations import OPERATION_BY_NAME, OPERATIONS

if TYPE_CHECKING:
    from django.http import QueryDict

PLAIN = ("operation", "role", "description", "priority", "requests_per_second", "tags")
"""The fields whose values are handed in as they are."""


class Card(NamedTuple):
    """An operation among the others."""

    name: str
    label: str
    about: str


class JobForm(FaultPlacing, ManifestFields, TaskFields, OptionFields):
    """Everything but the operation's parameters: they are a form of their own, `parameters`."""

    operation = forms.ChoiceField(
        label="What to do with each object",
        choices=lambda: [(o.name, o.label) for o in OPERATIONS],
        widget=forms.RadioSelect,
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
        sent: Mapping[str, str] = data or typed or {}
        self.slot, self.slots = self._slots(sent)
        self._offer(user, sent)
        # Sent twice, the form makes one job: the token is the form's own (spec.md 3.11).
        self.token = sent.get("client_request_token") or str(uuid.uuid4())
        self.proposed = sent.get("proposed", "")
        chosen = sent.get("operation") or operation
        chosen = chosen if chosen in OPERATION_BY_NAME else OPERATIONS[0].name
        kept = filled_from(manifest) if manifest and not typed and not data else {}
        self.initial = {**(self._typed(typed) if typed else kept), "operation": chosen}
        self.parameters = ParametersForm(OPERATION_BY_NAME[chosen], data, typed=typed)
        self.carried = carried(sent, chosen, OPERATION_BY_NAME)

    def _slots(self, sent: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where its own list is among those that the form carries along, and these."""
        slot = PASTED_ID if sent.get("source") == PASTED else UPLOADED_ID
        kept = str(self.kept.pk) if self.kept else ""
        others = {name: sent.get(name, "") for name in (UPLOADED_ID, PASTED_ID)}
        return slot, {name: "" if pk == kept else pk for name, pk in others.items()} | {slot: kept}

    def _offer(self, user: User, sent: Mapping[str, str]) -> None:
        """The roles of the account; tasks of another job, where some were chosen on its page."""
        self.has_tasks = bool(sent.get("tasks_of"))
        self.tasks_list = list_of_tasks(user, sent)
        roles = cast(forms.ChoiceField, self.fields["role"])
        roles.choices = [(role.name, _store(role)) for role in services.roles_of(user)]
        if self.has_tasks:
            source = cast(forms.ChoiceField, self.fields["source"])
            source.choices = [CHOICE, *SOURCES]

    def _typed(self, data: QueryDict) -> dict[str, Any]:
        return {
            name: field.widget.value_from_datadict(data, {}, name)
            for name, field in self.fields.items()
        }

    def clean(self) -> dict[str, Any]:
        """Find every fault that can be found without asking the store."""
        self.parameters.full_clean()
        for name in self._unasked():
            self.errors.pop(name, None)
        self.add_faults(self.upload_faults)
        self._check_source(self.cleaned_data)
        self._check_parameters()
        try:
            JobRequest.parse(self.request())
        except InvalidRequest as error:
            self.add_faults(error.fields)
        return self.cleaned_data

    def _unasked(self) -> Iterator[str]:
        """The fields that nothing is made of, and nobody sees: half a date in one is no fault."""
        if self.cleaned_data.get("source") != LISTING:
            yield from ListingFields.base_fields
        if self.cleaned_data.get("failure_rule") != Job.FailureRule.COUNT:
            yield "failure_limit"

    def _check_parameters(self) -> None:
        """The parameters that people saw are those of the operation that they chose."""
        if self.data.get("parameters_of", self.parameters.chosen) != self.parameters.chosen:
            self.add_error(
                "operation", "Those were the parameters of another operation. Its own are below."
            )

    def _check_source(self, given: Mapping[str, Any]) -> None:
        """A list was handed in, and an uploaded one is what it was read as."""
        missing = {
            IN_S3: ("manifest_location", "Say where the manifest is."),
            INVENTORY: ("manifest_location", "Say where its manifest.json is."),
            PASTED: ("pasted", "Paste the list."),
            LISTING: ("listing_bucket", "Say which bucket."),
        }
        source = given.get("source")
        if source == TASKS:
            return
        if source == PASTED and self.kept and "pasted" not in self.data:
            return
        if source in missing:
            name, text = missing[source]
            text = unchosen(self.data) or text
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
        if given.get("source") == TASKS:
            return {"manifest": asked_of(given)}
        manifest = manifest_of(given, self.kept)
        # What was reviewed is what the job takes: another list at that place is refused.
        if "location" in manifest and not manifest["etag"]:
            manifest["etag"] = self.data.get("reviewed_etag") or None
        return {"manifest": manifest}

    def rehearse(self, user: User) -> list[str]:
        """Find the faults that only a store knows, and that its list has none of. Sentences on what
        could not be asked.
        """
        try:
            return services.rehearse_job(user, self.request())
        except InvalidRequest as error:
            self.add_faults(error.fields)
            return []

    @property
    def cards(self) -> list[Card]:
        """The operations to choose from."""
        return [Card(each.name, each.label, about(each)) for each in OPERATIONS]

    def keep_pasted(self, user: User) -> None:
        """Keep a pasted list like an upload, now that all else is right. Raises InvalidRequest."""
        given = self.cleaned_data
        if given["source"] == PASTED and self.kept is None:
            text = ContentFile(given["pasted"].encode())
            self.kept = services.store_upload(
                user, text, filename="pasted list", **described_by(given)
            )


def _store(role: Any) -> str:
    return f"{role.name} ({role.endpoint_url or f'AWS, {role.region}'})"
