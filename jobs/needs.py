"""What an operation needs of its job besides parameters: known when a job is created."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.models import Job


def lacking(job: Job) -> Iterator[tuple[str, str, str]]:
    """The field of the request, the failure code and the reason of each fault."""
    if job.operation_type.needs_versions and not job.manifest.has_versions:
        yield (
            "manifest.fields",
            "InvalidManifestContent",
            "Required fields are missing in the schema: VersionId",
        )
    yield from lacking_report(job)


def lacking_report(job: Job) -> Iterator[tuple[str, str, str]]:
    """The same, of its report alone: known before its list is."""
    operation = job.operation_type
    if operation.needs_report and not (job.report_enabled and job.report_expected_owner):
        yield (
            "report.expected_bucket_owner" if job.report_enabled else "report.enabled",
            "ReportRequired",
            f"{operation.label} needs a completion report with the owner of its bucket, since the "
            "report is all that it makes.",
        )
