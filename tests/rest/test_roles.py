"""roles/NAME/: a role, and what is known of its store."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import probing, stores
from jobs.models import Member, Rank, Role, Trial, Waiver
from operations.probe import PLANS, Finding, Found
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeRole
from tests.rest.conftest import Post

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """What every trial finds: the first of the list."""
    found = [Found(Finding.WORKS, "The effect is there.", 200)]
    monkeypatch.setattr(probing, "probe", lambda *_: found[0])
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    return found


def trial_of(response: Any, operation: str = TAGS) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return next(one for one in response.json()["trials"] if one["operation"] == operation)


def test_a_role_shows_its_store_and_never_its_secret(client: Client, role: Role) -> None:
    response = client.get("/api/v1/roles/archive/")

    told = response.json()
    assert (told["name"], told["endpoint_url"], told["is_aws"]) == ("archive", ENDPOINT, False)
    assert (told["scratch_bucket"], told["scratch_prefix"]) == (None, ".lading-probe/")
    assert trial_of(response)["finding"] is None
    for secret in (SECRET, role.sealed_secret, role.access_key_id):
        assert secret not in response.text


@pytest.mark.parametrize("verb", ["", "probe/", "override/"])
def test_a_role_of_another_account_is_not_there(
    client: Client, post: Post, make_role: MakeRole, verb: str
) -> None:
    make_role("theirs", account_id=OTHER_ACCOUNT)

    path = f"/api/v1/roles/theirs/{verb}"
    response = post(path, {}) if verb else client.get(path)

    assert response.status_code == 404
    assert response.json()["message"] == "There is no such role."


def test_a_probe_answers_with_the_matrix(post: Post, role: Role, store: list[Found]) -> None:
    response = post("/api/v1/roles/archive/probe/", {"bucket": "scratch"})

    told = trial_of(response)
    assert (told["finding"], told["detail"], told["bucket"]) == (
        "works",
        "The effect is there.",
        "scratch",
    )
    assert told["expires_at"] > told["tried_at"]
    assert Trial.objects.count() == len(PLANS)
    assert trial_of(response, "S3InitiateRestoreObject")["is_tried"] is False


def test_a_probe_may_be_of_one_operation(post: Post, role: Role, store: list[Found]) -> None:
    post("/api/v1/roles/archive/probe/", {"bucket": "scratch", "operations": [TAGS]})

    assert Trial.objects.get().operation == TAGS


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "bucket"),
        ({"bucket": "../x"}, "bucket"),
        ({"bucket": 7}, "bucket"),
        ({"bucket": "scratch", "operations": "all"}, "operations"),
        ({"bucket": "scratch", "operations": [7]}, "operations"),
        ({"bucket": "scratch", "operations": ["S3InitiateRestoreObject"]}, "operations"),
        ({"bucket": "scratch", "prefix": "x"}, "prefix"),
    ],
)
def test_a_bad_probe_is_refused_by_name(
    post: Post, role: Role, store: list[Found], body: dict[str, Any], field: str
) -> None:
    response = post("/api/v1/roles/archive/probe/", body)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert Trial.objects.count() == 0


def test_aws_is_not_probed(post: Post, make_role: MakeRole, store: list[Found]) -> None:
    make_role("aws")

    response = post("/api/v1/roles/aws/probe/", {"bucket": "scratch"})

    assert response.json()["fields"] == {"role": ["The role is at AWS itself, which is not tried."]}


def test_a_store_that_cannot_be_reached_is_told(post: Post, make_role: MakeRole) -> None:
    make_role(endpoint_url="http://127.0.0.1:1")

    response = post("/api/v1/roles/archive/probe/", {"bucket": "scratch"})

    assert response.status_code == 400
    assert "could not be reached" in response.json()["fields"]["role"][0]


def test_a_probe_says_what_could_not_be_tried(post: Post, role: Role, store: list[Found]) -> None:
    store[0] = Found(Finding.UNTRIED, "The role may not write.", 403)

    told = post("/api/v1/roles/archive/probe/", {"bucket": "scratch", "operations": [TAGS]}).json()

    assert told["warning"] == f"1 of 1 could not be tried: {TAGS}. The role may not write."


def test_a_probe_warns_of_what_destroys_data(post: Post, role: Role, store: list[Found]) -> None:
    store[0] = Found(Finding.DESTROYS, "It is gone.", 200)

    told = post("/api/v1/roles/archive/probe/", {"bucket": "scratch", "operations": [TAGS]}).json()

    assert told["warning"] == f"Destroys data: {TAGS}."


def test_a_bucket_that_is_not_there_is_told(
    post: Post, role: Role, store: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "identify", lambda *_: 404)

    response = post("/api/v1/roles/archive/probe/", {"bucket": "nosuch"})

    assert response.status_code == 400
    assert response.json()["fields"] == {"bucket": ["There is no bucket nosuch."]}
    assert Trial.objects.count() == 0


# ---- overriding


def ignored(post: Post, store: list[Found], finding: Finding = Finding.IGNORED) -> None:
    store[0] = Found(finding, "It did nothing.", 200)
    post("/api/v1/roles/archive/probe/", {"bucket": "scratch"})


def override(post: Post, **changes: Any) -> Any:
    body = {"operation": TAGS, "reason": "known"}
    return post("/api/v1/roles/archive/override/", {**body, **changes})


def test_an_operator_overrides_what_is_ignored(
    post: Post, role: Role, store: list[Found], user: User
) -> None:
    ignored(post, store)

    told = trial_of(override(post))

    assert (told["override"]["by"], told["override"]["reason"]) == ("ada", "known")
    assert told["finding"] == "ignored"


def test_only_an_operator_may_override(post: Post, role: Role, store: list[Found]) -> None:
    ignored(post, store)
    Member.objects.update(rank=Rank.SUBMITTER)

    assert override(post).status_code == 403
    assert Waiver.objects.count() == 0


@pytest.mark.parametrize(
    ("finding", "status"),
    [(Finding.DESTROYS, 403), (Finding.WORKS, 409), (Finding.UNTRIED, 409), (Finding.REFUSED, 409)],
)
def test_nothing_but_ignored_can_be_overridden(
    post: Post, role: Role, store: list[Found], finding: Finding, status: int
) -> None:
    ignored(post, store, finding)

    assert override(post).status_code == status
    assert Waiver.objects.count() == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 257, 7, None])
def test_an_override_needs_a_reason(
    post: Post, role: Role, store: list[Found], reason: object
) -> None:
    ignored(post, store)

    response = override(post, reason=reason)

    assert list(response.json()["fields"]) == ["reason"]
    assert Waiver.objects.count() == 0


# ---- confirming what is untried


def test_an_untried_job_is_confirmed_only_with_accept_untried(
    post: Post, make_job: MakeJob
) -> None:
    job = make_job(status="Suspended", suspended_cause="UNTRIED_STORE: No scratch object.")

    plain = post(f"/api/v1/jobs/{job.pk}/confirm/")
    wrong = post(f"/api/v1/jobs/{job.pk}/confirm/", {"accept_untried": "yes"})
    accepted = post(f"/api/v1/jobs/{job.pk}/confirm/", {"accept_untried": True})

    assert plain.status_code == wrong.status_code == 400
    assert "No scratch object." in plain.json()["fields"]["accept_untried"][0]
    assert wrong.json()["fields"] == {"accept_untried": ["Give true or false."]}
    assert (accepted.status_code, accepted.json()["status"]) == (200, "Ready")
