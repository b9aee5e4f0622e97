"""A lane: claim the best piece of work, do it, and again, until nothing is left or its time is
over.

Whatever goes wrong with one piece of work is written on that piece; the lane goes on with the next.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F
from django.db.models.functions import Now

from jobs import lanes, leases, lifecycle, presence, probing, stores
from jobs.answering import unreachable
from jobs.database import AWAY, write
from jobs.errors import InvalidTransition, JobFailure, SpoolDamaged
from jobs.execution import execute
from jobs.lanes import Claim, JobClaim, SliceClaim
from jobs.leases import LeaseLost, Stopped
from jobs.leftovers import fail_leftovers
from jobs.models import Job, Lane, Slice
from jobs.preparing import prepare
from jobs.report import finish
from jobs.status import TO_FINISH, TO_PREPARE, JobStatus
from operations.base import Unfit
from operations.gate import Refused
from operations.pace import Pace
from operations.sender import Sender, sender_for

logger = logging.getLogger(__name__)

LANE_SECONDS = 600.0
MOST_SETBACKS = 5
SETBACK_SECONDS = 2.0
AWAY_SECONDS = 0.5
"""Between two tries to leave while the database is away."""
FIRST_CONCURRENCY = 64
"""Requests in flight with which a lane begins; the pace goes up from there as the store bears it.
"""


class Senders:
    """The lane's sender, kept from slice to slice of one job so that its connections live on."""

    def __init__(self) -> None:
        self.key: object = None
        self.sender: Sender | None = None
        self.pace = Pace(1)

    def for_job(self, job: Job) -> tuple[Sender, Pace]:
        """The sender for a job's operation at its role's store."""
        key = (job.pk, job.role.updated_at)
        if self.sender is None or self.key != key:
            self.close()
            self.sender = sender_for(
                job.work,
                stores.store_for(job.role, job_id=str(job.pk)),
                job.source_bucket,
                versions=job.manifest.has_versions,
                connections=settings.LADING_CONNECTIONS,
                threads=settings.LADING_THREADS,
            )
            self.pace = Pace(self.sender.most, start=FIRST_CONCURRENCY, explore=True)
            self.key = key
        return self.sender, self.pace

    def close(self) -> None:
        """Drop the sender, and what is still in flight with it."""
        if self.sender:
            self.sender.abandon()
            self.sender.close()
        self.sender = None


def work(node: str, stop: Callable[[], bool], seconds: float = LANE_SECONDS) -> int:
    """Be a lane of the node for a while; returns how many pieces of work were done."""
    owner = presence.name_lane(node)
    ends = leases.boot_clock() + seconds
    senders, better, done = Senders(), None, 0
    try:
        while not stop() and leases.boot_clock() < ends:
            claim = better or _claim(owner, senders.pace.window)
            if claim is None:
                break
            better = None
            better = perform(claim, senders, stop, node)
            done += 1
    finally:
        senders.close()
        while not _leaves(owner, better) and not stop():
            time.sleep(AWAY_SECONDS)
    return done


def _show(claim: Claim, node: str) -> None:
    """For the pages: the lane begins this piece of work."""
    at: dict[str, Any] = {"stage": Lane.Stage.PERFORMING}
    if isinstance(claim, SliceClaim):
        at["slice_id"] = claim.slice.pk
    else:
        preparing = claim.job.state in TO_PREPARE
        at["stage"] = Lane.Stage.PREPARING if preparing else Lane.Stage.FINISHING
        at |= {"slice_id": None, "rate": 0.0, "throttled": 0.0}
    with write():
        presence.show_lane(
            claim.owner, node, job_id=claim.job.pk, work_since=Now(), succeeded=0, failed=0, **at
        )


def _leaves(owner: str, better: Claim | None) -> bool:
    """Give back what was claimed on the way, and take the lane off the list, as the ticker takes
    who is on it for busy. False where the database is away.
    """
    try:
        if better:
            better.release()
        presence.drop_lane(owner)
    except AWAY:
        connection.close()
        return False
    return True


