"""What a lane hears while it performs a slice: whether it still holds it, and what it is to do."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from enum import Enum, auto

from django.db import DatabaseError, InterfaceError, connection

from jobs import ceilings, lanes, presence
from jobs.database import write
from jobs.lanes import Claim, SliceClaim
from jobs.leases import LeaseLost
from jobs.models import Job, Lane
from jobs.retries import Settled
from jobs.status import JobStatus
from operations.base import Outcome
from operations.pace import Pace

logger = logging.getLogger(__name__)

TURN_SECONDS = 10.0
"""How long a lane keeps a slice at least, though another job of the same priority has no lane."""


class Order(Enum):
    """What a lane is to do with its slice."""

    GO_ON = auto()
    PAUSE = auto()  #: stop feeding, defer what has no answer, give the slice back
    END = auto()  #: the job is ending: what was sent and got no answer fails with its last error


class Listener:
    """Beats for a slice. `better` is more urgent work that was claimed on the way, `rate` the
    requests per second that the lane may start: none before a beat has told.
    """

    def __init__(
        self, claim: SliceClaim, stop: Callable[[], bool], pace: Pace | None = None
    ) -> None:
        self.claim, self.stop = claim, stop
        self.pace = pace or Pace(1)
        self.order = Order.GO_ON
        self.better: Claim | None = None
        self.rate: float | None = 0.0
        self.begun_at = self.beaten_at = time.monotonic()

    @property
    def has_had_its_turn(self) -> bool:
        """True where jobs of the same priority with fewer lanes may take this lane."""
        return time.monotonic() - self.begun_at >= TURN_SECONDS

    @property
    def is_told_to_stop(self) -> bool:
        """True where the lane is to leave its slice; the engine need not wait for a beat."""
        return self.order is not Order.GO_ON or self.stop()

    @property
    def is_due(self) -> bool:
        """True when it is time to beat again."""
        return time.monotonic() - self.beaten_at >= lanes.BEAT_SECONDS

    def beat(self, settled: Collection[Settled]) -> None:
        """Renew the lease when due, publish provisional counts, and read back what to do and how
        fast.
        """
        self.beaten_at = time.monotonic()
        try:
            with write():
                if self.claim.lease.is_due:
                    self.claim.lease.renew()
                self._show(settled)
            self.order = self._asked()
            self.rate = ceilings.share(self.claim)
        except (DatabaseError, InterfaceError) as error:
            self.bear(error)
        if self.order is Order.GO_ON and not self.claim.lease.is_safe:
            raise LeaseLost("The lease could not be renewed in time.")

    def bear(self, error: DatabaseError | InterfaceError) -> None:
        """While the database is away the lane goes on trying until its lease may have run out;
        then it drops the slice.
        """
        connection.close()
        logger.warning("The database did not answer a lane: %s", error)
        if not self.claim.lease.is_safe:
            raise LeaseLost("The database was away for longer than the lease.") from error

    def stay(self, settled: Collection[Settled]) -> None:
        """Keep what is held, and publish, while the lane waits for the last answers."""
        try:
            if self.is_due:
                self.beaten_at = time.monotonic()
                with write():
                    self._show(settled)
            if self.claim.lease.is_due or (self.better and self.better.lease.is_due):
                with write():
                    self.claim.lease.renew()
                    if self.better:
                        self.better.lease.renew()
        except (DatabaseError, InterfaceError) as error:
            self.bear(error)

    def _show(self, settled: Collection[Settled]) -> None:
        """What this lane is at, for the pages: counts that are not committed yet."""
        outcomes = [outcome for outcome in settled if isinstance(outcome, Outcome)]
        succeeded = sum(outcome.succeeded for outcome in outcomes)
        presence.show_lane(
            self.claim.owner,
            presence.node_of(self.claim.owner),
            job_id=self.claim.slice.job_id,
            slice_id=self.claim.slice.pk,
            stage=Lane.Stage.PERFORMING,
            rate=self.pace.meter.per_second(),
            throttled=self.pace.throttled.per_second(),
            succeeded=succeeded,
            failed=len(outcomes) - succeeded,
        )

    def _asked(self) -> Order:
        """What the job, the engine or a more urgent job asks of this lane."""
        job = Job.objects.only("status", "priority").get(pk=self.claim.slice.job_id)
        match job.state:
            case JobStatus.ACTIVE if not self.stop():
                self.better = self.better or lanes.claim(
                    self.claim.owner, above=job, fair=self.has_had_its_turn
                )
                return Order.PAUSE if self.better else Order.GO_ON
            case JobStatus.CANCELLING | JobStatus.FAILING:
                return Order.END
            case JobStatus.ACTIVE | JobStatus.PAUSING:
                return Order.PAUSE
            case status:
                raise LeaseLost(f"The job is {status.value}.")
