"""PUT, PATCH and DELETE of roles/NAME/: administrators make, change and forget roles."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Role
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeRole
from tests.rest.conftest import BrowserOf, Send

PATH = "/api/v1/roles/archive/"
NEW = {"access_key_id": "AKIANEW", "secret_access_key": "a-new-secret"}


def test_an_administrator_makes_a_role(administrator: Client, send: Send) -> None:
    given = {**NEW, "endpoint_url": "http://store:9000", "requests_per_second": 50}

    response = send(administrator, "put", PATH, given)

    assert response.status_code == 201
    assert response.json()["endpoint_url"] == "http://store:9000"
    made = Role.objects.get()
    assert (made.name, made.access_key_id, made.secret_access_key, made.requests_per_second) == (
        *("archive", "AKIANEW", "a-new-secret"),
        50,
    )


def test_a_secret_is_taken_and_never_shown(administrator: Client, send: Send) -> None:
    answers = [send(administrator, "put", PATH, NEW), administrator.get(PATH)]

    for answer in answers:
        assert "a-new-secret" not in answer.text
        assert Role.objects.get().sealed_secret not in answer.text


def test_a_put_sets_what_is_not_given_as_for_a_new_role_but_for_the_secret(
    administrator: Client, send: Send, make_role: MakeRole
) -> None:
    make_role(endpoint_url="http://store:9000", region="eu-west-1", requests_per_second=5)

    response = send(administrator, "put", PATH, {"access_key_id": "AKIANEW"})

    assert response.status_code == 200
    changed = Role.objects.get()
    assert (changed.endpoint_url, changed.region) == ("", "us-east-1")
    assert (changed.requests_per_second, changed.secret_access_key) == (None, SECRET)


def test_a_patch_changes_what_is_given_and_nothing_else(
    administrator: Client, send: Send, make_role: MakeRole
) -> None:
    make_role(endpoint_url="http://store:9000", region="eu-west-1", requests_per_second=5)

    response = send(
        administrator, "patch", PATH, {"secret_access_key": "another", "requests_per_second": None}
    )

    assert response.status_code == 200
    changed = Role.objects.get()
    assert (changed.endpoint_url, changed.region) == ("http://store:9000", "eu-west-1")
    assert (changed.secret_access_key, changed.requests_per_second) == ("another", None)


def test_a_patch_makes_no_role(administrator: Client, send: Send) -> None:
    assert send(administrator, "patch", PATH, NEW).status_code == 404
    assert not Role.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({}, "access_key_id", "This field is required."),
        ({"access_key_id": "A"}, "secret_access_key", "A new role needs a secret access key."),
        ({**NEW, "colour": "red"}, "colour", "There is no field of this name."),
        ({**NEW, "endpoint_url": "store"}, "endpoint_url", "Give http:// or https:// and a host"),
        ({**NEW, "region": "nowhere at all"}, "region", "A region has a name"),
        ({**NEW, "addressing": "sideways"}, "addressing", "Give 'auto', 'path' or 'virtual'."),
        ({**NEW, "requests_per_second": 0}, "requests_per_second", "Give 1 or more."),
        ({**NEW, "requests_per_second": 10**7}, "requests_per_second", "Give a whole number of"),
        ({**NEW, "scratch_bucket": "no bucket"}, "scratch_bucket", "This is not a bucket's name."),
        ({**NEW, "scratch_prefix": "no-slash"}, "scratch_prefix", "A prefix has at most 200"),
    ],
)
def test_a_bad_role_is_refused_with_the_field_that_is_wrong(
    administrator: Client, send: Send, given: dict[str, Any], field: str, told: str
) -> None:
    response = send(administrator, "put", PATH, given)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert response.json()["fields"][field][0].startswith(told)
    assert not Role.objects.exists()


@pytest.mark.parametrize("name", ["no spaces", "x" * 65, "sl:ash"])
def test_a_role_needs_a_name_as_aws_takes_it(administrator: Client, send: Send, name: str) -> None:
    response = send(administrator, "put", f"/api/v1/roles/{name}/", NEW)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["name"]


def test_an_administrator_forgets_a_role(administrator: Client, send: Send, role: Role) -> None:
    response = send(administrator, "delete", PATH)

    assert (response.status_code, response.content) == (204, b"")
    assert not Role.objects.exists()
    assert send(administrator, "delete", PATH).status_code == 404


def test_a_role_that_jobs_have_stays(administrator: Client, send: Send, make_job: MakeJob) -> None:
    make_job()

    response = send(administrator, "delete", PATH)

    assert response.status_code == 409
    assert response.json()["message"].startswith("Jobs have the role archive; it can be deleted")
    assert Role.objects.exists()


@pytest.mark.parametrize("rank", ["viewer", "submitter", "operator"])
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nobody_but_administrators_changes_roles(
    browser_of: BrowserOf, send: Send, role: Role, rank: str, method: str
) -> None:
    response = send(browser_of(rank), method, PATH, NEW)

    assert response.status_code == 403
    assert "takes the rank of administrator" in response.json()["message"]
    assert Role.objects.get().access_key_id == role.access_key_id


@pytest.mark.parametrize(("method", "status"), [("patch", 404), ("delete", 404), ("put", 201)])
def test_a_role_of_another_account_stays_as_it_is(
    administrator: Client, send: Send, make_role: MakeRole, method: str, status: int
) -> None:
    theirs = make_role(account_id=OTHER_ACCOUNT)

    assert send(administrator, method, PATH, NEW).status_code == status

    kept = Role.objects.get(pk=theirs.pk)
    assert (kept.access_key_id, kept.secret_access_key) == ("AKIATESTSONLY", SECRET)
