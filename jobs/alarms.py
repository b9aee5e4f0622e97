"""What an operator must know of: work that nobody does, and slices that kill their workers.

Each engine remembers in its own row since when work waits while workers of it are free. A wedged
engine is restarted again and again, so a new one takes over what those before it remembered.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, Q
from django.db.models.functions import Now

from jobs.database import write
from jobs.leases import host, process_start
from jobs.models import Job, Node, Slice, recent
from jobs.presence import NODE_SECONDS
from jobs.status import FINAL, TO_FINISH, TO_PREPARE, JobStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

WAITING_SECONDS = 60.0
"""Work that waits for so long while workers are free is an alarm."""
MEMORY_SECONDS = 60.0
"""What a dead engine remembered counts for so long; supervisors pause for up to 30 seconds."""
MANY_CRASHES = 3
"""As in the condition of the index `slice_crashed`."""
MOST_SLICES = 5


@dataclass(frozen=True)
class Alarm:
    """Something that does not mend itself."""

    code: str
    message: str
    since: datetime | None = None
    job: Job | None = None

    @property
    def title(self) -> str:
        """What people call the job."""
        return (self.job.description or self.job.operation_type.label) if self.job else ""


def alarms(account_id: str | None) -> list[Alarm]:
    """All that is wrong now. Slices are those of the account's jobs: of all jobs for None."""
    nodes = Node.objects.filter(beat_at__gt=recent(MEMORY_SECONDS)).aggregate(
        alive=Count("pk", filter=Q(beat_at__gt=recent(NODE_SECONDS))),
        stuck=Min("waiting_since", filter=Q(waiting_since__lt=recent(WAITING_SECONDS))),
    )
    found = []
    if not nodes["alive"] and _needs_an_engine():
        found.append(Alarm("NoEngine", "Work waits, and no engine runs. Start manage.py engine."))
    if nodes["stuck"]:
        text = (
            "Work has waited for more than a minute while workers are free. "
            "The log of the engine should tell why; to restart the engine loses nothing."
        )
        found.append(Alarm("WorkWaits", text, since=nodes["stuck"]))
    slices = crashing()
    if account_id is not None:
        slices = slices.filter(job__account_id=account_id)
    return found + [alarm_of(slice_) for slice_ in slices.select_related("job")[:MOST_SLICES]]


def _needs_an_engine() -> bool:
    """Whether there is work. Not `lanes.waiting`, which asks for the slices of each job: a page may
    ask for this often.
    """
    needs_one = (
        Q(status__in=TO_PREPARE | TO_FINISH | {JobStatus.PAUSING})
        | Q(status=JobStatus.ACTIVE, held_by="")
        | Q(status__in=[JobStatus.READY, JobStatus.PAUSED], held_by="", run_window__isnull=True)
    )
    return Job.objects.filter(needs_one).exists()


def crashing() -> QuerySet[Slice]:
    """Slices that are still to be done and whose workers died again and again, the worst first."""
    found = Slice.objects.filter(crashes__gte=MANY_CRASHES).exclude(state=Slice.State.DONE)
    return found.exclude(job__status__in=FINAL).order_by("-crashes", "pk")


def alarm_of(slice_: Slice) -> Alarm:
    """In words."""
    text = (
        f"Slice {slice_.number} has lost its worker {slice_.crashes} times. The machine's log may "
        "tell why, such as too little memory. A task that kills its worker five times fails."
    )
    return Alarm("SliceKillsWorkers", text, job=slice_.job)


# ---- what the engines remember


def inherit() -> dict[str, Any]:
    """What a new engine takes over from those that died a moment ago, as values of its row."""
    stuck = Node.objects.filter(waiting_since__isnull=False, beat_at__gt=recent(MEMORY_SECONDS))
    beating = set(stuck.filter(beat_at__gt=recent(NODE_SECONDS)).values_list("pk", flat=True))
    here = host()
    dead = [
        node
        for node in stuck
        if node.pk not in beating or (node.host == here and process_start(node.pid) is None)
    ]
    if not dead:
        return {}
    Node.objects.filter(pk__in=[node.pk for node in dead]).update(waiting_since=None)
    return {
        "waiting_since": min(node.waiting_since for node in dead if node.waiting_since),
        "alarmed": any(node.alarmed for node in dead),
    }


def remember(name: str, *, waits: bool) -> None:
    """Whether work waits while workers of the engine are free. Logged once if it does for long."""
    row = Node.objects.filter(pk=name)
    with write():
        if not waits:
            row.filter(Q(alarmed=True) | Q(waiting_since__isnull=False)).update(
                waiting_since=None, alarmed=False
            )
            return
        row.filter(waiting_since=None).update(waiting_since=Now())
        late = row.filter(alarmed=False, waiting_since__lt=recent(WAITING_SECONDS))
        if late.update(alarmed=True):
            logger.error("Work has waited for more than a minute while workers are free.")
