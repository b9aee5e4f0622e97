"""Jobs of many tasks on the benchmark's installation: handed in, prepared, performed, removed.

The imports of Lading are inside the functions, as in installation.py.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import installation
from bench.alone import OWNER, do
from bench.measuring import Measure, reported, timed
from bench.server import CannotBench

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.models import Job, Manifest

FAILED_EVERY = 1_000


def uploaded(path: Path, user: User | None = None) -> Manifest:
    """A CSV manifest, handed in as a person would."""
    from django.core.files import File

    from jobs import services

    with path.open("rb") as content:
        return services.store_upload(
            user or installation.somebody(),
            File(content),
            filename=path.name,
            fields=["Bucket", "Key"],
        )


def created(manifest: dict[str, Any], user: User | None = None) -> Job:
    """A job that waits for a confirmation when it is prepared, with a report of all tasks."""
    from jobs import services

    request: dict[str, Any] = {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
        "manifest": manifest,
        "role": "bench",
        "confirmation_required": True,
        "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
    }
    return services.create_job(user or installation.somebody(), request)


def alone(what: str, job: Job, count: int, folder: Path) -> Measure:
    """The job prepared or finished by a process of its own."""
    command = [sys.executable, "-m", "bench.alone", what, str(job.pk)]
    _, output = timed(command, count, cwd=installation.ROOT)
    told = reported(output)
    job.refresh_from_db()
    wanted = {"prepare": "Suspended", "finish": "Complete"}[what]
    if job.status != wanted or job.total_tasks != count:
        raise CannotBench(
            f"After {what} the job is {job.status} with {job.total_tasks:,} tasks of {count:,}: "
            f"{job.failure_reasons}"
        )
    return Measure(count, told["seconds"], told["cpu_seconds"], {"peak_mib": told["peak_mib"]})


def prepared(manifest: Manifest, user: User) -> Job:
    """A job over an uploaded manifest that is Active, with none of its tasks performed."""
    from jobs import lifecycle, services

    job = created({"id": str(manifest.pk)}, user)
    do("prepare", job)
    services.confirm_job(job, user)
    lifecycle.advance()
    job.refresh_from_db()
    if job.status != "Active":
        raise CannotBench(f"The job is {job.status}: {job.failure_reasons}")
    return job


def perform(job: Job, *, every: int = FAILED_EVERY) -> None:
    """Commit all tasks as a lane does, without asking a store: one of so many fails."""
    from jobs import lanes, results
    from jobs.commits import commit
    from operations.base import Outcome

    plain = job.operation_type.plain_success
    refused = Outcome(
        succeeded=False, http_status=403, error_code="AccessDenied", message="Access Denied"
    )
    while claim := lanes.claim_slice(job, OWNER):
        rows = results.task_rows(claim.slice)
        settled = [plain] * len(rows)
        settled[every - 1 :: every] = [refused] * (len(rows) // every)
        commit(claim, rows, settled, window=len(rows))


def to_finish(job: Job) -> None:
    """The job at the beginning of Completing, also where it has ended before."""
    from jobs.models import Job

    Job.objects.filter(pk=job.pk).update(status="Completing", terminated_at=None)
    _remove(job, "report-*")


def forget(job: Job) -> None:
    """Remove a job's rows and its files."""
    from jobs.models import Slice

    _remove(job, "")
    Slice.objects.filter(job=job).delete()
    job.delete()


def spooled(name: str) -> Path:
    """Where a file of the spool is."""
    from django.conf import settings

    return Path(settings.LADING_SPOOL) / name


def _remove(job: Job, pattern: str) -> None:
    folder = spooled(f"jobs/{job.pk}")
    for path in folder.glob(pattern) if pattern else [folder]:
        shutil.rmtree(path, ignore_errors=True)
