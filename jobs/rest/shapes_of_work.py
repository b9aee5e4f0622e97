"""What answers about operations, workers and the check of a manifest look like."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from jobs.rest.shapes import Manifest, Page

Json = dict[str, Any]


class Operation(TypedDict):
    """What can be done to an object; `parameters` is a JSON schema."""

    name: str
    label: str
    summary: str
    permissions: list[str]
    parameters: Json
    aws_names: dict[str, str]


class OperationPage(Page[Operation]):
    """All operations, in the order of the menu."""


class Slice(TypedDict):
    """The tasks that a lane has at hand."""

    number: int
    size: int


class JobNamed(TypedDict):
    """A job by its id and address; both null where there is none."""

    job: str | None
    url: str | None


class Work(JobNamed):
    """What a lane is at; `slice` and `rate` are null where it prepares or finishes the job."""

    stage: str
    slice: Slice | None
    since: datetime | None
    seconds: int
    rate: float | None


class Lane(TypedDict):
    """A worker; `work` is null where it is at nothing, or at a job of another account."""

    pid: int
    started_at: datetime
    silent_seconds: int | None
    work: Work | None


class Node(TypedDict):
    """An engine with its workers."""

    name: str
    host: str
    pid: int
    started_at: datetime
    slots: int
    free: int
    lanes: list[Lane]


class Alarm(JobNamed):
    """Something that does not mend itself."""

    code: str
    message: str
    since: datetime | None


class Workers(TypedDict):
    """The engines that were seen in the last seconds."""

    slots: int
    free: int
    nodes: list[Node]
    alarms: list[Alarm]


class Defect(TypedDict):
    """A fault of a manifest, with its place and its remedy."""

    what: str
    kind: str
    line: int | None
    column: int | None
    file: str | None
    remedy: str


class Versions(TypedDict):
    """How many rows have a version id, and of which sort."""

    present: int
    null: int
    empty: int


class Duplicates(TypedDict):
    """Rows that repeat an earlier one, among the first `compared`."""

    count: int
    compared: int
    first: tuple[int, int] | None


class KeysGuessed(TypedDict):
    """How keys are written, as far as one can tell, with an example of each."""

    encoded: int
    raw: int
    mixed: int
    plain: int
    plus: int
    examples: dict[str, str]


class Offer(TypedDict):
    """What can be mended at once."""

    mend: str
    count: int
    caution: str
    label: str


class FirstRow(TypedDict):
    """One of the first rows, as the manifest wrote it."""

    cells: list[str]
    line: int | None


class FirstRows(TypedDict):
    """The first rows, and what their columns are."""

    columns: list[str]
    rows: list[FirstRow]


class Findings(TypedDict):
    """What a check found. `versions` is null where there is no column for them."""

    summary: str
    extent: str
    complete: bool
    bytes_read: int
    total_bytes: int | None
    rows: int
    blank_lines: int
    faults: int
    kinds: dict[str, int]
    buckets: list[str]
    hints: list[str]
    defects: list[Defect]
    versions: Versions | None
    duplicates: Duplicates
    keys_guessed: KeysGuessed
    offers: list[Offer]
    other_format: str | None
    first_rows: FirstRows


class Checked(TypedDict):
    """A manifest, and what was found in it."""

    manifest: Manifest
    findings: Findings


class Mended(Checked):
    """The same of a new manifest, with how often each mend changed something."""

    mended_from: str
    changes: dict[str, int]
