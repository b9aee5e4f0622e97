"""The parameters that an operation declares, one by one, nested structures flattened.

groups_of(PutObjectCopy)    its own members, then those of each structure in it
described(operation)        what a job was given, as labels and texts
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from django import forms
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
        """The field's name in the form: the path of its faults, without `parameters`."""
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

    title: str = ""
    description: str = ""
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Structure:
    """A structure that an operation needs, whether or not anything in it is given."""

    path: Path
    title: str
    when_empty: str
    """What it does to give it without a member; empty where it has to have some."""

    @property
    def name(self) -> str:
        """The path of its faults, without `parameters`."""
        return ".".join(self.path)


def groups_of(model: type[Parameters]) -> list[Group]:
    """The operation's own members first, then a group for each structure that may be left out.

    The members of a structure that is needed stand with those around it.
    """
    return list(_groups(model, (), Group(), is_needed=True))


def _groups(
    model: type[BaseModel], path: Path, around: Group, *, is_needed: bool
) -> Iterator[Group]:
    plain: list[Member] = []
    apart: list[Group] = []
    for name, info in model.model_fields.items():
        annotation = bare(info.annotation)
        here, is_required = (*path, name), is_needed and info.is_required()
        if is_structure(annotation):
            title = info.title or name.replace("_", " ").capitalize()
            group = Group(title, info.description or "")
            first, *others = _groups(annotation, here, group, is_needed=is_required)
            if info.is_required():
                plain += first.members
            else:
                apart.append(first)
            apart += others
        else:
            plain.append(Member(here, info, annotation, kind_of(annotation), is_required))
    yield replace(around, members=tuple(plain))
    yield from apart


def needed_structures(model: type[BaseModel], path: Path = ()) -> Iterator[Structure]:
    """The structures that an operation cannot do without, outer ones first."""
    for name, info in model.model_fields.items():
        annotation = bare(info.annotation)
        if is_structure(annotation) and info.is_required():
            here = (*path, name)
            yield Structure(here, info.title or name, annotation.when_empty)
            yield from needed_structures(annotation, here)


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


def described(operation: Operation) -> list[tuple[str, str]]:
    """The parameters that a job was given, as labels and texts."""
    return list(_described(operation))


def _described(operation: Operation) -> Iterator[tuple[str, str]]:
    for part in needed_structures(type(operation)):
        if part.when_empty and not value_at(operation, part.path).model_dump(exclude_none=True):
            yield part.title, part.when_empty
    for group in groups_of(type(operation)):
        for member in group.members:
            found = value_at(operation, member.path)
            if found is not None:
                label = f"{group.title}: {member.label}" if group.title else member.label
                yield label, member.kind.show(found)


def value_at(model: Any, path: Path) -> Any:
    """The value at a path, or None where it or a structure above it was not given."""
    for name in path:
        if model is None or name not in model.model_fields_set:
            return None
        model = getattr(model, name)
    return model
