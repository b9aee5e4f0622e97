"""What a person sees: the rows of their account and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError

from jobs.errors import NotFound
from jobs.members import Rank, account_of, require
from jobs.models import Job, JobQuerySet, Manifest, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from jobs.members import User


def jobs_of(user: User) -> JobQuerySet:
    """The jobs of the user's account. Raises NotPermitted."""
    require(user, Rank.VIEWER, "Seeing jobs")
    return Job.objects.of_account(account_of(user)).select_related("manifest", "role", "created_by")


def job_of(user: User, pk: UUID | str) -> Job:
    """One job; raises NotFound, also for what belongs to others."""
    try:
        return jobs_of(user).get(pk=pk)
    except (Job.DoesNotExist, ValidationError, ValueError):
        raise NotFound("The specified job does not exist.") from None


def role_of(user: User, name: str) -> Role:
    """One role by its name; raises NotFound, also for what belongs to others."""
    role = roles_of(user).filter(name=name).first()
    if role is None:
        raise NotFound("There is no such role.")
    return role


def roles_of(user: User) -> QuerySet[Role]:
    """The roles of the user's account. Raises NotPermitted."""
    require(user, Rank.VIEWER, "Seeing roles")
    return Role.objects.filter(account_id=account_of(user))


def manifest_of(user: User, pk: UUID | str) -> Manifest:
    """One manifest; raises NotFound, also for what belongs to others."""
    try:
        return manifests_of(user).get(pk=pk)
    except (Manifest.DoesNotExist, ValidationError, ValueError):
        raise NotFound("There is no such manifest.") from None


def manifests_of(user: User) -> QuerySet[Manifest]:
    """The manifests of the user's account, newest first. Raises NotPermitted."""
    require(user, Rank.VIEWER, "Seeing manifests")
    return Manifest.objects.filter(account_id=account_of(user)).order_by("-created_at")
