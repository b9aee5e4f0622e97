"""Whose rows the admin site shows and lets be changed: superusers see all, other staff what belongs
to their own account. Django's permissions say which kinds of rows, the rank what may be done to
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest

from jobs.members import account_of, may
from jobs.models import (
    Function,
    Job,
    JobEvent,
    Lane,
    Manifest,
    Member,
    Part,
    Rank,
    ReportFile,
    Role,
    Slice,
    Tally,
    TaskResult,
    Throughput,
    Trial,
    Waiver,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

    Admin = admin.ModelAdmin[Any]
else:
    Admin = admin.ModelAdmin

ACCOUNT_OF: dict[type[Model], str] = {
    **dict.fromkeys((Job, Manifest, Role, Function, Member, Trial), "account_id"),
    **dict.fromkeys(
        (Slice, Part, TaskResult, Tally, Throughput, JobEvent, ReportFile, Lane),
        "job__account_id",
    ),
    Waiver: "role__account_id",
}
"""Where a row says whose it is. Nodes are everybody's; tokens and keys are their owners'."""


class Scoped(Admin):
    """Rows of one's own account."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What is not there cannot be listed, opened, chosen for an action or deleted."""
        rows = super().get_queryset(request)
        where = ACCOUNT_OF.get(self.model)
        if is_superuser(request) or where is None:
            return rows
        return rows.filter(**{where: account_of(request.user)})


class ForRank(Scoped):
    """What is changed here as well, by people of a rank."""

    needed = Rank.ADMINISTRATOR

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Permission and rank."""
        return super().has_add_permission(request) and may(request.user, self.needed)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Permission and rank."""
        return super().has_change_permission(request, obj) and may(request.user, self.needed)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Permission and rank."""
        return super().has_delete_permission(request, obj) and may(request.user, self.needed)


class BySuperusers(Scoped):
    """Looked at by staff, changed by superusers: it reaches beyond an account."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers alone."""
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers alone."""
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers alone."""
        return is_superuser(request)


class HiddenFromStaff(BySuperusers):
    """Nobody else sees it at all."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers alone."""
        return is_superuser(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not in the index either."""
        return is_superuser(request)


def is_superuser(request: HttpRequest) -> bool:
    """Whether the person runs the installation."""
    return bool(getattr(request.user, "is_superuser", False))


# Who may change users and groups can make a superuser of anybody, and users of all accounts are in
# one table. Administrators have the page Members.
admin.site.unregister([User, Group])


@admin.register(User)
class UsersAdmin(HiddenFromStaff, UserAdmin):  # type: ignore[type-arg]
    """Users of all accounts."""


@admin.register(Group)
class GroupsAdmin(HiddenFromStaff, GroupAdmin):
    """Groups of permissions."""
