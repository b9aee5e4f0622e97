"""The members of the account: who they are, and what an administrator does with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import services
from jobs.members import may, rank_of
from jobs.models import Member, Rank
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.login import PasswordForm
from jobs.pages.verb_form import VerbForm, decided


class MemberForm(VerbForm):
    """Somebody new."""

    secrets = ("password",)

    username = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters, and none that many people use. "
        "They can change it when they have logged in.",
    )
    rank = forms.ChoiceField(
        choices=Rank,
        initial=Rank.VIEWER,
        help_text="A viewer sees; a submitter also creates jobs and cancels their own; an operator "
        "decides on all jobs; an administrator also on roles, functions, keys and members.",
    )


@dataclass(frozen=True)
class MemberRow:
    """A member, in the words of the page, for whoever looks at it."""

    person: User
    viewer: User

    @property
    def rank(self) -> str:
        """The rank's value: that of somebody who was shut out is the one they had."""
        if self.person.is_superuser:
            return Rank.ADMINISTRATOR
        place: Member | None = getattr(self.person, "member", None)
        return rank_of(self.person) or (place.rank if place else Rank.VIEWER)

    @property
    def rank_label(self) -> str:
        """As the page calls it."""
        return Rank(self.rank).label

    @property
    def is_self(self) -> bool:
        """True for whoever looks."""
        return self.person.pk == self.viewer.pk

    @property
    def may_change(self) -> bool:
        """Superusers answer to superusers alone."""
        above = self.person.is_superuser and not self.viewer.is_superuser
        return may(self.viewer, Rank.ADMINISTRATOR) and not above


@signed_in
@require_safe
def member_list(request: PageRequest) -> HttpResponseBase:
    """Everybody of the account."""
    rows = [MemberRow(person, request.user) for person in services.members_of(request.user)]
    return render(request, "members/list.html", {"rows": rows, "ranks": Rank.choices})


@signed_in
@for_rank(Rank.ADMINISTRATOR, "Adding a member")
@require_http_methods(["GET", "HEAD", "POST"])
def member_new(request: PageRequest) -> HttpResponseBase:
    """Let somebody in."""
    form = MemberForm(request.POST) if request.method == "POST" else MemberForm()
    if form.is_bound:
        person = form.given_to(lambda given: services.add_member(request.user, **given))
        if person is not None:
            messages.success(request, f"{person} is a member now.")
            return redirect("member_list")
    return render(request, "members/new.html", {"form": form}, status=422 if form.is_bound else 200)


@signed_in
@require_POST
def member_rank(request: PageRequest, username: str) -> HttpResponseBase:
    """Change what a member may do."""
    rank = request.POST.get("rank", "")
    verb = partial(services.set_rank, request.user, username, rank)
    decided(request, verb, f"{username} is {rank} now.")
    return redirect("member_list")


@signed_in
@require_POST
def member_shut_out(request: PageRequest, username: str) -> HttpResponseBase:
    """End all sessions, tokens and keys of a member until they are let in again."""
    verb = partial(services.set_active, request.user, username, active=False)
    decided(request, verb, f"{username} is shut out.")
    return redirect("member_list")


@signed_in
@require_POST
def member_let_in(request: PageRequest, username: str) -> HttpResponseBase:
    """Take that back."""
    verb = partial(services.set_active, request.user, username, active=True)
    decided(request, verb, f"{username} may log in again.")
    return redirect("member_list")


class Password(PasswordChangeView):
    """One's own password; every other session of its owner ends."""

    form_class = PasswordForm
    template_name = "registration/password.html"
    success_url = reverse_lazy("job_list")

    def form_valid(self, form: Any) -> HttpResponse:
        """Say so."""
        messages.success(self.request, "Your password is changed. Other browsers are logged out.")
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        """As other forms answer; what is wrong has the focus."""
        wrong = [field for name, field in form.fields.items() if form.has_error(name)]
        for field in form.fields.values():
            field.widget.attrs["autofocus"] = field in wrong[:1]
        return self.render_to_response(self.get_context_data(form=form), status=422)
