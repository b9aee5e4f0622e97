"""What can be decided on many jobs: on which, by whom, and the words for what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs import bulk
from jobs.members import Rank
from jobs.models import Job
from jobs.status import CANCELLABLE, CONFIRMABLE, FINAL, JobStatus

Given = Mapping[str, str]


@dataclass(frozen=True)
class Kind:
    """A decision. `order` is what the verb takes beside the filter, `tell` says what was done."""

    name: str
    rank: Rank
    statuses: frozenset[JobStatus]
    decide: Callable[..., bulk.ManyDecided]
    order: Callable[[Given], dict[str, Any]]
    tell: Callable[[Sequence[Job]], list[str]]


def jobs(count: int, one: str, many: str) -> str:
    """1 job was, 2 jobs were."""
    return f"1 job {one}" if count == 1 else f"{count:,} jobs {many}"


def _confirmed(done: Sequence[Job]) -> list[str]:
    return [f"{jobs(len(done), 'was', 'were')} confirmed."]


def _cancelled(done: Sequence[Job]) -> list[str]:
    ended = sum(job.is_final for job in done)
    ending = len(done) - ended
    told = [f"{jobs(ended, 'was', 'were')} cancelled."] if ended else []
    if ending:
        begun = jobs(ending, "that had begun", "that had begun")
        told.append(f"Cancelling was asked for: {begun}.")
    return told


def _prioritised(done: Sequence[Job]) -> list[str]:
    return [f"{jobs(len(done), 'was', 'were')} given the priority {done[0].priority:,}."]


def _priority(given: Given) -> dict[str, Any]:
    text = given.get("priority", "").strip()
    return {"priority": int(text) if text.isascii() and text.isdecimal() else text}


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            *("confirm", Rank.OPERATOR, CONFIRMABLE, bulk.confirm_jobs),
            lambda given: {
                "reason": given.get("reason", ""),
                "accept_untried": given.get("accept_untried") == "on",
            },
            _confirmed,
        ),
        Kind(
            *("cancel", Rank.SUBMITTER, CANCELLABLE, bulk.cancel_jobs),
            lambda given: {"reason": given.get("reason", "")},
            _cancelled,
        ),
        Kind(
            *("priority", Rank.OPERATOR, frozenset(JobStatus) - FINAL, bulk.prioritise_jobs),
            _priority,
            _prioritised,
        ),
    )
}
