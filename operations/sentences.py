"""What is wrong with a value, in a sentence for people, where pydantic speaks to programmers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

WHOLE_NUMBER = "Give a whole number."
NUMBER = "Give a number."
TEXT = "Give a text."
TRUE_OR_FALSE = "Give true or false."
LIST = "Give a list."
OBJECT = "Give an object with members."
MOMENT = "Give a date and a time, such as 2030-01-31T12:00:00Z."
IDENTIFIER = "Give a UUID, such as 00000000-0000-4000-8000-000000000000."
CHOICE = "Give {expected}."

SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no field of this name.",
    "int_type": WHOLE_NUMBER,
    "int_parsing": WHOLE_NUMBER,
    "int_parsing_size": WHOLE_NUMBER,
    "int_from_float": WHOLE_NUMBER,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "bool_type": TRUE_OR_FALSE,
    "bool_parsing": TRUE_OR_FALSE,
    "string_type": TEXT,
    "string_unicode": TEXT,
    "string_too_short": "Give at least {min_length} characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "literal_error": CHOICE,
    "enum": CHOICE,
    "list_type": LIST,
    "tuple_type": LIST,
    "too_short": "Give at least {min_length} entries.",
    "too_long": "Give at most {max_length} entries.",
    "dict_type": OBJECT,
    "mapping_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "datetime_type": MOMENT,
    "datetime_parsing": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "datetime_object_invalid": MOMENT,
    "timezone_aware": MOMENT,
    "uuid_type": IDENTIFIER,
    "uuid_parsing": IDENTIFIER,
}
"""By pydantic's type of error; {…} is what pydantic tells of it."""

EMPTY = "This may not be empty."


def sentence(fault: ErrorDetails) -> str:
    """The sentence for one of pydantic's errors; a validator of our own has written its own."""
    told = {name: _grouped(value) for name, value in fault.get("ctx", {}).items()}
    if fault["type"] in {"string_too_short", "too_short"} and told["min_length"] == "1":
        return EMPTY
    if fault["type"] in SENTENCES:
        text = SENTENCES[fault["type"]].format(**told)
        return text.replace(" 1 characters", " 1 character").replace(" 1 entries", " 1 entry")
    text = fault["msg"].removeprefix("Value error, ")
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _grouped(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
