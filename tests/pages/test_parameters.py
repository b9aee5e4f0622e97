"""From an operation's declaration to form fields, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import pytest
from django.http import QueryDict
from pydantic import Field

from jobs.pages.members import described, members_of
from jobs.pages.parameters import ParametersForm
from operations import OPERATIONS, Operation
from operations.base import Parameters
from operations.grants import Grant
from operations.parameters import Tag

A_1 = {"key": "a", "value": "1"}


class Inner(Parameters):
    """A structure that may be left out."""

    needed: str = Field(title="Needed", description="Asked for once the structure is given.")
    names: dict[str, str] = Field(default_factory=dict, title="Names")


class Everything(Operation):
    """One field of every kind.

    And more that the page does not say.
    """

    name: ClassVar[str] = "S3Everything"
    label: ClassVar[str] = "Everything"
    permissions: ClassVar[tuple[str, ...]] = ("s3:Everything",)

    text: str = Field(title="A text", description="Any text.")
    number: int | None = Field(default=None, title="A number")
    flag: bool | None = Field(default=None, title="A flag")
    choice: Literal["ONE", "TWO"] = Field(default="TWO", title="A choice")
    moment: datetime | None = Field(default=None, title="A moment")
    tags: tuple[Tag, ...] | None = Field(default=None, title="Tags")
    all_tags: tuple[Tag, ...] = Field(title="All tags")
    grants: list[Grant] = Field(default_factory=list, title="Grants")
    words: list[str] = Field(default_factory=list)
    inner: Inner | None = Field(default=None, title="Inner", description="Something inside.")


def form_of(**typed: str) -> ParametersForm:
    """The form with these values; dots as in the paths."""
    data = QueryDict(mutable=True)
    data.update({f"S3Everything-{name.replace('__', '.')}": text for name, text in typed.items()})
    form = ParametersForm(Everything, data)
    form.is_valid()
    return form


def given(**typed: str) -> dict[str, Any]:
    """The mapping that the form makes of what was typed beside the required fields."""
    form = form_of(text="t", **typed)
    assert form.errors == {}
    mapping = form.mapping()
    return {name: value for name, value in mapping.items() if name not in {"text", "all_tags"}}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_of_the_menu_has_a_form(operation: type[Operation]) -> None:
    form = ParametersForm(operation)

    for member in members_of(operation):
        assert form.fields[member.name].label == member.label
        assert form[member.name].as_widget()


def test_titles_and_descriptions_become_labels_and_help() -> None:
    form = ParametersForm(Everything)

    assert (form.fields["text"].label, form.fields["text"].help_text) == ("A text", "Any text.")
    assert form.fields["words"].label == "Words"
    assert (
        form.fields["moment"].help_text
        == "In UTC, such as 2026-11-29 14:00; a date alone is its midnight."
    )
    assert form.about == "One field of every kind."
    assert form.permissions == ("s3:Everything",)


def test_only_what_the_operation_needs_is_required() -> None:
    required = {name for name, field in ParametersForm(Everything).fields.items() if field.required}

    assert required == {"text"}


def test_a_default_is_filled_in() -> None:
    assert ParametersForm(Everything)["choice"].value() == "TWO"


def test_a_structure_is_a_section_of_its_own() -> None:
    plain, inner = ParametersForm(Everything).sections

    assert plain.group.title == ""
    assert (inner.group.title, inner.group.description) == ("Inner", "Something inside.")
    assert [field.name for field, _ in inner] == ["inner.needed", "inner.names"]


def test_a_section_is_open_where_something_is_filled_in_or_wrong() -> None:
    assert not ParametersForm(Everything).sections[1].is_open
    assert form_of(inner__needed="x").sections[1].is_open
    assert form_of(inner__names="x").sections[1].is_open


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({}, {}),
        ({"number": "0"}, {"number": 0}),
        ({"flag": "false"}, {"flag": False}),
        ({"flag": "true"}, {"flag": True}),
        ({"choice": "ONE"}, {"choice": "ONE"}),
        (
            {"moment": "2026-02-03T04:05:06"},
            {"moment": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)},
        ),
        ({"tags": "a=1\r\n\r\nb=2=3"}, {"tags": [A_1, {"key": "b", "value": "2=3"}]}),
        ({"words": "one\n two"}, {"words": ["one", " two"]}),
        ({"inner__names": "a=1"}, {"inner": {"names": {"a": "1"}}}),
    ],
)
def test_what_is_typed_becomes_values(typed: dict[str, str], expected: dict[str, Any]) -> None:
    assert given(**typed) == expected


def test_no_tags_an_empty_list_and_a_list_can_be_told_apart() -> None:
    assert "tags" not in given()
    assert given(**{"tags:empty": "on"}) == {"tags": []}
    assert given(**{"tags:empty": "on", "tags": "a=1"}) == {"tags": [A_1]}


def test_a_list_that_is_needed_is_given_even_when_it_is_empty() -> None:
    assert form_of(text="t").mapping() == {"text": "t", "all_tags": []}


def test_a_grant_is_a_permission_and_a_grantee() -> None:
    mapping = given(grants="read id=0a1b\nFULL_CONTROL uri=http://acs/all=1")

    parsed = Everything.parse({"text": "t", "all_tags": [], **mapping})
    first, second = parsed.grants
    assert (first.permission, first.grantee.type_identifier, first.grantee.identifier) == (
        "READ",
        "id",
        "0a1b",
    )
    assert (second.permission, second.grantee.identifier) == ("FULL_CONTROL", "http://acs/all=1")


@pytest.mark.parametrize(
    ("typed", "field", "text"),
    [
        ({"number": "many"}, "number", "Enter a whole number."),
        ({"flag": "perhaps"}, "flag", "Select a valid choice."),
        ({"choice": "THREE"}, "choice", "Select a valid choice."),
        ({"moment": "soon"}, "moment", "Write a date and time such as 2026-11-29 14:00, in UTC."),
        ({"tags": "a=1\nb"}, "tags", "Line 2: write key=value, not 'b'."),
        ({"grants": "READ me"}, "grants", "Line 1: write PERMISSION id=…"),
        ({"inner__names": "a=1\na=2"}, "inner.names", "Line 2: a was given before."),
        ({"tags": "x" * 100_001}, "tags", "at most 100000 characters"),
    ],
)
def test_what_cannot_be_read_is_told(typed: dict[str, str], field: str, text: str) -> None:
    assert text in " ".join(form_of(**typed).errors[field])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("text", "text"),
        ("all_tags.0.key", "all_tags"),
        ("inner.needed", "inner.needed"),
        ("inner", "inner.needed"),
        ("inner.unknown", "inner.needed"),
        ("", None),
        ("unknown", None),
    ],
)
def test_a_fault_finds_its_field(path: str, name: str | None) -> None:
    assert ParametersForm(Everything).name_of(path) == name


def test_parameters_are_shown_as_labels_and_texts() -> None:
    operation = Everything.parse(
        {
            "text": "t",
            "flag": False,
            "moment": "2026-02-03T04:05:06Z",
            "all_tags": [],
            "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}],
            "grants": [
                {"permission": "READ", "grantee": {"type_identifier": "id", "identifier": "0a"}}
            ],
            "words": ["one", "two"],
            "inner": {"needed": "x", "names": {"a": "1"}},
        }
    )

    assert described(operation) == [
        ("A text", "t"),
        ("A flag", "No"),
        ("A moment", "2026-02-03 04:05:06 UTC"),
        ("Tags", "a=1\nb="),
        ("All tags", "None"),
        ("Grants", "READ id=0a"),
        ("Words", "one\ntwo"),
        ("Inner: Needed", "x"),
        ("Inner: Names", "a=1"),
    ]


def test_parameters_that_were_not_given_are_not_shown() -> None:
    assert described(Everything.parse({"text": "t", "all_tags": []})) == [
        ("A text", "t"),
        ("All tags", "None"),
    ]


def test_a_type_without_a_field_is_found_at_once() -> None:
    class Odd(Operation):
        """Has a type that no page knows."""

        name: ClassVar[str] = "S3Odd"
        size: complex

    with pytest.raises(KeyError):
        ParametersForm(Odd)
