"""tokens/ and access-keys/: what programs show in place of a password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from jobs.credentials import AccessKey, ApiToken
from tests.conftest import OTHER_ACCOUNT, MakeUser
from tests.rest.conftest import Post, Send

TOKENS, KEYS = "/api/v1/tokens/", "/api/v1/access-keys/"
SECRET_OF = {TOKENS: "token", KEYS: "secret_access_key"}
BOTH = pytest.mark.parametrize("path", [TOKENS, KEYS])


@BOTH
def test_a_secret_is_shown_once_and_nobody_on_the_way_may_keep_it(
    client: Client, post: Post, path: str
) -> None:
    made = post(path, {"label": "nightly", "expires_at": "2099-01-01T00:00:00Z"})

    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    told = made.json()
    secret = told.pop(SECRET_OF[path])
    assert (told["user"], told["label"], told["state"]) == ("ada", "nightly", "usable")
    assert (told["expires_at"], told["last_used_at"]) == ("2099-01-01T00:00:00Z", None)
    listed = client.get(path)
    assert listed.json()["results"] == [told]
    assert secret not in listed.text


def test_a_token_that_was_made_opens_the_api(anonymous: Client, post: Post) -> None:
    token = post(TOKENS).json()["token"]

    answer = anonymous.get("/api/v1/me/", headers={"Authorization": f"Token {token}"})

    assert answer.json()["name"] == "ada"


def test_an_access_key_that_was_made_is_the_one_that_verifies(post: Post) -> None:
    told = post(KEYS).json()

    kept = AccessKey.objects.get(access_key_id=told["access_key_id"])
    assert kept.secret_access_key == told["secret_access_key"]


@BOTH
def test_a_revoked_one_stays_listed_and_ends_at_once(
    client: Client, anonymous: Client, post: Post, path: str
) -> None:
    made = post(path).json()

    first, again = post(made["revoke_url"]), post(made["revoke_url"])

    assert (first.status_code, again.status_code) == (200, 200)
    (listed,) = client.get(path).json()["results"]
    assert listed["state"] == "revoked"
    assert listed["revoked_at"] == first.json()["revoked_at"] == again.json()["revoked_at"]
    if path == TOKENS:
        headers = {"Authorization": f"Token {made['token']}"}
        assert anonymous.get("/api/v1/me/", headers=headers).status_code == 401


@BOTH
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"label": "x" * 65}, "label"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"user": 7}, "user"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_a_bad_request_makes_none(post: Post, path: str, given: dict[str, Any], field: str) -> None:
    response = post(path, given)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert not ApiToken.objects.exists()
    assert not AccessKey.objects.exists()


@BOTH
def test_nobody_makes_one_for_others_but_administrators(
    administrator: Client, post: Post, send: Send, make_user: MakeUser, path: str
) -> None:
    make_user("viewer", name="bob")

    refused = post(path, {"user": "bob"})
    made = send(administrator, "post", path, {"user": "bob"})
    unknown = send(administrator, "post", path, {"user": "nobody"})

    assert (refused.status_code, unknown.status_code) == (403, 404)
    assert (made.status_code, made.json()["user"]) == (201, "bob")


@BOTH
def test_those_of_one_moment_are_listed_newest_first_page_by_page(
    client: Client, user: User, path: str
) -> None:
    kind = ApiToken if path == TOKENS else AccessKey
    for label in ("first", "second", "third"):
        kind.issue(user, label=label)
    kind.objects.update(created_at="2026-01-01T00:00:00Z")

    page = client.get(f"{path}?limit=2").json()
    rest = client.get(page["next"]).json()

    labels = [[row["label"] for row in part["results"]] for part in (page, rest)]
    assert labels == [["third", "second"], ["first"]]


@BOTH
def test_people_see_and_end_their_own_and_administrators_all_of_the_account(
    client: Client, administrator: Client, user: User, send: Send, make_user: MakeUser, path: str
) -> None:
    kind = ApiToken if path == TOKENS else AccessKey
    theirs = kind.issue(make_user("viewer", name="bob"))[0]
    strangers = kind.issue(make_user("viewer", OTHER_ACCOUNT, name="eve"))[0]
    mine = kind.issue(user)[0]

    def name(row: Any) -> str:
        return str(row.pk) if path == TOKENS else row.access_key_id

    def seen(browser: Client) -> list[str]:
        return [one["user"] for one in browser.get(path).json()["results"]]

    assert (seen(client), seen(administrator)) == (["ada"], ["ada", "bob"])
    assert send(client, "post", f"{path}{name(theirs)}/revoke/").status_code == 404
    assert send(administrator, "post", f"{path}{name(strangers)}/revoke/").status_code == 404
    assert send(administrator, "post", f"{path}{name(theirs)}/revoke/").status_code == 200
    assert send(client, "post", f"{path}{name(mine)}/revoke/").status_code == 200


@BOTH
def test_what_is_made_with_a_token_does_not_outlive_it(
    anonymous: Client, user: User, send: Send, path: str
) -> None:
    end = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    token = {"Authorization": f"Token {ApiToken.issue(user, expires_at=end)[1]}"}

    def make(**given: str) -> Any:
        return send(anonymous, "post", path, given, **token)

    unsaid = make()
    sooner = make(expires_at=(end - timedelta(minutes=30)).isoformat())
    later = make(expires_at=(end + timedelta(days=1)).isoformat())

    assert datetime.fromisoformat(unsaid.json()["expires_at"]) == end
    assert sooner.status_code == 201
    assert (later.status_code, list(later.json()["fields"])) == (400, ["expires_at"])
