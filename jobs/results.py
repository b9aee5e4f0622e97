"""Result files: what became of the rows of a part, and reading them back in commit order.

A line of a result file is `<index> <kind> <right half>`: the row's index in its slice; s, f or d
for succeeded, failed or deferred to a retry slice; and the right half of its report row,
TaskStatus,HTTPStatusCode,ErrorCode,ResultMessage (spec.md 6.3). Rows that ended in the operation's
plain success have no line. The left half is the row of the task file.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from jobs.errors import InvalidRequest, SpoolDamaged
from jobs.manifests.rows import columns, in_a_cell, split_rows
from jobs.models import Job, Part, Slice
from jobs.spool import Receipt, spool
from jobs.wanted import Wanted
from operations.base import Outcome

SUCCEEDED, FAILED, DEFERRED = b"s", b"f", b"d"
SCAN_SECONDS = 0.5
PARTS_AT_A_TIME, MOST_PARTS_AT_A_TIME = 50, 1000


def right_half(outcome: Outcome) -> bytes:
    """The right half of a report row, RFC 4180, quotes only where needed."""
    text = io.StringIO()
    status = "succeeded" if outcome.succeeded else "failed"
    cells = [
        status,
        outcome.http_status if outcome.http_status else "",
        outcome.error_code,
        outcome.message,
    ]
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue().encode()


def parse_right_half(text: bytes) -> Outcome:
    """The outcome that `right_half` wrote."""
    status, http_status, code, message = next(csv.reader([text.decode()]))
    return Outcome(status == "succeeded", int(http_status) if http_status else None, code, message)


def left_half(row: bytes, *, has_versions: bool) -> bytes:
    """Bucket,Key,VersionId: the task's row, with an empty version where the manifest has none."""
    return row if has_versions else row + b","


def task_rows(slice_: Slice) -> list[bytes]:
    """The rows of a slice; raises SpoolDamaged unless the task file is whole."""
    rows = split_rows(spool.get(Receipt(slice_.task_file, slice_.task_bytes, slice_.task_sha256)))
    if len(rows) != slice_.size:
        raise SpoolDamaged(f"{slice_.task_file} has {len(rows)} rows; {slice_.size} were written.")
    return rows


def result_lines(part: Part) -> bytes:
    """A part's result file, whole; raises SpoolDamaged."""
    if not part.result_file:
        return b""
    content = spool.get(Receipt(part.result_file, part.result_bytes, part.result_sha256))
    if (lines := content.count(b"\n")) != part.result_lines:
        raise SpoolDamaged(
            f"{part.result_file} has {lines} lines; {part.result_lines} were written."
        )
    return content


def exceptions(part: Part) -> dict[int, tuple[bytes, bytes]]:
    """The lines of a part's result file: index → (kind, right half)."""
    found = {}
    for line in result_lines(part).split(b"\n")[:-1]:
        index, kind, right = line.split(b" ", 2)
        found[int(index)] = (kind, right)
    return found


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What became of one task, for people and programs. `key` is as the manifest encodes it."""

    bucket: str
    key: str
    version_id: str
    task_status: str
    http_status: int | None
    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A stretch of results; `cursor` continues after it. `done`: there is nothing more for now."""

    rows: list[ResultRow]
    cursor: str
    done: bool


def page(
    job: Job,
    cursor: str = "",
    *,
    limit: int = 100,
    **wanted: Any,
) -> ResultPage:
    """Results in commit order after `cursor`: those that are `Wanted`.

    Scans for half a second at most, so a page may be short and yet not the last: go on with its
    cursor. A row is never skipped nor repeated, also while the job runs: its parts are numbered
    under the lock of its row. Raises InvalidRequest for a cursor that is none of ours.
    """
    (part_id, index), asked = _parse(cursor), Wanted(**wanted).of(job)
    plain = right_half(job.operation_type.plain_success)
    rows: list[ResultRow] = []
    deadline = time.monotonic() + SCAN_SECONDS
    for part in _unread(job, part_id, index):
        start = index if part.pk == part_id else 0
        for place, row in _executed(part, plain, start, asked):
            if len(rows) == limit:
                return ResultPage(rows, f"{part.pk}.{place}", done=False)
            rows.append(row)
        part_id, index = part.pk, part.end
        if time.monotonic() > deadline:
            return ResultPage(rows, f"{part_id}.{index}", done=False)
    return ResultPage(rows, f"{part_id}.{index}", done=True)


def _executed(
    part: Part, plain: bytes, start: int, wanted: Wanted
) -> Iterator[tuple[int, ResultRow]]:
    """The wanted rows of a part from index `start` on, with their indexes. The task file is read
    only where there may be some.
    """
    if not wanted.may_be_in(part):
        return
    told = exceptions(part)
    indexes: Iterable[int] = range(max(part.start, start), part.end)
    if wanted.only_failed:  # each has a line, so the rows without one need not be looked at
        code = in_a_cell(wanted.code_in_line)
        indexes = [index for index, (_, right) in told.items() if index >= start and code in right]
    rows = task_rows(part.slice) if indexes else []
    for index in indexes:
        kind, right = told.get(index, (SUCCEEDED, plain))
        row = rows[index]
        if kind == DEFERRED or not wanted.key.may_be_in(row):
            continue
        if wanted.takes(found := _result_row(row, right)):
            yield index, found


def _unread(job: Job, part_id: int, index: int) -> Iterator[Part]:
    """The parts from row `index` of a part on, more and more at a time: so neither the number of
    parts before them costs anything, nor that of those after them.
    """
    parts = job.parts.select_related("slice").order_by("id")
    at_a_time = PARTS_AT_A_TIME
    while True:
        unread = Q(id__gte=part_id) & (Q(id__gt=part_id) | Q(end__gt=index))
        found = list(parts.filter(unread)[:at_a_time])
        yield from found
        if len(found) < at_a_time:
            return
        part_id, index = found[-1].pk, found[-1].end
        at_a_time = min(2 * at_a_time, MOST_PARTS_AT_A_TIME)


def _parse(cursor: str) -> tuple[int, int]:
    part, dot, index = (cursor or "0.0").partition(".")
    if not (dot and part.isdecimal() and index.isdecimal() and len(cursor) < 40):
        raise InvalidRequest({"cursor": ["This is not a cursor of this list; start without one."]})
    return int(part), int(index)


def _result_row(row: bytes, right: bytes) -> ResultRow:
    bucket, key, *version = columns(row)
    told = parse_right_half(right)
    status = "succeeded" if told.succeeded else "failed"
    return ResultRow(
        bucket,
        key,
        version[0] if version else "",
        status,
        told.http_status,
        told.error_code,
        told.message,
    )
