"""The admin site's forms for what is set up before a job: roles, and where functions are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest

from jobs import services
from jobs.admin_scope import ForRank, is_superuser
from jobs.members import account_of
from jobs.models import Function, Job, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

    Form = forms.ModelForm[Role]
else:
    Form = forms.ModelForm


STORE = (
    *("endpoint_url", "region", "addressing", "access_key_id", "requests_per_second"),
    *("scratch_bucket", "scratch_prefix"),
)
"""What can be set of a role, beside its secret."""


SHOWN_AT_MOST = 20
"""Of the jobs that keep a role from being deleted."""


class RoleForm(Form):
    """A role; its secret can be set here and is never shown again."""

    secret_access_key = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted. Leave it empty to keep the present one.",
    )

    class Meta:
        model = Role
        fields = ("account_id", "name", *STORE)

    def clean_secret_access_key(self) -> str:
        """A new role needs one."""
        secret = str(self.cleaned_data["secret_access_key"])
        if not secret and not self.instance.sealed_secret:
            raise forms.ValidationError("A new role needs a secret access key.")
        return secret


class InAnAccount(ForRank):
    """What belongs to an account: one's own, if a superuser writes no other."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A field that is disabled keeps its initial value, whatever is sent."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "account_id":
            field.initial = account_of(request.user)
            field.disabled = not is_superuser(request)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What stands in the form of a new one."""
        given = super().get_changeform_initial_data(request)
        return {"account_id": account_of(request.user), **given}


class RoleAdmin(InAnAccount):
    """The one thing of a job that is set up here."""

    form = RoleForm
    list_display = ("name", "account_id", "endpoint_url", "region", "server", "updated_at")
    list_filter = ("account_id",)
    search_fields = ("name", "endpoint_url")

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> tuple[str, ...]:
        """Jobs know a role by its account and name."""
        return ("account_id", "name", "server", "updated_at") if obj else ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What keeps a role are the jobs that have it, and no permission that somebody lacks."""
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        kept_by = {str(Job._meta.verbose_name)} if protected else set()
        return found, counts, lacking - kept_by, protected[:SHOWN_AT_MOST]

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:  # noqa: FBT001
        """By the verb that `manage.py role set` uses too."""
        saved = services.set_role(
            obj.account_id,
            obj.name,
            secret_access_key=form.cleaned_data["secret_access_key"] or None,
            **{name: getattr(obj, name) for name in STORE},
        )
        obj.pk = saved.pk


class FunctionAdmin(InAnAccount):
    """Where functions are called that do not run on AWS."""

    fields = ("account_id", "name", "url")
    list_display = ("name", "account_id", "url", "created_at", "updated_at")
    list_filter = ("account_id",)
    search_fields = ("name", "url")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Function | None = None
    ) -> tuple[str, ...]:
        """Jobs know a function by its account and name."""
        return ("account_id", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: Function, form: Any, change: bool) -> None:  # noqa: FBT001
        """By the verb that `manage.py function set` uses too."""
        obj.pk = services.set_function(obj.account_id, obj.name, obj.url).pk

    def delete_model(self, request: HttpRequest, obj: Function) -> None:
        """By the verb that `manage.py function remove` uses too."""
        services.remove_function(obj.account_id, obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Function]) -> None:
        """One after the other."""
        for function in queryset:
            self.delete_model(request, function)
