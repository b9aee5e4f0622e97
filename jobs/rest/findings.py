"""How the findings of a check look in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from jobs.manifests.findings import Defect, Findings
    from jobs.rest import shapes_of_work as shapes

PLAIN = (
    *("summary", "extent", "complete", "bytes_read", "total_bytes", "rows", "blank_lines"),
    *("faults", "kinds", "buckets", "hints"),
)
"""What is shown as it is."""


def findings(found: Findings) -> shapes.Findings:
    """All of them. `versions` is null where there is no column for them."""
    shown = {
        **{name: getattr(found, name) for name in PLAIN},
        "defects": [defect(told) for told in found.defects],
        "versions": {
            "present": found.with_version,
            "null": found.null_versions,
            "empty": found.empty_versions,
        }
        if found.has_versions
        else None,
        "duplicates": asdict(found.duplicates),
        "keys_guessed": asdict(found.keys),
        "offers": [{**asdict(offer), "label": offer.label} for offer in found.offers],
        "other_format": found.other_format or None,
        "first_rows": {
            "columns": found.columns,
            "rows": [asdict(row) for row in found.first_rows],
        },
    }
    return cast("shapes.Findings", shown)


def defect(told: Defect) -> shapes.Defect:
    """One fault, with its place and its remedy."""
    shown = {**asdict(told), "file": told.file or None, "remedy": told.remedy}
    return cast("shapes.Defect", shown)
