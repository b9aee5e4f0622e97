"""functions/: where those functions are called that do not run on AWS."""

from __future__ import annotations

import pytest
from django.test import Client

from jobs.models import Function
from tests.conftest import OTHER_ACCOUNT
from tests.rest.conftest import BrowserOf, Send

PATH = "/api/v1/functions/thumbnails/"
URL = {"url": "http://functions.example.org:9001"}


def test_an_administrator_says_where_a_function_is_called_and_changes_it(
    administrator: Client, send: Send
) -> None:
    made = send(administrator, "put", PATH, URL)
    changed = send(administrator, "put", PATH, {"url": "http://elsewhere:9001"})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert made.json().keys() == {"name", "url", "updated_at"}
    assert administrator.get(PATH).json() == changed.json()
    (listed,) = administrator.get("/api/v1/functions/").json()["results"]
    assert (listed["name"], listed["url"]) == ("thumbnails", "http://elsewhere:9001")


def test_a_function_goes_by_its_arn_too(administrator: Client, send: Send) -> None:
    path = "/api/v1/functions/arn:aws:lambda:us-east-1:123456789012:function:thumbnails/"

    assert send(administrator, "put", path, URL).status_code == 201
    assert administrator.get(path).json()["name"].endswith(":function:thumbnails")


def test_an_administrator_forgets_a_function(administrator: Client, send: Send) -> None:
    send(administrator, "put", PATH, URL)

    assert send(administrator, "delete", PATH).status_code == 204
    assert send(administrator, "delete", PATH).status_code == 404
    assert administrator.get(PATH).status_code == 404


@pytest.mark.parametrize(
    ("path", "given", "field"),
    [
        (PATH, {}, "url"),
        (PATH, {"url": "nowhere"}, "url"),
        (PATH, {**URL, "name": "other"}, "name"),
        ("/api/v1/functions/no function/", URL, "name"),
    ],
)
def test_a_bad_function_is_refused(
    administrator: Client, send: Send, path: str, given: dict[str, str], field: str
) -> None:
    response = send(administrator, "put", path, given)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert not Function.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete"])
def test_nobody_but_administrators_changes_functions(
    browser_of: BrowserOf, send: Send, method: str
) -> None:
    assert send(browser_of("operator"), method, PATH, URL).status_code == 403


def test_functions_of_another_account_are_not_there(
    browser_of: BrowserOf, administrator: Client, send: Send
) -> None:
    send(browser_of("administrator", OTHER_ACCOUNT), "put", PATH, URL)

    assert administrator.get(PATH).status_code == 404
    assert send(administrator, "delete", PATH).status_code == 404
    assert administrator.get("/api/v1/functions/").json()["results"] == []
    assert Function.objects.count() == 1
