"""Rows in doubt: what a lost lane had started when the job ended, and never committed (design
decision 9). Whether the store did it, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jobs import results
from jobs.errors import NotFound
from jobs.manifests import join_rows

if TYPE_CHECKING:
    from jobs.models import Job, Slice

SLICES_AT_A_TIME = 50


class RowsInDoubt:
    """The rows in doubt as the manifest has them, so that they can be handed in again: a CSV
    manifest of Bucket, Key and, where the manifest has it, VersionId.

    All files are read when it is made: what cannot be given whole is not begun. Raises NotFound
    where there are no such rows, SpoolDamaged.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        if not job.is_final:
            raise NotFound("Rows in doubt are known when the job has ended.")
        self.size = sum(map(len, self.blocks()))
        if not self.size:
            raise NotFound("No row of the job is in doubt.")

    @property
    def headers(self) -> dict[str, str]:
        """Of a download; with the length, one that is cut off is no whole one."""
        filename = f"job-{self._job.pk}-in-doubt.csv"
        return {
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Content-Length": str(self.size),
        }

    def blocks(self) -> Iterator[bytes]:
        """The rows slice by slice, with flat memory."""
        for slice_ in self._slices():
            rows = results.task_rows(slice_)
            yield join_rows(rows[slice_.next_index : slice_.started_upto])

    def _slices(self) -> Iterator[Slice]:
        for slices in self._job.slices.all().begun():
            ordered, last = slices.order_by("number"), 0
            while some := list(ordered.filter(number__gt=last)[:SLICES_AT_A_TIME]):
                yield from some
                last = some[-1].number
