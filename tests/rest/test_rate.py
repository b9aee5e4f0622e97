"""429: a token that asks too often has to wait, and nobody else."""

from __future__ import annotations

import random
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from jobs.credentials import ApiToken

ME = "/api/v1/me/"


@pytest.fixture(autouse=True)
def _three_in_a_minute(settings: Any) -> Any:
    """In a minute that no other test counts in, as a cache may outlive the test."""
    settings.LADING_API_RATE = 3
    with time_machine.travel(1_900_000_040 + 60 * random.randrange(10**7), tick=False):
        yield


def asks(client: Client, token: str = "") -> Any:
    return client.get(ME, headers={"Authorization": f"Token {token}"} if token else {})


def test_who_asks_too_often_is_told_how_long_to_wait(client: Client) -> None:
    assert [asks(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = asks(client)

    assert refused.json() == {
        "code": "TooManyRequests",
        "message": "More than 3 requests in a minute are too many; try again in 60 s.",
        "fields": {},
    }
    assert refused["Retry-After"] == "60"


def test_a_refused_request_does_nothing(client: Client) -> None:
    for _ in range(3):
        asks(client)

    response = client.post("/api/v1/tokens/", {}, content_type="application/json")

    assert response.status_code == 429
    assert not ApiToken.objects.exists()


def test_each_token_has_its_own_count_and_so_has_the_session(
    client: Client, anonymous: Client, user: User
) -> None:
    one, other = (ApiToken.issue(user)[1] for _ in range(2))
    for _ in range(5):
        asks(anonymous, one)

    assert asks(anonymous, one).status_code == 429
    assert asks(anonymous, other).status_code == 200
    assert asks(client).status_code == 200


def test_strangers_are_asked_who_they_are(anonymous: Client, db: None) -> None:
    assert {asks(anonymous).status_code for _ in range(9)} == {401}
