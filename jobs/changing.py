"""What a person may change of a job that has not ended: its turn, its speed and its hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobs import background
from jobs.checked import ceiling, name_of
from jobs.database import write
from jobs.deciding import require_operator
from jobs.errors import InvalidRequest, InvalidTransition
from jobs.models import Job, JobEvent
from jobs.status import FINAL
from jobs.windows import Window

if TYPE_CHECKING:
    from jobs.members import User


def set_window(job: Job, user: User, given: object) -> None:
    """Change the hours in which the job may run ({start, end, time_zone, days}); None: at any time.

    Outside of them it is Paused. Raises InvalidRequest, and InvalidTransition for an ended job.
    """
    window = None if given is None else Window.parse(given)
    told = f"may run from {window}" if window else "may run at any time"
    _change(job, user, told, "hours", run_window=window.stored() if window else None)
    background.ring()


def set_priority(job: Job, user: User, priority: int) -> None:
    """Change the priority, 0 to 2147483647, in any status that is not final."""
    is_number = isinstance(priority, int) and not isinstance(priority, bool)
    if not (is_number and 0 <= priority <= 2_147_483_647):
        told = "Give a whole number from 0 to 2147483647; higher goes first."
        raise InvalidRequest({"priority": [told]})
    _change(job, user, f"priority set to {priority}", "priority", priority=priority)
    background.ring()


def set_speed(job: Job, user: User, rate: object) -> None:
    """Change the ceiling on the job's requests per second, also while it runs; None removes it.

    Its lanes hear of it with their next beat.
    """
    rate = ceiling(rate)
    told = f"set to {rate} requests per second" if rate else "removed"
    _change(job, user, f"speed ceiling {told}", "speed", requests_per_second=rate)


def _change(job: Job, user: User, told: str, what: str, **values: Any) -> None:
    """Change a job that has not ended, and remember who did it."""
    require_operator(user, job, "Changing a job")
    with write():
        changed = Job.objects.filter(pk=job.pk).exclude(status__in=FINAL).update(**values)
        if changed:
            JobEvent.objects.create(job=job, actor=name_of(user), reason=told)
    job.refresh_from_db()
    if not changed:
        raise InvalidTransition(f"The job is {job.state.value}; its {what} can change no more.")
