"""A store that takes connections and never answers: who waits at the browser is told soon."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import browsing, linting, looking, services, submission
from jobs.errors import InvalidRequest
from jobs.models import Role
from tests.pages.conftest import Fill, send
from tests.pages.test_wizard import shown, text_of

LONGEST = 20.0
"""Seconds, on a busy machine; with the patience of a worker it is more than five minutes."""


@pytest.fixture
def silent(role: Role, monkeypatch: pytest.MonkeyPatch) -> Iterator[Role]:
    """A role at such a store."""
    for module in (looking, linting, submission):
        monkeypatch.setattr(module, "TIMEOUT", 1)
    monkeypatch.setattr(browsing, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        role.endpoint_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        role.save()
        yield role


def browse(user: User, role: str) -> None:
    services.look_around(user, role, bucket="photos")


def list_in_s3(user: User, role: str) -> None:
    services.list_in_s3(user, {"location": "s3://lists/a.csv"}, role)


def listing(user: User, role: str) -> None:
    generator = {"source_bucket": "arn:aws:s3:::photos", "enable_manifest_output": False}
    services.look_at_bucket(user, generator, role, "S3PutObjectTagging")


@pytest.mark.django_db
@pytest.mark.parametrize("look", [browse, list_in_s3, listing])
def test_nobody_waits_long_for_a_store_that_is_silent(
    user: User, silent: Role, look: Callable[[User, str], None]
) -> None:
    begun = time.monotonic()

    with pytest.raises(InvalidRequest) as refused:
        look(user, silent.name)

    assert time.monotonic() - begun < LONGEST
    assert "could not be reached" in str(refused.value.fields)


@pytest.mark.django_db
def test_the_review_waits_as_little_and_says_what_it_could_not_ask(
    client: Client, filled: Fill, silent: Role
) -> None:
    status, page = send(client, filled(at="objects", step="review"))

    assert (status, shown(page)) == (200, "review")
    told = "URL. It is asked once more when the job is created."
    assert f"could not be reached: Read timeout on endpoint {told}" in text_of(page)


@pytest.mark.django_db
def test_only_the_name_of_a_bucket_is_looked_into(user: User, silent: Role) -> None:
    arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/x"

    with pytest.raises(InvalidRequest) as refused:
        services.look_around(user, silent.name, bucket=arn)

    assert "is no name of a bucket" in str(refused.value.fields["place"])
