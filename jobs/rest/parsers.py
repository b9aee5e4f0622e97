"""Reading a JSON body: strictly, and only so much."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from jobs.errors import InvalidRequest
from jobs.requests import Request as Order
from jobs.rest.errors import TooLarge
from operations.base import snake

if TYPE_CHECKING:
    from rest_framework.request import Request


class ObjectParser(BaseParser):
    """A JSON object of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes, as UTF-8.

    Stricter than DRF's own parser, which reads a body of any size, takes the last of two members of
    the same name, and lets through texts that no database can keep.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The object; raises ParseError or TooLarge."""
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        try:
            value = json.loads(
                stream.read().decode("utf-8-sig"),
                object_pairs_hook=_members_once,
                parse_constant=_no_constant,
            )
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise ParseError("The body must be a JSON object.")
        _require_texts(value)
        return value


def body(request: Request) -> dict[str, Any]:
    """The object that was sent; empty where nothing was."""
    return dict(request.data)


def members(request: Request, *known: str) -> dict[str, Any]:
    """The members of a small body; raises InvalidRequest for any that is not known."""
    given = body(request)
    if unknown := set(given) - set(known):
        told = f"Unknown; this takes {' and '.join(known)}."
        raise InvalidRequest({name: [told] for name in sorted(unknown)})
    return given


Asked = TypeVar("Asked", bound=Order)


def read(request: Request, asked: type[Asked]) -> Asked:
    """The body as the request that it is; raises InvalidRequest."""
    return asked.of(body(request))


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"the member {name!r} stands twice in one object")
        made[name] = value
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _require_texts(value: dict[str, Any]) -> None:
    """Refuse texts that no database can keep, by where they stand."""
    told = "A text has a NUL character or half of a surrogate pair."
    wrong = {path for path, text in _texts(value) if "\0" in text or not _is_unicode(text)}
    if wrong:
        raise InvalidRequest({path: [told] for path in sorted(wrong)})


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text with its path; that of a name is the path of what the name is in."""
    match value:
        case str():
            yield path, value
        case list():
            for place, item in enumerate(value):
                yield from _texts(item, f"{path}.{place}".lstrip("."))
        case dict():
            for name, item in value.items():
                yield path, name
                if _is_unicode(name):
                    yield from _texts(item, f"{path}.{snake(name)}".lstrip("."))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Name:
    """A name in a path: anything but a slash, and a NUL, which no database can be asked for."""

    regex = r"[^/\x00]+"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value
