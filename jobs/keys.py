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
from jobs.errors import Conflict, InvalidRequest, NotFound, NotPermitted
from jobs.members import Rank, account_of, may, require, require_same_account
from jobs.membership import member_of, people_of
from jobs.requests import Request
from operations.parameters import Timestamp

if TYPE_CHECKING:
    from django.contrib.auth.models import User as Person
    from django.db.models import QuerySet

    from jobs.members import User

Kind = TypeVar("Kind", bound=Credential)
KINDS: tuple[type[ApiToken] | type[AccessKey], ...] = (ApiToken, AccessKey)
MOST = 100
"""Of each kind that a person may have: each is counted for itself by the rate limit."""


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
    with write():
        return ApiToken.issue(**_new(user, request, ApiToken))


def issue_access_key(user: User, given: Mapping[str, Any]) -> tuple[AccessKey, str]:
    """Make an access key; the row and its secret, which cannot be shown again. As issue_token."""
    request = CredentialRequest.of(given)
    with write():
        return AccessKey.issue(**_new(user, request, AccessKey))


def _new(user: User, request: CredentialRequest, kind: type[Credential]) -> dict[str, Any]:
    """What a new one is made of. Raises Conflict where its owner has too many."""
    owner = _owner(user, request)
    if kind.usable().filter(user=owner).count() >= MOST:
        raise Conflict(f"{owner} has {MOST} that can be used; revoke those that are not needed.")
    used: Credential | None = vars(user).get("with_credential")
    if used and not type(used).usable().select_for_update(of=("self",)).filter(pk=used.pk):
        raise NotPermitted(f"The {used.name} has ended, and makes no other.")
    return {
        "user": owner,
        "label": request.label,
        "expires_at": _until(used, request),
        "made_with": used.name if used else "",
    }


def revoke_token(user: User, pk: int) -> ApiToken:
    """End a token at once; again is no error. Raises NotFound, NotPermitted."""
    return _revoke(user, tokens_of(user).filter(pk=pk), f"token {pk}")


def revoke_access_key(user: User, access_key_id: str) -> AccessKey:
    """End an access key at once; again is no error. Raises NotFound, NotPermitted."""
    found = access_keys_of(user).filter(access_key_id=access_key_id)
    return _revoke(user, found, f"access key {access_key_id}")


def revoke_credential(user: User, credential: Credential) -> None:
    """The same for a row that is at hand, as in the admin site, where superusers have those of all
    accounts. Raises NotPermitted.
    """
    if credential.user_id != user.pk:
        require(user, Rank.ADMINISTRATOR, "Revoking a token or an access key of others")
        require_same_account(user, account_of(credential.user))
        if credential.user.is_superuser and not getattr(user, "is_superuser", False):
            raise NotPermitted(f"It belongs to {credential.user}, who is a superuser.")
    end_credential(credential)


def end_credential(credential: Credential) -> None:
    """The same for whoever has the machine. What was made with it ends with it: whoever stole one
    may have made others.
    """
    with write():
        _end(credential)  # first: whoever makes another with it right now holds its row
        names = [credential.name]
        while names:
            made = [one for kind in KINDS for one in kind.objects.filter(made_with__in=names)]
            names = [one.name for one in made if one.revoked_at is None]
            _end(*made)
    credential.refresh_from_db()


def end_all_of(person: Person) -> None:
    """End whatever a person has: for who works for another account from now on."""
    with write():
        for kind in KINDS:
            for credential in kind.objects.filter(user=person, revoked_at=None):
                end_credential(credential)


def _end(*credentials: Credential) -> None:
    for one in credentials:
        rows = type(one)._default_manager.filter(pk=one.pk, revoked_at=None)
        rows.update(revoked_at=Now())


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


def _until(used: Credential | None, request: CredentialRequest) -> datetime | None:
    """When the new one ceases to work: not after the one with which it is made, else whoever has
    that one for a day would have another for ever.
    """
    end = used.expires_at if used else None
    if end and request.expires_at and request.expires_at > end:
        told = f"Give no later time than {end:%Y-%m-%dT%H:%M:%SZ}, when the one in use ends."
        raise InvalidRequest({"expires_at": [told]})
    return request.expires_at or end


def _revoke(user: User, named: QuerySet[Kind], what: str) -> Kind:
    found = named.first()
    if found is None:
        raise NotFound(f"There is no {what}.")
    revoke_credential(user, found)
    return found
