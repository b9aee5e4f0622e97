"""What a client sent, as members of a shape: names as boto3 writes them, values as Python has them.

Members may come in any order, namespaces mean nothing, and the items of a list may be called
anything (spec.md 3.3). Elements that nobody knows are ignored at the top, as AWS is thought to; but
not inside Operation, Manifest and the like: a newer client may ask there for what this server would
leave out, and then report as done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from jobs.s3control.errors import WireError, bad_request
from jobs.s3control.limits import check

INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
SPACE = " \t\r\n"
MOST_DEPTH = 20
Values = Mapping[str, list[str]]


def read_input(
    call: OperationModel, path: Mapping[str, str], query: Values, body: bytes
) -> dict[str, Any]:
    """All members of a call but the account. Raises WireError."""
    shape = call.input_shape
    assert shape  # each call has the account at least
    members: dict[str, Any] = {}
    if any("location" not in member.serialization for member in shape.members.values()):
        members = _of_body(shape, body)
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                members[name] = path[wire_name]  # an id that cannot be is one that is not there
            case "querystring" if wire_name in query:
                members[name] = _of_query(member, query[wire_name], name)
    _require(shape, members, "", but={"AccountId"})
    return members


def _of_query(shape: Shape, values: list[str], name: str) -> Any:
    if isinstance(shape, ListShape):
        return [_scalar(shape.member, value, name) for value in values]
    if len(values) > 1:
        raise bad_request(f"{name} is given {len(values)} times.")
    return _scalar(shape, values[0], name)


def _of_body(shape: StructureShape, body: bytes) -> dict[str, Any]:
    root = _parsed(body)
    wanted = shape.serialization.get("name", shape.name)
    if _bare(root.tag) != wanted:
        raise WireError(
            "MalformedXML", f"The body has to be a {wanted}, and is a {_bare(root.tag)}."
        )
    in_body = {
        name: member
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
    return _members(in_body, root, "")


def _parsed(body: bytes) -> Element:
    try:
        # The standard library's parser would expand entities; this one refuses DTDs outright.
        root: Element = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise WireError(
            "MalformedXML", f"The XML you provided was not well-formed: {error}"
        ) from None
    return root


def _value(shape: Shape, element: Element, path: str) -> Any:
    if path.count(".") + path.count("[") > MOST_DEPTH:
        raise WireError("MalformedXML", "Elements are nested too deeply.")
    value: Any
    if isinstance(shape, StructureShape | ListShape | MapShape):
        _require_no_text(element, path)
    match shape:
        case StructureShape():
            value = _members(shape.members, element, path, strict=True)
            _require(shape, value, f"{path}.")
            return value
        case ListShape():
            value = [
                _value(shape.member, item, f"{path}[{place}]") for place, item in enumerate(element)
            ]
        case MapShape():
            value = _map(shape, element, path)
        case _:
            if len(element):
                raise bad_request(f"{path}: a text is expected, and no elements.")
            text = element.text or ""
            return _scalar(shape, text if shape.type_name == "string" else text.strip(SPACE), path)
    check(shape, value, path)
    return value


def _require_no_text(element: Element, path: str) -> None:
    """A list that is empty may mean "remove all", which nobody says who wrote a text into it."""
    if any((text or "").strip(SPACE) for text in (element.text, *(one.tail for one in element))):
        raise bad_request(f"{path}: elements are expected, and no text.")


def _members(
    shapes: Mapping[str, Shape], element: Element, path: str, *, strict: bool = False
) -> dict[str, Any]:
    """The members that are there; `strict` refuses elements that nobody knows."""
    names = {shape.serialization.get("name", name): name for name, shape in shapes.items()}
    found: dict[str, Any] = {}
    for child in element:
        name = names.get(_bare(child.tag))
        here = f"{path}.{_bare(child.tag)}".lstrip(".")
        if name is None and strict:
            raise bad_request(f"{here} is not known here, so that it would be left out.")
        if name in found:
            raise bad_request(f"{here} is given twice.")
        if name is not None:
            found[name] = _value(shapes[name], child, here)
    return found


def _map(shape: MapShape, element: Element, path: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for entry in element:
        parts = {_bare(child.tag): child for child in entry}
        if set(parts) != {"key", "value"}:
            raise bad_request(f"{path}: an entry has a key and a value.")
        key = _value(shape.key, parts["key"], f"{path}.key")
        if key in made:
            raise bad_request(f"{path}: the key {key!r} is given twice.")
        made[key] = _value(shape.value, parts["value"], f"{path}.{key}")
    return made


def _scalar(shape: Shape, text: str, path: str) -> Any:
    """The value of a text. Raises BadRequestException."""
    if "\0" in text:  # XML has none, but a query may; no database can keep it
        raise bad_request(f"{path}: a text has no NUL character.")
    value: Any = text
    match shape.type_name:
        case "boolean":
            if text not in ("true", "false"):
                raise bad_request(f"{path}: give true or false.")
            return text == "true"
        case "integer" | "long":
            if not INTEGER.fullmatch(text):
                raise bad_request(f"{path}: give a whole number.")
            value = int(text)
        case "timestamp":
            return _moment(text, path)
    check(shape, value, path)
    return value


def _moment(text: str, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_request(f"{path}: give a date and a time, as 2030-01-31T00:00:00Z.") from None


def _require(
    shape: StructureShape,
    members: Mapping[str, Any],
    path: str,
    but: frozenset[str] | set[str] = frozenset(),
) -> None:
    lacking = [n for n in shape.required_members if n not in members and n not in but]
    if lacking:
        raise bad_request(f"{path}{lacking[0]} is required.")


def _bare(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]
