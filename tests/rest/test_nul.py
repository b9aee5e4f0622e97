"""A NUL character, which no database can be asked for, is the caller's fault wherever it stands."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.conftest import MakeJob


@pytest.mark.parametrize(
    "query",
    [
        *("jobs/?cursor=%00", "jobs/?search=%00", "roles/?cursor=%00", "functions/?cursor=%00"),
        *("members/?cursor=%00", "tokens/?cursor=%00", "access-keys/?cursor=%00"),
        "manifests/?cursor=%00",
    ],
)
def test_a_nul_in_a_query_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/{query}").status_code == 400


@pytest.mark.parametrize(
    "path", ["roles/%00/", "functions/%00/", "members/a%00b/", "roles/a%00/probe/"]
)
def test_there_is_nothing_whose_name_has_a_nul(client: Client, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 404


def test_no_key_has_a_nul(client: Client, make_job: MakeJob) -> None:
    answer = client.get(f"/api/v1/jobs/{make_job().pk}/results/?key_prefix=%00&error_code=%00")

    assert (answer.status_code, answer.json()["results"]) == (200, [])
