"""A child job: the same operation again, over those tasks of an ended job that did not succeed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jobs.deciding import require_submitter
from jobs.errors import InvalidRequest, InvalidTransition
from jobs.models import Job, name_of_tasks
from jobs.submission import create_job
from jobs.tasks_of_job import Selection
from operations.base import fields_of

if TYPE_CHECKING:
    from jobs.members import User

LONGEST_DESCRIPTION = 256
LONGEST_NAMED_CODE = 100
"""A longer one is cut in a description, to leave room for the job's name."""


def retry_tasks(
    user: User, parent: Job, given: Mapping[str, Any], *, client_request_token: str | None = None
) -> Job:
    """A job that does what the parent was to do, with the same settings, over tasks of it: `tasks`
    failed, in_doubt or not_executed; of those that failed perhaps one group (`error_code`,
    `http_status`). It waits to be confirmed.

    The same token with the same tasks gives the same job. Raises InvalidTransition where the parent
    has not ended, InvalidRequest where there are no such tasks, Conflict, NotPermitted.
    """
    require_submitter(user, parent, "Retrying tasks")
    try:
        selection = Selection.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidRequest(fields_of(error, Selection)) from None
    if not parent.is_final:
        text = f"The job is {parent.state.value}; tasks of it can be retried when it has ended."
        raise InvalidTransition(text)
    asked = request_like(parent) | {
        "description": retry_description(parent, selection.model_dump()),
        "manifest": {"parent": {"id": parent.pk, **selection.model_dump()}},
        "client_request_token": client_request_token,
    }
    try:
        return create_job(user, asked)
    except InvalidRequest as refused:
        raise InvalidRequest(
            {name.removeprefix("manifest.parent."): told for name, told in refused.fields.items()}
        ) from None


def request_like(job: Job) -> dict[str, Any]:
    """What a job was asked for, but for its list, its description and its token."""
    report = {
        "enabled": job.report_enabled,
        "bucket": job.report_bucket or None,
        "expected_bucket_owner": job.report_expected_owner or None,
        "prefix": job.report_prefix,
    }
    return {
        "operation": job.operation,
        "parameters": job.parameters,
        "role": job.role.name,
        "priority": job.priority,
        "requests_per_second": job.requests_per_second,
        "failure_threshold": job.failure_threshold,
        "run_window": job.run_window,
        "report": report | ({"scope": job.report_scope} if job.report_scope else {}),
        "tags": job.tags,
        "confirmation_required": True,
    }


def retry_description(parent: Job, selection: Mapping[str, Any]) -> str:
    """Whose tasks they are, and which. What is left of a retry for the same reason keeps its name,
    which is true of them too.
    """
    title, before = title_of(parent), parent.manifest.selection or {}
    same = ("tasks", "error_code", "http_status")
    is_rest = not selection.get("error_code") or all(
        before.get(name) == selection.get(name) for name in same
    )
    is_rest = is_rest and before.get("tasks") == selection["tasks"]
    if is_rest and title.startswith(f"Retry of {_in_a_sentence(before)} of "):
        return title
    return f"Retry of {_in_a_sentence(selection)} of {title}"[:LONGEST_DESCRIPTION]


def title_of(job: Job) -> str:
    """What people call a job."""
    return job.description or job.operation_type.label


def _in_a_sentence(selection: Mapping[str, Any]) -> str:
    code = selection.get("error_code") or ""
    if len(code) > LONGEST_NAMED_CODE:
        selection = {**selection, "error_code": f"{code[: LONGEST_NAMED_CODE - 1]}…"}
    text = name_of_tasks(selection)
    return text[0].lower() + text[1:]
