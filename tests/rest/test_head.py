"""HEAD is GET without the body (RFC 9110, 9.3.2)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.conftest import MakeJob


@pytest.mark.parametrize("path", ["", "jobs/", "roles/", "workers/", "operations/"])
def test_whatever_can_be_read_can_be_asked_for_its_head(client: Client, path: str) -> None:
    read, head = client.get(f"/api/v1/{path}"), client.head(f"/api/v1/{path}")

    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Type"] == read["Content-Type"]
    assert head["Allow"] == read["Allow"]


def test_what_is_only_posted_to_has_no_head(client: Client, make_job: MakeJob) -> None:
    assert client.head(f"/api/v1/jobs/{make_job().pk}/cancel/").status_code == 405
