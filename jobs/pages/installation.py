"""The settings that this installation runs with: to be read, not changed, and without secrets.

They are those of the web server. An engine on another machine has an environment of its own, which
should say the same.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import sqlite_version
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import connection
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config import VERSION
from jobs.errors import NotPermitted
from jobs.members import account_of
from jobs.models import Rank
from jobs.pages.access import PageRequest, for_rank, signed_in

ON = {True: "on", False: "off"}


@dataclass(frozen=True)
class Setting:
    """One of them. `name` is that of the environment variable."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Group:
    """Those that go together."""

    title: str
    settings: Sequence[Setting]


def groups() -> list[Group]:
    """What stands on the page; docs and .env.example tell of each at more length."""
    return [
        Group("Work", _work()),
        Group("Where things are kept", _places()),
        Group("The web", _web()),
        Group("What may be reached", _reach()),
    ]


def versions() -> list[tuple[str, str]]:
    """What runs here, and its version."""
    database = ("SQLite", sqlite_version)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            database = ("PostgreSQL", cursor.fetchone()[0])
    return [
        ("Lading", VERSION),
        ("Python", platform.python_version()),
        ("Django", django.__version__),
        database,
    ]


def _work() -> list[Setting]:
    return [
        Setting("LADING_WORKERS", f"{settings.LADING_WORKERS}", "Worker processes of an engine."),
        Setting(
            "LADING_ACTIVE_JOBS",
            f"{settings.LADING_ACTIVE_JOBS}",
            "Jobs of an account that are worked on at a time, and one more small one.",
        ),
        Setting(
            "LADING_CONNECTIONS",
            f"{settings.LADING_CONNECTIONS}",
            "Requests in flight in one worker at most.",
        ),
        Setting(
            "LADING_THREADS",
            f"{settings.LADING_THREADS}",
            "The same for operations that take several requests.",
        ),
        Setting(
            "LADING_LEASE_SECONDS",
            f"{settings.LADING_LEASE_SECONDS} s",
            "After so long without a sign of life another worker takes over.",
        ),
    ]


def _places() -> list[Setting]:
    return [
        Setting("DATABASE_URL", _database(), "Jobs, slices and counters."),
        Setting("LADING_BROKER", place(settings.LADING_BROKER), "What wakes idle workers."),
        Setting("LADING_SPOOL", place(settings.LADING_SPOOL), "Task, result and report files."),
        Setting("LADING_DATA", f"{settings.LADING_DATA}", "Everything else that Lading keeps."),
    ]


def _web() -> list[Setting]:
    return [
        Setting("LADING_BIND", settings.LADING_BIND, "Where manage.py run listens."),
        Setting(
            "LADING_ALLOWED_HOSTS", _listed(settings.ALLOWED_HOSTS), "Host names of the pages."
        ),
        Setting(
            "LADING_TRUSTED_ORIGINS",
            _listed(settings.CSRF_TRUSTED_ORIGINS),
            "Where forms may come from beside these, behind a proxy that changes the host.",
        ),
        Setting("LADING_HTTPS", ON[settings.LADING_HTTPS], "Only over TLS, behind a proxy."),
        Setting("LADING_PROXIES", f"{settings.LADING_PROXIES}", "Proxies of your own before it."),
        Setting(
            "LADING_API_RATE",
            f"{settings.LADING_API_RATE:,} a minute" if settings.LADING_API_RATE else "no limit",
            "Requests of one user or key.",
        ),
        Setting("LADING_DEBUG", ON[settings.DEBUG], "For developers: shows errors to anybody."),
    ]


def _reach() -> list[Setting]:
    reach = settings.LADING_ENDPOINTS
    listed = sorted([*reach.names, *map(str, reach.networks)])
    return [
        Setting(
            "LADING_ENDPOINTS",
            _listed(listed) if listed else "all but addresses of metadata services and of the link",
            "Hosts that roles and functions may name.",
        ),
        Setting("LADING_REGION", settings.LADING_REGION, "The region in the ARNs of jobs."),
        Setting(
            "LADING_ACCOUNT_ID", settings.LADING_ACCOUNT_ID, "The account of users without another."
        ),
    ]


def place(address: str) -> str:
    """A folder or an address, without the user, password and options that a URL may have."""
    parts = urlsplit(address)
    if not (parts.scheme and parts.netloc):
        return address
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _database() -> str:
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"SQLite, {told['NAME']}"
    return f"PostgreSQL, {told['HOST'] or 'local'}:{told['PORT'] or 5432}/{told['NAME']}"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "none"


@signed_in
@for_rank(Rank.ADMINISTRATOR, "Seeing the settings")
@require_safe
def installation(request: PageRequest) -> HttpResponseBase:
    """All of them, for those who administer the installation's own account, and superusers."""
    if account_of(request.user) != settings.LADING_ACCOUNT_ID and not request.user.is_superuser:
        raise NotPermitted("The settings are for administrators of the account that Lading is for.")
    return render(request, "settings.html", {"versions": versions(), "groups": groups()})
