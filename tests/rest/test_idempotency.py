"""Idempotency-Key: a request that is sent again makes no second job."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import Job
from tests.rest.conftest import Asked, Post

JOBS = "/api/v1/jobs/"


def keyed(post: Post, body: dict[str, Any], key: str) -> Any:
    return post(JOBS, body, **{"Idempotency-Key": key})


def test_the_same_key_with_the_same_job_makes_it_once(post: Post, asked: Asked) -> None:
    first, again = keyed(post, asked(), "k-1"), keyed(post, asked(), "k-1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Job.objects.get().client_request_token == "k-1"


def test_another_key_makes_another_job(post: Post, asked: Asked) -> None:
    assert keyed(post, asked(), "k-1").status_code == keyed(post, asked(), "k-2").status_code == 201
    assert Job.objects.count() == 2


def test_the_same_key_with_another_job_is_a_conflict(post: Post, asked: Asked) -> None:
    keyed(post, asked(), "k-1")

    response = keyed(post, asked(priority=99), "k-1")

    assert (response.status_code, response.json()["code"]) == (409, "Conflict")
    assert Job.objects.count() == 1


def test_key_and_token_are_two_names_of_one_thing(post: Post, asked: Asked) -> None:
    by_key = keyed(post, asked(), "k-1")
    by_token = post(JOBS, asked(client_request_token="k-1"))
    by_both = keyed(post, asked(client_request_token="k-1"), "k-1")

    assert by_key.json()["id"] == by_token.json()["id"] == by_both.json()["id"]


def test_a_key_and_another_token_are_refused(post: Post, asked: Asked) -> None:
    response = keyed(post, asked(client_request_token="t"), "k-1")

    assert response.status_code == 400
    assert response.json()["fields"] == {
        "client_request_token": ["It differs from the header Idempotency-Key; give one of them."]
    }
    assert not Job.objects.exists()


@pytest.mark.parametrize("key", ["", "k" * 65, "schlüssel", "tab\tbed"])
def test_a_bad_key_is_refused(post: Post, asked: Asked, key: str) -> None:
    response = keyed(post, asked(), key)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["Idempotency-Key"]
    assert not Job.objects.exists()


def test_the_longest_key(post: Post, asked: Asked) -> None:
    assert keyed(post, asked(), "k" * 64).json()["client_request_token"] == "k" * 64
