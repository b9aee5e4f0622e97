"""How a job and what belongs to it look in JSON: snake_case, words as AWS writes them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Sum
from django.urls import reverse

from jobs.delivery import location_of
from jobs.generator import ManifestGenerator
from jobs.models import Job, JobEvent, Manifest, ReportFile, Role
from jobs.rest import lists
from jobs.workers import at_work

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.probing import Row
    from jobs.rest import shapes
    from jobs.rest import shapes_of_outcomes as outcomes
    from jobs.rest import shapes_of_people as people
    from jobs.results import ResultRow

Json = dict[str, Any]

SUB_RESOURCES = (
    *("confirm", "cancel", "pause", "resume", "priority", "speed", "window", "retry"),
    *("tags", "results", "report", "events"),
)


def job_summary(job: Job, request: Request) -> shapes.JobSummary:
    """A job as a line of the list: what costs no further query."""
    return {
        "id": str(job.pk),
        "url": url(request, "job", job.pk),
        "arn": job.arn,
        "status": job.state,
        "description": job.description,
        "operation": job.operation,
        "priority": job.priority,
        "hold": _hold(job),
        "progress": {
            "total": job.total_tasks,
            "succeeded": job.succeeded,
            "failed": job.failed,
            "remaining": job.total_tasks - job.executed,
            "elapsed_active_seconds": int(job.elapsed_active.total_seconds()),
        },
        "created_at": job.created_at,
        "terminated_at": job.terminated_at,
    }


def job_details(job: Job, request: Request) -> shapes.Job:
    """Everything about a job."""
    summary = job_summary(job, request)
    summary["progress"].update({"in_doubt": job.in_doubt, "provisional": _provisional(job)})
    return {
        **summary,
        "parameters": job.work.snake_form(),
        "manifest": manifest(job.manifest),
        **lists.list_of(job, request),
        "role": {"name": job.role.name, "arn": job.role.arn},
        "report": {
            "enabled": job.report_enabled,
            "bucket": job.report_bucket or None,
            "expected_bucket_owner": job.report_expected_owner or None,
            "prefix": job.report_prefix,
            "scope": job.report_scope or None,
        },
        "requests_per_second": job.requests_per_second,
        "failure_threshold": job.failure_threshold,
        "run_window": job.run_window,
        "confirmation_required": job.confirmation_required,
        "client_request_token": job.client_request_token or None,
        "tags": job.tags,
        "failure_reasons": [_reason(told) for told in job.failure_reasons],
        "status_update_reason": job.status_update_reason,
        "suspended_at": job.suspended_at,
        "suspended_cause": job.suspended_cause,
        "links": _links(job, request, in_doubt=summary["progress"]["in_doubt"] > 0),
    }


def _hold(job: Job) -> shapes.Hold | None:
    """Who paused the job and why; null where no person did, or the job is ending."""
    if not job.is_held:
        return None
    return {"by": job.held_by, "at": job.held_at, "reason": job.held_reason}


def _links(job: Job, request: Request, *, in_doubt: bool) -> dict[str, str]:
    """What there is under a job; rows in doubt only where there are any."""
    names = (*SUB_RESOURCES, "in_doubt") if in_doubt else SUB_RESOURCES
    links = {name: url(request, f"job_{name}", job.pk) for name in names}
    return {**links, "children": f"{url(request, 'jobs')}?parent={job.pk}"}


def _reason(told: Json) -> shapes.FailureReason:
    """One of the reasons of a failed job."""
    return {"code": told["FailureCode"], "reason": told["FailureReason"]}


def _provisional(job: Job) -> shapes.Counts:
    """Outcomes that lanes at work have at hand and have not committed; they may fall again."""
    if job.is_final:
        return {"succeeded": 0, "failed": 0}
    sums = job.lanes.filter(at_work()).aggregate(succeeded=Sum("succeeded"), failed=Sum("failed"))
    return {"succeeded": sums["succeeded"] or 0, "failed": sums["failed"] or 0}


def manifest(row: Manifest) -> shapes.Manifest:
    """A manifest, without its content."""
    return {
        "id": str(row.pk),
        "location": row.location,
        "format": row.format,
        "fields": row.fields,
        "bucket": row.list_bucket or None,
        "generator": ManifestGenerator.parse(row.generator).snake_form() if row.generator else None,
        "etag": row.etag or None,
        "version_id": row.version_id or None,
        "size": row.size,
        "total_bytes": row.bytes_to_read,
        "sha256": row.sha256 or None,
        "created_at": row.created_at,
    }


def role(row: Role) -> people.Role:
    """A role, without anything that opens a door."""
    return {
        "name": row.name,
        "arn": row.arn,
        "endpoint_url": row.endpoint_url or None,
        "region": row.region,
        "addressing": row.addressing,
        "requests_per_second": row.requests_per_second,
        "server": row.server or None,
        "scratch_bucket": row.scratch_bucket or None,
        "scratch_prefix": row.scratch_prefix,
        "updated_at": row.updated_at,
    }


def trial(row: Row) -> people.Trial:
    """What is known of one operation at the role's store; `finding` is null where nothing is."""
    told, waiver = row.trial, row.waiver
    return {
        "operation": row.name,
        "label": row.label,
        "is_tried": row.is_tried,
        "finding": told.finding if told else None,
        "detail": told.detail if told else "",
        "http_status": told.http_status if told else None,
        "error_code": (told.error_code or None) if told else None,
        "bucket": told.bucket if told else None,
        "server": (told.server or None) if told else None,
        "tried_at": told.tried_at if told else None,
        "expires_at": told.expires_at if told and row.is_standing else None,
        "override": {"by": waiver.actor, "at": waiver.decided_at, "reason": waiver.reason}
        if waiver
        else None,
    }


def event(row: JobEvent) -> outcomes.Event:
    """One move of a job's status; `from_status` is null where it began."""
    return {
        "id": row.pk,
        "at": row.at,
        "actor": row.actor,
        "from_status": row.from_status or None,
        "to_status": row.to_status or None,
        "reason": row.reason,
    }


def result(row: ResultRow) -> outcomes.Result:
    """What became of one task; `key` is as the manifest encodes it."""
    return cast("outcomes.Result", {**asdict(row), "version_id": row.version_id or None})


def report(job: Job, request: Request) -> outcomes.Report:
    """The completion report: where it is, and its files; or the reason why there is none."""
    files = list(job.report_files.all())
    return {
        "available": bool(files),
        "reason": None if files else _why_no_report(job),
        "location": location_of(job, has_files=bool(files)) or None,
        "files": [report_file(row, request) for row in files],
    }


def _why_no_report(job: Job) -> str:
    if not job.is_final:
        return "The report is written when the job ends."
    if not job.executed:
        return "No task was executed, so there is nothing to report."
    return "The report could not be written; failure_reasons of the job say why."


def report_file(row: ReportFile, request: Request) -> outcomes.ReportFile:
    """One file of a report, and where to download it."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "key": row.key,
        "size": row.size,
        "rows": row.rows,
        "md5": row.md5,
        "url": url(request, "job_report_file", row.job_id, row.pk),
    }


def url(request: Request, name: str, *args: object) -> str:
    """The full address of a resource of the API."""
    return str(request.build_absolute_uri(reverse(f"api:{name}", args=args)))
