"""A role whose endpoint answers, and is no store: the API says so at the role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import MakeRole
from tests.rest.conftest import Asked, Post, fields_of
from tests.web_pages import web_server

LIST = {"location": "s3://manifests/list"}
TOLD = "does not answer as S3 does"


@pytest.fixture(autouse=True)
def web(make_role: MakeRole) -> Iterator[None]:
    """A role at such a place."""
    with web_server() as url:
        make_role("web", endpoint_url=url, addressing="path")
        yield


@pytest.mark.parametrize(
    "changes",
    [
        {"manifest": LIST},
        {"manifest": LIST | {"format": "S3InventoryReport_CSV_20161130"}},
        {"report": {"enabled": True, "bucket": "reports"}},
    ],
    ids=["a list", "an inventory", "a report"],
)
def test_no_job_is_made(post: Post, asked: Asked, changes: dict[str, Any]) -> None:
    response = post("/api/v1/jobs/", asked(role="web", **changes))

    assert response.status_code == 400
    assert TOLD in fields_of(response)["role"][0]


def test_no_list_is_kept(post: Post) -> None:
    asked = {**LIST, "role": "web"}

    response = post("/api/v1/manifests/check/", asked)

    assert TOLD in fields_of(response)["role"][0]


def test_a_probe_says_so(post: Post) -> None:
    response = post("/api/v1/roles/web/probe/", {"bucket": "photos"})

    assert TOLD in fields_of(response)["role"][0]
