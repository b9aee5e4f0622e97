"""A form that only gathers: what is allowed is judged by the verb that takes it, and each fault is
shown at its field.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest

from jobs.errors import Conflict, InvalidRequest

Made = TypeVar("Made")
TYPE_AGAIN = "Type it again: what was typed here is never sent back to the browser."


class VerbForm(forms.Form):
    """What a verb of services.py is to be given."""

    places: ClassVar[Mapping[str, str]] = {}
    """Where a fault is shown whose path is not the name of a field."""

    secrets: ClassVar[Collection[str]] = ()
    """What is never sent back to the browser: whatever else is wrong, it has to be typed again."""

    def given_to(
        self,
        verb: Callable[[dict[str, Any]], Made],
        check: Callable[[dict[str, Any]], object] | None = None,
    ) -> Made | None:
        """What the verb makes of the fields; None where one of the two found a fault. Where it was
        the form, `check` is asked for those of the fields that are right, to tell all at once.
        """
        try:
            if self.is_valid():
                return verb(self.cleaned_data)
            if check:
                check(self.cleaned_data)
        except InvalidRequest as error:
            self.add_faults(error.fields)
        except Conflict as error:
            self.add_error(None, str(error))
        for name in self.secrets:
            if self[name].data and name not in self.errors:
                self.add_error(name, TYPE_AGAIN)
        return None

    def add_faults(self, faults: Mapping[str, list[str]]) -> None:
        """Put each fault onto the field that it is about, unless its fault is known."""
        told = set(self.errors)
        for path, texts in faults.items():
            name = self.places.get(path, path)
            for text in texts if name not in told else []:
                self.add_error(name if name in self.fields else None, text)

    @property
    def summary(self) -> Iterator[tuple[BoundField | None, str]]:
        """Every fault with its field, for the head of the page."""
        for name, texts in self.errors.items():
            for text in texts:
                yield (self[name] if name in self.fields else None), str(text)


def decided(request: HttpRequest, verb: Callable[[], object], done: str) -> None:
    """Do what a button asks for, and tell what came of it on the page that has the button."""
    try:
        verb()
    except InvalidRequest as error:
        told = " ".join(text for texts in error.fields.values() for text in texts)
        messages.error(request, told)
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
