"""Roles and functions, made, changed and deleted in the browser."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Function, Role
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeRole, MakeUser
from tests.pages.test_ranks import browser

THUMBNAILS = {"name": "thumbnails", "url": "http://127.0.0.1:9001"}


def fields(**changes: str) -> dict[str, str]:
    return {
        "name": "cellar",
        "endpoint_url": "http://127.0.0.1:9",
        "region": "eu-west-1",
        "addressing": "path",
        "access_key_id": "AKIAONE",
        "secret_access_key": SECRET,
        "requests_per_second": "250",
        "scratch_bucket": "",
        "scratch_prefix": ".lading-probe/",
        **changes,
    }


@pytest.fixture
def administrator(make_user: MakeUser) -> User:
    return make_user("administrator", name="root")


@pytest.fixture
def client(administrator: User) -> Client:
    return browser(administrator)


# ---- roles


def test_an_administrator_makes_a_role(client: Client) -> None:
    response = client.post(reverse("role_new"), fields())

    assert response["Location"] == reverse("role", args=["cellar"])
    role = Role.objects.get()
    assert (role.account_id, role.region, role.addressing) == ("000000000000", "eu-west-1", "path")
    assert (role.secret_access_key, role.requests_per_second) == (SECRET, 250)


def test_a_role_may_be_called_new(client: Client) -> None:
    client.post(reverse("role_new"), fields(name="new"))

    assert "Change or delete" in client.get(reverse("role", args=["new"])).text


def test_a_role_keeps_its_secret_unless_a_new_one_is_given(client: Client, role: Role) -> None:
    path = reverse("role_edit", args=[role.name])

    client.post(path, fields(secret_access_key="", requests_per_second=""))
    kept = Role.objects.get()
    client.post(path, fields(secret_access_key="another"))

    assert (kept.name, kept.access_key_id, kept.secret_access_key) == ("archive", "AKIAONE", SECRET)
    assert kept.requests_per_second is None
    assert Role.objects.get().secret_access_key == "another"


def test_no_form_shows_a_secret_also_not_the_one_that_was_just_typed(
    client: Client, role: Role
) -> None:
    path = reverse("role_edit", args=[role.name])

    answers = [
        client.get(path),
        client.post(path, fields(region="us east", secret_access_key="t1")),
    ]

    for response in answers:
        for secret in (SECRET, role.sealed_secret, 'value="t1"'):
            assert secret not in response.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "a role"}, "A role's name has 1 to 64 letters"),
        ({"name": "archive"}, "There is a role archive already."),
        ({"endpoint_url": "http://me:pw@store"}, "Give http:// or https:// and a host"),
        ({"region": "us east"}, "A region has a name such as us-east-1."),
        ({"access_key_id": ""}, "This field is required."),
        ({"secret_access_key": ""}, "A new role needs a secret access key."),
        ({"requests_per_second": "0"}, "Give a whole number of requests per second"),
        ({"requests_per_second": "fast"}, "Enter a whole number."),
        ({"addressing": "dns"}, "Select a valid choice."),
        ({"scratch_bucket": "a b"}, "This is not a bucket's name."),
        ({"scratch_prefix": "/"}, "A prefix has at most 200 letters"),
    ],
)
def test_a_fault_of_a_role_is_told_at_its_field(
    client: Client, role: Role, changes: dict[str, str], told: str
) -> None:
    response = client.post(reverse("role_new"), fields(**changes))

    assert response.status_code == 422
    assert told in unescape(response.text)
    assert f"id_{next(iter(changes))}_error" in response.text
    assert Role.objects.get().access_key_id == role.access_key_id


@pytest.mark.parametrize("secret", ["", "typed"])
def test_all_faults_of_a_role_are_told_at_once(client: Client, secret: str) -> None:
    """Those of the form, and those that only the verb knows."""
    wrong = {"endpoint_url": "store", "region": "", "requests_per_second": "fast"}

    response = client.post(reverse("role_new"), fields(**wrong, secret_access_key=secret))

    errors = response.context["form"].errors
    assert set(errors) == {*wrong, "secret_access_key"}
    assert all(len(texts) == 1 for texts in errors.values())


@pytest.mark.parametrize("name", ["role_new", "role_edit"])
@pytest.mark.parametrize("wrong", [{"region": "us east"}, {"access_key_id": ""}])
def test_a_secret_that_was_typed_beside_a_fault_is_asked_for_again(
    client: Client, role: Role, name: str, wrong: dict[str, str]
) -> None:
    path = reverse(name, args=["archive"] if name == "role_edit" else [])

    text = client.post(path, fields(**wrong, secret_access_key="t1")).text

    error = text[text.index('id="id_secret_access_key_error"') :]
    assert error.split("<p>")[1].startswith("Type it again: what was typed here is never sent back")
    assert 'value="t1"' not in text


def test_a_new_role_marks_its_secret_as_required_and_a_changed_one_does_not(
    client: Client, role: Role
) -> None:
    new = client.get(reverse("role_new")).text
    changed = client.get(reverse("role_edit", args=["archive"])).text

    mark = 'Secret access key<span class="required"'
    assert (mark in new, mark in changed) == (True, False)
    assert re.search(r'<input type="password"[^>]* required', new)
    assert not re.search(r'<input type="password"[^>]* required', changed)


def test_a_speed_ceiling_says_its_unit(client: Client) -> None:
    assert "Speed ceiling, in requests per second" in client.get(reverse("role_new")).text


def test_a_role_is_deleted_unless_a_job_has_it(
    client: Client, role: Role, make_role: MakeRole, make_job: MakeJob
) -> None:
    make_job(role=role)
    make_role("idle")

    kept = client.post(reverse("role_delete", args=["archive"]), follow=True)
    gone = client.post(reverse("role_delete", args=["idle"]), follow=True)

    assert "Jobs have the role archive" in kept.text
    assert "The role idle is deleted." in gone.text
    assert list(Role.objects.all()) == [role]


# ---- functions


def test_an_administrator_says_where_a_function_is_called_and_changes_it(client: Client) -> None:
    made = client.post(reverse("function_new"), THUMBNAILS, follow=True)
    path = reverse("function_edit", args=["thumbnails"])
    form = client.get(path)
    changed = client.post(path, {"url": "http://127.0.0.1:9002"}, follow=True)

    assert "The function thumbnails is called at http://127.0.0.1:9001." in made.text
    assert 'value="http://127.0.0.1:9001"' in form.text
    assert "is called elsewhere now." in changed.text
    assert Function.objects.get().url == "http://127.0.0.1:9002"


def test_a_function_may_be_named_by_its_arn(client: Client) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:thumbnails"
    client.post(reverse("function_new"), {**THUMBNAILS, "name": arn})

    text = client.post(reverse("function_delete", args=[arn]), follow=True).text

    assert "is in the table no more." in text
    assert not Function.objects.exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "a b"}, "Give a function's name or ARN"),
        ({"name": "known"}, "There is a function known already."),
        ({"url": "ftp://functions"}, "Give http:// or https:// and a host"),
    ],
)
def test_a_fault_of_a_function_is_told_at_its_field(
    client: Client, changes: dict[str, str], told: str
) -> None:
    Function.objects.create(account_id="000000000000", name="known", url="http://127.0.0.1:1")

    response = client.post(reverse("function_new"), {**THUMBNAILS, **changes})

    assert response.status_code == 422
    assert told in unescape(response.text)
    assert Function.objects.get().url == "http://127.0.0.1:1"


# ---- everybody else


@pytest.mark.parametrize("rank", ["viewer", "submitter", "operator"])
def test_others_are_offered_none_of_it(make_user: MakeUser, role: Role, rank: str) -> None:
    Function.objects.create(account_id="000000000000", name="known", url="http://127.0.0.1:1")
    client = browser(make_user(rank))

    text = (
        client.get(reverse("role_list")).text + client.get(reverse("role", args=["archive"])).text
    )

    assert "http://127.0.0.1:1" in text
    for name, *args in (
        ("role_new",), ("function_new",), ("role_edit", "archive"), ("function_edit", "known")
    ):  # fmt: skip
        assert reverse(name, args=args) not in text


def test_what_belongs_to_another_account_is_not_there(client: Client, make_role: MakeRole) -> None:
    make_role("theirs", account_id=OTHER_ACCOUNT)
    Function.objects.create(account_id=OTHER_ACCOUNT, name="known", url="http://127.0.0.1:1")

    for name, place in (("role", "theirs"), ("function", "known")):
        assert client.get(reverse(f"{name}_edit", args=[place])).status_code == 404
        client.post(reverse(f"{name}_edit", args=[place]), fields(url="http://127.0.0.1:2"))
        client.post(reverse(f"{name}_delete", args=[place]))

    assert Role.objects.get().account_id == OTHER_ACCOUNT
    assert Function.objects.get().url == "http://127.0.0.1:1"
