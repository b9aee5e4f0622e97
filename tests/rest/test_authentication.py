"""Who may call the API: people by their session, programs by a token."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.credentials import ApiToken
from tests.conftest import MakeJob

SOME_JOB = uuid.UUID("0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a11")
PATHS = [
    "/api/v1/",
    "/api/v1/jobs/",
    f"/api/v1/jobs/{SOME_JOB}/",
    f"/api/v1/jobs/{SOME_JOB}/results/",
    f"/api/v1/jobs/{SOME_JOB}/report/",
    f"/api/v1/jobs/{SOME_JOB}/report/1/",
    f"/api/v1/jobs/{SOME_JOB}/events/",
    "/api/v1/operations/",
    "/api/v1/roles/",
    "/api/v1/manifests/",
    "/api/v1/nothing-of-the-kind/",
]


def with_token(token: str) -> dict[str, str]:
    return {"Authorization": f"Token {token}"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_credentials_is_asked_for_them(anonymous: Client, path: str) -> None:
    response = anonymous.get(path)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert response.json() == {
        "code": "NotAuthenticated",
        "message": "Authentication credentials were not provided.",
        "fields": {},
    }


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["confirm", "cancel", "pause", "resume", "priority", "window"])
def test_a_decision_without_credentials_is_asked_for_them(anonymous: Client, verb: str) -> None:
    response = anonymous.post(f"/api/v1/jobs/{SOME_JOB}/{verb}/")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("scheme", ["Token", "token"])
def test_a_token_stands_for_its_user(
    anonymous: Client, user: User, make_job: MakeJob, scheme: str
) -> None:
    job = make_job(status="Suspended")
    token = ApiToken.issue(user)[1]

    response = anonymous.generic(
        "POST", f"/api/v1/jobs/{job.pk}/confirm/", headers={"Authorization": f"{scheme} {token}"}
    )

    assert response.status_code == 200
    known = ApiToken.objects.get()
    assert job.events.get().actor == f"{user.username} (token {known.pk})"


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "lading_made-up", "two words", "ключ", "\xff\xfe"])
def test_a_token_that_nobody_issued_is_refused(anonymous: Client, token: str) -> None:
    response = anonymous.get("/api/v1/jobs/", headers=with_token(token))

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert response.json()["message"] == (
        "The token is not valid: unknown, revoked or expired, or its user was shut out."
    )


def test_a_bad_token_is_refused_also_beside_a_good_session(client: Client) -> None:
    assert client.get("/api/v1/jobs/").status_code == 200
    assert client.get("/api/v1/jobs/", headers=with_token("made-up")).status_code == 401


def test_the_token_of_a_user_who_left_is_refused(anonymous: Client, user: User) -> None:
    token = ApiToken.issue(user)[1]
    assert anonymous.get("/api/v1/jobs/", headers=with_token(token)).status_code == 200
    user.is_active = False
    user.save()

    response = anonymous.get("/api/v1/jobs/", headers=with_token(token))

    assert response.status_code == 401


def test_a_revoked_token_is_refused(anonymous: Client, user: User) -> None:
    token = ApiToken.issue(user)[1]
    ApiToken.objects.all().delete()

    assert anonymous.get("/api/v1/jobs/", headers=with_token(token)).status_code == 401


def test_another_scheme_is_no_token(anonymous: Client, user: User) -> None:
    response = anonymous.get(
        "/api/v1/jobs/", headers={"Authorization": f"Bearer {ApiToken.issue(user)[1]}"}
    )

    assert response.status_code == 401
    assert response.json()["message"] == "Authentication credentials were not provided."


def test_a_session_may_read(client: Client) -> None:
    assert client.get("/api/v1/jobs/").status_code == 200


def test_a_session_may_not_decide_without_the_csrf_token(user: User, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    response = strict.generic("POST", f"/api/v1/jobs/{job.pk}/confirm/")

    assert response.status_code == 403
    assert response.json()["code"] == "AccessDenied"
    assert response.json()["message"].startswith("CSRF Failed")
    job.refresh_from_db()
    assert job.status == "Suspended"


def test_a_token_needs_no_csrf_token(user: User, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")
    strict = Client(enforce_csrf_checks=True)

    response = strict.generic(
        "POST", f"/api/v1/jobs/{job.pk}/confirm/", headers=with_token(ApiToken.issue(user)[1])
    )

    assert response.status_code == 200
