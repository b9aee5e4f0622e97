"""What the tags of a job may be (spec.md 8.4)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from operations.parameters import tag_text

MOST_TAGS = 50


def _tags(value: dict[str, str]) -> dict[str, str]:
    for key, text in value.items():
        if not 1 <= len(key) <= 128 or len(text) > 256:
            raise ValueError("A tag's key has 1 to 128 characters, its value at most 256")
        tag_text(key + text)
    return value


Tags = Annotated[dict[str, str], AfterValidator(_tags), Field(max_length=MOST_TAGS)]
"""The tags of a job (spec.md 8.4)."""
