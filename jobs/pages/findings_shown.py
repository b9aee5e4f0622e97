"""What a check of a list found, as templates show it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from jobs.manifests.faults import KINDS
from jobs.manifests.lists import URI
from jobs.models import Manifest

if TYPE_CHECKING:
    from jobs.manifests.findings import Findings, KeyGuess

KEYS = {
    "encoded": "encoded",
    "raw": "not encoded",
    "mixed": "partly encoded",
    "plain": "the same either way",
}
NAMED_BUCKETS = 20
FIRST_FAULTS = 5
"""So many a new job tells; the page of the list tells the others."""


def shown(findings: Findings) -> dict[str, object]:
    """The findings, with the lines that are faulty among the first rows, and how many cells each of
    these lacks.
    """
    faulty = {told.line for told in findings.defects if told.line and told.kind != "bom"}
    tone = "bad" if not findings.is_right else "good" if findings.is_clear else "wait"
    return {
        "findings": findings,
        "tone": tone,
        "faulty": faulty,
        "rows": [(row, len(findings.columns) - len(row.cells)) for row in findings.first_rows],
        "kinds": [(n, KINDS.get(kind, "")) for kind, n in Counter(findings.kinds).most_common()],
        "shown_faults": f":{FIRST_FAULTS}",
        "more_faults": findings.faults - FIRST_FAULTS,
        "key_guess": _key_guess(findings.keys),
        "more_buckets": len(findings.buckets) - NAMED_BUCKETS,
        "other_format": dict(Manifest.Format.choices).get(findings.other_format, ""),
        "is_inventory_meant": findings.other_format == Manifest.Format.INVENTORY,
        "needs_bucket": _needs_bucket(findings),
        "may_need_bucket": findings.other_format == Manifest.Format.JSON_LINES,
    }


def _needs_bucket(findings: Findings) -> bool:
    """A list of keys is meant, and its first line names no bucket."""
    if findings.other_format != Manifest.Format.KEY_LIST or not findings.first_rows:
        return False
    return not findings.first_rows[0].cells[0].startswith(URI)


def _key_guess(keys: KeyGuess) -> str:
    """How keys look, with an example of what is not the same either way."""
    told = []
    for name, words in KEYS.items():
        count, example = getattr(keys, name), keys.examples.get(name, "")
        if count:
            told.append(f"{words}: {count:,}" + (f", such as {example}" if example else ""))
    return "; ".join(told) or "there is none"
