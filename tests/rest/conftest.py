"""The API as its clients call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Role
from tests.conftest import MakeManifest, MakeUser
from tests.rest.conforming import faults_of

Post = Callable[..., Any]
Send = Callable[..., Any]
BrowserOf = Callable[..., Client]
Asked = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _as_the_schema_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of the API gets an answer that the schema does not tell of."""

    def request(self: Client, **asked: Any) -> Any:
        response = send(self, **asked)
        assert not faults_of(response), (asked["PATH_INFO"], faults_of(response))
        return response

    send = Client.request
    monkeypatch.setattr(Client, "request", request)


@pytest.fixture
def post(client: Client) -> Post:
    """POST a JSON object: post("/api/v1/jobs/", {...})."""

    def send(path: str, body: object = None, **headers: str) -> Any:
        given = {} if body is None else body
        return client.post(path, given, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def send() -> Send:
    """Send a JSON object as anybody: send(client, "put", "/api/v1/…", {…})."""

    def sent(sender: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
        call = getattr(sender, method)
        if method == "get":
            return call(path, headers=headers)
        return call(
            path, {} if body is None else body, content_type="application/json", headers=headers
        )

    return sent


@pytest.fixture
def browser_of(make_user: MakeUser) -> BrowserOf:
    """A browser in which a member of that rank has logged in: browser_of("administrator")."""

    def logged_in(rank: str, *account_id: str) -> Client:
        browser = Client()
        browser.force_login(make_user(rank, *account_id))
        return browser

    return logged_in


@pytest.fixture
def administrator(browser_of: BrowserOf) -> Client:
    """A browser in which an administrator of the default account has logged in."""
    return browser_of("administrator")


@pytest.fixture
def asked(role: Role, make_manifest: MakeManifest) -> Asked:
    """The smallest request for a job, over an uploaded manifest, with any member changed."""
    manifest = make_manifest(b"photos,a.jpg\nphotos,b.jpg\n")

    def ask(**changes: Any) -> dict[str, Any]:
        return {
            "operation": "S3PutObjectTagging",
            "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
            "manifest": {"id": str(manifest.pk)},
            "role": role.name,
            **changes,
        }

    return ask


def fields_of(response: Any, status: int = 400) -> dict[str, list[str]]:
    """The faults that an answer names."""
    assert response.status_code == status, response.text
    assert Job.objects.count() == 0
    fields: dict[str, list[str]] = response.json()["fields"]
    return fields
