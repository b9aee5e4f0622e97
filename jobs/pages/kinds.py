"""How a value of each type is typed in, read and shown: one row of KINDS per type.

Lists and maps are typed one entry a line, since that pastes well and needs no script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from django import forms

IN_UTC = "In UTC, such as 2026-11-29 14:00; a date alone is its midnight."
NOT_GIVEN = ("", "Not given")
LONGEST_TEXT = 100_000


@dataclass(frozen=True)
class Kind:
    """A type of parameter on the page."""

    field: Callable[[Any, bool], forms.Field]
    """(annotation, whether it is required) → the form field."""
    show: Callable[[Any], str] = str
    """The value for people, as the field would take it."""
    hint: str = ""
    is_list: bool = False


class LongText(forms.CharField):
    """A text area that no browser cuts: with `maxlength` it drops the end of a paste silently."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without it: the server tells of what is too long."""
        attrs = super().widget_attrs(widget)
        return {name: value for name, value in attrs.items() if name != "maxlength"}

    def to_python(self, value: Any) -> str:
        """Browsers end the lines of a text area in CR LF, whatever was pasted."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class LinesField(LongText):
    """A text area that is read line by line; blank lines do not count. Keys may begin and end with
    blanks, and have other characters than LF that some call the end of a line.
    """

    def __init__(self, read: Callable[[str], Any], *, unique: bool = False, **options: Any) -> None:
        self.read = read
        self.unique = unique
        super().__init__(
            required=False,
            strip=False,
            max_length=LONGEST_TEXT,
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "lines"}),
            **options,
        )

    def clean(self, value: Any) -> Any:
        """A list of what `read` makes of each line, or a dict where entries are unique pairs."""
        lines = super().clean(value).split("\n")
        numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        entries = [self._entry(number, line) for number, line in numbered]
        if self.required and not entries:
            raise forms.ValidationError(self.error_messages["required"])
        return self._dict(numbered, entries) if self.unique else entries

    def _entry(self, number: int, line: str) -> Any:
        try:
            return self.read(line)
        except ValueError as error:
            raise forms.ValidationError(f"Line {number}: {error}") from None

    def _dict(self, numbered: list[tuple[int, str]], pairs: Iterable[Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for (number, _), (key, value) in zip(numbered, pairs, strict=True):
            if key in found:
                raise forms.ValidationError(f"Line {number}: {key} was given before.")
            found[key] = value
        return found


class WholeNumber(forms.IntegerField):
    """A number that is typed as text: what is none reaches the server, is told, and comes back. Of
    a number field browsers send nothing then, as if it had been left empty.
    """

    widget = forms.TextInput

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Digits first on the keyboard of a phone."""
        return {**super().widget_attrs(widget), "inputmode": "numeric", "autocomplete": "off"}


class Moment(forms.DateTimeField):
    """A moment in UTC that is typed as text, for the same reason; a date alone is its midnight."""

    widget = forms.DateTimeInput(format="%Y-%m-%d %H:%M:%S")
    default_error_messages = {"invalid": "Write a date and time such as 2026-11-29 14:00, in UTC."}

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=[], **options)  # ISO 8601 alone: 01/02/2026 is two dates

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """A form to follow."""
        told = {"placeholder": "2026-11-29 14:00", "autocomplete": "off", "spellcheck": "false"}
        return {**super().widget_attrs(widget), **told}


def read_pair(line: str) -> tuple[str, str]:
    """key=value; the first = divides. Blanks at the ends are refused: nobody sees them, and they
    would be kept.
    """
    key, divided, value = line.partition("=")
    if not divided:
        raise ValueError(f"write key=value, not {line[:60]!r}.")
    for text in (key, value):
        if text != text.strip():
            raise ValueError(f"take away the blanks at the ends of {text[:60]!r}.")
    return key, value


def read_tag(line: str) -> dict[str, str]:
    """key=value as a tag."""
    key, value = read_pair(line)
    return {"key": key, "value": value}


def read_grant(line: str) -> dict[str, Any]:
    """PERMISSION kind=grantee, as in READ id=0a1b…"""
    permission, _, grantee = line.strip().partition(" ")
    kind, divided, identifier = grantee.strip().partition("=")
    if not divided:
        raise ValueError(f"write PERMISSION id=…, uri=… or emailAddress=…, not {line[:60]!r}.")
    return {
        "permission": permission.upper(),
        "grantee": {"type_identifier": kind.strip(), "identifier": identifier.strip()},
    }


def _text(_: Any, required: bool) -> forms.Field:  # noqa: FBT001
    return forms.CharField(required=required, strip=False)


def _number(_: Any, required: bool) -> forms.Field:  # noqa: FBT001
    return WholeNumber(required=required)


def _moment(_: Any, required: bool) -> forms.Field:  # noqa: FBT001
    return Moment(required=required)


def _choice(annotation: Any, required: bool) -> forms.Field:  # noqa: FBT001
    choices = [(value, value) for value in get_args(annotation)]
    return forms.ChoiceField(
        required=required, choices=choices if required else [NOT_GIVEN, *choices]
    )


def _yes_or_no(_: Any, required: bool) -> forms.Field:  # noqa: FBT001
    choices = [("true", "Yes"), ("false", "No")]
    return forms.TypedChoiceField(
        required=required,
        choices=choices if required else [NOT_GIVEN, *choices],
        coerce=lambda value: value == "true",
        empty_value=None,
    )


def _lines(
    read: Callable[[str], Any], *, unique: bool = False
) -> Callable[[Any, bool], forms.Field]:
    return lambda _annotation, _required: LinesField(read, unique=unique)


def show_pairs(pairs: Mapping[str, str]) -> str:
    """A map, one entry a line."""
    return "\n".join(f"{key}={value}" for key, value in pairs.items()) or "None"


def _show_tags(tags: Iterable[Any]) -> str:
    return "\n".join(f"{tag.key}={tag.value}" for tag in tags) or "None"


def _show_grants(grants: Iterable[Any]) -> str:
    lines = (f"{g.permission} {g.grantee.type_identifier}={g.grantee.identifier}" for g in grants)
    return "\n".join(lines) or "None"


def _show_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


KINDS: dict[object, Kind] = {
    str: Kind(_text),
    int: Kind(_number),
    bool: Kind(_yes_or_no, lambda value: "Yes" if value else "No"),
    datetime: Kind(_moment, _show_moment, IN_UTC),
    Literal: Kind(_choice),
    dict: Kind(_lines(read_pair, unique=True), show_pairs, "One key=value a line."),
    list: Kind(_lines(str), "\n".join, "One a line.", is_list=True),
    frozenset({"key", "value"}): Kind(
        _lines(read_tag), _show_tags, "One key=value a line.", is_list=True
    ),
    frozenset({"grantee", "permission"}): Kind(
        _lines(read_grant),
        _show_grants,
        "One a line, such as READ id=0a1b2c or READ uri=…",
        is_list=True,
    ),
}
"""By type, by origin (Literal, dict), or by the members of a list's items."""
