"""The eight calls: each takes the members of its input, asks one verb, and gives the members of
its output.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError

from jobs import services
from jobs.errors import Conflict, InvalidTransition, NotFound
from jobs.members import account_of
from jobs.models import Job
from jobs.s3control.asking import job_request, tags_of, wire_form
from jobs.s3control.errors import WireError, bad_request
from jobs.s3control.telling import in_full, in_list

if TYPE_CHECKING:
    from jobs.members import User

Members = dict[str, Any]
MOST_JOBS = 1000


def create_job(user: User, asked: Members) -> Members:
    """CreateJob (spec.md 3.4)."""
    request = job_request(asked)
    if asked["RoleArn"].split(":")[4] != account_of(user):
        raise WireError("AccessDenied", "Cross-account pass role is not allowed")
    try:
        job = services.create_job(user, request, wire_form=wire_form(asked))
    except Conflict as conflict:
        raise WireError("IdempotencyException", str(conflict)) from None
    return {"JobId": str(job.pk)}


def describe_job(user: User, asked: Members) -> Members:
    """DescribeJob (spec.md 3.5)."""
    return {"Job": in_full(_job(user, asked))}


def list_jobs(user: User, asked: Members) -> Members:
    """ListJobs, newest first (spec.md 3.6)."""
    rows = services.jobs_of(user)
    statuses = sorted(set(asked.get("JobStatuses", [])))
    if statuses:
        rows = rows.filter(status__in=statuses)
    token = _Token(account_of(user), statuses)
    if given := asked.get("NextToken"):
        rows = rows.older_than(token.read(given))
    most = asked.get("MaxResults") or MOST_JOBS
    found = list(rows.order_by("-created_at", "pk")[: most + 1])
    more = len(found) > most
    return {
        "NextToken": token.after(found[most - 1]) if more else None,
        "Jobs": [in_list(job) for job in found[:most]],
    }


class _Token:
    """Where the next page begins: good for the same account and the same filter alone."""

    def __init__(self, account_id: str, statuses: list[str]) -> None:
        filtered = hashlib.sha256(repr(statuses).encode()).hexdigest()
        self._account_id = account_id
        self._salt = f"s3control.ListJobs.{account_id}.{filtered}"

    def after(self, job: Job) -> str:
        """The token for what comes after a job. Its signature is of characters that AWS's have."""
        return signing.dumps(job.pk.hex, salt=self._salt)

    def read(self, token: str) -> Job:
        """The last job of the page before; raises WireError."""
        try:
            pk = UUID(signing.loads(token, salt=self._salt))
            return Job.objects.get(pk=pk, account_id=self._account_id)
        except (signing.BadSignature, ValueError, TypeError, ValidationError, Job.DoesNotExist):
            told = "The continuation token provided is incorrect."
            raise WireError("InvalidNextTokenException", told) from None


def update_job_priority(user: User, asked: Members) -> Members:
    """UpdateJobPriority (spec.md 3.7)."""
    job = _job(user, asked)
    try:
        services.set_priority(job, user, asked["Priority"])
    except InvalidTransition as error:  # JobStatusException is none of its errors
        raise bad_request(str(error)) from None
    return {"JobId": str(job.pk), "Priority": job.priority}


def update_job_status(user: User, asked: Members) -> Members:
    """UpdateJobStatus (spec.md 3.8)."""
    job, reason = _job(user, asked), asked.get("StatusUpdateReason", "")
    if asked["RequestedJobStatus"] == "Ready":
        services.confirm_job(job, user, reason=reason)
    else:
        services.cancel_job(job, user, reason=reason)
    return {
        "JobId": str(job.pk),
        "Status": job.state.value,
        "StatusUpdateReason": job.status_update_reason or None,
    }


def put_job_tagging(user: User, asked: Members) -> Members:
    """PutJobTagging (spec.md 3.9)."""
    services.set_tags(_job(user, asked), user, tags_of(asked["Tags"]))
    return {}


def get_job_tagging(user: User, asked: Members) -> Members:
    """GetJobTagging (spec.md 3.9). Tags are a set; by key, as databases keep no other order."""
    tags = _job(user, asked).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def delete_job_tagging(user: User, asked: Members) -> Members:
    """DeleteJobTagging (spec.md 3.9)."""
    services.set_tags(_job(user, asked), user, {})
    return {}


HANDLERS: dict[str, Callable[[User, Members], Members]] = {
    "CreateJob": create_job,
    "DescribeJob": describe_job,
    "ListJobs": list_jobs,
    "UpdateJobPriority": update_job_priority,
    "UpdateJobStatus": update_job_status,
    "PutJobTagging": put_job_tagging,
    "GetJobTagging": get_job_tagging,
    "DeleteJobTagging": delete_job_tagging,
}


def _job(user: User, asked: Members) -> Job:
    """The job that is named. Only its id as it is written finds it: a UUID has other spellings."""
    job = services.job_of(user, asked["JobId"])
    if str(job.pk) != asked["JobId"]:
        raise NotFound("The specified job does not exist.")
    return job
