"""Form fields for an operation's parameters, made from its declaration.

    members_of(PutObjectCopy)   its parameters, nested structures flattened
    KINDS                       annotation → how it is typed in, read and shown: the one table
    ParametersForm              the fields of one operation, in sections

A form field reads only what is typed ("this is not a number"); what is allowed stays with the operation.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from django import forms
from django.forms import BoundField
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jobs.pages.kinds import KINDS, Kind
from operations.base import Operation, Parameters

Path = tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """One parameter: where it stands and how it was declared."""

    path: Path
    info: FieldInfo
    annotation: Any
    kind: Kind
    is_required: bool
    """False within a structure that may be left out: then the operation asks for it."""

    @property
    def name(self) -> str:
        """The field's name in the form: the path that InvalidRequest names, without `parameters`."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        """The declared title."""
        return self.info.title or self.path[-1].replace("_", " ").capitalize()

    @property
    def may_be_empty_list(self) -> bool:
        """True where "an empty list" and "not given" mean different things."""
        return self.kind.is_list and not self.is_required and self.info.get_default() is None

    def field(self) -> forms.Field:
        """The form field."""
        field = self.kind.field(self.annotation, self.is_required)
        field.label = self.label
        if self.info.default not in (None, PydanticUndefined, ()):
            field.initial = self.info.default
        field.help_text = " ".join(filter(None, [self.info.description, self.kind.hint]))
        return field


@dataclass(frozen=True)
class Group:
    """Members that are shown together: those of the operation itself, or of a structure in it."""

    title: str
    description: str
    members: tuple[Member, ...]


def groups_of(model: type[Parameters]) -> list[Group]:
    """The operation's own members first, then a group for each structure, at any depth."""
    return list(_groups(model, (), Group("", "", ()), is_needed=True))


def _groups(
    model: type[BaseModel], path: Path, around: Group, *, is_needed: bool
) -> Iterator[Group]:
    plain: list[Member] = []
    nested: list[Group] = []
    for name, info in model.model_fields.items():
        annotation = bare(info.annotation)
        here, is_required = (*path, name), is_needed and info.is_required()
        if is_structure(annotation):
            title = info.title or name.replace("_", " ").capitalize()
            group = Group(title, info.description or "", ())
            nested += _groups(annotation, here, group, is_needed=is_required)
        else:
            plain.append(Member(here, info, annotation, kind_of(annotation), is_required))
    yield Group(around.title, around.description, tuple(plain))
    yield from nested


def members_of(model: type[Parameters]) -> Iterator[Member]:
    """All members, in the order of the groups."""
    for group in groups_of(model):
        yield from group.members


def bare(annotation: Any) -> Any:
    """Without Annotated[…] and without `| None`."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        others = [part for part in get_args(annotation) if part is not type(None)]
        if len(others) == 1:
            return bare(others[0])
    return annotation


def is_structure(annotation: Any) -> bool:
    """True for a model, whose members become fields of their own."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def kind_of(annotation: Any) -> Kind:
    """The row of KINDS for an annotation; raises LookupError for a type that has none."""
    origin = get_origin(annotation)
    if origin in {list, tuple}:
        item = bare(get_args(annotation)[0])
        if is_structure(item):
            return KINDS[frozenset(item.model_fields)]
        return KINDS[list]
    return KINDS[Literal if origin is Literal else origin or annotation]


class ParametersForm(forms.Form):
    """The parameters of one operation. Field names are prefixed by it, so that those of two never mix."""

    def __init__(self, operation: type[Operation], data: Any = None, *, typed: Any = None) -> None:
        """Bound to `data`, or unbound but filled with what `typed` holds for this operation."""
        self.operation = operation
        super().__init__(data, prefix=operation.name)
        for member in members_of(operation):
            self.fields[member.name] = member.field()
            if member.may_be_empty_list:
                self.fields[_empty(member)] = forms.BooleanField(
                    required=False, label="Give an empty list, if nothing is typed above"
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
        return [Section(self, group) for group in groups_of(self.operation) if group.members]

    def mapping(self) -> dict[str, Any]:
        """The parameters that were given, as the operation takes them."""
        given: dict[str, Any] = {}
        for member in members_of(self.operation):
            value = self.cleaned_data.get(member.name)
            wants_empty = bool(self.cleaned_data.get(_empty(member)))
            if _is_given(member, value) or wants_empty:
                _put(given, member.path, value)
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
    def is_open(self) -> bool:
        """True where something is filled in or wrong, so that it must not be folded away."""
        fields = [field for pair in self for field in pair if field is not None]
        return any(field.value() or field.errors for field in fields)


def described(operation: Operation) -> list[tuple[str, str]]:
    """The parameters that a job was given, as labels and texts."""
    return list(_described(operation))


def _described(operation: Operation) -> Iterator[tuple[str, str]]:
    for group in groups_of(type(operation)):
        for member in group.members:
            found = _look_up(operation, member.path)
            if found is not None:
                label = f"{group.title}: {member.label}" if group.title else member.label
                yield label, member.kind.show(found)


def _look_up(model: Any, path: Path) -> Any:
    """The value at a path, or None where it or a structure above it was not given."""
    for name in path:
        if model is None or name not in model.model_fields_set:
            return None
        model = getattr(model, name)
    return model


def _is_given(member: Member, value: Any) -> bool:
    # False is a value: only what a field returns for "nothing typed" is left out.
    if member.kind.is_list and member.is_required:
        return value is not None
    return value not in (None, "", [], {})


def _put(given: dict[str, Any], path: Iterable[str], value: Any) -> None:
    *structures, last = path
    for name in structures:
        given = given.setdefault(name, {})
    given[last] = value


def _empty(member: Member) -> str:
    return f"{member.name}:empty"


def carried(data: Mapping[str, Any], chosen: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """What was typed for other operations, so that nothing is lost when the choice changes back."""
    prefixes = tuple(f"{name}-" for name in known if name != chosen)
    return [(name, value) for name, value in data.items() if name.startswith(prefixes) and value]
