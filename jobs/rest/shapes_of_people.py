"""What answers about members, their keys, and the roles and functions of an account look like."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict

from jobs.members import Rank
from jobs.rest.shapes import Page

State = Literal["usable", "expired", "revoked"]


class Me(TypedDict):
    """Who asks, and with what: null where it is a session."""

    name: str
    account: str
    rank: Rank
    superuser: bool
    credential: str | None


class Member(TypedDict):
    """A user of the account. `active` is false where they were shut out."""

    name: str
    url: str
    rank: Rank
    superuser: bool
    active: bool
    last_login: datetime | None
    joined_at: datetime


class MemberPage(Page[Member]):
    """Members, by name."""


class Credential(TypedDict):
    """What tokens and access keys have in common."""

    user: str
    label: str
    state: State
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoke_url: str


class Token(Credential):
    """A token, without itself."""

    id: int


class TokenPage(Page[Token]):
    """Tokens, newest first."""


class NewToken(Token):
    """A token that was just made: `token` is shown this once."""

    token: str


class AccessKey(Credential):
    """An access key, without its secret."""

    access_key_id: str


class AccessKeyPage(Page[AccessKey]):
    """Access keys, newest first."""


class NewAccessKey(AccessKey):
    """An access key that was just made: `secret_access_key` is shown this once."""

    secret_access_key: str


class Role(TypedDict):
    """A role, without anything that opens a door."""

    name: str
    arn: str
    endpoint_url: str | None
    region: str
    addressing: str
    requests_per_second: int | None
    server: str | None
    scratch_bucket: str | None
    scratch_prefix: str
    updated_at: datetime


class RolePage(Page[Role]):
    """Roles, by name."""


class Override(TypedDict):
    """Who let jobs run though the store ignores the operation."""

    by: str
    at: datetime
    reason: str


class Trial(TypedDict):
    """What is known of one operation at the role's store; `finding` is null where nothing is."""

    operation: str
    label: str
    is_tried: bool
    finding: str | None
    detail: str
    http_status: int | None
    error_code: str | None
    bucket: str | None
    server: str | None
    tried_at: datetime | None
    expires_at: datetime | None
    override: Override | None


class RoleDetails(Role):
    """A role, and what is known of its store."""

    is_aws: bool
    trials: list[Trial]


class TriedRole(RoleDetails):
    """The same after a trial; `warning` says what does not work or was not tried, worst first."""

    warning: str | None


class Function(TypedDict):
    """Where a function is called."""

    name: str
    url: str
    updated_at: datetime


class FunctionPage(Page[Function]):
    """Functions, by name."""
