"""Tokens and access keys: everybody keeps their own, administrators those of all members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from django.db.models.functions import Now
from django.utils import timezone
from pydantic import AfterValidator, Field

from jobs.credentials import AccessKey, ApiToken, Credential
from jobs.database import write
from jobs.errors import InvalidRequest, NotFound, NotPermitted
from jobs.members import Rank, account_of, may, require, require_same_account
from jobs.membership import member_of, people_of
from jobs.requests import Request
from operations.parameters import Timestamp

if TYPE_CHECKING:
    from django.contrib.auth.models import User as Person
    from django.db.models import QuerySet

    from jobs.members import User

Kind = TypeVar("Kind", bound=Credential)


def _to_come(moment: datetime) -> datetime:
    if moment <= timezone.now():
        raise ValueError("Give a time to come")
    return moment


class CredentialRequest(Request):
    """What a new token or key is asked for."""

    user: str | None = Field(None, description="Whose; your own unless told.")
    label: str = Field("", max_length=64, description="What it is for.")
    expires_at: Annotated[Timestamp, AfterValidator(_to_come)] | None = Field(
        None, description="When it ceases to work; never unless told."
    )


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The tokens that the user may see, newest first. Raises NotPermitted."""
    return _seen(user, ApiToken)


def access_keys_of(user: User) -> QuerySet[AccessKey]:
    """The access keys that the user may see, newest first. Raises NotPermitted."""
    return _seen(user, AccessKey)


def issue_token(user: User, given: Mapping[str, Any]) -> tuple[ApiToken, str]:
    """Make a token; the row and the token, which cannot be shown again. `given` is a
    CredentialRequest. Raises InvalidRequest, NotFound, NotPermitted.
    """
    request = CredentialRequest.of(given)
    owner, until = _owner(user, request), _until(user, request)
    with write():
        return ApiToken.issue(owner, label=request.label, expires_at=until)


def issue_access_key(user: User, given: Mapping[str, Any]) -> tuple[AccessKey, str]:
    """Make an access key; the row and its secret, which cannot be shown again. As issue_token."""
    request = CredentialRequest.of(given)
    owner, until = _owner(user, request), _until(user, request)
    with write():
        return AccessKey.issue(owner, label=request.label, expires_at=until)


def revoke_token(user: User, pk: int) -> ApiToken:
    """End a token at once; again is no error. Raises NotFound, NotPermitted."""
    return _revoke(tokens_of(user).filter(pk=pk), f"token {pk}")


def revoke_access_key(user: User, access_key_id: str) -> AccessKey:
    """End an access key at once; again is no error. Raises NotFound, NotPermitted."""
    found = access_keys_of(user).filter(access_key_id=access_key_id)
    return _revoke(found, f"access key {access_key_id}")


def revoke_credential(user: User, credential: Credential) -> None:
    """The same for a row that is at hand, as in the admin site, where superusers have those of all
    accounts. Raises NotPermitted.
    """
    if credential.user_id != user.pk:
        require(user, Rank.ADMINISTRATOR, "Revoking a token or an access key of others")
        require_same_account(user, account_of(credential.user))
    end_credential(credential)


def end_credential(credential: Credential) -> None:
    """The same for whoever has the machine."""
    rows = type(credential)._default_manager.filter(pk=credential.pk, revoked_at=None)
    with write():
        rows.update(revoked_at=Now())
    credential.refresh_from_db()


def _seen(user: User, kind: type[Kind]) -> QuerySet[Kind]:
    require(user, Rank.VIEWER, "Seeing tokens and access keys")
    rows = kind._default_manager.select_related("user")
    if may(user, Rank.ADMINISTRATOR):
        return rows.filter(user__in=people_of(account_of(user)))
    return rows.filter(user=user.pk)


def _owner(user: User, request: CredentialRequest) -> Person:
    """Whose the new one shall be."""
    require(user, Rank.VIEWER, "Making a token or an access key")
    named = request.user or user.get_username()
    if named != user.get_username():
        require(user, Rank.ADMINISTRATOR, "Making a token or an access key for others")
    owner = member_of(user, named)
    if not owner.is_active:
        raise InvalidRequest({"user": [f"{named} was shut out."]})
    if owner.is_superuser and owner.pk != user.pk and not getattr(user, "is_superuser", False):
        raise NotPermitted(f"{named} is a superuser, whose keys nobody else can make.")
    return owner


def _until(user: User, request: CredentialRequest) -> datetime | None:
    """When the new one ceases to work: not after the one with which it is made, else whoever has
    that one for a day would have another for ever.
    """
    used: Credential | None = vars(user).get("with_credential")
    end = used.expires_at if used else None
    if end and request.expires_at and request.expires_at > end:
        told = f"Give no later time than {end:%Y-%m-%dT%H:%M:%SZ}, when the one in use ends."
        raise InvalidRequest({"expires_at": [told]})
    return request.expires_at or end


def _revoke(named: QuerySet[Kind], what: str) -> Kind:
    found = named.first()
    if found is None:
        raise NotFound(f"There is no {what}.")
    end_credential(found)
    return found
