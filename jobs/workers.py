"""Which engines and lanes are alive and at what, as a person may see it.

From our own rows alone: django-q2 calls a wedged cluster idle. A lane dies with its engine, so that
the lanes of an engine that is gone are not shown. Jobs of other accounts are not named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import Now

from jobs.alarms import Alarm, alarms
from jobs.members import Rank, account_of, require
from jobs.models import Job, Lane, Node, recent
from jobs.presence import NODE_SECONDS

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from jobs.members import User

SILENT_SECONDS = 5.0
"""A lane beats every second; one that has not for so long is called silent, and counts for nothing
that a page tells of a job: what it held may be lost.
"""
MOST_NODES = 100
MOST_LANES = 1000


@dataclass(frozen=True)
class LaneSeen:
    """A worker at work. `job` is None where it belongs to another account."""

    lane: Lane
    job: Job | None
    silent: timedelta | None
    working: timedelta


@dataclass(frozen=True)
class NodeSeen:
    """An engine with its lanes."""

    node: Node
    lanes: list[LaneSeen]
    running: timedelta

    @property
    def host(self) -> str:
        """The machine's name, without what tells its boots and containers apart."""
        return self.node.host.partition("/")[0]

    @property
    def free(self) -> int:
        """Slots without a lane."""
        return max(0, self.node.slots - len(self.lanes))


@dataclass(frozen=True)
class Workers:
    """All that is alive, and what is wrong."""

    nodes: list[NodeSeen]
    alarms: list[Alarm]

    @property
    def slots(self) -> int:
        """Of all engines."""
        return sum(seen.node.slots for seen in self.nodes)

    @property
    def free(self) -> int:
        """Slots without a lane, of all engines."""
        return sum(seen.free for seen in self.nodes)


def workers_of(user: User) -> Workers:
    """The engines that are alive, oldest first, with their lanes, for somebody of an account."""
    require(user, Rank.VIEWER, "Seeing workers")
    account = account_of(user)
    alive = Node.objects.filter(beat_at__gt=recent(NODE_SECONDS)).annotate(age=_age("started_at"))
    nodes = list(alive.order_by("started_at", "name")[:MOST_NODES])
    found = Lane.objects.filter(node__in=[node.name for node in nodes]).annotate(
        silent=_age("beat_at"), working=_age("work_since")
    )
    lanes: dict[str, list[LaneSeen]] = {node.name: [] for node in nodes}
    for lane in found.select_related("job", "slice").order_by("since", "owner")[:MOST_LANES]:
        lanes[lane.node].append(_seen(lane, account, lane.job))
    return Workers(
        [NodeSeen(node, lanes[node.name], _length(node, "age")) for node in nodes],
        alarms(account),
    )


def lanes_of(job: Job) -> list[LaneSeen]:
    """The workers at a job that the person sees, the longest there first; a silent one is among
    them for as long as it may still hold its lease.
    """
    alive = job.lanes.filter(beat_at__gt=recent(settings.LADING_LEASE_SECONDS)).annotate(
        silent=_age("beat_at"), working=_age("work_since")
    )
    found = alive.select_related("slice").order_by("since", "owner")[:MOST_LANES]
    return [_seen(lane, job.account_id, job) for lane in found]


def at_work() -> Q:
    """Lanes that are not silent."""
    return Q(beat_at__gt=recent(SILENT_SECONDS))


def engine_runs() -> bool:
    """Whether any engine is alive, of whatever machine."""
    return Node.objects.filter(beat_at__gt=recent(NODE_SECONDS)).exists()


def none_is_free() -> bool:
    """Whether every slot of the engines that are alive has a lane, if only a silent one, in whose
    place none is started; False where no engine is.
    """
    alive = Node.objects.filter(beat_at__gt=recent(NODE_SECONDS))
    slots: int = alive.aggregate(n=Sum("slots", default=0))["n"]
    return 0 < slots <= Lane.objects.filter(node__in=alive.values("name")).count()


def others_at_work(job: Job) -> QuerySet[Job]:
    """The other jobs of its account at which lanes are, the highest priority first."""
    busy = Lane.objects.filter(at_work()).exclude(job=job).values("job")
    ours = Job.objects.of_account(job.account_id).filter(pk__in=busy).select_related("manifest")
    return ours.order_by("-priority", "created_at")


def alarms_of(user: User) -> list[Alarm]:
    """What is wrong with the workers, as far as it concerns somebody of an account."""
    require(user, Rank.VIEWER, "Seeing workers")
    return alarms(account_of(user))


def _seen(lane: Lane, account: str, job: Job | None) -> LaneSeen:
    silent = _length(lane, "silent")
    ours = job if job and job.account_id == account else None
    return LaneSeen(
        lane,
        ours,
        silent if silent.total_seconds() >= SILENT_SECONDS else None,
        _length(lane, "working"),
    )


def _age(field: str) -> Any:
    return ExpressionWrapper(Now() - F(field), output_field=DurationField())


def _length(row: Any, name: str) -> timedelta:
    """An age by the database's clock; never below nothing."""
    return max(getattr(row, name) or timedelta(), timedelta())
