"""What lost lanes left undone: narrowing down what kills workers, closing what had no answer."""

from __future__ import annotations

from django.db.models.functions import Now

from jobs import leases, results
from jobs.commits import commit, hand_on
from jobs.database import write
from jobs.lanes import SliceClaim
from jobs.leases import LeaseLost
from jobs.models import Job, Slice
from jobs.retries import RetrySlice
from jobs.spool import Receipt, spool
from operations.base import Outcome

CRASHES_TO_SPLIT = 2
CRASHES_TO_GIVE_UP = 5

DIED = Outcome(
    succeeded=False,
    http_status=None,
    error_code="WorkerDied",
    message="The worker died five times while performing this task alone; "
    "it may have been applied.",
)
INTERRUPTED = Outcome(
    succeeded=False,
    http_status=None,
    error_code="WorkerDied",
    message="The worker died while performing a stretch of tasks with this one; it is tried again.",
)


def split(claim: SliceClaim, rows: list[bytes]) -> bool:
    """Narrow down the row that kills its workers: hand on halves, in the end give up on one row."""
    slice_ = claim.slice
    rest = rows[slice_.next_index :]
    if len(rest) == 1:
        if slice_.crashes >= CRASHES_TO_GIVE_UP:
            commit(claim, rows, [DIED], window=0)
            return True
        return False
    errors = carried_errors(slice_)[slice_.next_index :]
    middle = (len(rest) + 1) // 2
    started = claim.doubt_upto - slice_.next_index
    hand_on(
        claim,
        [
            RetrySlice(
                rest[low:high],
                errors[low:high],
                slice_.attempt,
                0.0,
                slice_.throttled_since,
                crashes=1 if high - low > 1 else 0,
                started_upto=max(0, min(started, high) - low),
            )
            for low, high in ((0, middle), (middle, len(rest)))
        ],
        cause=INTERRUPTED,
    )
    return True


def carried_errors(slice_: Slice) -> list[bytes]:
    """The right half of each row's last error in a retry slice; [] for a slice of the manifest."""
    if not slice_.carry_file:
        return []
    return spool.get(Receipt(slice_.carry_file, slice_.carry_bytes, slice_.carry_sha256)).split(
        b"\n"
    )[:-1]


def fail_leftovers(job: Job, owner: str) -> None:
    """When a job ends early: tasks that were sent and got no final answer fail with their last
    error.

    They are the rest of its retry slices. Tasks that were never sent get no result (design decision
    9).
    """
    left = job.slices.exclude(state=Slice.State.DONE).exclude(carry_file="")
    for slice_ in left.order_by("number"):
        claim = _claim_leftover(slice_, owner)
        errors = carried_errors(slice_)[slice_.next_index :]
        commit(
            claim,
            results.task_rows(slice_),
            [results.parse_right_half(error) for error in errors],
            window=0,
        )


def _claim_leftover(slice_: Slice, owner: str) -> SliceClaim:
    """Take a slice of a job that no lane may touch any more: its finishing is under our lease."""
    fence = Slice.objects.filter(
        pk=slice_.pk, epoch=slice_.epoch + 1, owner=owner, state=Slice.State.RUNNING
    )
    now = leases.boot_clock()
    with write():
        free = Slice.objects.filter(pk=slice_.pk, epoch=slice_.epoch).exclude(
            state=Slice.State.DONE
        )
        if not free.update(
            state=Slice.State.RUNNING,
            epoch=slice_.epoch + 1,
            owner=owner,
            lease_until=leases.lease_end(),
        ):
            raise LeaseLost("Another lane is finishing the job.")
    taken = Slice.objects.annotate(now=Now()).get(pk=slice_.pk)
    return SliceClaim(
        slice_.job,
        taken,
        leases.Lease(fence, now),
        owner,
        crashed=False,
        doubt_upto=0,
        taken_at=vars(taken)["now"],
    )
