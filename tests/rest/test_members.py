"""me/ and members/: who there is, and what administrators do with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.credentials import ApiToken
from jobs.models import Member
from tests.conftest import OTHER_ACCOUNT, PASSWORD, MakeUser
from tests.rest.conftest import BrowserOf, Send

MEMBERS = "/api/v1/members/"
NEW = {"username": "bob", "password": "a long enough passphrase", "rank": "submitter"}


def test_everybody_may_ask_who_they_are(client: Client) -> None:
    assert client.get("/api/v1/me/").json() == {
        "name": "ada",
        "account": "000000000000",
        "rank": "operator",
        "superuser": False,
        "credential": None,
    }


def test_a_program_sees_which_token_it_has(anonymous: Client, user: User) -> None:
    row, token = ApiToken.issue(user)

    told = anonymous.get("/api/v1/me/", headers={"Authorization": f"Token {token}"}).json()

    assert (told["name"], told["credential"]) == ("ada", f"token {row.pk}")


def test_a_superuser_is_an_administrator(anonymous: Client, db: None) -> None:
    anonymous.force_login(User.objects.create_superuser("root"))

    told = anonymous.get("/api/v1/me/").json()

    assert (told["rank"], told["superuser"]) == ("administrator", True)
    (member,) = anonymous.get(MEMBERS).json()["results"]
    assert (member["rank"], member["superuser"]) == ("administrator", True)


def test_members_are_listed_by_name_and_those_of_others_are_not(
    client: Client, make_user: MakeUser
) -> None:
    make_user("viewer", name="zoe")
    make_user("viewer", OTHER_ACCOUNT, name="stranger")
    User.objects.create_user("bare")

    told = client.get(MEMBERS).json()["results"]

    assert [(one["name"], one["rank"]) for one in told] == [
        ("ada", "operator"),
        ("bare", "viewer"),
        ("zoe", "viewer"),
    ]
    assert client.get(f"{MEMBERS}stranger/").status_code == 404
    assert client.get(f"{MEMBERS}zoe/").json() == told[2]


@pytest.mark.parametrize("path", [MEMBERS, "/api/v1/roles/", "/api/v1/functions/"])
def test_a_cursor_that_no_name_can_be_is_refused(client: Client, path: str) -> None:
    response = client.get(f"{path}?cursor=a%00")

    assert (response.status_code, list(response.json()["fields"])) == (400, ["cursor"])


def test_an_administrator_lets_a_new_person_in(
    administrator: Client, anonymous: Client, send: Send
) -> None:
    response = send(administrator, "post", MEMBERS, NEW)

    assert response.status_code == 201
    assert response["Location"] == "http://testserver/api/v1/members/bob/"
    assert NEW["password"] not in response.text
    assert anonymous.login(username="bob", password=NEW["password"])
    assert anonymous.get("/api/v1/me/").json()["rank"] == "submitter"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "two words"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": None}, "password"),
        ({"rank": "king"}, "rank"),
        ({"is_superuser": True}, "is_superuser"),
    ],
)
def test_a_bad_member_is_refused(
    administrator: Client, send: Send, changes: dict[str, Any], field: str
) -> None:
    response = send(administrator, "post", MEMBERS, {**NEW, **changes})

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert not User.objects.filter(username__in=["bob", ""]).exists()


def test_a_name_is_taken_once_also_by_members_of_other_accounts(
    administrator: Client, send: Send, make_user: MakeUser
) -> None:
    make_user("viewer", OTHER_ACCOUNT, name="bob")

    assert send(administrator, "post", MEMBERS, NEW).status_code == 409


def test_an_administrator_changes_a_rank(
    administrator: Client, send: Send, make_user: MakeUser
) -> None:
    make_user("viewer", name="bob")

    response = send(administrator, "post", f"{MEMBERS}bob/rank/", {"rank": "operator"})

    assert (response.status_code, response.json()["rank"]) == (200, "operator")
    assert send(administrator, "post", f"{MEMBERS}bob/rank/", {"rank": "king"}).status_code == 400
    assert send(
        administrator, "post", f"{MEMBERS}nobody/rank/", {"rank": "viewer"}
    ).status_code == (404)


def test_who_is_shut_out_loses_session_and_token_until_let_in_again(
    administrator: Client, client: Client, anonymous: Client, user: User, send: Send
) -> None:
    token = {"Authorization": f"Token {ApiToken.issue(user)[1]}"}

    shut = send(administrator, "post", f"{MEMBERS}ada/shut-out/")

    assert (shut.status_code, shut.json()["active"]) == (200, False)
    assert client.get("/api/v1/me/").status_code == 401
    assert anonymous.get("/api/v1/me/", headers=token).status_code == 401
    let_in = send(administrator, "post", f"{MEMBERS}ada/let-in/")
    assert let_in.json()["active"] is True
    assert anonymous.get("/api/v1/me/", headers=token).status_code == 200
    assert anonymous.login(username="ada", password=PASSWORD)


def test_the_last_administrator_stays(administrator: Client, send: Send) -> None:
    path = f"{MEMBERS}administrator-000000000000/"

    demoted = send(administrator, "post", f"{path}rank/", {"rank": "viewer"})
    shut = send(administrator, "post", f"{path}shut-out/")

    assert (demoted.status_code, shut.status_code) == (409, 409)
    assert administrator.get(path).json()["rank"] == "administrator"


def test_a_superuser_is_given_no_rank(anonymous: Client, send: Send, db: None) -> None:
    anonymous.force_login(User.objects.create_superuser("root"))

    response = send(anonymous, "post", f"{MEMBERS}root/rank/", {"rank": "viewer"})

    assert response.status_code == 409
    assert "who is always an administrator" in response.json()["message"]
    assert not Member.objects.exists()


@pytest.mark.parametrize("verb", ["", "ada/rank/", "ada/shut-out/", "ada/let-in/"])
def test_nobody_but_administrators_changes_members(
    browser_of: BrowserOf, user: User, send: Send, verb: str
) -> None:
    body = {"": NEW, "ada/rank/": {"rank": "administrator"}}.get(verb)

    response = send(browser_of("submitter"), "post", f"{MEMBERS}{verb}", body)

    assert response.status_code == 403
    assert "takes the rank of administrator" in response.json()["message"]


@pytest.mark.parametrize("verb", ["shut-out", "let-in"])
def test_an_unknown_member_of_the_body_changes_nobody(
    administrator: Client, user: User, send: Send, verb: str
) -> None:
    response = send(administrator, "post", f"{MEMBERS}ada/{verb}/", {"reason": "gone"})

    assert response.status_code == 400
    user.refresh_from_db()
    assert user.is_active
