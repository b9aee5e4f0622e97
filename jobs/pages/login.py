"""Logging in: throttled here and in the admin site, since both ask this backend."""

from __future__ import annotations

import logging
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jobs import logins

log = logging.getLogger(__name__)


class ThrottledBackend(ModelBackend):
    """Names and passwords, so and so often."""

    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The user whose password it is. Without a request nobody is at a door."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        address = address_of(request)
        if until := logins.begin(username, address):
            log.warning("Logging in from %s is refused until %s", address, until)
            vars(request)["login_refused_until"] = until
            raise PermissionDenied
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            logins.succeeded(username, address)
        return user


def address_of(request: HttpRequest) -> str:
    """Where the request comes from: what the outermost of our own proxies saw. What stands before
    that in X-Forwarded-For anybody can write. Of IPv6 the network, of which people have many
    addresses.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    chain = [*(part.strip() for part in told if part.strip()), peer]
    seen = chain[max(len(chain) - 1 - settings.LADING_PROXIES, 0)]
    try:
        address = ip_address(seen)
    except ValueError:
        return peer or "unknown"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def refused_until(request: HttpRequest | None) -> datetime | None:
    """When whoever was refused may try again."""
    until: datetime | None = vars(request).get("login_refused_until") if request else None
    return until


class ToldWhy(AuthenticationForm):
    """Says that it was too often: the same for names that nobody has."""

    def mark(self, fault: str) -> None:
        """What is wrong with both fields together is told of each, by the element of that id. It
        has the focus, which the first field has else.
        """
        for field in self.fields.values():
            field.widget.attrs |= {"aria-invalid": "true", "aria-describedby": fault}
            field.widget.attrs.pop("autofocus", None)

    def get_invalid_login_error(self) -> ValidationError:
        """The fault of the form as a whole."""
        until = refused_until(self.request)
        if until is None:
            return super().get_invalid_login_error()
        return too_often(until)


def too_often(until: datetime) -> ValidationError:
    """What whoever has to wait is told."""
    told = f"That was too often. Try again after {until:%H:%M} UTC."
    return ValidationError(told, code="throttled")


class AdminLoginForm(ToldWhy, AdminAuthenticationForm):
    """The same in front of the admin site."""


class PasswordForm(PasswordChangeForm):
    """One's own new password. Whoever sits down at the browser of somebody else does not get to
    guess the present one as often as they like.
    """

    def clean_old_password(self) -> str:
        """The present password, looked at as often as at the login."""
        name, where = self.user.get_username(), f"session of user {self.user.pk}"
        if until := logins.begin(name, where):
            raise too_often(until)
        password: str = super().clean_old_password()
        logins.succeeded(name, where)
        return password


class Login(LoginView):
    """The login page."""

    authentication_form = ToldWhy
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether there is anybody at all who could log in."""
        is_first = not User.objects.exists()
        return super().get_context_data(is_first=is_first, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """429 for whoever has to wait."""
        if form.non_field_errors() and isinstance(form, ToldWhy):
            form.mark("login-fault")
        response = super().form_invalid(form)
        if until := refused_until(self.request):
            response.status_code = 429
            response["Retry-After"] = str(int((until - timezone.now()).total_seconds()) + 1)
        return response


class Logout(LogoutView):
    """Ends the session and says so on the login page."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """After the session, since its messages end with it."""
        response = super().post(request, *args, **kwargs)
        messages.success(request, "You are logged out.")
        return response
