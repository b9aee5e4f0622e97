"""A role whose endpoint answers, and is no store: every page says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from jobs.models import Job, Role
from tests.conftest import MakeRole
from tests.pages.conftest import Fill, send
from tests.web_pages import ANSWERS, web_server

TOLD = "does not answer as S3 does"


@pytest.fixture(params=ANSWERS)
def answer(request: pytest.FixtureRequest) -> str:
    """What is answered."""
    return str(request.param)


@pytest.fixture
def web(answer: str, make_role: MakeRole) -> Iterator[Role]:
    """A role at such a place."""
    with web_server(ANSWERS[answer]) as url:
        yield make_role("web", endpoint_url=url, addressing="path")


@pytest.mark.parametrize("place", ["", " s3://photos/"])
def test_nobody_is_told_that_there_is_nothing(client: Client, web: Role, place: str) -> None:
    response = client.get("/jobs/new/browse/", {"role": "web", "browse": place})

    page = unescape(response.content.decode())
    assert response.status_code == 200
    assert f"What answers at {web.endpoint_url} {TOLD}" in page
    assert "There is nothing here" not in page


def test_a_probe_says_so(client: Client, web: Role, answer: str) -> None:
    response = client.post(f"/roles/{web.name}/probe/", {"bucket": "photos"}, follow=True)

    assert response.status_code in (200, 422)
    lost = "The store does not give back the scratch object as it was"
    assert (lost if answer == "nothing" else TOLD) in unescape(response.content.decode())


@pytest.mark.parametrize("source", ["s3", "inventory"])
@pytest.mark.parametrize("asked", [{"at": "objects", "step": "operation"}, {}], ids=["step", "job"])
def test_so_does_the_form_of_a_new_job(
    client: Client, web: Role, from_s3: Fill, source: str, asked: dict[str, str]
) -> None:
    location = f"s3://manifests/{'manifest.json' if source == 'inventory' else 'list.csv'}"
    values = from_s3(source=source, manifest_location=location, role="web", **asked)

    status, page = send(client, values)

    assert (status, TOLD in page) == (422, True)
    assert not Job.objects.exists()


def test_so_does_the_listing_of_a_bucket(client: Client, web: Role, filled: Fill) -> None:
    values = filled(upload=None, source="listing", listing_bucket="photos", role="web")

    status, page = send(client, {**values, "at": "objects", "step": "operation"})

    assert status == 422
    assert re.search(f"{TOLD}|does not list the bucket photos as S3 does", page)


def test_so_does_the_check_of_a_report_bucket(client: Client, web: Role, filled: Fill) -> None:
    status, page = send(client, filled(role="web"))

    assert (status, TOLD in page) == (422, True)
    assert not Job.objects.exists()
