"""Every address, every method, every kind of person."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.urls import reverse

from jobs.models import Rank
from tests.rights.declared import (
    ANYBODY,
    API,
    BODIES,
    DECLARED,
    HOST,
    KEYHOLDER,
    MADE_BY_NAME,
    NOTHING,
    OPEN_TO_STAFF,
    OWNER,
    SIGNED,
)
from tests.rights.things import (
    METHODS,
    OTHERS,
    RANK_OF,
    STRANGERS,
    Things,
    addresses,
    browsers,
    contents,
)

ADDRESSES = addresses()
WRITES = ("POST", "PUT", "PATCH", "DELETE")
WRITTEN_TO = sorted(name for name, said in DECLARED.items() if set(said) & set(WRITES))
ADMIN = sorted(name for name in ADDRESSES if name.startswith("admin:"))
ROWS = re.compile(
    r"admin:(jobs|auth)_[a-z]+_(changelist|add|history|delete|change|password_change)"
    r"|admin:view at admin/(jobs|auth)/[a-z]+/<path:object_id>/"
)


# ---- nothing is forgotten


def test_every_address_says_who_may_use_it() -> None:
    unsaid = set(ADDRESSES) - set(ADMIN) - set(DECLARED)

    assert not unsaid, f"say in tests/rights/declared.py who may do what at {sorted(unsaid)}"


def test_nothing_is_said_of_an_address_that_is_not_there() -> None:
    assert set(DECLARED) <= set(ADDRESSES)
    assert {key.rpartition(" ")[2] for key in BODIES} <= set(ADDRESSES)


def test_the_admin_site_has_no_address_that_is_not_known() -> None:
    unknown = [name for name in ADMIN if not ROWS.fullmatch(name)]

    assert set(unknown) <= {*OPEN_TO_STAFF, "admin:login"}


# ---- pages and API


def needed(name: str, method: str) -> str | None:
    """The least rank, or one of the other words of the table; None for a method not taken."""
    said = DECLARED[name]
    if method == "OPTIONS" and name in API and ANYBODY not in said.values():
        return SIGNED if SIGNED in said.values() else Rank.VIEWER
    return said.get("GET" if method == "HEAD" else method)


def expected(name: str, method: str, kind: str, *, is_someones: bool) -> set[int] | None:
    """The statuses that are right; None where the person is let through, whatever comes then."""
    need = needed(name, method)
    if need == SIGNED:
        return set(range(400, 500))
    if need == ANYBODY:
        return None
    if is_public(name):
        return {302, 405}
    if kind in STRANGERS:
        return {401} if name in API or is_held_up(name, method) else {302}
    if need is None:
        return {403, 405}
    if need == NOTHING:
        return {404}
    if method == "OPTIONS" and name in API:
        return {200}
    return of_members(need, kind, is_someones=is_someones)


def is_held_up(name: str, method: str) -> bool:
    """Whether strangers are told where they are: what they sent would be lost at the login."""
    return method == "POST" and name != "password"


def is_public(name: str) -> bool:
    return set(DECLARED[name].values()) == {ANYBODY}


def of_members(need: str, kind: str, *, is_someones: bool) -> set[int] | None:
    """The same for people who are signed in and a method that is taken."""
    if need == HOST:
        return None if kind == "administrator" else {403}
    if need == KEYHOLDER:
        return None if kind in {"owner", "administrator"} else {404}
    if need == OWNER:
        need = Rank.SUBMITTER if kind == "owner" else Rank.OPERATOR
    suffices = Rank(RANK_OF.get(kind, kind.removeprefix("their "))).reaches(Rank(need))
    if is_someones and kind in OTHERS:
        return {404} if suffices else {403, 404}
    return None if suffices else {403}


def send(client: Client, method: str, path: str, name: str) -> Any:
    """One request, whose effect on the database is taken back."""
    body = BODIES.get(f"{method} {name}", BODIES.get(name, {}) if method == "POST" else None)
    body = body() if callable(body) else body
    with transaction.atomic():
        if body is None:
            response = client.generic(method, path)
        elif name in API and "file" not in body:
            text = json.dumps(body)
            response = client.generic(method, path, text, content_type="application/json")
        else:
            response = client.post(path, body)
        assert (response.getvalue() if response.streaming else response.content) is not None
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_every_method_is_for_whom_it_is_said_to_be(
    users: dict[str, User], things: Things, name: str
) -> None:
    arguments = things.arguments(name, ADDRESSES[name][1])
    path, wrong = path_of(name, arguments), []

    for kind, client in browsers(users).items():
        for method in METHODS:
            response = send(client, method, path, name)
            is_someones = bool(arguments) and (method, name) not in MADE_BY_NAME
            right = expected(name, method, kind, is_someones=is_someones)
            if not is_right(response, right, name):
                wrong.append(f"{method} {path} by {kind}: {response.status_code}, not {right}")

    assert not wrong, "\n".join(wrong)


def path_of(name: str, arguments: dict[str, Any]) -> str:
    if name == "api:nothing_here":
        return "/api/v1/nothing-of-the-kind/"
    return reverse(name, kwargs=arguments)


def is_right(response: Any, statuses: set[int] | None, name: str) -> bool:
    status = response.status_code
    to_login = response.headers.get("Location", "").startswith("/login/")
    if statuses is not None:
        return status in statuses and (status != 302 or to_login or is_public(name))
    if name == "readyz":
        return status in {200, 503}  # no engine runs
    # Whatever else it says, it is no refusal and no failure of ours.
    refused = status >= 500 or status in {401, 403, 404, 405}
    return not refused and (not to_login or name == "logout")


@pytest.mark.parametrize("name", WRITTEN_TO)
def test_a_session_changes_nothing_without_the_csrf_token(
    users: dict[str, User], things: Things, name: str
) -> None:
    User.objects.filter(pk=users["administrator"].pk).update(is_superuser=True)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(users["administrator"])
    path = path_of(name, things.arguments(name, ADDRESSES[name][1]))
    rows = [model for model in apps.get_models() if model is not Session]
    before = contents(rows)

    for method in set(WRITES) & set(DECLARED[name]):
        response = strict.generic(method, path, b"{}", content_type="application/json")
        if name != "home":  # which only sends people on
            assert 400 <= response.status_code < 500, method
            assert response.status_code == 403 or DECLARED[name][method] == SIGNED, method

    assert contents(rows) == before


# ---- the admin site


def admin_path(name: str, things: Things) -> str:
    """The address with a value in each of its places."""
    values = {"app_label": "jobs", "url": "nothing/", "path:object_id": str(things.job.pk)}
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", ADDRESSES[name][0]).strip("^$")
    return "/" + re.sub(r"<([^>]+)>", lambda place: values.get(place[1], "1"), path)


@pytest.mark.parametrize("name", ADMIN)
def test_the_admin_site_is_for_staff_and_its_rows_for_whoever_has_the_permission(
    users: dict[str, User], things: Things, admin_user: User, name: str
) -> None:
    path, signed_in, wrong = admin_path(name, things), browsers(users), []
    clients = {kind: signed_in[kind] for kind in ("nobody", "shut out", "administrator", "staff")}
    clients["superuser"] = Client(raise_request_exception=False)
    clients["superuser"].force_login(admin_user)

    for kind, client in clients.items():
        for method in METHODS:
            response = send(client, method, path, name)
            if not is_right_in_admin(name, kind, response):
                wrong.append(f"{method} {path} by {kind}: {response.status_code}")

    assert not wrong, "\n".join(wrong)


def is_right_in_admin(name: str, kind: str, response: Any) -> bool:
    status, location = response.status_code, response.headers.get("Location", "")
    if kind == "superuser" or name == "admin:login" or (kind == "staff" and name in OPEN_TO_STAFF):
        return bool(status < 500)
    if kind == "staff":
        # To a row's page, which is asked on its own, or since there is no such row.
        return status in {403, 404} or "/change/" in location or location == "/admin/"
    return status == 405 or (
        status == 302 and (location.startswith("/admin/login/") or location == "/admin/")
    )
