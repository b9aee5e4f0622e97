"""Pydantic's errors in sentences for people."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic_core.core_schema import ErrorType

from operations.base import fields_of
from operations.sentences import SENTENCES


def told(kind: Any, value: Any, **limits: Any) -> str:
    model: type[BaseModel] = create_model("Model", it=(kind, Field(**limits)))
    with pytest.raises(ValidationError) as refusal:
        model.model_validate({"it": value})
    return fields_of(refusal.value, model)["it"][0]


@pytest.mark.parametrize(
    ("kind", "value", "limits", "sentence"),
    [
        (int, "a week", {}, "Give a whole number."),
        (int, 1.5, {}, "Give a whole number."),
        (int, 0, {"ge": 1}, "Give 1 or more."),
        (int, 2_000_000, {"le": 1_000_000}, "Give 1,000,000 or less."),
        (str, 7, {}, "Give a text."),
        (str, "", {"min_length": 1}, "This may not be empty."),
        (str, "xx", {"max_length": 1}, "Give at most 1 character."),
        (list[str], [], {"min_length": 1}, "This may not be empty."),
        (list[str], ["a", "b", "c"], {"max_length": 2}, "Give at most 2 entries."),
        (dict[str, str], "x", {}, "Give an object with members."),
        (BaseModel, "x", {}, "Give an object with members."),
    ],
)
def test_a_wrong_value_is_told_in_a_sentence(
    kind: Any, value: Any, limits: dict[str, Any], sentence: str
) -> None:
    assert told(kind, value, **limits) == sentence


def test_every_sentence_is_for_an_error_that_pydantic_knows() -> None:
    assert set(SENTENCES) <= set(get_args(ErrorType))
