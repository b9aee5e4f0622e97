"""The admin site: roles, tokens and members, the little that is changed there."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client

from jobs.models import AccessKey, ApiToken, Member, Role
from tests.conftest import (
    OTHER_ACCOUNT,
    SECRET,
    MakeJob,
    MakeRole,
)

RATE = "requests_per_second"


def path(model: type[Model], *rest: object) -> str:
    return "/".join(["/admin/jobs", model.__name__.lower(), *map(str, rest), ""])


# ---- roles


def role_form(**changes: Any) -> dict[str, Any]:
    return {
        "account_id": "000000000000",
        "name": "archive",
        "endpoint_url": "http://store:9000",
        "region": "us-east-1",
        "addressing": "auto",
        "access_key_id": "AKIAONE",
        "secret_access_key": SECRET,
        "scratch_bucket": "",
        "scratch_prefix": ".lading-probe/",
        **changes,
    }


def errors_of(response: Any) -> dict[str, list[str]]:
    """The faults of a form that was shown again."""
    assert response.status_code == 200
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    return errors


def test_a_role_is_made_here(admin_client: Client) -> None:
    response = admin_client.post(path(Role, "add"), role_form())

    assert response.status_code == 302
    role = Role.objects.get()
    assert (role.name, role.access_key_id, role.secret_access_key) == ("archive", "AKIAONE", SECRET)


def test_a_role_keeps_its_secret_unless_a_new_one_is_given(
    admin_client: Client, role: Role
) -> None:
    place = path(Role, role.pk, "change")

    admin_client.post(place, role_form(secret_access_key="", region="eu-west-1"))
    kept = Role.objects.get()
    admin_client.post(place, role_form(secret_access_key="another"))
    changed = Role.objects.get()

    assert (kept.secret_access_key, kept.region) == (SECRET, "eu-west-1")
    assert (changed.pk, changed.secret_access_key) == (role.pk, "another")


def test_a_role_has_a_ceiling_that_can_be_set_and_removed(admin_client: Client, role: Role) -> None:
    place = path(Role, role.pk, "change")

    admin_client.post(place, role_form(requests_per_second="250"))
    limited = Role.objects.get().requests_per_second
    admin_client.post(place, role_form(requests_per_second=""))

    assert limited == 250
    assert Role.objects.get().requests_per_second is None


def test_the_secret_of_a_role_is_never_shown_again(admin_client: Client, role: Role) -> None:
    shown = admin_client.get(path(Role, role.pk, "change"))
    again = admin_client.post(
        path(Role, role.pk, "change"), role_form(endpoint_url="nonsense", secret_access_key="typed")
    )
    admin_client.post(path(Role, role.pk, "change"), role_form(secret_access_key="typed"))
    history = admin_client.get(path(Role, role.pk, "history"))

    assert errors_of(again).keys() == {"endpoint_url"}
    for response in (shown, again, history):
        assert SECRET not in response.text
        assert role.sealed_secret not in response.text
        assert "typed" not in response.text


def test_a_new_role_needs_a_secret(admin_client: Client) -> None:
    response = admin_client.post(path(Role, "add"), role_form(secret_access_key=""))

    assert errors_of(response) == {"secret_access_key": ["A new role needs a secret access key."]}
    assert Role.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint_url": "http://me:pw@store"}, "endpoint_url"),
        ({"region": "us east"}, "region"),
        ({"account_id": "42"}, "account_id"),
        ({"name": "a role"}, "name"),
        ({"access_key_id": ""}, "access_key_id"),
        *(({RATE: value}, RATE) for value in ("0", "-1", "1000001", "fast", "1.5", "True")),
        ({"scratch_bucket": "a b"}, "scratch_bucket"),
        ({"scratch_prefix": "/"}, "scratch_prefix"),
    ],
)
def test_a_bad_value_of_a_role_is_told_at_its_field(
    admin_client: Client, change: dict[str, str], field: str
) -> None:
    response = admin_client.post(path(Role, "add"), role_form(**change))

    assert errors_of(response).keys() == {field}
    assert Role.objects.count() == 0


def test_a_second_role_of_the_same_name_is_refused(admin_client: Client, role: Role) -> None:
    response = admin_client.post(path(Role, "add"), role_form(access_key_id="AKIAOTHER"))

    assert "__all__" in errors_of(response)
    assert Role.objects.get().access_key_id == role.access_key_id


def test_a_role_keeps_its_account_and_name(admin_client: Client, role: Role) -> None:
    admin_client.post(
        path(Role, role.pk, "change"), role_form(name="other", account_id=OTHER_ACCOUNT)
    )

    role.refresh_from_db()
    assert (role.name, role.account_id) == ("archive", "000000000000")


def test_a_role_that_a_job_needs_cannot_be_deleted(
    admin_client: Client, role: Role, make_role: MakeRole, make_job: MakeJob
) -> None:
    idle = make_role("idle")
    make_job(role=role)

    for each in (role, idle):
        admin_client.post(path(Role, each.pk, "delete"), {"post": "yes"})

    assert list(Role.objects.all()) == [role]


# ---- tokens and members


@pytest.mark.parametrize("kind", [ApiToken, AccessKey])
def test_tokens_and_keys_are_revoked_here_and_never_shown(
    admin_client: Client, user: User, kind: type[ApiToken | AccessKey]
) -> None:
    row, secret = kind.issue(user)

    shown = admin_client.get(path(kind, row.pk, "change")).text
    admin_client.post(path(kind), {"action": "revoke", "_selected_action": [str(row.pk)]})

    assert secret not in shown
    assert getattr(row, "digest", "none") not in shown
    assert not kind.usable().exists()
    assert kind._default_manager.get().revoked_at


def test_a_user_is_put_into_another_account_here(admin_client: Client) -> None:
    user = User.objects.create_user("new")
    body = {"user": user.pk, "account_id": OTHER_ACCOUNT, "rank": "submitter"}

    response = admin_client.post(path(Member, "add"), body)

    assert response.status_code == 302
    assert (user.member.account_id, user.member.rank) == (OTHER_ACCOUNT, "submitter")


def test_a_superuser_is_given_no_lower_rank_here(admin_client: Client, admin_user: User) -> None:
    body = {"user": admin_user.pk, "account_id": OTHER_ACCOUNT, "rank": "viewer"}

    refused = admin_client.post(path(Member, "add"), body)
    admin_client.post(path(Member, "add"), {**body, "rank": "administrator"})

    assert refused.status_code == 409
    assert "a superuser, who is always an administrator" in refused.text
    assert Member.objects.get().account_id == OTHER_ACCOUNT
