"""The results files of a completion report, written in bulk (spec.md 6.2, 6.3).

The report row of a plain success is its task row and one end, the same for the whole job. So rows
are written by stretches between exceptions, and time goes into bytes rather than into rows. Both
kinds come out of one pass, which reads every task file once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Self

from django.db.models import Q

from jobs import results
from jobs.delivery import report_key
from jobs.models import Job, Part, ReportFile, Slice
from jobs.spool import spool

if TYPE_CHECKING:
    from jobs.lanes import JobClaim

ROWS_PER_FILE = 1_000_000
BUFFER_BYTES = 1024 * 1024
SLICES_AT_A_TIME = 50

Stretch = tuple[bytes, Sequence[bytes], bytes]
"""Kind, task rows, and the end that makes each of them a report row."""


def spool_name(claim: JobClaim, name: str) -> str:
    """Where a file of the report lies: named by the fence, so that a sleeper who wakes up
    overwrites nothing.
    """
    return f"jobs/{claim.job.pk}/report-{claim.job.epoch}/{name}"


def results_files(claim: JobClaim) -> list[ReportFile]:
    """The results files in the spool, those of the succeeded tasks first."""
    with (
        ResultsWriter(claim, ReportFile.Kind.SUCCEEDED) as succeeded,
        ResultsWriter(claim, ReportFile.Kind.FAILED) as failed,
    ):
        writers = {results.SUCCEEDED: succeeded, results.FAILED: failed}
        if claim.job.report_scope == Job.ReportScope.FAILED_TASKS_ONLY:
            del writers[results.SUCCEEDED]
        for kind, rows, end in _stretches_of(claim, only_failed=len(writers) == 1):
            if kind in writers:
                writers[kind].add(rows, end)
    return [*succeeded.files, *failed.files]


# ---- reading


def _stretches_of(claim: JobClaim, *, only_failed: bool) -> Iterator[Stretch]:
    """All stretches of the job in the order of its slices, with flat memory."""
    plain = results.right_half(claim.job.operation_type.plain_success)
    has_versions = claim.job.manifest.has_versions
    for slice_, parts in _slices(claim.job, only_failed=only_failed):
        claim.lease.renew_when_due()
        rows = results.task_rows(slice_)
        for part in parts:
            yield from stretches(part, rows, plain, has_versions=has_versions)


def _slices(job: Job, *, only_failed: bool) -> Iterator[tuple[Slice, list[Part]]]:
    """The slices with a result, some at a time, each with its parts that have one.

    No query stays open meanwhile: SQLite would refuse to renew the lease once another process has
    written.
    """
    executed = Q(failed__gt=0) if only_failed else Q(succeeded__gt=0) | Q(failed__gt=0)
    last = 0
    while batch := list(
        job.slices.filter(executed, number__gt=last).order_by("number")[:SLICES_AT_A_TIME]
    ):
        parts: dict[int, list[Part]] = {slice_.pk: [] for slice_ in batch}
        for part in Part.objects.filter(executed, slice__in=batch).order_by("slice_id", "start"):
            parts[part.slice_id].append(part)
        for slice_ in batch:
            yield slice_, parts[slice_.pk]
        last = batch[-1].number


def stretches(
    part: Part, rows: Sequence[bytes], plain: bytes, *, has_versions: bool
) -> Iterator[Stretch]:
    """The executed rows of a part in order: plain successes together, every exception alone."""
    comma = results.left_half(b"", has_versions=has_versions) + b","
    plain_end = comma + plain + b"\n"
    at = part.start
    for index, (kind, right) in results.exceptions(part).items():
        if at < index:
            yield results.SUCCEEDED, rows[at:index], plain_end
        if kind != results.DEFERRED:
            yield kind, [rows[index]], comma + right + b"\n"
        at = index + 1
    if at < part.end:
        yield results.SUCCEEDED, rows[at : part.end], plain_end


# ---- writing


class ResultsWriter:
    """The results files of one kind, one after the other, at most ROWS_PER_FILE rows each.

    `files` is complete once the block has ended; a block that raises keeps no unfinished file.
    """

    def __init__(self, claim: JobClaim, kind: ReportFile.Kind) -> None:
        self.claim, self.kind = claim, kind
        self.files: list[ReportFile] = []
        self._stack = ExitStack()
        self._file: _OpenFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        if raised[0] is None:
            self._close()
        self._stack.__exit__(*raised)

    def add(self, rows: Sequence[bytes], end: bytes) -> None:
        """Write the rows, each with the end after it."""
        done = 0
        while done < len(rows):
            file = self._file or self._open()
            some = rows[done : done + ROWS_PER_FILE - file.rows]
            file.write(end.join(some) + end, len(some))
            done += len(some)
            if file.rows == ROWS_PER_FILE:
                self._close()

    def _open(self) -> _OpenFile:
        """The next file. A finish that is repeated gives it the same name."""
        seed = f"{self.claim.job.pk} {self.kind} {len(self.files) + 1}".encode()
        name = f"results/{hashlib.sha1(seed, usedforsecurity=False).hexdigest()}.csv"
        out = self._stack.enter_context(spool.writing(spool_name(self.claim, name)))
        self._file = _OpenFile(name, out)
        return self._file

    def _close(self) -> None:
        """The file is full, or there are no more rows: it is safe on disk after this."""
        if self._file is None:
            return
        self._file.flush()
        self._stack.close()
        self.files.append(
            ReportFile(
                job=self.claim.job,
                kind=self.kind,
                number=len(self.files) + 1,
                key=report_key(self.claim.job, self._file.name),
                spool_name=spool_name(self.claim, self._file.name),
                size=self._file.size,
                md5=self._file.md5.hexdigest(),
                rows=self._file.rows,
            )
        )
        self._file = None


class _OpenFile:
    """A results file that grows, with its size, rows and MD5; written a MiB at a time, also where
    every row comes alone.
    """

    def __init__(self, name: str, out: IO[bytes]) -> None:
        self.name, self.out = name, out
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.size = self.rows = 0
        self._held: list[bytes] = []
        self._held_bytes = 0

    def write(self, content: bytes, rows: int) -> None:
        self.rows += rows
        self._held.append(content)
        self._held_bytes += len(content)
        if self._held_bytes >= BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        content = b"".join(self._held)
        self.md5.update(content)
        self.size += self.out.write(content)
        self._held, self._held_bytes = [], 0
