"""Form fields for an operation's parameters, made from its declaration.

A form field reads only what is typed ("this is not a number"); what is allowed stays with the
operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.forms import BoundField

from jobs.pages.members import (
    Group,
    Member,
    Structure,
    groups_of,
    members_of,
    needed_structures,
)
from jobs.pages.policy import policy_of
from operations.base import Operation


class ParametersForm(forms.Form):
    """The parameters of one operation, whose name prefixes all fields: those of two never mix."""

    def __init__(self, operation: type[Operation], data: Any = None, *, typed: Any = None) -> None:
        """Bound to `data`, or unbound but filled with what `typed` holds for this operation."""
        self.operation = operation
        super().__init__(data, prefix=operation.name)
        self.structures = list(needed_structures(operation))
        for member in members_of(operation):
            self.fields[member.name] = member.field()
            if member.may_be_empty_list:
                self.fields[_empty(member)] = forms.BooleanField(
                    required=False, label="Give an empty list, if nothing is typed above"
                )
        for name, text in operation.when_none.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = text
        for part in self.structures:
            if part.when_empty:
                self.fields[_empty(part)] = forms.BooleanField(
                    required=False, label=part.when_empty
                )
        if typed is not None:
            self.initial = self._typed(typed)

    def _typed(self, data: Any) -> dict[str, Any]:
        return {
            name: field.widget.value_from_datadict(data, {}, self.add_prefix(name))
            for name, field in self.fields.items()
            if self.add_prefix(name) in data
        }

    @property
    def chosen(self) -> str:
        """The operation's name. (A template would call the class itself.)"""
        return self.operation.name

    @property
    def label(self) -> str:
        """What the console calls it."""
        return self.operation.label

    @property
    def needs_versions(self) -> bool:
        """Whether a list without version ids fails the job."""
        return self.operation.needs_versions

    @property
    def needs_report(self) -> bool:
        """Whether a job without a report fails."""
        return self.operation.needs_report

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the role must be allowed to do."""
        return self.operation.permissions

    @property
    def policy(self) -> str:
        """The same as a policy of IAM."""
        return policy_of(self.operation)

    @property
    def about(self) -> str:
        """What the operation does, in its own words."""
        return about(self.operation)

    @cached_property
    def sections(self) -> list[Section]:
        """What the template goes through."""
        return [Section(self, group) for group in groups_of(self.operation) if group.members]

    @property
    def emptied(self) -> list[BoundField]:
        """The check boxes that leave a whole structure empty, where that means something."""
        return [self[_empty(part)] for part in self.structures if part.when_empty]

    def clean(self) -> dict[str, Any]:
        """A structure that means something when it is empty must be left empty on purpose."""
        for part in self.structures:
            ticked = self.cleaned_data.get(_empty(part))
            if part.when_empty and not self.errors and ticked == self._is_filled(part):
                text = f"Fill in the {part.title.lower()}, or tick “{part.when_empty}”"
                self.add_error(_empty(part), f"{text}, not both." if ticked else f"{text}.")
        return self.cleaned_data

    def _is_filled(self, part: Structure) -> bool:
        return any(
            member.path[: len(part.path)] == part.path
            and _is_given(member, self.cleaned_data.get(member.name))
            for member in members_of(self.operation)
        )

    def mapping(self) -> dict[str, Any]:
        """The parameters that were given, as the operation takes them.

        A structure that is needed is there even if nothing was given for it, so that the operation
        says what it lacks.
        """
        given: dict[str, Any] = {}
        for part in self.structures:
            _open(given, part.path)
        for member in members_of(self.operation):
            value = self.cleaned_data.get(member.name)
            wants_empty = bool(self.cleaned_data.get(_empty(member)))
            if _is_given(member, value) or wants_empty:
                *path, last = member.path
                _open(given, path)[last] = value
        return given

    def place_of(self, path: str) -> tuple[str | None, str]:
        """The field that a fault's path is about, and which entry of it or which unknown part."""
        name = self.name_of(path)
        is_above = name is not None and not path.startswith(name)
        return name, "" if is_above else entry_of(path.removeprefix(name or "").strip("."))

    def name_of(self, path: str) -> str | None:
        """The field that a fault's path (`tag_set.0.key`) is about; None for the whole."""
        first_of = {name.rpartition(".")[0]: name for name in reversed(self.fields)}
        first_of |= {name: name for name in self.fields}
        steps = path.split(".") if path else []
        beginnings = (".".join(steps[:end]) for end in range(len(steps), 0, -1))
        return next((first_of[name] for name in beginnings if name in first_of), None)


def about(operation: type[Operation]) -> str:
    """What an operation does, in its own words."""
    return (operation.__doc__ or "").strip().partition("\n\n")[0]


@dataclass(frozen=True)
class Section:
    """A group with its bound fields."""

    form: ParametersForm
    group: Group

    def __iter__(self) -> Iterator[tuple[BoundField, BoundField | None]]:
        """Each field, with the check box for an empty list where there is one."""
        for member in self.group.members:
            empty = self.form[_empty(member)] if member.may_be_empty_list else None
            yield self.form[member.name], empty

    @property
    def is_open(self) -> bool:
        """True where something is filled in or wrong, so that it must not be folded away."""
        fields = [field for pair in self for field in pair if field is not None]
        return any(field.value() or field.errors for field in fields)


def _is_given(member: Member, value: Any) -> bool:
    # False is a value: only what a field returns for "nothing typed" is left out.
    if member.kind.is_list and member.is_required:
        return value is not None
    return value not in (None, "", [], {})


def _open(given: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
    """The structure at a path, made where it is not there yet."""
    for name in path:
        given = given.setdefault(name, {})
    return given


def _empty(part: Member | Structure) -> str:
    return f"{part.name}:empty"


def carried(data: Mapping[str, Any], chosen: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """What was typed for other operations, so that nothing is lost when the choice changes back."""
    prefixes = tuple(f"{name}-" for name in known if name != chosen)
    return [(name, value) for name, value in data.items() if name.startswith(prefixes) and value]


def entry_of(path: str) -> str:
    """Which entry of a list or map a fault is about, counted as people do."""
    first = path.partition(".")[0]
    return f"Entry {int(first) + 1}" if first.isdecimal() else first
