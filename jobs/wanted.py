"""Which results are asked for: by status, code, HTTP status and key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobs.models import Job, Part
from jobs.sought import EVERY_KEY, Sought
from jobs.tasks_of_job import LONGEST_CODE, OTHER

if TYPE_CHECKING:
    from jobs.results import ResultRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which results are asked for; None asks for all.

    `status` is succeeded or failed; `http_status` 0 where no reply came.
    """

    status: str | None = None
    error_code: str | None = None
    http_status: int | None = None
    key: Sought = EVERY_KEY
    groups: frozenset[tuple[str, int]] | None = None
    """Where what was counted under `Other` is asked for: the groups that were counted by name."""

    def of(self, job: Job) -> Wanted:
        """The same, where the job's groups decide what its `Other` stands for."""
        if self.error_code != OTHER[0] or self.http_status not in (None, OTHER[1]):
            return self
        groups = set(job.tallies.values_list("error_code", "http_status"))
        if OTHER not in groups:
            return self
        return replace(self, groups=frozenset(groups - {OTHER}))

    @property
    def only_failed(self) -> bool:
        """What succeeded has no code of an error."""
        return self.status == "failed" or bool(self.error_code)

    @property
    def code_in_line(self) -> str:
        """What stands in the line of each of them; empty where nobody knows."""
        return "" if self.groups is not None else self.error_code or ""

    def may_be_in(self, part: Part) -> bool:
        """False where the row of the part, or the bounds of its slice, say that none is in it."""
        counted = {None: 1, "succeeded": part.succeeded, "failed": part.failed}[self.status]
        if not counted or (self.only_failed and not part.failed):
            return False
        return self.key.may_be_between(part.slice.least_key, part.slice.greatest_key)

    def takes(self, row: ResultRow) -> bool:
        """Whether a row is one of them."""
        return (
            self.status in (None, row.task_status)
            and self._has_group(row)
            and self.key.is_met_by(row.key)
        )

    def _has_group(self, row: ResultRow) -> bool:
        """By code and HTTP status; a code that is cut is that of a count."""
        told = row.http_status or 0
        if self.groups is not None:
            if row.task_status != "failed":
                return False
            if (row.error_code[:LONGEST_CODE], told) not in self.groups:
                return True
        return self.http_status in (None, told) and self.error_code in (
            None,
            row.error_code,
            row.error_code[:LONGEST_CODE],
        )
