"""Ten thousand jobs in an account: what a list of jobs has to cope with."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.models import Job

JOBS = 10_000
AT_A_TIME = 1_000
SEED = 7


def made(like: Job, count: int = JOBS) -> list[uuid.UUID]:
    """So many ended jobs of the same account, manifest and role, over the last two months."""
    from django.utils import timezone

    from jobs.models import Job
    from jobs.status import FINAL

    chance, now = random.Random(SEED), timezone.now()
    jobs = []
    for number in range(count):
        at = now - timedelta(minutes=chance.randrange(60 * 24 * 60))
        failed = chance.choice([0, 0, 0, chance.randrange(1_000)])
        job = Job(
            status=chance.choice(sorted(FINAL)),
            account_id=like.account_id,
            created_by_id=like.created_by_id,
            description=f"Nightly run {number} of the archive",
            operation=like.operation,
            parameters=like.parameters,
            manifest_id=like.manifest_id,
            role_id=like.role_id,
            priority=chance.randrange(100),
            created_at=at,
            terminated_at=at + timedelta(minutes=5),
            total_tasks=10_000,
            succeeded=10_000 - failed,
            failed=failed,
        )
        jobs.append(job)
    Job.objects.bulk_create(jobs, batch_size=AT_A_TIME)
    return [job.pk for job in jobs]


def forget(made: list[uuid.UUID]) -> None:
    """They are not kept."""
    from jobs.models import Job

    for start in range(0, len(made), AT_A_TIME):
        some = Job.objects.filter(pk__in=made[start : start + AT_A_TIME])
        some._raw_delete(some.db)
