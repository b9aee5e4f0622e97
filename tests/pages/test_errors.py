"""What people read when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory

from jobs import services
from jobs.errors import (
    Conflict,
    InvalidRequest,
    InvalidTransition,
    JobError,
    NotFound,
    NotPermitted,
    SpoolDamaged,
)
from jobs.models import Role
from jobs.pages.middleware import PageErrors

Raise = Callable[[Exception], None]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Let the list of jobs raise an exception."""

    def fail(error: Exception) -> None:
        def jobs_of(_: object) -> None:
            raise error

        monkeypatch.setattr(services, "jobs_of", jobs_of)

    return fail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest({"priority": ["Too high."]}), 400),
        (NotPermitted("Not you."), 403),
        (NotFound("The specified job does not exist."), 404),
        (InvalidTransition("The job is Complete."), 409),
        (Conflict("Used before."), 409),
        (SpoolDamaged("The spool has lost the file x."), 500),
    ],
)
def test_an_error_becomes_a_page_with_its_sentence_and_status(
    client: Client, failing: Raise, error: JobError, status: int
) -> None:
    failing(error)

    response = client.get("/jobs/")

    page = response.content.decode()
    assert response.status_code == status
    assert str(error).removeprefix("priority: ") in page
    assert "priority:" not in page
    assert "To the list of jobs" in page


def test_an_upload_that_there_is_no_room_for_is_a_503_with_the_reason(
    client: Client, full_spool: None
) -> None:
    response = client.post("/manifests/check/", {"source": "paste", "pasted": "photos,a.jpg"})

    assert response.status_code == 503
    assert "There is no room for that" in response.content.decode()
    assert "No space left on device" in response.content.decode()


@pytest.mark.parametrize("path", ["/jobs/new/", "/manifests/check/"])
def test_a_form_that_is_too_large_is_a_413_that_says_what_to_do(
    client: Client, role: Role, path: str
) -> None:
    response = client.post(path, {"source": "paste", "pasted": "a" * 5 * 1024 * 1024})

    assert response.status_code == 413
    assert "save a long list as a file and upload that" in response.content.decode()


def test_a_database_that_does_not_answer_is_a_503(client: Client, failing: Raise) -> None:
    failing(OperationalError("could not connect to server at db.internal"))

    response = client.get("/jobs/")

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "The database does not answer" in response.content.decode()
    assert "db.internal" not in response.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (SuspiciousOperation("secret detail"), 400, "That request cannot be read"),
        (PermissionDenied("secret detail"), 403, "You may not do this"),
        (RuntimeError("secret detail"), 500, "Something went wrong here"),
    ],
)
def test_other_errors_have_pages_that_give_nothing_away(
    client: Client, failing: Raise, error: Exception, status: int, title: str
) -> None:
    client.raise_request_exception = False
    failing(error)

    response = client.get("/jobs/")

    assert response.status_code == status
    assert title in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_the_database_may_fail_before_a_page_is_reached(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("gone")

    client.raise_request_exception = False
    monkeypatch.setattr("django_htmx.middleware.HtmxMiddleware.__call__", fail)

    response = client.get("/jobs/")

    assert response.status_code == 503
    assert "The database does not answer" in response.content.decode()


def test_a_page_that_is_not_there_looks_like_ours(client: Client) -> None:
    response = client.get("/nothing/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


def test_a_job_that_is_not_there_is_not_found(client: Client) -> None:
    response = client.get("/jobs/00000000-0000-0000-0000-000000000000/")

    assert response.status_code == 404
    assert "The specified job does not exist." in response.content.decode()


def test_a_form_without_its_token_is_explained(user: object) -> None:
    response = Client(enforce_csrf_checks=True).post("/login/", {"username": "ada"})

    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


def test_the_api_is_let_alone(rf: RequestFactory) -> None:
    pages = PageErrors(lambda request: None)  # type: ignore[arg-type, return-value]

    assert pages.process_exception(rf.get("/api/v1/jobs/"), NotFound("Gone.")) is None


def test_a_bug_is_not_dressed_up(rf: RequestFactory) -> None:
    pages = PageErrors(lambda request: None)  # type: ignore[arg-type, return-value]
    request: HttpRequest = rf.get("/jobs/")

    assert pages.process_exception(request, ValueError("bug")) is None
