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
    path: Path = ()
    is_needed: bool = True
    """False for a structure that may be left out, or that is part of such a one."""
    when_empty: str = ""
    """What it means to give the structure without a member; empty where it means nothing."""
    members: tuple[Member, ...] = ()

    @property
    def name(self) -> str:
        """The path of its faults, without `parameters`."""
        return ".".join(self.path)


def groups_of(model: type[Parameters]) -> list[Group]:
    """The operation's own members first, then a group for each structure, at any depth."""
    return list(_groups(model, Group()))


def _groups(model: type[BaseModel], group: Group) -> Iterator[Group]:
    plain: list[Member] = []
    nested: list[Group] = []
    for name, info in model.model_fields.items():
        annotation = bare(info.annotation)
        here, is_required = (*group.path, name), group.is_needed and info.is_required()
        if is_structure(annotation):
            title = info.title or name.replace("_", " ").capitalize()
            empty = annotation.when_empty if is_required else ""
            about = info.description or ""
            nested += _groups(annotation, Group(title, about, here, is_required, empty))
        else:
            plain.append(Member(here, info, annotation, kind_of(annotation), is_required))
    yield replace(group, members=tuple(plain))
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


def described(operation: Operation) -> list[tuple[str, str]]:
    """The parameters that a job was given, as labels and texts."""
    return list(_described(operation))


def _described(operation: Operation) -> Iterator[tuple[str, str]]:
    for group in groups_of(type(operation)):
        if group.when_empty and not _look_up(operation, group.path).model_dump(exclude_none=True):
            yield group.title, group.when_empty
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
