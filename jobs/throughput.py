"""The throughput of a job, counted as its parts are committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Now

from jobs.models import Throughput

if TYPE_CHECKING:
    from jobs.models import Part


def count(part: Part) -> None:
    """Count the tasks of a part, in its transaction; the job's row is locked by now."""
    tasks = {"succeeded": part.succeeded, "failed": part.failed}
    row = Throughput.objects.filter(pk=part.job_id).annotate(now=Now()).first()
    if row is None:
        first = {name: [number] for name, number in tasks.items()}
        Throughput.objects.create(job_id=part.job_id, **first)
        return
    row.add(vars(row)["now"], **tasks)
    row.save(update_fields=["seconds", "succeeded", "failed"])
