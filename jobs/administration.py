"""What administrators may do with roles and functions, through any door. The commands of manage.py
use `set_role` and `set_function` themselves: who runs them has the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.models import ProtectedError

from jobs.database import write
from jobs.errors import Conflict, InvalidRequest, NotFound
from jobs.functions import remove_function, set_function
from jobs.keys import end_all_of
from jobs.members import Member, Rank, account_of, require
from jobs.membership import ALWAYS_ADMINISTRATOR
from jobs.models import Function, Role
from jobs.roles import drafted, set_role
from jobs.visible import role_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User as Person
    from django.db.models import QuerySet

    from jobs.members import User


def check_role(user: User, name: str = "", *, is_new: bool = False, **values: Any) -> None:
    """Raise InvalidRequest with every fault that a role would have, and save nothing; of a new one
    also that there is one of that name. Raises NotPermitted.
    """
    require(user, Rank.ADMINISTRATOR, "Setting a role")
    _, faults = drafted(account_of(user), name, **values)
    if is_new and Role.objects.filter(account_id=account_of(user), name=name).exists():
        faults["name"] = [f"There is a role {name} already."]
    if faults:
        raise InvalidRequest(faults)


def add_role(user: User, name: str, **values: Any) -> Role:
    """Make a role in the user's account. Raises NotPermitted; InvalidRequest also where there is
    one of that name, which must not be changed by accident.
    """
    check_role(user, name, is_new=True, **values)
    return save_role(user, name, **values)


def save_role(user: User, name: str, **values: Any) -> Role:
    """Make a role in the user's account, or change it. Raises NotPermitted, InvalidRequest."""
    require(user, Rank.ADMINISTRATOR, "Setting a role")
    return set_role(account_of(user), name, **values)


def delete_role(user: User, name: str) -> None:
    """Forget a role and its credentials. Raises NotPermitted, NotFound; Conflict while there are
    jobs that have it.
    """
    require(user, Rank.ADMINISTRATOR, "Deleting a role")
    role = role_of(user, name)
    try:
        with write():
            role.delete()
    except (ProtectedError, IntegrityError):
        raise Conflict(
            f"Jobs have the role {name}; it can be deleted when they are gone, 90 days after their "
            "end. Change its credentials to take its access away now."
        ) from None


def functions_of(user: User) -> QuerySet[Function]:
    """Where the functions of the user's account are called, by name. Raises NotPermitted."""
    require(user, Rank.VIEWER, "Seeing functions")
    return Function.objects.filter(account_id=account_of(user)).order_by("name")


def function_of(user: User, name: str) -> Function:
    """One entry of the table; raises NotFound, also for what belongs to others."""
    function = functions_of(user).filter(name=name).first()
    if function is None:
        raise NotFound(f"There is no function {name}.")
    return function


def add_function(user: User, name: str, url: str) -> Function:
    """Say where one more function is called. As add_role."""
    require(user, Rank.ADMINISTRATOR, "Setting a function")
    if Function.objects.filter(account_id=account_of(user), name=name).exists():
        raise InvalidRequest({"name": [f"There is a function {name} already."]})
    return save_function(user, name, url)


def save_function(user: User, name: str, url: str) -> Function:
    """Say where a function is called, or change it. Raises NotPermitted, InvalidRequest."""
    require(user, Rank.ADMINISTRATOR, "Setting a function")
    return set_function(account_of(user), name, url)


def delete_function(user: User, name: str) -> None:
    """Forget where a function is called. Raises NotPermitted, NotFound."""
    require(user, Rank.ADMINISTRATOR, "Deleting a function")
    remove_function(account_of(user), name)


def place_member(person: Person, account_id: str, rank: str) -> None:
    """Put a person into an account: for whoever has the machine. In another one than before,
    tokens and keys end: those who administer the old one may have made some.

    Raises Conflict for a superuser with any rank but that of an administrator.
    """
    if person.is_superuser and rank != Rank.ADMINISTRATOR:
        raise Conflict(ALWAYS_ADMINISTRATOR.format(person))
    with write():
        if account_of(person) != account_id:
            end_all_of(person)
        wanted = {"account_id": account_id, "rank": rank}
        Member.objects.update_or_create(user=person, defaults=wanted)
