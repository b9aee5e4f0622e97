"""What is sent in the body, where it is no job: small objects, checked before a verb sees them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, StrictBool

from jobs.requests import Request


class Nothing(Request):
    """An empty body, or none."""


class Role(Request):
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


class RoleChange(Role):
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


class Function(Request):
    """Where a function is called."""

    url: str = Field(max_length=500, description="http(s)://host[:port] that speaks Invoke.")


class Member(Request):
    """A new member."""

    username: str = Field(min_length=1, max_length=150)
    password: str = Field(
        min_length=1, max_length=1024, json_schema_extra={"writeOnly": True, "format": "password"}
    )
    rank: Literal["viewer", "submitter", "operator", "administrator"] = "viewer"


class Rank(Request):
    """What a member may do."""

    rank: Literal["viewer", "submitter", "operator", "administrator"]


class Reason(Request):
    """Why something is done."""

    reason: str = Field("", max_length=256)


class Confirmation(Reason):
    """Why a job is confirmed, and whether at a store that could not be tried."""

    accept_untried: StrictBool = False
