"""The admin site: looking at everything, changing little. No form here sets a status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest

from jobs import services
from jobs.admin_scope import BySuperusers, HiddenFromStaff, is_superuser
from jobs.admin_setup import FunctionAdmin, RoleAdmin
from jobs.admin_shown import Shown, ShownAdmin, ShownInline
from jobs.errors import JobError
from jobs.members import may
from jobs.models import (
    AccessKey,
    ApiToken,
    Function,
    Job,
    JobEvent,
    Login,
    Member,
    Rank,
    ReportFile,
    Role,
    Tally,
    Waiver,
)
from jobs.pages.login import AdminLoginForm

if TYPE_CHECKING:
    from django.db.models import QuerySet

admin.site.site_header = admin.site.site_title = "Lading"
admin.site.index_title = "Behind the jobs"
admin.site.login_form = AdminLoginForm

for model in apps.get_app_config("django_q").get_models():
    # The queue carries doorbells alone; its pages would pass them off as tasks.
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class EventInline(ShownInline):
    """What happened to the job."""

    model = JobEvent
    fields = ("at", "actor", "from_status", "to_status", "reason")


class TallyInline(ShownInline):
    """How its tasks failed."""

    model = Tally
    fields = ("error_code", "http_status", "count")


class ReportFileInline(ShownInline):
    """Its completion report."""

    model = ReportFile
    fields = ("kind", "number", "key", "size", "rows", "md5")


@admin.register(Job)
class JobAdmin(ShownAdmin):
    """Jobs, to be looked at, confirmed, paused and cancelled."""

    list_display = (
        "id", "account_id", "status", "held_by", "operation", "priority", "total_tasks",
        "succeeded", "failed", "created_by", "created_at", "description",
    )  # fmt: skip
    list_filter = ("status", "operation", "account_id")
    list_select_related = ("created_by",)
    search_fields = ("id", "description")
    exclude = ("request_digest",)
    inlines = (EventInline, TallyInline, ReportFileInline)
    actions = ("confirm", "pause", "resume", "cancel")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may use the actions, though nobody may edit."""
        return request.user.has_perm("jobs.change_job")  # type: ignore[union-attr]

    @admin.action(description="Confirm the selected jobs", permissions=["decide"])
    def confirm(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Let suspended jobs run."""
        _decide(request, jobs, services.confirm_job, "confirmed")

    @admin.action(description="Pause the selected jobs", permissions=["decide"])
    def pause(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Keep jobs from running until somebody resumes them."""
        _decide(request, jobs, services.pause_job, "paused")

    @admin.action(description="Resume the selected jobs", permissions=["decide"])
    def resume(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Let paused jobs go on."""
        _decide(request, jobs, services.resume_job, "resumed")

    @admin.action(description="Cancel the selected jobs", permissions=["decide"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """End jobs."""
        _decide(request, jobs, services.cancel_job, "cancelled")


def _decide(
    request: HttpRequest, jobs: QuerySet[Job], verb: Callable[..., None], done: str
) -> None:
    """Apply a verb to each job, and tell each refusal on its own."""
    accepted = 0
    for job in jobs:
        try:
            verb(job, request.user)
        except JobError as error:
            messages.error(request, f"{job}: {error}")
        else:
            accepted += 1
    if accepted:
        messages.success(request, f"{accepted} job{'s' if accepted > 1 else ''} {done}.")


admin.site.register(Role, RoleAdmin)
admin.site.register(Function, FunctionAdmin)


@admin.register(Waiver)
class WaiverAdmin(ShownAdmin):
    """Overrides of what a trial found: made on the page of a role, withdrawn here."""

    list_display = ("role", "operation", "actor", "decided_at", "reason")
    list_select_related = ("role",)
    search_fields = ("role__name", "operation")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Withdrawing is deleting."""
        permitted = bool(request.user.has_perm("jobs.delete_waiver"))
        return permitted and may(request.user, Rank.OPERATOR)


@admin.register(Member)
class MemberAdmin(BySuperusers):
    """Who works in which account, and with which rank; the page Members is for one account."""

    list_display = ("user", "account_id", "rank")
    list_filter = ("account_id", "rank")
    list_select_related = ("user",)

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:  # noqa: FBT001
        """By the verb that `manage.py member set` uses too."""
        person = User.objects.get(pk=obj.user_id)  # as it was before
        services.place_member(person, obj.account_id, obj.rank)
        obj.pk = Member.objects.get(user=person).pk


@admin.register(Login)
class LoginAdmin(Shown, HiddenFromStaff):
    """Who tried to log in of late; `manage.py unlock` lets them try again."""

    list_display = ("address", "attempts", "since", "succeeded_at")
    search_fields = ("address",)


class CredentialAdmin(ShownAdmin):
    """Tokens and keys can be revoked here; they are made on their page and by commands."""

    list_select_related = ("user",)
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those that their page shows to the person."""
        rows = super().get_queryset(request)
        if is_superuser(request):
            return rows
        seen = services.tokens_of if self.model is ApiToken else services.access_keys_of
        return rows.filter(pk__in=seen(request.user).values("pk"))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may revoke, though nobody may edit: whoever sees it."""
        return self.has_view_permission(request)

    @admin.action(description="Revoke the selected", permissions=["decide"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """End them at once."""
        for row in rows:
            services.revoke_credential(request.user, row)
        messages.success(request, "They open nothing any more.")


STATE = ("user", "label", "created_at", "expires_at", "last_used_at", "revoked_at")


@admin.register(ApiToken)
class ApiTokenAdmin(CredentialAdmin):
    """Tokens of the JSON API."""

    list_display = ("id", *STATE)
    fields = STATE


@admin.register(AccessKey)
class AccessKeyAdmin(CredentialAdmin):
    """Keys of the S3 Control API."""

    list_display = ("access_key_id", *STATE)
    fields = ("access_key_id", *STATE)
