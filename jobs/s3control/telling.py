"""A job as AWS tells it: the members of JobDescriptor and of JobListDescriptor (spec.md 3.5, 3.6).

None stands for a member that is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobs.generator import ManifestGenerator
from jobs.models import Job, Manifest

if TYPE_CHECKING:
    from datetime import datetime


def in_list(job: Job) -> dict[str, Any]:
    """A line of ListJobs."""
    return {
        "JobId": str(job.pk),
        "Description": job.description or None,
        "Operation": job.operation,
        "Priority": job.priority,
        "Status": job.state.value,
        "CreationTime": _as_aws_tells(job.created_at),
        "TerminationDate": _as_aws_tells(job.terminated_at),
        "ProgressSummary": _progress(job),
    }


def in_full(job: Job) -> dict[str, Any]:
    """Everything that DescribeJob tells."""
    return {
        **in_list(job),
        **as_asked(job),
        "JobArn": job.arn,
        "StatusUpdateReason": job.status_update_reason or None,
        "FailureReasons": job.failure_reasons,
        "SuspendedDate": _as_aws_tells(job.suspended_at),
        "SuspendedCause": job.suspended_cause or None,
        "GeneratedManifestDescriptor": job.generated_manifest,
        **(job.wire_form or {}),
    }


def as_asked(job: Job) -> dict[str, Any]:
    """What DescribeJob tells in the words of CreateJob."""
    return {
        "ConfirmationRequired": job.confirmation_required,
        "Operation": {job.operation: job.parameters},
        "Report": _report(job),
        "Manifest": _manifest(job.manifest),
        "ManifestGenerator": _generator(job.manifest),
        "Description": job.description or None,
        "Priority": job.priority,
        "RoleArn": job.role.arn,
    }


def _as_aws_tells(moment: datetime | None) -> datetime | None:
    """A moment of the job's own in milliseconds."""
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _progress(job: Job) -> dict[str, Any]:
    return {
        "TotalNumberOfTasks": job.total_tasks,
        "NumberOfTasksSucceeded": job.succeeded,
        "NumberOfTasksFailed": job.failed,
        "Timers": {"ElapsedTimeInActiveSeconds": int(job.elapsed_active.total_seconds())},
    }


def _manifest(manifest: Manifest) -> dict[str, Any] | None:
    """The object in S3. AWS has no words for a list that was uploaded."""
    if not manifest.bucket:
        return None
    is_csv = manifest.format == Manifest.Format.CSV
    return {
        "Spec": {"Format": manifest.format, "Fields": manifest.fields if is_csv else None},
        "Location": {
            "ObjectArn": f"arn:aws:s3:::{manifest.bucket}/{manifest.key}",
            "ObjectVersionId": manifest.version_id or None,
            "ETag": manifest.etag,
        },
    }


def _generator(manifest: Manifest) -> dict[str, Any] | None:
    if not manifest.generator:
        return None
    generator = ManifestGenerator.parse(manifest.generator)
    return {"S3JobManifestGenerator": generator.aws_form()}


def _report(job: Job) -> dict[str, Any]:
    if not job.report_enabled:
        return {"Enabled": False}
    return {
        "Enabled": True,
        "Bucket": f"arn:aws:s3:::{job.report_bucket}",
        "Format": "Report_CSV_20180820",
        "Prefix": job.report_prefix or None,
        "ReportScope": job.report_scope,
        "ExpectedBucketOwner": job.report_expected_owner or None,
    }
