"""The form of a new job, filled as if somebody had typed another job once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from pydantic import BaseModel

from jobs.generator import ManifestGenerator
from jobs.pages.forms import JobForm
from jobs.pages.manifest_fields import LISTING, filled_from
from jobs.pages.members import members_of, needed_structures, value_at
from jobs.pages.task_fields import typed_from
from jobs.requests import JobRequest
from jobs.retrying import LONGEST_DESCRIPTION, retry_description
from jobs.windows import DAYS

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.models import Job, Manifest
    from operations import Operation

ON = "on"
AGAIN = re.compile(r" \(again(?: ([0-9]{1,6}))?\)$")
Typed = dict[str, Any]


def typed_of(job: Job) -> QueryDict:
    """What the form would send for the job."""
    again = {"description": described_again(job.description)}
    return _sent({**_settings(job), **_list(job), **again})


def described_again(description: str) -> str:
    """The description of a clone: two jobs of one name cannot be told apart."""
    found = AGAIN.search(description)
    title = description[: found.start()] if found else description
    ending = f" (again {int(found[1] or 1) + 1})" if found else " (again)"
    return title[: LONGEST_DESCRIPTION - len(ending)] + ending if title else ""


def typed_again(parent: Job, chosen: Manifest) -> QueryDict:
    """What the form would send for a child job: its list is made of tasks of the parent."""
    proposed = retry_description(parent, chosen.selection or {})
    again = {"description": proposed, "proposed": proposed, "confirmation_required": True}
    return _sent({**_settings(parent), **typed_from(chosen), **again})


def _sent(values: Typed) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in values.items():
        if not (value is None or value is False or value == ""):
            data.setlist(name, value if isinstance(value, list) else [_text(value)])
    return data


def lost_in(job: Job, user: User, typed: QueryDict) -> list[str]:
    """What the form cannot say as the job has it, so that a person has to look at it."""
    if not typed.get("source"):
        return ["The objects were tasks of a job that is removed now: choose others."]
    kept = job.manifest if typed.get("manifest_id") else None
    form = JobForm(user, typed, manifest=kept)
    if not form.is_valid():
        return [f"{field.label}: {text}" if field else text for field, text in form.summary]
    asked, operation = JobRequest.parse(form.request())
    return list(_differences(job, asked, operation))


def _differences(job: Job, asked: JobRequest, operation: Operation) -> Iterator[str]:
    if operation.wire_form() != job.work.wire_form():
        yield "Some parameters cannot be typed as the job has them."
    if job.tags != asked.tags:
        yield "Some tags cannot be typed as the job has them."
    if job.manifest.generator and asked.manifest_generator:
        was = ManifestGenerator.parse(job.manifest.generator)
        if was.model_dump() != asked.manifest_generator.model_dump():
            yield "Some settings of the listing cannot be chosen here."


def _text(value: object) -> str:
    """A value as its field takes it."""
    if isinstance(value, bool):
        return ON
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return str(value)


def _settings(job: Job) -> Typed:
    """All but the list."""
    return {**_parameters(job.work), **_options(job), **_report(job)}


def _parameters(operation: Operation) -> Typed:
    typed: Typed = {"operation": operation.name}
    for part in needed_structures(type(operation)):
        found = value_at(operation, part.path)
        if part.when_empty and not found.model_dump(exclude_none=True):
            typed[f"{operation.name}-{part.name}:empty"] = ON
    for member in members_of(type(operation)):
        found = value_at(operation, member.path)
        name = f"{operation.name}-{member.name}"
        if isinstance(found, bool):
            typed[name] = "true" if found else "false"
        elif isinstance(found, list | tuple | dict):
            typed[name] = member.kind.show(found) if found else ""
            typed[f"{name}:empty"] = member.may_be_empty_list and not found
        else:
            typed[name] = found
    return typed


def _list(job: Job) -> Typed:
    if job.manifest.generator:
        return _listing(ManifestGenerator.parse(job.manifest.generator))
    if job.manifest.is_of_tasks:
        return typed_from(job.manifest) if job.manifest.parent_id else {}
    typed = filled_from(job.manifest)
    return typed | ({"manifest_id": job.manifest.pk} if job.manifest.upload else {})


def _listing(generator: ManifestGenerator) -> Typed:
    chosen, place = generator.filter, generator.manifest_output_location
    keys = chosen.key_name_constraint if chosen else None
    encryption = chosen.match_any_object_encryption if chosen else None
    return {
        "source": LISTING,
        "listing_bucket": generator.source_bucket,
        "listing_owner": generator.expected_bucket_owner,
        "every_version": generator.include_versions,
        "ask_each_object": generator.ask_each_object,
        "prefixes": _lines(keys, "match_any_prefix"),
        "suffixes": _lines(keys, "match_any_suffix"),
        "substrings": _lines(keys, "match_any_substring"),
        "storage_classes": list(_of(chosen, "match_any_storage_class") or ()) or None,
        "created_after": _of(chosen, "created_after"),
        "created_before": _of(chosen, "created_before"),
        "larger_than": _number(_of(chosen, "object_size_greater_than_bytes")),
        "smaller_than": _number(_of(chosen, "object_size_less_than_bytes")),
        "eligible_for_replication": bool(_of(chosen, "eligible_for_replication")),
        "replication_statuses": list(_of(chosen, "object_replication_statuses") or ()) or None,
        "encryption": next(iter(encryption[0].wire_form()), "") if encryption else "",
        "save_list": generator.enable_manifest_output,
        "save_bucket": place.bucket if place else "",
        "save_prefix": place.manifest_prefix if place else "",
    }


def _of(part: BaseModel | None, name: str) -> Any:
    return getattr(part, name) if part else None


def _lines(part: BaseModel | None, name: str) -> str:
    return "\n".join(_of(part, name) or ())


def _number(value: int | None) -> str:
    """As text, since nought is a number too."""
    return "" if value is None else str(value)


def _options(job: Job) -> Typed:
    window = job.run_window or {"time_zone": "UTC", "days": list(DAYS)}
    return {
        "role": job.role.name,
        "description": job.description,
        "proposed": "",
        "priority": str(job.priority),
        "requests_per_second": job.requests_per_second,
        "failure_rule": job.failure_rule,
        "failure_limit": job.failure_limit,
        "tags": "\n".join(f"{key}={value}" for key, value in job.tags.items()),
        "confirmation_required": job.confirmation_required,
        **{f"run_window_{name}": value for name, value in window.items()},
    }


def _report(job: Job) -> Typed:
    return {
        "report_enabled": job.report_enabled,
        "report_bucket": job.report_bucket,
        "report_expected_bucket_owner": job.report_expected_owner,
        "report_prefix": job.report_prefix,
        "report_scope": job.report_scope,
    }
