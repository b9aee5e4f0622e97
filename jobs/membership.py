"""Members of an account: who they are, and what an administrator may do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Q

from jobs.database import alone, write
from jobs.errors import Conflict, InvalidRequest, NotFound, NotPermitted
from jobs.members import Member, Rank, account_of, may, require

if TYPE_CHECKING:
    from django.contrib.auth.models import User as Person
    from django.db.models import QuerySet

    from jobs.members import User

ALWAYS_ADMINISTRATOR = (
    "{} is a superuser, who is always an administrator; a rank would change nothing."
)
UNKNOWN_RANK = f"Give one of {', '.join(Rank.values)}."


def people_of(account_id: str) -> QuerySet[Person]:
    """The users of an account. Those without a place of their own belong to the default one."""
    theirs = Q(member__account_id=account_id)
    if account_id == settings.LADING_ACCOUNT_ID:
        theirs |= Q(member=None)
    return get_user_model().objects.filter(theirs).select_related("member")


def members_of(user: User) -> QuerySet[Person]:
    """The users of the user's account, by name. Raises NotPermitted."""
    require(user, Rank.VIEWER, "Seeing members")
    return people_of(account_of(user)).order_by("username")


def member_of(user: User, username: str) -> Person:
    """One of them; raises NotFound, also for those of other accounts."""
    found = members_of(user).filter(username=username).first()
    if found is None:
        raise NotFound(f"There is no member {username!r}.")
    return found


def add_member(user: User, username: str, password: str, rank: str) -> Person:
    """Let a new person in, into the user's own account. Raises NotPermitted, InvalidRequest,
    Conflict where the name is taken, in any account.
    """
    require(user, Rank.ADMINISTRATOR, "Adding a member")
    model = get_user_model()
    # As the login reads a name, or nobody could ever log in by it.
    person = model(username=model.normalize_username(username))
    faults = _faults(person, password)
    if rank not in Rank.values:
        faults["rank"] = [UNKNOWN_RANK]
    if faults:
        raise InvalidRequest(faults)
    person.set_password(password)
    try:
        with write():
            person.save()
            Member.objects.create(user=person, account_id=account_of(user), rank=rank)
    except IntegrityError:
        raise Conflict(f"The name {username!r} is taken; choose another.") from None
    return person


def _faults(person: Person, password: str) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    try:
        person.clean_fields(exclude=["password"])
    except ValidationError as error:
        faults |= error.message_dict
    try:
        validate_password(password, person)
    except ValidationError as error:
        faults["password"] = error.messages
    return faults


def set_rank(user: User, username: str, rank: str) -> Person:
    """Change what a member may do. Raises NotPermitted, NotFound, InvalidRequest; Conflict for a
    superuser, and where the account would be left without an administrator.
    """
    require(user, Rank.ADMINISTRATOR, "Changing a member")
    if rank not in Rank.values:
        raise InvalidRequest({"rank": [UNKNOWN_RANK]})
    account_id = account_of(user)
    with write():
        _one_after_the_other(account_id)
        person = _below(user, username)
        if person.is_superuser and rank != Rank.ADMINISTRATOR:
            raise Conflict(ALWAYS_ADMINISTRATOR.format(person))
        Member.objects.update_or_create(
            user=person,
            defaults={"rank": rank},
            create_defaults={"account_id": account_id, "rank": rank},
        )
        _require_administrator(account_id)
    return member_of(user, username)


def set_active(user: User, username: str, active: bool) -> Person:  # noqa: FBT001
    """Shut a member out, with every session, token and key; or let them in again. Raises
    NotPermitted, NotFound, Conflict.
    """
    require(user, Rank.ADMINISTRATOR, "Shutting a member out")
    account_id = account_of(user)
    with write():
        _one_after_the_other(account_id)
        person = _below(user, username)
        person.is_active = active
        person.save(update_fields=["is_active"])
        _require_administrator(account_id)
    return person


def _one_after_the_other(account_id: str) -> None:
    """Of two administrators who demote each other at once, one must see what the other did."""
    alone(f"members of {account_id}")


def _below(user: User, username: str) -> Person:
    """The member, whom the user may change: superusers answer to superusers alone."""
    person = member_of(user, username)
    if person.is_superuser and not getattr(user, "is_superuser", False):
        raise NotPermitted(f"{username} is a superuser; only another superuser may do that.")
    return person


def _require_administrator(account_id: str) -> None:
    """Raise Conflict, which takes back what was done, where nobody is left who could undo it."""
    left = people_of(account_id).filter(is_active=True)
    if not any(may(person, Rank.ADMINISTRATOR) for person in left):
        raise Conflict("The account needs an administrator; make somebody else one first.")
