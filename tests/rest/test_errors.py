"""Every error of the API has one form, whoever raises it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import Client

from jobs import services
from jobs.errors import JobError, NotPermitted, SpoolDamaged
from tests.conftest import MakeJob
from tests.rest.conftest import Asked, Post

JOBS = "/api/v1/jobs/"


def send(client: Client, body: bytes, content_type: str = "application/json") -> Any:
    return client.generic("POST", JOBS, body, content_type=content_type)


MALFORMED = {
    "not JSON": (b"{operation: copy}", "not valid JSON"),
    "cut off": (b'{"operation": ', "not valid JSON"),
    "a list": (b"[]", "must be a JSON object"),
    "a text": (b'"S3PutObjectCopy"', "must be a JSON object"),
    "null": (b"null", "must be a JSON object"),
    "a member twice": (b'{"tags": {"a": "1", "a": "2"}}', "'a' stands twice"),
    "NaN": (b'{"priority": NaN}', "NaN is not a number"),
    "not UTF-8": (b'{"description": "\xff"}', "not valid JSON"),
    "too deep": (b'{"tags": ' + b"[" * 100_000, "not valid JSON"),
    "endless number": (b'{"priority": ' + b"9" * 5000 + b"}", "not valid JSON"),
}


@pytest.mark.parametrize(("body", "told"), MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_cannot_be_read_is_refused(client: Client, body: bytes, told: str) -> None:
    response = send(client, body)

    assert response.status_code == 400
    assert response.json()["code"] == "MalformedRequest"
    assert told in response.json()["message"]
    assert response.json()["fields"] == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (rb'{"description": "a\u0000b"}', "description"),
        (rb'{"tags": {"a\u0000b": ""}}', "tags"),
        (rb'{"tags": ["\u0000"]}', "tags.0"),
        (rb'{"description": "\ud800"}', "description"),
        (rb'{"parameters": {"TagSet": [{"Key": "\u0000"}]}}', "parameters.tag_set.0.key"),
    ],
)
def test_a_text_that_no_database_can_keep_is_named(client: Client, body: bytes, field: str) -> None:
    response = send(client, body)

    assert response.status_code == 400
    assert response.json()["fields"] == {
        field: ["A text has a NUL character or half of a surrogate pair."]
    }


def test_a_byte_order_mark_before_the_body_does_no_harm(client: Client) -> None:
    response = send(client, b'\xef\xbb\xbf{"priority": -1}')

    assert response.status_code == 400
    assert "priority" in response.json()["fields"]


def test_a_body_larger_than_the_limit_is_refused_unread(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    response = send(client, b'{"description": "' + b"x" * 100 + b'"}')

    assert response.status_code == 413
    assert response.json()["code"] == "TooLarge"


def test_form_fields_larger_than_the_limit_are_refused(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    response = client.post("/api/v1/manifests/", {"fields": "x" * 200})

    assert response.status_code == 413
    assert response.json()["code"] == "TooLarge"


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(client: Client, content_type: str) -> None:
    response = send(client, b"operation=S3PutObjectCopy", content_type)

    assert response.status_code == 415
    assert response.json()["code"] == "UnsupportedMediaType"
    assert content_type in response.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/jobs/"),
        ("PUT", "/api/v1/manifests/"),
        ("POST", "/api/v1/roles/"),
        ("POST", "/api/v1/operations/"),
        ("GET", "/api/v1/jobs/0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a11/cancel/"),
        ("PATCH", "/api/v1/jobs/0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a11/"),
    ],
)
def test_a_method_that_a_resource_does_not_have_is_refused(
    client: Client, method: str, path: str
) -> None:
    response = client.generic(method, path)

    assert response.status_code == 405
    assert response.json()["code"] == "MethodNotAllowed"
    assert method not in response["Allow"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/api/v1/buckets/", ""),
        ("/api/v1/jobs/no-uuid/", ""),
        ("/api/v1/jobs", " The paths of the API end in a slash."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_leads_nowhere_is_told_in_json(
    client: Client, method: str, path: str, hint: str
) -> None:
    response = client.generic(method, path)

    assert response.status_code == 404
    assert response.json() == {
        "code": "NotFound",
        "message": f"There is nothing here.{hint}",
        "fields": {},
    }


def test_an_answer_in_anything_but_json_cannot_be_had(client: Client) -> None:
    response = client.get(JOBS, headers={"Accept": "application/xml"})

    assert response.status_code == 406
    assert response.json()["code"] == "NotAcceptable"


# ---- what goes wrong behind the API


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the verb behind GET /jobs/ raise."""

    def arrange(error: Exception) -> None:
        def fail(user: object) -> None:
            raise error

        monkeypatch.setattr(services, "jobs_of", fail)

    return arrange


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_told_as_such(
    client: Client, failing: Any, error: type[Exception]
) -> None:
    failing(error("server closed the connection; host=10.0.0.9"))

    response = client.get(JOBS)

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response.json()["code"] == "ServiceUnavailable"
    assert "10.0.0.9" not in response.text


RAISED = {
    NotPermitted("Only its maker may do this."): (403, "AccessDenied"),
    PermissionDenied(): (403, "AccessDenied"),
    Http404(): (404, "NotFound"),
    SuspiciousOperation("odd"): (400, "MalformedRequest"),
    SpoolDamaged("The spool has lost the file jobs/1."): (500, "SpoolDamaged"),
    JobError("It went wrong."): (500, "Error"),
    KeyError("sealed_secret=hunter2"): (500, "InternalError"),
}


@pytest.mark.parametrize(("error", "answer"), RAISED.items(), ids=repr)
def test_whatever_is_raised_becomes_an_error_of_the_one_form(
    client: Client, failing: Any, error: Exception, answer: tuple[int, str]
) -> None:
    failing(error)

    response = client.get(JOBS)

    assert (response.status_code, response.json()["code"]) == answer
    assert set(response.json()) == {"code", "message", "fields"}
    assert response.json()["message"]
    assert "hunter2" not in response.text


def test_an_error_that_nobody_foresaw_is_logged_with_its_traceback(
    client: Client, failing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    failing(ZeroDivisionError("a bug"))

    response = client.get(JOBS)

    assert response.status_code == 500
    assert "a bug" not in response.text
    assert any(record.exc_info and "a bug" in str(record.exc_info[1]) for record in caplog.records)


def test_a_refused_move_tells_the_status_that_forbids_it(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Complete")

    response = post(f"/api/v1/jobs/{job.pk}/cancel/")

    assert response.status_code == 409
    assert response.json()["code"] == "JobStatusException"
    assert "Complete" in response.json()["message"]


def test_a_good_request_has_no_error_in_it(post: Post, asked: Asked) -> None:
    assert "code" not in post(JOBS, asked()).json()
