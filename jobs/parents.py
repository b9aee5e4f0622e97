"""Lists that are made of tasks of another job: of one that has ended, and has kept its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from pydantic import ValidationError

from jobs.errors import InvalidRequest, NotFound
from jobs.members import Rank, account_of, require
from jobs.models import SELECTABLE, Job, Manifest
from jobs.selected import counts
from jobs.tasks_of_job import TasksOfJob
from jobs.visible import job_of
from operations.base import fields_of

if TYPE_CHECKING:
    from jobs.members import User
    from jobs.tasks_of_job import Selection

GONE = "There is no such job any more: it ended more than 90 days ago, or it never was."


def list_of_tasks(user: User, given: Mapping[str, Any]) -> Manifest:
    """What tasks of a job come to as a list, kept nowhere; its selection tells how many they are.
    `given` is a TasksOfJob. Raises InvalidRequest where there are none; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Taking tasks of a job")
    try:
        asked = TasksOfJob.model_validate(dict(given))
    except ValidationError as error:
        faults = fields_of(error, TasksOfJob).items()
        raise InvalidRequest({f"manifest.parent.{name}": told for name, told in faults}) from None
    return manifest_of_tasks(user, asked)


def manifest_of_tasks(user: User, asked: TasksOfJob) -> Manifest:
    """A row, not saved yet, for the tasks. Raises InvalidRequest where there are none."""
    try:
        parent = job_of(user, asked.id)
        count = count_of(parent, asked)
    except NotFound:
        raise InvalidRequest({"manifest.parent.id": [GONE]}) from None
    except InvalidRequest as refused:
        faults = {f"manifest.parent.{name}": told for name, told in refused.fields.items()}
        raise InvalidRequest(faults) from None
    selection = asked.model_dump(mode="json", exclude={"id"})
    return Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        format=Manifest.Format.TASKS,
        fields=[name for name in ("Bucket", "Key", "VersionId") if name in parent.manifest.fields],
        parent=parent,
        selection={**selection, "parent": str(parent.pk), "count": count},
    )


def count_of(parent: Job, selection: Selection) -> int:
    """How many tasks they are. Raises InvalidRequest where there are none, and where nobody knows,
    as the job has not ended, or ended before its list was read.
    """
    if not parent.is_final:
        text = f"The job is {parent.state.value}: its tasks can be taken when it has ended."
        raise InvalidRequest({"id": [text]})
    if not parent.total_tasks:
        text = "The job ended before its list was read, so that its tasks are not known."
        raise InvalidRequest({"id": [text]})
    if selection.error_code is not None:
        return _count_of_group(parent, selection.error_code, selection.http_status or 0)
    if count := counts(parent)[selection.tasks]:
        return count
    raise InvalidRequest({"tasks": [f"The job has none: {SELECTABLE[selection.tasks].lower()}."]})


def _count_of_group(parent: Job, error_code: str, http_status: int) -> int:
    found = parent.tallies.filter(error_code=error_code, http_status=http_status)
    if count := found.values_list("count", flat=True).first():
        return count
    status = f"HTTP status {http_status}" if http_status else "no reply"
    text = f"No task of the job failed with {error_code} and {status}."
    raise InvalidRequest({"error_code": [text]})


def keep_parent(manifest: Manifest) -> None:
    """In the transaction that makes a job of such a list: see to it that the files are still there,
    and stay. Raises InvalidRequest.

    A sweep that is about to remove the parent locks its row as well (retention.py): it is waited
    for, and what it has decided is found here.
    """
    if not manifest.is_of_tasks:
        return
    there = Q(pk=manifest.parent_id)
    Job.objects.select_for_update().filter(there).first()
    if not Job.objects.of_account(manifest.account_id).filter(there).exists():
        raise InvalidRequest({"manifest": [GONE]})
