"""Making, changing and deleting roles and functions: for administrators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs import services
from jobs.errors import Conflict
from jobs.models import Function, Rank, Role
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.verb_form import VerbForm, decided

LATER = ("endpoint_url", "region", "addressing", "access_key_id", "requests_per_second",
         "scratch_bucket", "scratch_prefix")  # fmt: skip
"""What can be changed of a role, beside its secret."""
HELP = {name: str(Role._meta.get_field(name).help_text) for name in LATER}  # type: ignore[union-attr]

for_administrators = for_rank(Rank.ADMINISTRATOR, "Setting roles and functions")


class RoleForm(VerbForm):
    """A role; its secret is taken and never shown."""

    secrets = ("secret_access_key",)

    name = forms.CharField(help_text="What jobs and AWS clients call it; it cannot be changed.")
    endpoint_url = forms.CharField(
        label="Endpoint URL", required=False, help_text=HELP["endpoint_url"]
    )
    region = forms.CharField(initial="us-east-1")
    addressing = forms.ChoiceField(
        choices=Role.Addressing, label="Bucket names", initial=Role.Addressing.AUTO
    )
    access_key_id = forms.CharField(
        label="Access key id", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    secret_access_key = forms.CharField(
        label="Secret access key",
        error_messages={"required": "A new role needs a secret access key."},
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted, and never shown again.",
    )
    requests_per_second = forms.IntegerField(
        label="Speed ceiling, in requests per second",
        required=False,
        help_text=HELP["requests_per_second"],
    )
    scratch_bucket = forms.CharField(
        label="Scratch bucket", required=False, help_text=HELP["scratch_bucket"]
    )
    scratch_prefix = forms.CharField(
        label="Scratch prefix", initial=".lading-probe/", help_text=HELP["scratch_prefix"]
    )

    @classmethod
    def of(cls, role: Role, data: QueryDict | None = None) -> RoleForm:
        """The form of a role that is there: all but its name."""
        form = cls(data, initial={name: getattr(role, name) for name in LATER})
        del form.fields["name"]
        form.fields["secret_access_key"].required = False
        form.fields["secret_access_key"].help_text += " Leave it empty to keep the present one."
        return form

    def saved_by(self, save: Callable[..., Role], check: Callable[..., None]) -> Role | None:
        """What `save` makes of it; an empty secret is none. `check` tells its faults alone."""

        def values(given: dict[str, Any]) -> dict[str, Any]:
            return {**given, "secret_access_key": given.get("secret_access_key") or None}

        return self.given_to(
            lambda given: save(**values(given)), lambda given: check(**values(given))
        )


@signed_in
@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def role_new(request: PageRequest) -> HttpResponseBase:
    """Make a role."""
    form = RoleForm(request.POST) if request.method == "POST" else RoleForm()
    if form.is_bound:
        made = form.saved_by(
            partial(services.add_role, request.user),
            partial(services.check_role, request.user, is_new=True),
        )
        if made is not None:
            _tell_saved(request, made, "The role is made.")
            return redirect("role", made.name)
    return _shown(request, "roles/edit.html", form, role=None)


@signed_in
@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def role_edit(request: PageRequest, name: str) -> HttpResponseBase:
    """Change a role."""
    role = services.role_of(request.user, name)
    form = RoleForm.of(role, request.POST) if request.method == "POST" else RoleForm.of(role)
    if form.is_bound:
        saved = form.saved_by(
            partial(services.save_role, request.user, name),
            partial(services.check_role, request.user, name),
        )
        if saved is not None:
            _tell_saved(request, saved, "The role is changed.")
            return redirect("role", name)
    return _shown(request, "roles/edit.html", form, role=role)


def _tell_saved(request: PageRequest, role: Role, done: str) -> None:
    """It is saved whatever its store says; but who saved it wants to know."""
    answer = services.ask_store(request.user, role.name)
    tell = messages.success if answer.is_well else messages.warning
    tell(request, f"{done} {answer.told}")


@signed_in
@require_POST
def role_delete(request: PageRequest, name: str) -> HttpResponseBase:
    """Forget a role and its credentials."""
    try:
        services.delete_role(request.user, name)
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("role", name)
    messages.success(request, f"The role {name} is deleted.")
    return redirect("role_list")


class FunctionForm(VerbForm):
    """Where a function is called that does not run on AWS."""

    name = forms.CharField(
        label="Name or ARN", help_text=str(Function._meta.get_field("name").help_text)
    )
    url = forms.CharField(label="URL", help_text=str(Function._meta.get_field("url").help_text))


@signed_in
@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def function_new(request: PageRequest) -> HttpResponseBase:
    """Make an entry."""
    form = FunctionForm(request.POST) if request.method == "POST" else FunctionForm()
    if form.is_bound:
        made = form.given_to(lambda given: services.add_function(request.user, **given))
        if made is not None:
            messages.success(request, f"The function {made.name} is called at {made.url}.")
            return redirect("role_list")
    return _shown(request, "functions/edit.html", form, function=None)


@signed_in
@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def function_edit(request: PageRequest, function: str) -> HttpResponseBase:
    """Change where it is called."""
    found = services.function_of(request.user, function)
    data = request.POST if request.method == "POST" else None
    form = FunctionForm(data, initial={"url": found.url})
    del form.fields["name"]
    if form.is_bound:
        save = partial(services.save_function, request.user, found.name)
        if form.given_to(lambda given: save(given["url"])) is not None:
            messages.success(request, f"The function {found.name} is called elsewhere now.")
            return redirect("role_list")
    return _shown(request, "functions/edit.html", form, function=found)


@signed_in
@require_POST
def function_delete(request: PageRequest, function: str) -> HttpResponseBase:
    """Forget where it is called."""
    verb = partial(services.delete_function, request.user, function)
    decided(request, verb, f"The function {function} is in the table no more.")
    return redirect("role_list")


def _shown(
    request: PageRequest, template: str, form: VerbForm, **context: object
) -> HttpResponseBase:
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form, **context}, status=status)
