"""What answers about the outcomes of a job look like: events, results, reports."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict

from jobs.rest.shapes import Page


class Event(TypedDict):
    """One move of a job's status; `from_status` is null where it began."""

    id: int
    at: datetime
    actor: str
    from_status: str | None
    to_status: str | None
    reason: str


class EventPage(Page[Event]):
    """Events, oldest first."""


class Result(TypedDict):
    """What became of one task; `key` is as the manifest encodes it."""

    bucket: str
    key: str
    version_id: str | None
    task_status: str
    http_status: int | None
    error_code: str
    message: str


class ResultPage(Page[Result]):
    """Also the last page has a `cursor`: it asks for what is committed later."""

    cursor: str


class ReportFile(TypedDict):
    """One file of a report, and where to download it."""

    id: int
    kind: str
    key: str
    size: int
    rows: int
    md5: str
    url: str


class Report(TypedDict):
    """The completion report, or the reason why there is none."""

    available: bool
    reason: str | None
    location: str | None
    files: list[ReportFile]