def _claim(owner: str, window: int) -> Claim | None:
    """The best work there is. Where there is none, advance as the ticker would half a second later:
    a small job need not wait for it.
    """
    if claim := lanes.claim(owner, window=window):
        return claim
    lifecycle.advance()
    return lanes.claim(owner, window=window)


def perform(
    claim: Claim, senders: Senders, stop: Callable[[], bool], node: str = ""
) -> Claim | None:
    """Do one piece of work. Returns better work that was claimed on the way."""
    try:
        _show(claim, node)
        if isinstance(claim, SliceClaim):
            _look_again(claim)
            return execute(claim, *senders.for_job(claim.job), stop)
        _step(claim, stop)
    except (LeaseLost, InvalidTransition) as lost:
        logger.info("Work on job %s was dropped: %s", claim.job.pk, lost)
        senders.close()
    except Stopped:
        claim.release()
    except JobFailure as failure:
        logger.info("Job %s fails: %s", claim.job.pk, failure.reason)
        _fail(claim, failure.code, failure.reason)
    except Refused as refused:
        logger.warning("Job %s fails: %s", claim.job.pk, refused)
        _turn_away(claim, refused)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The database failed work on job %s: %s", claim.job.pk, error)
        connection.close()
        senders.close()
    except Exception as error:
        logger.exception("Work on job %s had a setback", claim.job.pk)
        senders.close()
        _set_back(claim, error)
    return None


def _look_again(claim: SliceClaim) -> None:
    """Whether the store is still fit. Where it is not, the slice is given back before anything is
    sent, so that the job need not wait for the lease to run out. Raises JobFailure.
    """
    try:
        probing.recheck(claim.job)
    except JobFailure:
        claim.release()
        raise


def _turn_away(claim: Claim, refused: Refused) -> None:
    """The store may not be reached, so nothing was sent, and no later try gets further."""
    if isinstance(claim, SliceClaim):
        claim.release()
    _fail(claim, *_reason(claim, refused))


def _step(claim: JobClaim, stop: Callable[[], bool]) -> None:
    job = claim.job
    claim.lease.attend = presence.Attendance(claim.owner, stop)
    if job.state in TO_PREPARE:
        prepare(claim, stop)
        return
    if job.state in (JobStatus.CANCELLING, JobStatus.FAILING):
        fail_leftovers(claim)
        job.refresh_from_db()
    finish(claim)


def _set_back(claim: Claim, error: Exception) -> None:
    """Give the work back for a later try; after MOST_SETBACKS in a row the job fails with the
    reason.

    What a slice had in flight keeps its mark of being started: it may have been applied.
    """
    row = claim.slice if isinstance(claim, SliceClaim) else claim.job
    wait = SETBACK_SECONDS * 2**row.errors
    changes: dict[str, Any] = {
        "owner": "",
        "lease_until": None,
        "errors": F("errors") + 1,
        "not_before": Now() + timedelta(seconds=wait),
    }
    if isinstance(claim, SliceClaim):
        changes["state"] = Slice.State.READY
    with write():
        ours = claim.lease.rows.update(**changes)
    if ours and row.errors + 1 >= MOST_SETBACKS:
        _fail(claim, *_reason(claim, error))


def _fail(claim: Claim, code: str, reason: str) -> None:
    lifecycle.fail(claim.job, code, reason, by_slice=isinstance(claim, SliceClaim))


def _reason(claim: Claim, error: Exception) -> tuple[str, str]:
    """The failure code and reason of a job that had too many setbacks. Never carries a secret."""
    match error:
        case BotoCoreError() | ClientError() | ResponseParserError():
            finishing = claim.job.state in TO_FINISH
            code = "ReportWriteFailed" if finishing else "StoreUnreachable"
            return code, unreachable(claim.job.role, error)
        case Unfit():
            return error.code, error.reason
        case SpoolDamaged():
            return "SpoolDamaged", str(error)
        case OSError():
            return "SpoolFailed", f"The spool cannot be used: {error.strerror or error}."
    return (
        "InternalError",
        f"An unexpected {type(error).__name__} came five times; the engine's log has the details.",
    )
