"""Who belongs to which account, and what they may do there.

    viewer         sees everything of the account
    submitter      and creates jobs, and cancels their own
    operator       and decides on every job
    administrator  and on roles, functions, keys and members

A user without a row here is a viewer of the default account; a superuser is an administrator.
Every verb of services.py asks `require` before it does anything, so that all doors agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from jobs.errors import NotPermitted

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    User = AbstractBaseUser | AnonymousUser

ACCOUNT_ID = RegexValidator(r"^\d{12}\Z", "An account id has 12 digits.")


class Rank(models.TextChoices):
    """What a member may do; each may do what those before it may."""

    VIEWER = "viewer", "Viewer"
    SUBMITTER = "submitter", "Submitter"
    OPERATOR = "operator", "Operator"
    ADMINISTRATOR = "administrator", "Administrator"

    def reaches(self, needed: Rank) -> bool:
        """Whether this rank may do what takes the needed one."""
        ranks = list(Rank)
        return ranks.index(self) >= ranks.index(needed)


class Member(models.Model):
    """A user's place: the account, and the rank in it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="member"
    )
    account_id = models.CharField(max_length=12, validators=[ACCOUNT_ID])
    rank = models.CharField(max_length=13, choices=Rank, default=Rank.VIEWER)

    def __str__(self) -> str:
        return f"{self.user} in {self.account_id}"


def account_of(user: User) -> str:
    """The account whose jobs the user sees: the member's own, else LADING_ACCOUNT_ID."""
    member = _member(user)
    return member.account_id if member else settings.LADING_ACCOUNT_ID


def rank_of(user: User) -> Rank | None:
    """What the user may do; None for strangers, and for those who were shut out."""
    if not user.is_authenticated or not user.is_active:
        return None
    if getattr(user, "is_superuser", False):
        return Rank.ADMINISTRATOR
    member = _member(user)
    return Rank(member.rank) if member else Rank.VIEWER


def may(user: User, needed: Rank) -> bool:
    """Whether the user has the rank, or a higher one."""
    rank = rank_of(user)
    return rank is not None and rank.reaches(needed)


def require(user: User, needed: Rank, what: str) -> None:
    """Raise NotPermitted unless the user has the rank. `what` is a sentence's beginning, such as
    "Creating a job".
    """
    if may(user, needed):
        return
    rank = rank_of(user)
    yours = f"yours is {rank.label.lower()}" if rank else "you are not signed in"
    raise NotPermitted(f"{what} takes the rank of {needed.label.lower()}; {yours}.")


def require_same_account(user: User, account_id: str) -> None:
    """Raise NotPermitted for what belongs to others. Superusers run the installation: they may, in
    the admin site.
    """
    if account_of(user) != account_id and not getattr(user, "is_superuser", False):
        raise NotPermitted("This belongs to another account.")


def _member(user: User) -> Member | None:
    """Asked once for each user that a request brings: a missing one raises AttributeError, too."""
    return getattr(user, "member", None)
