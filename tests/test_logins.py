"""Logging in is throttled: what counts, for whom, and how it ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from jobs import logins
from jobs.logins import Login
from jobs.pages.login import address_of
from tests.conftest import PASSWORD

HERE, THERE = "192.0.2.7", "198.51.100.9"
DOORS = ("/login/", "/admin/login/")


def attempt(
    name: str = "ada", password: str = "guess", address: str = HERE, door: str = "/login/"
) -> Any:
    body = {"username": name, "password": password}
    return Client().post(door, body, REMOTE_ADDR=address)


def was_refused(response: Any) -> bool:
    return "That was too often." in response.text


@pytest.mark.parametrize("door", DOORS)
def test_after_five_wrong_passwords_also_the_right_one_is_refused_for_a_while(
    admin_user: User, door: str
) -> None:
    told = [was_refused(attempt("admin", door=door)) for _ in range(5)]

    refused = attempt("admin", "password", door=door)

    assert told == [False] * 5
    assert was_refused(refused)
    assert "_auth_user_id" not in refused.client.session
    with time_machine.travel(timezone.now() + logins.WINDOW + timedelta(seconds=1)):
        assert attempt("admin", "password", door=door).status_code == 302


def test_the_answer_says_when_to_try_again(user: User) -> None:
    with time_machine.travel("2026-12-01T10:00:00Z", tick=False):
        for _ in range(5):
            attempt()
        refused = attempt()

    assert refused.status_code == 429
    assert "Try again after 10:15 UTC." in refused.text
    assert refused["Retry-After"] == "901"


def test_the_doors_count_together(user: User) -> None:
    for door in (*DOORS, *DOORS, DOORS[0]):
        attempt(door=door)

    assert all(was_refused(attempt(password=PASSWORD, door=door)) for door in DOORS)


def test_who_guesses_from_elsewhere_locks_nobody_out(user: User) -> None:
    for _ in range(6):
        attempt(address=THERE)

    assert was_refused(attempt(address=THERE))
    assert attempt(password=PASSWORD, address=HERE).status_code == 302


def test_another_name_at_the_same_address_is_let_in(user: User, other_user: User) -> None:
    for _ in range(6):
        attempt("ada")

    assert attempt("grace", PASSWORD).status_code == 302


@pytest.mark.parametrize("name", ["ADA", "ａｄａ", " ada "])
def test_another_way_of_writing_a_name_counts_as_the_same(user: User, name: str) -> None:
    for _ in range(5):
        attempt(name)

    assert was_refused(attempt(password=PASSWORD))


def test_a_success_forgets_what_was_tried_before_it(user: User) -> None:
    for _ in range(3):
        for _ in range(4):
            attempt()
        assert attempt(password=PASSWORD).status_code == 302


def test_an_address_is_refused_after_fifty_of_any_names(user: User) -> None:
    for number in range(50):
        logins.begin(f"name-{number}", THERE)

    assert was_refused(attempt(password=PASSWORD, address=THERE))
    assert attempt(password=PASSWORD, address=HERE).status_code == 302


def test_a_name_is_refused_after_a_hundred_from_any_addresses(user: User) -> None:
    for number in range(100):
        logins.begin("ada", f"198.51.100.{number}")

    assert was_refused(attempt(password=PASSWORD))


def test_where_somebody_logged_in_within_a_month_others_cannot_lock_them_out(user: User) -> None:
    attempt(password=PASSWORD)
    for number in range(100):
        logins.begin("ada", f"198.51.100.{number}")
        logins.begin(f"name-{number}", HERE)

    assert attempt(password=PASSWORD).status_code == 302
    assert was_refused(attempt(password=PASSWORD, address=THERE))


def test_refusals_do_not_prolong_the_wait(user: User) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for _ in range(5):
            attempt()
        for _ in range(14):
            clock.shift(60)
            assert was_refused(attempt(password=PASSWORD))
        clock.shift(61)
        assert attempt(password=PASSWORD).status_code == 302


def test_a_name_that_nobody_has_is_answered_like_one_that_somebody_has(user: User) -> None:
    known, unknown = ([attempt(name).text for _ in range(6)] for name in ("ada", "nobody"))

    for one, other in zip(known, unknown, strict=True):
        assert errors_in(one) == errors_in(other) != ""


def errors_in(text: str) -> str:
    return text.partition('role="alert"')[2].partition("</div>")[0]


@pytest.mark.parametrize("name", ["ada", "nobody", "left", "without"])
def test_a_password_is_hashed_whoever_is_named(
    user: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Else the time that an answer takes would tell who has an account."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    User.objects.create_user("left", password=PASSWORD, is_active=False)
    User.objects.create_user("without").set_unusable_password()
    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)

    attempt(name)

    assert len(hashed) == 1


def test_what_is_typed_as_a_name_is_not_kept(user: User) -> None:
    attempt(PASSWORD, "")
    attempt(PASSWORD, "x")

    assert PASSWORD not in str(list(Login.objects.values()))


def test_rows_that_say_nothing_any_more_are_removed(user: User) -> None:
    attempt("nobody", address=THERE)
    attempt(password=PASSWORD)

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        attempt("somebody", address=THERE)
    names = {logins.digest_of(name) for name in ("ada", "somebody")}

    assert set(Login.objects.values_list("who", flat=True)) == names


def test_an_attempt_is_counted_before_its_password_is_looked_at(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def look(*_: Any, **__: Any) -> None:
        counted.append(Login.objects.get().attempts)

    monkeypatch.setattr(ModelBackend, "authenticate", look)
    for _ in range(6):
        attempt()

    assert counted == [1, 2, 3, 4, 5]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time as it is")
@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_counted_as_many(user: User) -> None:
    def guess(_: int) -> bool:
        try:
            return logins.begin("ada", HERE) is None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        looked_at = sum(threads.map(guess, range(24)))

    assert looked_at == 5


# ---- ending it by hand


@pytest.mark.parametrize(
    ("arguments", "freed"),
    [
        ([], {"ada", "grace"}),
        (["ada"], {"ada"}),
        (["nobody"], set()),
        (["--address", HERE], {"ada", "grace"}),
        (["ada", "--address", THERE], set()),
    ],
)
def test_an_administrator_of_the_machine_ends_the_wait(
    user: User, other_user: User, arguments: list[str], freed: set[str]
) -> None:
    for name in ("ada", "grace"):
        for _ in range(5):
            attempt(name)

    told = call_command("unlock", *arguments)

    assert told.startswith(f"Attempts of {len(freed)} name")
    let_in = {n for n in ("ada", "grace") if attempt(n, PASSWORD).status_code == 302}
    assert let_in == freed


# ---- which address counts


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        (0, "192.0.2.7", "", "192.0.2.7"),
        (0, "192.0.2.7", "203.0.113.5", "192.0.2.7"),
        (1, "10.0.0.1", "203.0.113.5", "203.0.113.5"),
        (1, "10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"),
        (1, "10.0.0.1", "1.1.1.1,2.2.2.2,203.0.113.5", "203.0.113.5"),
        (2, "10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "10.0.0.1", "203.0.113.5", "203.0.113.5"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "unknown", "10.0.0.1"),
        (1, "10.0.0.1", "203.0.113.5:4711", "10.0.0.1"),
        (1, "", "203.0.113.5", "203.0.113.5"),
        (0, "", "", "unknown"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.7", "", "192.0.2.7"),
    ],
)
def test_the_address_is_what_our_own_outermost_proxy_saw(
    settings: Any, proxies: int, peer: str, forwarded: str, address: str
) -> None:
    settings.LADING_PROXIES = proxies
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}

    assert address_of(request) == address


def test_a_stranger_gets_no_further_attempts_by_inventing_addresses(user: User) -> None:
    for number in range(6):
        last = Client().post(
            "/login/",
            {"username": "ada", "password": "guess"},
            REMOTE_ADDR=HERE,
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )

    assert was_refused(last)
