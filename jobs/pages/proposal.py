"""The description that is proposed for a new job, until somebody writes another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.pages.manifest_fields import LISTING, PASTED, UPLOAD
from jobs.pages.steps import OPTIONS, between
from jobs.pages.task_fields import TASKS, list_of_tasks
from jobs.retrying import retry_description, title_of
from operations import OPERATION_BY_NAME

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import QueryDict

    from jobs.models import Manifest
    from operations import Operation

LONGEST = 256


def propose(
    user: User, data: QueryDict, manifest: Manifest | None, here: str, wanted: str
) -> QueryDict:
    """The form's data with a proposal, on the way to the options. `proposed` is what was proposed
    last: whoever changed or emptied that keeps what they have.
    """
    if here == OPTIONS or OPTIONS not in {*between(here, wanted), wanted}:
        return data
    if data.get("description", "") != data.get("proposed", ""):
        return data
    changed = data.copy()
    changed["description"] = changed["proposed"] = _proposal(user, data, manifest)
    return changed


def _proposal(user: User, data: QueryDict, manifest: Manifest | None) -> str:
    operation = OPERATION_BY_NAME.get(data.get("operation", ""))
    source = data.get("source")
    if operation and source == TASKS:
        return _of_tasks(list_of_tasks(user, data), operation)
    name = data.get("manifest_location", "")
    if source == LISTING:
        name = data.get("listing_bucket", "")
    elif source in (UPLOAD, PASTED):
        name = manifest.location if manifest else ""
    if operation is None or not name:
        return ""
    return f"{operation.label}: {name}"[:LONGEST]


def _of_tasks(chosen: Manifest | None, operation: type[Operation]) -> str:
    """A retry, where the same is done again."""
    if chosen is None or chosen.parent is None:
        return ""
    if chosen.parent.operation == operation.name:
        return retry_description(chosen.parent, chosen.selection or {})
    tasks = chosen.selected[0].lower() + chosen.selected[1:]
    return f"{operation.label}: {tasks} of {title_of(chosen.parent)}"[:LONGEST]
