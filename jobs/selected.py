"""Tasks of an ended job that another job does: how many there are, and their rows.

Every task of an ended job has succeeded, failed, is in doubt, or was never executed, and no task is
two of these. Those that failed are told by the result files; what is in doubt and what was never
executed, by the slices that were not done: retry slices among them, where a task waits that has no
final outcome.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Greatest

from jobs import results
from jobs.errors import JobFailure, SpoolDamaged
from jobs.models import Job, Manifest, Part, Slice
from jobs.tasks_of_job import LONGEST_CODE, OTHER
from operations.base import Outcome

FAILED, IN_DOUBT, NOT_EXECUTED = "failed", "in_doubt", "not_executed"
SLICES_AT_A_TIME = 50
AHEAD = 4
"""Slices that are fetched before their turn: a spool in a bucket takes its time for each file."""

Held = Callable[[Callable[[], list[bytes]]], list[bytes]]
"""Waits for a call, and keeps a lease meanwhile."""


def counts(job: Job) -> dict[str, int]:
    """How many tasks of each kind an ended job has that did not succeed."""
    in_doubt = job.in_doubt
    rest = job.total_tasks - job.executed - in_doubt
    return {FAILED: job.failed, IN_DOUBT: in_doubt, NOT_EXECUTED: max(rest, 0)}


# ---- which rows of a slice


def _holding(kind: str) -> Q:
    """The slices that hold some of them."""
    if kind == FAILED:
        return Q(failed__gt=0)
    not_done = Q(state__in=[Slice.State.READY, Slice.State.RUNNING])
    if kind == IN_DOUBT:
        return not_done & Q(started_upto__gt=F("next_index"))
    return not_done & Q(size__gt=Greatest("next_index", "started_upto"))


Choice = Callable[[Slice, list[Part]], Sequence[int]]
"""The indexes of the selected rows of a slice, in order. Its parts are those with failures."""


def _in_doubt(slice_: Slice, parts: list[Part]) -> Sequence[int]:
    return range(slice_.next_index, slice_.started_upto)


def _not_executed(slice_: Slice, parts: list[Part]) -> Sequence[int]:
    return range(max(slice_.next_index, slice_.started_upto), slice_.size)


def _failed(slice_: Slice, parts: list[Part]) -> Sequence[int]:
    """All that failed. A part in which nothing else happened need not be opened."""
    found: list[int] = []
    for part in parts:
        if part.failed == part.end - part.start:
            found += range(part.start, part.end)
            continue
        told = re.findall(rb"(?m)^(\d+) f ", results.result_lines(part))
        if len(told) != part.failed:
            counted = f"{len(told)} failures; {part.failed} were counted"
            raise SpoolDamaged(f"{part.result_file} tells of {counted}.")
        found += map(int, told)
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """What failed with one code and HTTP status, as failures are counted. `Other` stands for all
    groups beyond the first thousand: `others` are those.
    """

    code: str
    http_status: int
    others: frozenset[tuple[str, int]] | None = None

    def __call__(self, slice_: Slice, parts: list[Part]) -> Sequence[int]:
        """The indexes of its rows."""
        begins = self._begins()
        lines = re.compile(rb"(?m)^(\d+) f (%s.*)$" % re.escape(begins))
        return [
            int(index)
            for part in parts
            for index, right in lines.findall(results.result_lines(part))
            if begins or self._has(results.parse_right_half(right))
        ]

    def _begins(self) -> bytes:
        """How the right half of each of them begins, and no other; empty where nobody can know."""
        if self.others is not None or len(self.code) >= LONGEST_CODE:
            return b""
        told = Outcome(False, self.http_status, self.code, message="")  # noqa: FBT003
        return results.right_half(told)

    def _has(self, told: Outcome) -> bool:
        counted = (told.error_code[:LONGEST_CODE], told.http_status or 0)
        if self.others is not None:
            return counted not in self.others
        return counted == (self.code, self.http_status)


def _choice(job: Job, selection: dict[str, Any]) -> Choice:
    code, http_status = selection["error_code"], selection["http_status"] or 0
    if code is None:
        every = {FAILED: _failed, IN_DOUBT: _in_doubt, NOT_EXECUTED: _not_executed}
        return every[selection["tasks"]]
    if (code, http_status) != OTHER:
        return Group(code, http_status)
    known = set(job.tallies.values_list("error_code", "http_status")) - {OTHER}
    return Group(code, http_status, frozenset(known))


# ---- all of them


class SelectedReader:
    """Reads the rows of the selected tasks, from the beginning or from another's checkpoint: the
    slice of the row that was taken last, how many of its rows were taken, and how many of all.

    It asks the database, so it has to be called where that is allowed. Files are read by threads of
    its own, some slices before their turn; `held` waits for them.
    """

    def __init__(
        self, manifest: Manifest, place: dict[str, Any], held: Held = lambda call: call()
    ) -> None:
        if manifest.parent is None:
            text = "The job whose tasks these are was removed meanwhile."
            raise JobFailure("ManifestNotFound", text)
        self.ended = False
        self.bucket: str = manifest.parent.source_bucket
        self.bytes_read = 0
        self._job, self._held = manifest.parent, held
        self._selection: dict[str, Any] = manifest.selection or {}
        self._choose = _choice(self._job, self._selection)
        self._number, self._at = place.get("slice", 0), place.get("at", 0)
        self._count = place.get("rows", 0)
        self._rows: list[bytes] = []
        self._slices = self._from(self._number)
        self._coming: deque[tuple[int, Future[list[bytes]]]] = deque()
        self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="selected")

    def checkpoint(self) -> dict[str, Any]:
        """Where another reader goes on."""
        return {"slice": self._number, "at": self._at, "rows": self._count}

    def take(self, most: int) -> list[bytes]:
        """The next rows. At most one slice is waited for, as nobody knows how many of a group it
        has.

        Raises SpoolDamaged, and JobFailure where there are more or fewer than were counted.
        """
        if self._at >= len(self._rows) and self._is_more_coming():
            number, coming = self._coming.popleft()
            self._rows = self._held(coming.result)
            self._number, self._at = number, self._at if number == self._number else 0
        some = self._rows[self._at : self._at + most]
        self._at += len(some)
        self._count += len(some)
        self.ended = self._at >= len(self._rows) and not self._is_more_coming()
        if self.ended and self._count != self._selection["count"]:
            found = f"{self._count:,} were found and {self._selection['count']:,} counted"
            raise JobFailure("TotalsDiffer", f"Of the tasks of job {self._job.pk} {found}.")
        return some

    def close(self) -> None:
        """Fetch no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_more_coming(self) -> bool:
        while len(self._coming) < AHEAD and (found := next(self._slices, None)):
            fetched = self._threads.submit(self._fetch, *found)
            self._coming.append((found[0].number, fetched))
        return bool(self._coming)

    def _fetch(self, slice_: Slice, parts: list[Part]) -> list[bytes]:
        """The selected rows of a slice, in a thread."""
        indexes = self._choose(slice_, parts)
        rows = results.task_rows(slice_) if indexes else []
        return [rows[index] for index in indexes]

    def _from(self, number: int) -> Iterator[tuple[Slice, list[Part]]]:
        """The slices that hold some, from that one on, with their parts that have failures.

        No query stays open meanwhile: SQLite would refuse to renew the lease once another process
        has written.
        """
        kind = self._selection["tasks"]
        slices = self._job.slices.filter(_holding(kind)).order_by("number")
        while batch := list(slices.filter(number__gte=number)[:SLICES_AT_A_TIME]):
            parts: dict[int, list[Part]] = {slice_.pk: [] for slice_ in batch}
            if kind == FAILED:
                failures = Part.objects.filter(slice__in=batch, failed__gt=0)
                for part in failures.order_by("slice_id", "start"):
                    parts[part.slice_id].append(part)
            yield from ((slice_, parts[slice_.pk]) for slice_ in batch)
            number = batch[-1].number + 1
