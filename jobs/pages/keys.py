"""Tokens and access keys: the list, making one, whose secret is shown once, and revoking."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import services
from jobs.credentials import AccessKey, ApiToken, Credential
from jobs.members import account_of, may
from jobs.models import Rank
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.verb_form import VerbForm

TOKEN, ACCESS_KEY = "token", "access_key"
SENT = "key_forms_sent"
"""In the session: the forms that have made a key."""
MOST_SENT = 50


class KeyForm(VerbForm):
    """A new token or access key; for an administrator also whose."""

    places = {"expires_at": "expires"}

    kind = forms.ChoiceField(
        label="What is it for?",
        choices=[
            (ACCESS_KEY, "boto3, the AWS CLI, any AWS SDK: an access key"),
            (TOKEN, "curl and scripts, by the JSON API: a token"),
        ],
        initial=ACCESS_KEY,
        widget=forms.RadioSelect,
    )
    label = forms.CharField(
        required=False, help_text="What or where you will use it, to know it again in the list."
    )
    expires = forms.DateField(
        label="Works until",
        required=False,
        help_text="It ceases to work at 00:00 UTC of that day; empty for never.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    user = forms.ChoiceField(
        label="Whose",
        help_text="Whoever uses it may do what this member may.",
        error_messages={"invalid_choice": "There is no active member %(value)s."},
    )

    form_token = forms.CharField(
        max_length=36, widget=forms.HiddenInput, required=False, initial=lambda: str(uuid.uuid4())
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.maker = user
        if not may(user, Rank.ADMINISTRATOR):
            del self.fields["user"]
            return
        names = [one.username for one in services.members_of(user) if one.is_active]
        whose = cast(forms.ChoiceField, self.fields["user"])
        whose.choices = [(name, name) for name in names]
        self.initial["user"] = user.get_username()

    def issue(self, given: dict[str, Any]) -> tuple[Credential, str]:
        """What the verb makes of it; the secret beside."""
        expires = given["expires"]
        request = {
            "label": given["label"],
            "user": given.get("user"),
            "expires_at": f"{expires:%Y-%m-%d}T00:00:00Z" if expires else None,
        }
        issue = services.issue_token if given["kind"] == TOKEN else services.issue_access_key
        return issue(self.maker, request)


@dataclass(frozen=True)
class KeyRow:
    """A token or an access key, in the words of the page."""

    row: ApiToken | AccessKey
    now: datetime

    @property
    def title(self) -> str:
        """What it was made for, else what it is."""
        return self.row.label or f"{self.row.name[:1].upper()}{self.row.name[1:]}"

    @property
    def state(self) -> str:
        """As the page calls it."""
        return self.row.state(self.now).capitalize()

    @property
    def is_usable(self) -> bool:
        """False for one that was revoked or has expired."""
        return self.row.state(self.now) == "usable"

    @property
    def is_revoked(self) -> bool:
        """True for one that somebody ended."""
        return self.row.revoked_at is not None

    @property
    def revoke_url(self) -> str:
        """Where it is ended."""
        if isinstance(self.row, ApiToken):
            return reverse("token_revoke", args=[self.row.pk])
        return reverse("access_key_revoke", args=[self.row.access_key_id])


@signed_in
@require_safe
def key_list(request: PageRequest) -> HttpResponseBase:
    """One's own; for an administrator those of all members."""
    now = timezone.now()
    context = {
        "access_keys": [KeyRow(row, now) for row in services.access_keys_of(request.user)],
        "tokens": [KeyRow(row, now) for row in services.tokens_of(request.user)],
    }
    return render(request, "keys/list.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def key_new(request: PageRequest) -> HttpResponseBase:
    """The form; its answer has the secret, which is kept nowhere that it could be read again."""
    if request.method != "POST":
        return render(request, "keys/new.html", {"form": KeyForm(request.user)})
    sent, this = request.session.get(SENT, []), request.POST.get("form_token", "")[:36]
    claim = f"key-form-{this}"  # two at a time see the same session
    if this and (this in sent or not cache.add(claim, 1)):
        told = "This form has made a key already, whose secret cannot be shown again."
        messages.error(
            request, f"{told} Whoever did not keep it revokes the key and makes another."
        )
        return redirect("key_list")
    form = KeyForm(request.user, request.POST)
    made = form.given_to(form.issue)
    if made is None:
        cache.delete(claim)
        return render(request, "keys/new.html", {"form": form}, status=422)
    request.session[SENT] = [*sent, this][-MOST_SENT:] if this else sent
    row, secret = made
    context = {
        "row": row,
        "secret": secret,
        "is_token": isinstance(row, ApiToken),
        "endpoint": request.build_absolute_uri("/").rstrip("/"),
        "account_id": account_of(row.user),
    }
    response = render(request, "keys/made.html", context)
    patch_cache_control(response, no_store=True, private=True)
    return response


@signed_in
@require_POST
def token_revoke(request: PageRequest, token: int) -> HttpResponseBase:
    """End a token."""
    row = services.revoke_token(request.user, token)
    messages.success(request, f"The {row.name} of {row.user} is revoked.")
    return redirect("key_list")


@signed_in
@require_POST
def access_key_revoke(request: PageRequest, access_key_id: str) -> HttpResponseBase:
    """End an access key."""
    row = services.revoke_access_key(request.user, access_key_id)
    messages.success(request, f"The access key {row.access_key_id} of {row.user} is revoked.")
    return redirect("key_list")
