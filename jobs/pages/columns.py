"""The columns of a CSV manifest, as the form offers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OTHER_COLUMNS = "other"
COLUMNS = [
    ("Bucket,Key", "Bucket, Key"),
    ("Bucket,Key,VersionId", "Bucket, Key, VersionId"),
    (OTHER_COLUMNS, "Another order"),
]


def columns_of(given: Mapping[str, Any]) -> list[str]:
    """The columns as a list."""
    chosen = given.get("columns") or COLUMNS[0][0]
    text = given.get("other_columns", "") if chosen == OTHER_COLUMNS else chosen
    return [name.strip() for name in text.split(",") if name.strip()]
