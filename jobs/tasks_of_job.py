"""Which tasks of an ended job another job is asked to do."""

from __future__ import annotations

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

OTHER = ("Other", 0)
"""What failed with codes and HTTP statuses beyond the first thousand is counted as this one."""
LONGEST_CODE = 200
"""What is longer is cut where failures are counted."""
SelectableTasks = Literal["failed", "in_doubt", "not_executed"]


def said_of(error_code: str, http_status: int | None) -> str:
    """How a group of failures was answered, for people; empty for `Other`, which has many ways."""
    if (error_code, http_status or 0) == OTHER:
        return ""
    return f"HTTP {http_status}" if http_status else "no reply"


def name_of_group(error_code: str, http_status: int | None) -> str:
    """A group of failures, for people."""
    return ", ".join(filter(None, [error_code, said_of(error_code, http_status)]))


class Selection(BaseModel):
    """Which tasks: all of one kind, or of those that failed one group, by error code and HTTP
    status.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: SelectableTasks = Field(
        description="Those that failed, are in doubt, or were never executed."
    )
    error_code: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_CODE,
        description="Of failed tasks, only those of this code",
    )
    http_status: int | None = Field(
        None,
        ge=0,
        le=999,
        strict=True,
        description="and this HTTP status; 0 or null where no reply came.",
    )

    @model_validator(mode="after")
    def _group_of_failures(self) -> Self:
        if self.error_code is not None and self.tasks != "failed":
            raise ValueError("Only failed tasks have an error code")
        if "\0" in (self.error_code or ""):
            raise ValueError("An error code has no NUL character")
        if self.http_status is not None and self.error_code is None:
            raise ValueError("Give the error code that goes with the HTTP status")
        return self


class TasksOfJob(Selection):
    """Tasks of an ended job: each of them becomes a task of the new one."""

    id: UUID = Field(description="The ended job.")
