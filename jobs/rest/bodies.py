"""What is sent in the body, where it is no job: small objects, checked before a verb sees them."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from jobs.accounts import MOST_REQUESTS_PER_SECOND
from jobs.requests import FieldName, ManifestFormat, Request
from jobs.tasks_of_job import Selection
from jobs.windows import Window


class Empty(Request):
    """An empty body, or none."""


class RoleOrder(Request):
    """A role as it is set: what is not given is as for a new one, but for the secret."""

    endpoint_url: str | None = Field(None, max_length=500, description="Null for AWS.")
    region: str = Field("us-east-1", max_length=32)
    addressing: Literal["auto", "path", "virtual"] = "auto"
    access_key_id: str = Field(min_length=1, max_length=128)
    secret_access_key: str | None = Field(
        None,
        min_length=1,
        max_length=1024,
        description="Needed for a new role; never shown again.",
        json_schema_extra={"writeOnly": True},
    )
    requests_per_second: int | None = Field(None, ge=1, strict=True)
    scratch_bucket: str | None = Field(None, max_length=255)
    scratch_prefix: str = Field(".lading-probe/", max_length=200)

    def values(self) -> dict[str, Any]:
        """As the verb takes them: an empty text where the model knows no null."""
        return _values(self.model_dump())


class RoleChange(RoleOrder):
    """What is to change of a role."""

    access_key_id: str = Field("", min_length=1, max_length=128)

    def values(self) -> dict[str, Any]:
        """Those alone that were given."""
        return _values(self.model_dump(exclude_unset=True))


def _values(given: dict[str, Any]) -> dict[str, Any]:
    for name in ("endpoint_url", "scratch_bucket"):
        if name in given:
            given[name] = given[name] or ""
    return given


class FunctionOrder(Request):
    """Where a function is called."""

    url: str = Field(max_length=500, description="http(s)://host[:port] that speaks Invoke.")


class NewMember(Request):
    """A new member."""

    username: str = Field(min_length=1, max_length=150)
    password: str = Field(
        min_length=1, max_length=1024, json_schema_extra={"writeOnly": True, "format": "password"}
    )
    rank: Literal["viewer", "submitter", "operator", "administrator"] = "viewer"


class RankOrder(Request):
    """What a member may do."""

    rank: Literal["viewer", "submitter", "operator", "administrator"]


class Reason(Request):
    """Why something is done."""

    reason: str = Field("", max_length=256)


class Confirmation(Reason):
    """Why a job is confirmed, and whether at a store that could not be tried."""

    accept_untried: StrictBool = False


# Verbs check what follows themselves; here it stands for the schema.


class PriorityOrder(Request):
    """The new priority; higher goes first."""

    priority: int = Field(ge=0, le=2_147_483_647, strict=True)


class SpeedOrder(Request):
    """The new ceiling; null removes it."""

    requests_per_second: int | None = Field(ge=1, le=MOST_REQUESTS_PER_SECOND, strict=True)


class WindowOrder(Request):
    """The hours in which the job may run; null: at any time."""

    run_window: Window | None


class RetryOrder(Selection):
    """Which tasks to do again in a job of their own."""

    client_request_token: str | None = Field(None, min_length=1, max_length=64)


class ProbeOrder(Request):
    """Where to try operations, and which."""

    bucket: str = ""
    operations: list[str] = Field(default_factory=list)


class OverrideOrder(Request):
    """Which operation to let jobs do though the store ignores it, and why."""

    operation: str
    reason: str


class CheckOrder(Request):
    """A list: its `text`, the `location` of one in S3, or the `id` of one that is here."""

    id: UUID | None = None
    text: str | None = None
    location: str | None = None
    role: str | None = Field(None, description="Reads what is in S3.")
    etag: str | None = None
    version_id: str | None = None
    format: ManifestFormat | None = None
    fields: list[FieldName] | None = None
    bucket: str | None = None


class MendOrder(Request):
    """What to mend."""

    mend: list[Literal["header", "bom", "blank", "encode", "null"]]
    role: str | None = Field(None, description="Reads what is in S3.")
