"""The limits that AWS's model has for a value. SDKs check few of them, so the server does."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from botocore.model import Shape

from jobs.s3control.errors import bad_request

OURS = {"JobManifestFormat": ("JSONLines", "KeyList")}
"""Values beyond AWS's, by the name of their shape: what we take at every door."""


LARGEST = {"integer": 2**31 - 1, "long": 2**63 - 1}
"""Of each kind of whole number: it has no more bits, whatever else the model says."""


def check(shape: Shape, value: Any, path: str) -> None:
    """Raise BadRequestException unless the value is within its limits."""
    _check_size(shape, value, path)
    if not isinstance(value, str):
        return
    enum = [*getattr(shape, "enum", []), *OURS.get(shape.name, ())]
    if enum and value not in enum:
        raise bad_request(f"{path}: {_shown(value)} is none of {', '.join(enum)}.")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        raise bad_request(f"{path}: {_shown(value)} does not look like {pattern}.")


def _check_size(shape: Shape, value: Any, path: str) -> None:
    least = shape.metadata.get("min")
    most = shape.metadata.get("max", LARGEST.get(shape.type_name))
    if least is None and most is None:
        return
    is_number = isinstance(value, int)
    size = value if is_number else len(value)
    unit = "" if is_number else " characters" if isinstance(value, str) else " of them"
    if least is not None and size < least:
        raise bad_request(f"{path}: {size}{unit}, where the least is {least}.")
    if most is not None and size > most:
        raise bad_request(f"{path}: {size}{unit}, where the most is {most}.")


def _shown(value: str) -> str:
    return repr(value if len(value) <= 100 else f"{value[:100]}…")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Python's form of a pattern. It knows no \\p{L}: what tags may be is for `tag_text` to say."""
    if r"\p{" in pattern:
        return re.compile(r".*", re.DOTALL)
    return re.compile(pattern, re.ASCII)
