"""Sessions, cookies, redirects, and what browsers are told."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from jobs.retention import sweep
from tests.conftest import PASSWORD
from tests.pages.conftest import HTMX
from tests.test_settings import setting

HTTPS = {"LADING_ALLOWED_HOSTS": "lading.example.org"}
SESSION = django_settings.SESSION_COOKIE_NAME


def log_in(client: Client, **more: str) -> Any:
    return client.post("/login/", {"username": "ada", "password": PASSWORD, **more})


def is_in(client: Client, **headers: str) -> bool:
    return client.get("/jobs/", headers=headers).status_code == 200


# ---- how long


def test_a_session_that_nobody_uses_ends_after_twelve_hours(client: Client) -> None:
    assert is_in(client)

    with time_machine.travel(timezone.now() + timedelta(hours=12, seconds=2)):
        assert not is_in(client)
    assert not is_in(client)


def test_a_session_in_use_goes_on_but_not_beyond_a_week(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert is_in(client)
        for _ in range(14):
            clock.shift(timedelta(hours=12) - timedelta(seconds=1))
            assert is_in(client)
        clock.shift(60)
        assert not is_in(client)


def test_a_page_that_polls_is_nobody_at_the_keyboard(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert is_in(client)
        for _ in range(12):
            assert is_in(client, **HTMX)
            clock.shift(3601)
        response = client.get("/jobs/", headers=HTMX)

    assert response.status_code == 401


def test_a_session_from_before_there_was_a_limit_begins_with_its_next_request(
    client: Client,
) -> None:
    session = client.session
    del session["begun"], session["seen"]
    session.save()

    assert is_in(client)
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert not is_in(client)


def test_reading_writes_the_session_seldom(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30) as asked:
        assert is_in(client)

    assert not [q for q in asked.captured_queries if q["sql"].startswith(("UPDATE", "INSERT"))]


def test_a_session_ends_also_for_the_api(client: Client) -> None:
    assert client.get("/api/v1/jobs/").status_code == 200

    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert client.get("/api/v1/jobs/").status_code == 401


def test_the_engine_removes_sessions_that_are_over(client: Client, user: User) -> None:
    over, lasting = SessionStore(), client.cookies[SESSION].value
    over.set_expiry(-1)
    over.save()

    sweep()

    assert list(Session.objects.values_list("pk", flat=True)) == [lasting]


# ---- whose


def test_logging_in_makes_a_session_that_nobody_knew_before(anonymous: Client, user: User) -> None:
    session = anonymous.session
    session["planted"] = True
    session.save()
    anonymous.cookies[SESSION] = before = session.session_key

    log_in(anonymous)

    assert anonymous.cookies[SESSION].value != before
    stranger = Client()
    stranger.cookies[SESSION] = before
    assert not is_in(stranger)


def test_logging_out_ends_the_session_on_the_server(client: Client) -> None:
    key = client.cookies[SESSION].value

    client.post("/logout/")

    thief = Client()
    thief.cookies[SESSION] = key
    assert not is_in(thief)


def test_who_has_logged_out_is_told_so_once(client: Client) -> None:
    told = client.post("/logout/", follow=True)

    assert told.redirect_chain == [("/login/", 302)]
    assert "You are logged out." in told.text
    assert len(re.findall("autofocus", told.text)) == 1  # the name may be typed at once
    assert "You are logged out." not in client.get("/login/").text


def test_the_login_says_how_to_make_the_first_person_until_there_is_one(
    anonymous: Client, db: None
) -> None:
    before = anonymous.get("/login/").text
    User.objects.create_user("ada")
    after = anonymous.get("/login/").text

    assert "make manage ARGS=createsuperuser" in before
    assert "python manage.py createsuperuser" in before
    assert "createsuperuser" not in after


@pytest.mark.parametrize("change", ["password", "is_active"])
def test_a_session_ends_with_the_password_and_with_the_right_to_log_in(
    client: Client, user: User, change: str
) -> None:
    assert is_in(client)
    if change == "password":
        user.set_password("another sentence nobody guesses")
    else:
        user.is_active = False
    user.save()

    assert not is_in(client)
    assert client.get("/api/v1/jobs/").status_code == 401


@pytest.mark.parametrize("path", ["/logout/", "/admin/logout/"])
def test_a_link_or_a_picture_logs_nobody_out(admin_client: Client, path: str) -> None:
    assert admin_client.get(path).status_code == 405
    assert is_in(admin_client)


# ---- cookies and headers


def test_cookies_are_for_this_site_and_not_for_scripts(anonymous: Client, user: User) -> None:
    anonymous.get("/login/")
    log_in(anonymous)

    for name in (SESSION, django_settings.CSRF_COOKIE_NAME):
        cookie = anonymous.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_with_https_cookies_are_bound_to_the_host(tmp_path: Path) -> None:
    names = "settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME"
    secure = "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE"

    told = setting(f"{names}, {secure}", HTTPS, tmp_path)

    assert told == "__Host-sessionid __Host-csrftoken True True"


def test_one_proxy_is_expected_with_https_and_none_without(tmp_path: Path) -> None:
    assert setting("settings.LADING_PROXIES", HTTPS, tmp_path) == "1"
    assert setting("settings.LADING_PROXIES", {}, tmp_path) == "0"


@pytest.mark.parametrize("path", ["/login/", "/api/v1/", "/admin/login/", "/nothing/", "/healthz"])
@pytest.mark.django_db
def test_every_answer_tells_browsers_to_be_careful(anonymous: Client, path: str) -> None:
    response = anonymous.get(path)

    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_passwords_are_kept_by_argon2(tmp_path: Path) -> None:
    hashers = setting("settings.PASSWORD_HASHERS", {}, tmp_path)

    assert hashers == "['django.contrib.auth.hashers.Argon2PasswordHasher']"


# ---- CSRF


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_logging_in_needs_the_csrf_token(user: User, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)

    response = strict.post(path, {"username": "ada", "password": PASSWORD})

    assert response.status_code == 403
    assert SESSION not in strict.cookies


# ---- redirects

EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example",
    "https:///evil.example",
    "http:\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/jobs/\r\nSet-Cookie: a=b",
    "//evil.example/%2f..",
    "http://testserver@evil.example/",
    "\x08//evil.example",
    "\t//evil.example",
]


def leads_elsewhere(location: str) -> bool:
    return not location.startswith("/") or location.startswith(("//", "/\\")) or "\n" in location


@pytest.mark.parametrize("place", EVIL)
@pytest.mark.parametrize("door", ["/login/", "/admin/login/"])
def test_the_login_leads_to_no_other_site(
    anonymous: Client, admin_user: User, place: str, door: str
) -> None:
    body = {"username": "admin", "password": "password", "next": place}

    first = anonymous.post(door, body)
    again = anonymous.get(door, {"next": place})  # somebody who is signed in is sent on at once

    for response in (first, again):
        assert response.status_code == 302
        assert not leads_elsewhere(response["Location"]), response["Location"]


@pytest.mark.parametrize("place", EVIL)
def test_logging_out_leads_to_no_other_site(client: Client, place: str) -> None:
    response = client.post("/logout/", {"next": place})

    assert not leads_elsewhere(response["Location"])


@pytest.mark.parametrize("place", [*EVIL, "http://testserver//evil.example"])
@pytest.mark.django_db
def test_a_fragment_without_session_leads_to_no_other_site(anonymous: Client, place: str) -> None:
    seen = place.replace("\r\n", "").replace("\x08", "")
    response = anonymous.get("/jobs/", headers={**HTMX, "HX-Current-URL": seen})

    assert response.status_code == 401
    assert not {"HX-Redirect", "Location"} & set(response.headers)


@pytest.mark.parametrize("path", ["//evil.example/jobs", "//evil.example", "/\\evil.example"])
@pytest.mark.django_db
def test_an_odd_path_leads_to_no_other_site(anonymous: Client, path: str) -> None:
    response = anonymous.get(path)

    assert response.status_code in {301, 302, 404}
    assert not leads_elsewhere(response.headers.get("Location", "/"))


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example"])
def test_no_decision_leads_to_where_the_browser_came_from(client: Client, place: str) -> None:
    response = client.post("/members/ada/rank/", {"rank": "viewer"}, headers={"Referer": place})

    assert response.status_code == 403
