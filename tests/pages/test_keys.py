"""The page of tokens and access keys."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from jobs.models import AccessKey, ApiToken
from tests.conftest import OTHER_ACCOUNT, MakeUser
from tests.pages.conftest import OpenPage
from tests.pages.test_ranks import browser

KINDS = {"token": ApiToken, "access_key": AccessKey}
EACH = pytest.mark.parametrize("kind", KINDS)


def make(client: Client, kind: str, **changes: str) -> Any:
    return client.post(reverse("key_new"), {"kind": kind, "label": "", "expires": "", **changes})


def secret_in(text: str) -> str:
    found = re.search(r'<code id="secret">([^<]+)</code>', text)
    assert found
    return unescape(found[1])


def issue(user: User, kind: str, label: str = "") -> ApiToken | AccessKey:
    made: ApiToken | AccessKey = KINDS[kind].issue(user, label=label)[0]
    return made


def revoke_path(row: ApiToken | AccessKey) -> str:
    if isinstance(row, ApiToken):
        return reverse("token_revoke", args=[row.pk])
    return reverse("access_key_revoke", args=[row.access_key_id])


# ---- making


def test_a_form_that_is_sent_again_makes_no_other_key(client: Client) -> None:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(reverse("key_new")).text)
    assert token
    first = make(client, "access_key", form_token=token[1])

    again = make(client, "access_key", form_token=token[1])

    assert secret_in(first.text)
    assert again.status_code == 302
    (told,) = get_messages(again.wsgi_request)
    assert "has made a key already" in str(told)
    assert AccessKey.objects.count() == 1
    assert make(client, "access_key", form_token="another").status_code == 200
    beside = Client()  # whose session knows of neither, as that of a second click
    beside.force_login(User.objects.get())
    assert make(beside, "access_key", form_token="another").status_code == 302
    assert AccessKey.objects.count() == 2


@EACH
def test_everybody_makes_one_of_their_own_and_sees_its_secret_once(
    make_user: MakeUser, kind: str
) -> None:
    viewer = make_user("viewer")
    client = browser(viewer)

    response = make(client, kind, label="laptop", expires="2999-01-31")
    secret = secret_in(response.text)

    row = KINDS[kind]._default_manager.get()
    assert (row.user, row.label, f"{row.expires_at:%Y-%m-%d %H:%M}") == (
        viewer,
        "laptop",
        "2999-01-31 00:00",
    )
    if kind == "token":
        assert row.digest == ApiToken.digest_of(secret)
    else:
        assert row.secret_access_key == secret
        assert row.access_key_id in response.text
    assert secret not in client.get(reverse("key_list")).text


def test_a_key_without_a_label_is_called_by_its_id(client: Client, user: User) -> None:
    key, token = (issue(user, kind) for kind in ("access_key", "token"))
    labelled = issue(user, "access_key", "laptop")

    page = client.get(reverse("key_list")).text

    assert isinstance(key, AccessKey)
    assert isinstance(labelled, AccessKey)
    assert re.findall(r"<strong>(.*?)</strong>", page)[-3:] == [
        "laptop",
        f"Key {key.access_key_id}",
        f"Token {token.pk}",
    ]
    assert page.count(f"Token {token.pk}<") == 2, "its title, and what revokes it"
    assert f"<code>{labelled.access_key_id}</code>" in page


@EACH
def test_the_secret_is_kept_in_no_cache_session_message_or_address(
    client: Client, kind: str
) -> None:
    response = make(client, kind)
    secret = secret_in(response.text)

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "Location" not in response
    assert not list(get_messages(response.wsgi_request))
    assert secret not in str([row.get_decoded() for row in Session.objects.all()])
    assert secret not in str(client.cookies)


def test_the_page_says_how_each_is_used(client: Client) -> None:
    key, token = (unescape(make(client, kind).text) for kind in ("access_key", "token"))

    assert '"s3control", endpoint_url="http://testserver", region_name="snow"' in key
    assert 'client.list_jobs(AccountId="000000000000")' in key
    assert f'-H "Authorization: Token {secret_in(token)}"' in token


@EACH
def test_what_is_shown_once_is_copied_by_a_button_each(client: Client, kind: str) -> None:
    text = make(client, kind).text

    offered = re.findall(r'data-copy="([^"]+)"', text)
    assert (
        offered
        == {
            "access_key": ["access-key-id", "secret", "for-boto3", "for-aws-cli", "for-curl"],
            "token": ["secret", "for-curl", "for-python"],
        }[kind]
    )
    for target in offered:
        assert text.count(f'<code id="{target}">') == 1


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_button_copies_the_secret_alone(open_page: OpenPage) -> None:
    with open_page("/keys/new/", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Make it").click()
        page.get_by_role("button", name="Copy the secret access key").click()
        page.get_by_text("Copied", exact=True).first.wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        secret = page.locator("#secret").text_content()

    assert copied == secret == AccessKey.objects.get().secret_access_key


@EACH
def test_an_administrator_makes_one_for_another_member(
    make_user: MakeUser, kind: str, user: User
) -> None:
    response = make(browser(make_user("administrator")), kind, user="ada")

    assert "of ada" in response.text
    assert KINDS[kind]._default_manager.get().user == user


@EACH
@pytest.mark.parametrize("rank", ["viewer", "submitter", "operator"])
def test_whoever_is_none_makes_only_their_own_whatever_they_send(
    make_user: MakeUser, user: User, kind: str, rank: str
) -> None:
    maker = make_user(rank)

    assert 'name="user"' not in browser(maker).get(reverse("key_new")).text
    make(browser(maker), kind, user="ada")

    assert KINDS[kind]._default_manager.get().user == maker


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "password"}, "Select a valid choice"),
        ({"label": "x" * 65}, "at most 64 characters"),
        ({"expires": "2020-01-01"}, "Give a time to come"),
        ({"expires": "soon"}, "Enter a valid date."),
        ({"user": "grace"}, "There is no active member grace."),
        ({"user": "nobody"}, "There is no active member nobody."),
    ],
)
def test_a_fault_is_told_at_its_field_and_nothing_is_made(
    make_user: MakeUser, other_user: User, changes: dict[str, str], told: str
) -> None:
    client = browser(make_user("administrator", name="root"))

    response = make(client, **{"kind": "token", "user": "root", **changes})

    assert response.status_code == 422
    assert told in unescape(response.text)
    assert not ApiToken.objects.exists()
    assert not AccessKey.objects.exists()


# ---- the list


def test_everybody_sees_their_own_and_an_administrator_those_of_all_members(
    make_user: MakeUser, user: User, other_user: User
) -> None:
    administrator = make_user("administrator")
    for owner in (user, administrator, other_user):
        for kind in KINDS:
            issue(owner, kind, f"{kind} of {owner}")

    own, all_members = (
        browser(each).get(reverse("key_list")).text for each in (user, administrator)
    )

    for kind in KINDS:
        assert f"{kind} of ada" in own
        assert f"{kind} of {administrator}" not in own
        assert f"{kind} of ada" in all_members
        assert f"{kind} of {administrator}" in all_members
        assert "of grace" not in own + all_members


def test_the_list_tells_the_state_of_each(client: Client, user: User) -> None:
    used, revoked = issue(user, "token", "used"), issue(user, "access_key", "revoked")
    used.used()
    client.post(revoke_path(revoked))
    ApiToken.issue(user, label="old", expires_at=user.date_joined)

    text = client.get(reverse("key_list")).text

    assert [state in text for state in ("Usable", "Revoked", "Expired")] == [True] * 3
    assert text.count("Revoke it now") == 2  # nothing is left to revoke of the revoked one
    assert "UTC</time>" in text


def test_without_any_the_page_says_what_they_are_for(client: Client) -> None:
    assert "No keys yet" in client.get(reverse("key_list")).text


# ---- revoking


@EACH
def test_ones_own_is_revoked_and_opens_nothing_any_more(
    client: Client, user: User, kind: str
) -> None:
    row = issue(user, kind)

    response = client.post(revoke_path(row), follow=True)

    assert "is revoked." in response.text
    assert not KINDS[kind].usable().exists()


@EACH
def test_an_administrator_revokes_those_of_members_also_of_one_who_was_shut_out(
    make_user: MakeUser, user: User, kind: str
) -> None:
    row = issue(user, kind)
    User.objects.filter(pk=user.pk).update(is_active=False)

    browser(make_user("administrator")).post(revoke_path(row))

    row.refresh_from_db()
    assert row.revoked_at


@EACH
@pytest.mark.parametrize(
    ("rank", "account"), [("operator", "000000000000"), ("administrator", OTHER_ACCOUNT)]
)
def test_that_of_somebody_else_is_not_there(
    make_user: MakeUser, user: User, kind: str, rank: str, account: str
) -> None:
    row = issue(user, kind)

    response = browser(make_user(rank, account)).post(revoke_path(row))

    row.refresh_from_db()
    assert (response.status_code, row.revoked_at) == (404, None)
