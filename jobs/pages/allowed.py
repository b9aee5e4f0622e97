"""What a person may decide about a job as it stands: the buttons that its page has."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from jobs import services
from jobs.members import may
from jobs.models import Job, Rank
from jobs.status import TOUCHED


@dataclass(frozen=True)
class Allowed:
    """What both the job's status and the person's rank allow."""

    job: Job
    user: User

    @property
    def confirm(self) -> bool:
        """Let it run."""
        return self.job.can_confirm and self._operates

    @property
    def pause(self) -> bool:
        """Keep it from running."""
        return self.job.can_pause and self._operates

    @property
    def resume(self) -> bool:
        """Let it go on."""
        return self.job.is_held and self._operates

    @property
    def change(self) -> bool:
        """Its priority, speed and hours."""
        return not self.job.is_final and self._operates

    @property
    def cancel(self) -> bool:
        """End it: an operator any job, a submitter their own."""
        return self.job.can_cancel and services.may_cancel(self.user, self.job)

    @property
    def drains(self) -> bool:
        """Whether cancelling it waits for requests under way."""
        return self.job.state in TOUCHED

    @property
    def clone(self) -> bool:
        """Make another job like it."""
        return may(self.user, Rank.SUBMITTER)

    @property
    def check(self) -> bool:
        """Look at its list; what it was listed or taken of is none. A list stays with its job."""
        return self.job.manifest.is_list and may(self.user, Rank.SUBMITTER)

    @property
    def _operates(self) -> bool:
        return may(self.user, Rank.OPERATOR)
