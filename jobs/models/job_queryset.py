"""Which jobs are seen, by whom and where."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from jobs.status import FINAL, TO_PREPARE

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.models.job import Job

RETENTION = timedelta(days=90)
"""So long after its end a job is there (spec.md 2.7)."""


class JobQuerySet(models.QuerySet["Job"]):
    """Named filters."""

    def of_account(self, account_id: str) -> JobQuerySet:
        """The jobs that members of the account see: unfinished ones, and those that ended not
        longer than RETENTION ago.
        """
        kept = Q(terminated_at=None) | Q(terminated_at__gt=Now() - RETENTION)
        return self.filter(kept, account_id=account_id)

    def expired(self) -> JobQuerySet:
        """The jobs that nobody sees any more, and that are to be removed: not before each job that
        is made of their tasks has copied its rows.
        """
        children = self.model._default_manager.filter(manifest__parent=OuterRef("pk"))
        return self.filter(
            ~Exists(children.filter(status__in=TO_PREPARE)),
            status__in=FINAL,
            terminated_at__lte=Now() - RETENTION,
        )

    def children_of(self, job: Job | UUID) -> JobQuerySet:
        """The jobs that are made of tasks of that one."""
        return self.filter(manifest__parent=job)

    def older_than(self, job: Job) -> JobQuerySet:
        """What comes after a job in a list with the newest first."""
        made = self.model._default_manager.filter(pk=job.pk).values("created_at")[:1]
        return self.filter(Q(created_at__lt=made) | Q(created_at=made, pk__gt=job.pk))

    def matching(self, text: str) -> JobQuerySet:
        """The jobs whose id begins with the text or whose description has it somewhere."""
        return self.filter(Q(id__istartswith=text) | Q(description__icontains=text))
