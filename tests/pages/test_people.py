"""The page of members, and one's own password."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.members import rank_of
from jobs.models import Member
from tests.conftest import OTHER_ACCOUNT, PASSWORD, MakeUser
from tests.pages.test_ranks import browser

NEW = {"username": "mary", "password": "a sentence nobody guesses", "rank": "submitter"}


@pytest.fixture
def administrator(make_user: MakeUser) -> User:
    return make_user("administrator", name="root")


@pytest.mark.parametrize("rank", ["viewer", "submitter", "operator"])
def test_others_read_who_is_a_member_and_are_offered_nothing(
    make_user: MakeUser, user: User, other_user: User, rank: str
) -> None:
    text = browser(make_user(rank)).get(reverse("member_list")).text

    assert "ada" in text
    assert "grace" not in text
    assert f'action="{reverse("member_rank", args=["ada"])}"' not in text
    assert reverse("member_new") not in text


def test_an_administrator_adds_a_member_who_can_log_in(
    administrator: User, anonymous: Client
) -> None:
    response = browser(administrator).post(reverse("member_new"), NEW, follow=True)

    assert "mary is a member now." in response.text
    member = Member.objects.get(user__username="mary")
    assert (member.account_id, member.rank) == ("000000000000", "submitter")
    answer = anonymous.post("/login/", {"username": "mary", "password": NEW["password"]})
    assert answer["Location"] == "/jobs/"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"username": "a b"}, "Enter a valid username."),
        ({"username": ""}, "This field is required."),
        ({"username": "ada"}, "The name 'ada' is taken; choose another."),
        ({"username": "grace"}, "The name 'grace' is taken; choose another."),
        ({"password": "short"}, "This password is too short."),
        ({"password": "1q2w3e4r5t6y"}, "This password is too common."),
        ({"username": "maryqueenofscots", "password": "maryqueenofscots"}, "too similar"),
        ({"rank": "king"}, "Select a valid choice."),
    ],
)
def test_a_fault_of_a_new_member_is_told_and_nobody_is_added(
    administrator: User, user: User, other_user: User, changes: dict[str, str], told: str
) -> None:
    response = browser(administrator).post(reverse("member_new"), {**NEW, **changes})

    assert response.status_code == 422
    assert told in unescape(response.text)
    assert NEW["password"] not in response.text
    assert User.objects.count() == 3


def test_a_password_that_was_typed_beside_a_fault_is_asked_for_again(administrator: User) -> None:
    text = browser(administrator).post(reverse("member_new"), {**NEW, "username": "a b"}).text

    error = text[text.index('id="id_password_error"') :]
    assert error.split("<p>")[1].startswith("Type it again: ")


def test_an_administrator_changes_a_rank(administrator: User, user: User) -> None:
    path = reverse("member_rank", args=["ada"])

    response = browser(administrator).post(path, {"rank": "viewer"}, follow=True)

    assert "ada is viewer now." in response.text
    assert rank_of(User.objects.get(pk=user.pk)) == "viewer"


def test_a_rank_that_is_none_is_told(administrator: User, user: User) -> None:
    path = reverse("member_rank", args=["ada"])

    text = browser(administrator).post(path, {"rank": "king"}, follow=True).text

    assert "Give one of viewer, submitter, operator, administrator." in text


@pytest.mark.parametrize("name", ["member_shut_out", "member_rank"])
def test_the_last_administrator_stays_one(administrator: User, name: str) -> None:
    client = browser(administrator)

    text = client.post(reverse(name, args=["root"]), {"rank": "viewer"}, follow=True).text

    assert "The account needs an administrator; make somebody else one first." in text
    administrator.refresh_from_db()
    assert rank_of(administrator) == "administrator"


def test_a_member_is_shut_out_at_once_and_let_in_again(administrator: User, user: User) -> None:
    theirs, ours = browser(user), browser(administrator)
    assert theirs.get("/jobs/").status_code == 200

    text = ours.post(reverse("member_shut_out", args=["ada"]), follow=True).text
    shut_out = theirs.get("/jobs/").status_code
    ours.post(reverse("member_let_in", args=["ada"]))

    assert "ada is shut out." in text
    assert "Let in again" in text
    assert "Operator" in text  # the rank they come back to
    assert shut_out == 302
    user.refresh_from_db()
    assert user.is_active


@pytest.mark.parametrize("name", ["member_rank", "member_shut_out", "member_let_in"])
def test_a_superuser_answers_to_superusers_alone(
    administrator: User, admin_user: User, name: str
) -> None:
    path = reverse(name, args=[admin_user.username])

    text = browser(administrator).get(reverse("member_list")).text
    response = browser(administrator).post(path, {"rank": "viewer"})

    assert f'action="{path}"' not in text
    assert response.status_code == 403
    assert "is a superuser; only another superuser may do that." in response.text


def test_a_superuser_is_given_no_rank_and_the_page_says_why(admin_user: User) -> None:
    client, path = browser(admin_user), reverse("member_rank", args=["admin"])

    text = client.get(reverse("member_list")).text
    told = client.post(path, {"rank": "viewer"}, follow=True).text

    assert f'action="{path}"' not in text
    assert "A superuser is always an administrator." in text
    assert "admin is a superuser, who is always an administrator; a rank would" in told
    assert "admin is viewer now." not in told
    assert not Member.objects.filter(user=admin_user).exists()


def test_a_superuser_who_was_shut_out_is_shown_with_the_rank_they_come_back_to(
    admin_user: User, administrator: User
) -> None:
    User.objects.filter(pk=admin_user.pk).update(is_active=False)

    text = browser(administrator).get(reverse("member_list")).text

    assert 'Administrator <span class="quiet">superuser</span>' in text


@pytest.mark.parametrize("name", ["member_rank", "member_shut_out", "member_let_in"])
def test_a_member_of_another_account_is_not_there(
    administrator: User, other_user: User, name: str
) -> None:
    path = reverse(name, args=["grace"])

    assert browser(administrator).post(path, {"rank": "viewer"}).status_code == 404
    other_user.refresh_from_db()
    assert (other_user.is_active, rank_of(other_user)) == (True, "operator")
    assert Member.objects.get(user=other_user).account_id == OTHER_ACCOUNT


# ---- one's own password

CHANGED = "another sentence nobody guesses"


def test_a_new_password_ends_every_other_session_of_its_owner(user: User) -> None:
    here, elsewhere = browser(user), browser(user)
    values = {"old_password": PASSWORD, "new_password1": CHANGED, "new_password2": CHANGED}

    response = here.post(reverse("password"), values, follow=True)

    assert "Your password is changed." in response.text
    assert here.get("/jobs/").status_code == 200
    assert elsewhere.get("/jobs/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(CHANGED)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"old_password": "guess"}, "Your old password was entered incorrectly."),
        ({"new_password1": "short", "new_password2": "short"}, "This password is too short."),
        ({"new_password2": "something else"}, "fields didn’t match"),
    ],
)
def test_a_password_that_cannot_be_is_told(
    client: Client, user: User, changes: dict[str, str], told: str
) -> None:
    values = {"old_password": PASSWORD, "new_password1": CHANGED, "new_password2": CHANGED}

    response = client.post(reverse("password"), {**values, **changes})

    assert response.status_code == 422
    assert told in unescape(response.text)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_old_password_cannot_be_guessed_at_in_somebody_elses_browser(
    client: Client, user: User
) -> None:
    values = {"new_password1": CHANGED, "new_password2": CHANGED}

    for _ in range(5):
        client.post(reverse("password"), {**values, "old_password": "guess"})
    refused = client.post(reverse("password"), {**values, "old_password": PASSWORD})

    assert refused.status_code == 422
    assert "That was too often. Try again after" in refused.text
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert Client().post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
