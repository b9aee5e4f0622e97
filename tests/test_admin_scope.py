"""The admin site for staff who are no superusers: their own account, and the ranks of the verbs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client

from jobs.admin_scope import ACCOUNT_OF
from jobs.models import AccessKey, ApiToken, Function, Job, Login, Member, Node, Role, Waiver
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeUser
from tests.pages.test_ranks import browser
from tests.test_admin import EACH, MODELS, path, rows
from tests.test_admin_roles import role_form

__all__ = ["rows"]

RANKS = ("viewer", "submitter", "operator", "administrator")


@pytest.fixture
def staff(make_user: MakeUser) -> Any:
    """A browser of staff with every permission of Django's: staff("operator", OTHER_ACCOUNT)."""

    def make(rank: str, account_id: str = OTHER_ACCOUNT) -> Client:
        user = make_user(rank, account_id, name=f"staff-{rank}-{account_id}")
        user.is_staff = True
        user.save()
        user.user_permissions.set(Permission.objects.all())
        return browser(user)

    return make


def test_every_kind_of_row_says_whose_it_is() -> None:
    assert set(MODELS) - set(ACCOUNT_OF) == {Node, ApiToken, AccessKey, Login}


@EACH
def test_a_row_of_another_account_is_neither_listed_nor_opened(
    staff: Any, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    if model is Node:
        return  # engines serve all accounts
    client, row = staff("administrator"), rows[model]

    listed, opened = client.get(path(model)), client.get(path(model, row.pk, "change"))

    if model is Login:
        assert (listed.status_code, opened.status_code) == (403, 403)
        return
    assert listed.status_code == 200
    assert f"/{row.pk}/change/" not in listed.text
    assert opened.status_code == 302  # "… doesn't exist. Perhaps it was deleted?"


@EACH
def test_a_row_of_another_account_is_not_deleted_nor_its_history_shown(
    staff: Any, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    client, row = staff("administrator"), rows[model]
    before = set(model._default_manager.values_list("pk", flat=True))

    client.post(path(model, row.pk, "delete"), {"post": "yes"})
    body = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    client.post(path(model), body)

    assert before <= set(model._default_manager.values_list("pk", flat=True))
    if model not in {Node, Login}:
        assert client.get(path(model, row.pk, "history")).status_code == 302


@EACH
def test_rows_of_ones_own_account_are_shown(
    staff: Any, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    client = staff("administrator", "000000000000")

    expected = 403 if model is Login else 200  # logins are of no account
    assert client.get(path(model, rows[model].pk, "change")).status_code == expected


@pytest.mark.parametrize("action", ["confirm", "pause", "resume", "cancel"])
def test_no_decision_reaches_a_job_of_another_account(
    staff: Any, make_job: MakeJob, action: str
) -> None:
    job = make_job(status="Suspended")
    before = Job.objects.filter(pk=job.pk).values().get()

    staff("administrator").post(path(Job), {"action": action, "_selected_action": [str(job.pk)]})

    assert Job.objects.filter(pk=job.pk).values().get() == before


@pytest.mark.parametrize("rank", ["viewer", "submitter"])
@pytest.mark.parametrize("action", ["confirm", "pause", "cancel"])
def test_a_decision_takes_its_rank_here_too(
    staff: Any, make_job: MakeJob, rank: str, action: str
) -> None:
    job, client = make_job(status="Suspended"), staff(rank, "000000000000")

    response = client.post(path(Job), {"action": action, "_selected_action": [str(job.pk)]})

    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert f"takes the rank of operator; yours is {rank}." in told[0]
    job.refresh_from_db()
    assert (job.status, job.held_by) == ("Suspended", "")


@pytest.mark.parametrize("rank", ["viewer", "submitter", "operator"])
def test_setting_up_takes_an_administrator(
    staff: Any, rows: dict[type[Model], Model], rank: str
) -> None:
    client = staff(rank, "000000000000")

    for model, form in (
        (Role, role_form(name="more")),
        (Function, {"name": "more", "url": "http://more:1"}),
    ):
        row, count = rows[model], model._default_manager.count()
        answers = [
            client.post(path(model, "add"), form),
            client.post(path(model, row.pk, "change"), form),
            client.post(path(model, row.pk, "delete"), {"post": "yes"}),
        ]
        assert [answer.status_code for answer in answers] == [403] * 3, model
        assert model._default_manager.count() == count


def test_an_administrator_sets_up_only_their_own_account(staff: Any) -> None:
    client = staff("administrator")
    elsewhere = {"account_id": "000000000000"}

    client.post(path(Role, "add"), role_form(**elsewhere))
    client.post(path(Function, "add"), {"name": "thumbs", "url": "http://thumbs:1", **elsewhere})

    assert Role.objects.get().account_id == OTHER_ACCOUNT
    assert Role.objects.get().secret_access_key == SECRET
    assert Function.objects.get().account_id == OTHER_ACCOUNT


def test_adding_a_role_changes_none_of_the_same_name(staff: Any, role: Role) -> None:
    response = staff("administrator", role.account_id).post(path(Role, "add"), role_form())

    assert "already exists" in response.text
    assert Role.objects.get().access_key_id == role.access_key_id


@pytest.mark.parametrize(("rank", "withdrawn"), [("submitter", False), ("operator", True)])
def test_withdrawing_an_override_takes_an_operator(
    staff: Any, rows: dict[type[Model], Model], rank: str, withdrawn: bool
) -> None:
    client = staff(rank, "000000000000")

    client.post(path(Waiver, rows[Waiver].pk, "delete"), {"post": "yes"})

    assert Waiver.objects.exists() is not withdrawn


@pytest.mark.parametrize("rank", RANKS)
def test_users_groups_and_accounts_are_for_superusers_alone(
    staff: Any, user: User, rank: str
) -> None:
    client = staff(rank, "000000000000")
    member = Member.objects.get(user=user)
    moved = {"user": user.pk, "account_id": OTHER_ACCOUNT, "rank": "administrator"}

    assert "/admin/auth/" not in client.get("/admin/").text
    for place in ("user", f"user/{user.pk}/change", f"user/{user.pk}/password", "group"):
        assert client.get(f"/admin/auth/{place}/").status_code == 403, place
    client.post(f"/admin/auth/user/{user.pk}/change/", {"username": "ada", "is_superuser": "on"})
    client.post("/admin/auth/group/add/", {"name": "kings"})
    assert client.post(path(Member, member.pk, "change"), moved).status_code == 403
    user.refresh_from_db()
    assert not user.is_superuser
    assert not Group.objects.exists()
    assert Member.objects.get(user=user).account_id == "000000000000"


@pytest.mark.parametrize("kind", [ApiToken, AccessKey])
def test_tokens_and_keys_are_seen_and_revoked_as_on_their_page(
    staff: Any, user: User, kind: type[ApiToken | AccessKey]
) -> None:
    row, _ = kind.issue(user)
    body = {"action": "revoke", "_selected_action": [str(row.pk)]}

    for client in (staff("operator", "000000000000"), staff("administrator")):
        assert client.get(path(kind, row.pk, "change")).status_code == 302
        client.post(path(kind), body)
        row.refresh_from_db()
        assert row.revoked_at is None

    staff("administrator", "000000000000").post(path(kind), body)
    row.refresh_from_db()
    assert row.revoked_at


def test_a_superuser_revokes_also_that_of_somebody_who_was_shut_out(
    admin_client: Client, other_user: User
) -> None:
    row, _ = ApiToken.issue(other_user)
    User.objects.filter(pk=other_user.pk).update(is_active=False)

    admin_client.post(path(ApiToken), {"action": "revoke", "_selected_action": [str(row.pk)]})

    row.refresh_from_db()
    assert row.revoked_at
