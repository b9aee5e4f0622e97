"""Which jobs are seen, by whom and where."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from jobs.models.job import Job  # noqa: F401


class JobQuerySet(models.QuerySet["Job"]):
    """Named filters."""

    def of_account(self, account_id: str) -> JobQuerySet:
        """The jobs that members of the account see: unfinished ones, and those that ended in the
        last 90 days.
        """
        kept = Q(terminated_at=None) | Q(terminated_at__gt=Now() - timedelta(days=90))
        return self.filter(kept, account_id=account_id)

    def matching(self, text: str) -> JobQuerySet:
        """The jobs whose id begins with the text or whose description has it somewhere."""
        return self.filter(Q(id__istartswith=text) | Q(description__icontains=text))
