"""Where on the page a fault of a new job is shown, whatever part of the form it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from django import forms
from django.forms import BoundField

from jobs.pages.listing_fields import PLACES as LISTING_PLACES
from jobs.pages.listing_words import in_words_of_the_form
from jobs.pages.manifest_fields import IN_S3, INVENTORY, PASTED
from jobs.pages.steps import OPERATION, REVIEW, TITLES, in_order, step_of
from jobs.pages.task_fields import TASKS
from jobs.pages.turn_fields import PLACES as TURN_PLACES

if TYPE_CHECKING:
    from jobs.pages.parameters import ParametersForm

PLACES = {
    "manifest": "upload",
    "manifest.id": "upload",
    "manifest.etag": "manifest_etag",
    "manifest.version_id": "manifest_version_id",
    "manifest.location": "manifest_location",
    "manifest.fields": "columns",
    "manifest.bucket": "list_bucket",
    "manifest.format": "manifest_format",
    "manifest.parent": "source",
    "file": "upload",
    "fields": "columns",
    "bucket": "list_bucket",
    "report": "report_bucket",
    **LISTING_PLACES,
    **TURN_PLACES,
}
"""Where a fault is shown whose path is not the name of a field with dots for underscores."""


class Told(NamedTuple):
    """A fault in the summary: beside which field it is, and in which step that is shown."""

    field: BoundField | None
    text: str
    title: str
    is_here: bool


class FaultPlacing(forms.Form):
    """A form whose operation has a form of its own, `parameters`."""

    parameters: ParametersForm

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
                for told in texts:
                    is_listing = path.startswith("manifest_generator")
                    text = in_words_of_the_form(told) if is_listing else told
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
        shown = {
            IN_S3: "manifest_location",
            INVENTORY: "manifest_location",
            PASTED: "pasted",
        }
        source = self.data.get("source", "")
        if source == TASKS and name in ("upload", "columns"):
            return "source"
        return shown.get(source, name) if name == "upload" else name

    @property
    def list_field(self) -> BoundField:
        """Where the list was handed in: beside it stands what is wrong with the list."""
        return self[self._shown("upload")]

    @property
    def summary(self) -> Iterator[tuple[BoundField | None, str]]:
        """Every fault with its field, for the head of the page."""
        for form in (self, self.parameters):
            for name, texts in form.errors.items():
                for text in texts:
                    yield (form[name] if name in form.fields else None), str(text)

    def faulty_steps(self) -> list[str]:
        """The steps in which something is wrong, in their order."""
        source = self.data.get("source", "")
        found = {step_of(name if name in self.fields else None, source) for name in self.errors}
        return list(in_order(found | ({OPERATION} if self.parameters.errors else set())))

    def judge_only(self, steps: Collection[str]) -> None:
        """Forget the faults of all other steps: nobody has filled them in yet."""
        source = self.data.get("source", "")
        for name in list(self.errors):
            if step_of(name if name in self.fields else None, source) not in steps:
                del self.errors[name]
        if OPERATION not in steps:
            self.parameters.errors.clear()

    def step_of_fault(self, field: BoundField | None) -> str:
        """The step that shows a field."""
        if field is None:
            return REVIEW
        if field.form is self.parameters:
            return OPERATION
        return step_of(field.name, self.data.get("source", ""))

    def told_in(self, step: str) -> list[Told]:
        """The summary as a step shows it: what is in another cannot be pointed at."""
        told = []
        for field, text in self.summary:
            there = self.step_of_fault(field)
            told.append(Told(field, text, TITLES[there], is_here=there == step))
        return told
