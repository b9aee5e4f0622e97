"""What a generated manifest was asked for, as the page of its job shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jobs.generator import ManifestGenerator

if TYPE_CHECKING:
    from datetime import datetime

    from jobs.generator_filter import Filter
    from jobs.models import Job


Told = list[tuple[str, str]]
"""Labels and texts."""


def listed(job: Job) -> Told:
    """What was asked for of a listing, and where the list was saved."""
    if not job.manifest.generator:
        return []
    generator = ManifestGenerator.parse(job.manifest.generator)
    saved = job.generated_manifest["Location"]["ObjectArn"] if job.generated_manifest else ""
    return asked_of(generator, every_version=job.manifest.has_versions, saved=saved)


def asked_of(generator: ManifestGenerator, *, every_version: bool, saved: str = "") -> Told:
    """What is asked for of a listing: versions, filters, and where the list goes."""
    told = [("Versions", "Every one, not only the current" if every_version else "The current")]
    told += _filters(generator.filter) if generator.filter else []
    if saved:
        told.append(("Saved as", saved))
    elif generator.manifest_output_location and generator.enable_manifest_output:
        told.append(("To be saved in", generator.manifest_output_location.bucket))
    return told


def _filters(chosen: Filter) -> Iterator[tuple[str, str]]:
    if keys := chosen.key_name_constraint:
        yield from _lines("Key begins with", keys.match_any_prefix)
        yield from _lines("Key ends with", keys.match_any_suffix)
        yield from _lines("Key contains", keys.match_any_substring)
    yield from _lines("Storage classes", chosen.match_any_storage_class)
    yield from _moment("Created after", chosen.created_after)
    yield from _moment("Created before", chosen.created_before)
    if chosen.object_size_greater_than_bytes is not None:
        yield "Larger than", f"{chosen.object_size_greater_than_bytes:,} bytes"
    if chosen.object_size_less_than_bytes is not None:
        yield "Smaller than", f"{chosen.object_size_less_than_bytes:,} bytes"
    yield from _lines("Replication status", chosen.object_replication_statuses)
    if chosen.eligible_for_replication:
        yield "Replication", "Only what the bucket's rules send somewhere"
    for encryption in chosen.match_any_object_encryption or ():
        yield "Encryption", ", ".join(encryption.model_dump(by_alias=True, exclude_none=True))


def _lines(label: str, texts: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
    if texts:
        yield label, "\n".join(texts)


def _moment(label: str, moment: datetime | None) -> Iterator[tuple[str, str]]:
    if moment:
        yield label, f"{moment:%Y-%m-%d %H:%M:%S} UTC"
