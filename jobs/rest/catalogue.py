"""How an operation looks in JSON: as it declares itself."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.rest import shapes_of_work as shapes
    from operations.base import Operation


def operation(kind: type[Operation]) -> shapes.Operation:
    """An operation and its parameters, as it declares them itself."""
    return {
        "name": kind.name,
        "label": kind.label,
        "summary": inspect.getdoc(kind) or "",
        "permissions": list(kind.permissions),
        "parameters": kind.model_json_schema(by_alias=False),
        "aws_names": aws_names(kind),
    }


def aws_names(kind: type[Operation]) -> dict[str, str]:
    """AWS's name of every parameter, also of those in nested structures: {"tag_set": "TagSet"}."""
    ours, theirs = (kind.model_json_schema(by_alias=by_alias) for by_alias in (False, True))
    pairs = [(ours, theirs)]
    pairs += zip(ours.get("$defs", {}).values(), theirs.get("$defs", {}).values(), strict=True)
    return {
        name: alias
        for mine, other in pairs
        for name, alias in zip(mine.get("properties", {}), other.get("properties", {}), strict=True)
    }
