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

from jobs.pages.members import Group, Member, groups_of, members_of
from operations.base import Operation


class ParametersForm(forms.Form):
    """The parameters of one operation, whose name prefixes all fields: those of two never mix."""

    def __init__(self, operation: type[Operation], data: Any = None, *, typed: Any = None) -> None:
        """Bound to `data`, or unbound but filled with what `typed` holds for this operation."""
        self.operation = operation
        super().__init__(data, prefix=operation.name)
        self.groups = groups_of(operation)
        for member in members_of(operation):
            self.fields[member.name] = member.field()
            if member.may_be_empty_list:
                self.fields[_empty(member)] = forms.BooleanField(
                    required=False, label="Give an empty list, if nothing is typed above"
                )
        for group in self.groups:
            if group.when_empty:
                self.fields[_empty(group)] = forms.BooleanField(
                    required=False, label=group.when_empty
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
    def permissions(self) -> tuple[str, ...]:
        """What the role must be allowed to do."""
        return self.operation.permissions

    @property
    def about(self) -> str:
        """What the operation does, in its own words."""
        return (self.operation.__doc__ or "").strip().partition("\n\n")[0]

    @cached_property
    def sections(self) -> list[Section]:
        """What the template goes through."""
        return [Section(self, group) for group in self.groups if group.members]

    def clean(self) -> dict[str, Any]:
        """A structure that means something when it is empty must be left empty on purpose."""
        for group in self.groups:
            ticked = self.cleaned_data.get(_empty(group))
            if group.when_empty and not self.errors and ticked == self._is_filled(group):
                text = f"Fill in something, or tick “{group.when_empty}”"
                self.add_error(_empty(group), f"{text}, not both." if ticked else f"{text}.")
        return self.cleaned_data

    def _is_filled(self, group: Group) -> bool:
        return any(
            member.path[: len(group.path)] == group.path
            and _is_given(member, self.cleaned_data.get(member.name))
            for member in members_of(self.operation)
        )

    def mapping(self) -> dict[str, Any]:
        """The parameters that were given, as the operation takes them.

        A structure that is needed is there even if nothing was given for it, so that the operation
        says what it lacks; one that means something when empty only if that was ticked.
        """
        given: dict[str, Any] = {}
        for group in self.groups:
            if group.is_needed and (not group.when_empty or self.cleaned_data.get(_empty(group))):
                _open(given, group.path)
        for member in members_of(self.operation):
            value = self.cleaned_data.get(member.name)
            wants_empty = bool(self.cleaned_data.get(_empty(member)))
            if _is_given(member, value) or wants_empty:
                *path, last = member.path
                _open(given, path)[last] = value
        return given

    def name_of(self, path: str) -> str | None:
        """The field that a fault's path (`tag_set.0.key`) is about; None for the whole."""
        first_of = {name.rpartition(".")[0]: name for name in reversed(self.fields)}
        first_of |= {name: name for name in self.fields}
        steps = path.split(".") if path else []
        beginnings = (".".join(steps[:end]) for end in range(len(steps), 0, -1))
        return next((first_of[name] for name in beginnings if name in first_of), None)


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
    def when_empty(self) -> BoundField | None:
        """The check box that leaves the whole structure empty, where that means something."""
        return self.form[_empty(self.group)] if self.group.when_empty else None

    @property
    def is_open(self) -> bool:
        """True where something is needed, filled in or wrong: it must not be folded away."""
        fields = [field for pair in self for field in pair if field is not None]
        return self.group.is_needed or any(field.value() or field.errors for field in fields)


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


def _empty(part: Member | Group) -> str:
    return f"{part.name}:empty"


def carried(data: Mapping[str, Any], chosen: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """What was typed for other operations, so that nothing is lost when the choice changes back."""
    prefixes = tuple(f"{name}-" for name in known if name != chosen)
    return [(name, value) for name, value in data.items() if name.startswith(prefixes) and value]
