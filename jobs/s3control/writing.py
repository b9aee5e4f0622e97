"""Members of a shape as XML, in the order of the model (spec.md 3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import ListShape, MapShape, Shape, StructureShape

from jobs.s3control.errors import WireError
from jobs.s3control.model import NAMESPACE

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(shape: StructureShape, members: Mapping[str, Any]) -> bytes:
    """A whole reply. What is None is left out, what is empty is not."""
    root = Element(shape.name, xmlns=NAMESPACE)
    _write_members(root, shape, members)
    return _bytes(root)


def error_document(error: WireError, request_id: str, host_id: str) -> bytes:
    """An error in its wrapped form, which strict SDKs need (spec.md 3.10)."""
    root = Element("ErrorResponse", xmlns=NAMESPACE)
    inner = SubElement(root, "Error")
    SubElement(inner, "Code").text = error.code
    SubElement(inner, "Message").text = _printable(error.message)
    SubElement(root, "RequestId").text = request_id
    SubElement(root, "HostId").text = host_id
    return _bytes(root)


def _write_members(parent: Element, shape: StructureShape, members: Mapping[str, Any]) -> None:
    for name, member in shape.members.items():
        value = members.get(name)
        if value is not None:
            _write(parent, member, member.serialization.get("name", name), value)


def _write(parent: Element, shape: Shape, name: str, value: Any) -> None:
    element = SubElement(parent, name)
    match shape:
        case StructureShape():
            _write_members(element, shape, value)
        case ListShape():
            for item in value:
                _write(
                    element, shape.member, shape.member.serialization.get("name", "member"), item
                )
        case MapShape():
            for key, item in value.items():
                entry = SubElement(element, "entry")
                _write(entry, shape.key, "key", key)
                _write(entry, shape.value, "value", item)
        case _:
            element.text = _text(shape, value)


def _text(shape: Shape, value: Any) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return _timestamp(value)
    return _printable(str(value))


def _timestamp(value: datetime | str) -> str:
    """Milliseconds, as AWS; microseconds only where there are some, so that nothing is lost."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    exact = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.astimezone(UTC).isoformat(timespec=exact).replace("+00:00", "Z")


def _printable(text: str) -> str:
    """The text without what XML 1.0 cannot hold, which would break the whole document."""
    return NOT_IN_XML.sub("\ufffd", text)


def _bytes(root: Element) -> bytes:
    content: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return content
