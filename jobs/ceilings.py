"""How many requests a second are left for one lane: its share of the ceilings that people set on a
store and on a job (design decision 13).

A ceiling is divided evenly among the lanes that perform slices under it now. So it holds for all of
them together once each has beaten, a second after the last of them came or went; what a lane does
not use of its share is not given to others.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q, Subquery

from jobs.lanes import SliceClaim
from jobs.models import Job, Lane, Role, recent
from jobs.status import JobStatus

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet


def share(claim: SliceClaim) -> float | None:
    """The requests per second that the claim's lane may start now; None where nothing limits it.

    Costs one query, and a second one under a ceiling.
    """
    store = claim.job.role.same_store
    limited = Role.objects.filter(store, requests_per_second__isnull=False)
    least = limited.order_by("requests_per_second").values("requests_per_second")[:1]
    ceilings = Job.objects.values_list("requests_per_second", Subquery(least))
    of_job, of_store = ceilings.get(pk=claim.slice.job_id)
    if of_job is None and of_store is None:
        return None
    at_job, at_store = _lanes_at_work(claim.slice.job_id, Role.objects.filter(store))
    return min(_part(of_job, at_job), _part(of_store, at_store))


def _part(ceiling: int | None, lanes: int) -> float:
    return inf if ceiling is None else ceiling / max(1, lanes)


def _lanes_at_work(job_id: UUID, store: QuerySet[Role]) -> tuple[int, int]:
    """The live lanes that perform slices: those of the job, and those of all jobs at the store.

    A silent lane counts for as long as it may still hold its lease; one that prepares or finishes a
    job sends none of its requests.
    """
    alive = Lane.objects.filter(
        beat_at__gt=recent(settings.LADING_LEASE_SECONDS),
        job__status=JobStatus.ACTIVE,
        job__role__in=store,
    )
    found = alive.aggregate(job=Count("pk", filter=Q(job=job_id)), store=Count("pk"))
    return found["job"], found["store"]
