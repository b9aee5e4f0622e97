"""GET results/: what became of the tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from operations.base import SUCCESSFUL, Outcome
from tests.conftest import MakeJob, MakePart, MakeSlice

FORBIDDEN = Outcome(
    succeeded=False,
    http_status=403,
    error_code="AccessDenied",
    message='Access "Denied", so there',
)
SILENCE = Outcome(succeeded=False, http_status=None, error_code="Timeout", message="No reply.")


def path(job: Any, name: str) -> str:
    return f"/api/v1/jobs/{job.pk}/{name}/"


@pytest.fixture
def job(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Any:
    """Five tasks: b and c were committed, then a; c and a failed; d and e are still to come."""
    made = make_job(status="Active", total_tasks=5)
    first = make_slice(made, ["photos,a.jpg"])
    second = make_slice(made, ["photos,b%20b.jpg", "photos,c.jpg", "photos,d.jpg", "photos,e.jpg"])
    make_part(second, [SUCCESSFUL, FORBIDDEN])
    make_part(first, [SILENCE])
    return made


def test_results_come_in_the_order_in_which_they_were_committed(client: Client, job: Any) -> None:
    answer = client.get(path(job, "results")).json()

    assert answer["next"] is None
    assert answer["results"] == [
        {
            "bucket": "photos",
            "key": "b%20b.jpg",
            "version_id": None,
            "task_status": "succeeded",
            "http_status": 200,
            "error_code": "",
            "message": "Successful",
        },
        {
            "bucket": "photos",
            "key": "c.jpg",
            "version_id": None,
            "task_status": "failed",
            "http_status": 403,
            "error_code": "AccessDenied",
            "message": 'Access "Denied", so there',
        },
        {
            "bucket": "photos",
            "key": "a.jpg",
            "version_id": None,
            "task_status": "failed",
            "http_status": None,
            "error_code": "Timeout",
            "message": "No reply.",
        },
    ]


def test_results_of_a_manifest_with_versions_name_the_version(
    client: Client,
    make_job: MakeJob,
    make_manifest: Any,
    make_slice: MakeSlice,
    make_part: MakePart,
) -> None:
    job = make_job(manifest=make_manifest(fields=["Bucket", "Key", "VersionId"]))
    make_part(make_slice(job, ["photos,a.jpg,v1", "photos,a.jpg,null"]), [SUCCESSFUL, SUCCESSFUL])

    rows = client.get(path(job, "results")).json()["results"]

    assert [row["version_id"] for row in rows] == ["v1", "null"]


@pytest.mark.parametrize(
    ("status", "keys"), [("failed", ["c.jpg", "a.jpg"]), ("succeeded", ["b%20b.jpg"])]
)
def test_results_are_filtered_by_their_status(
    client: Client, job: Any, status: str, keys: list[str]
) -> None:
    rows = client.get(f"{path(job, 'results')}?status={status}").json()["results"]

    assert [row["key"] for row in rows] == keys


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("query", ["", "status=failed"])
def test_pages_of_results_neither_skip_nor_repeat(
    client: Client, job: Any, query: str, limit: int
) -> None:
    whole = client.get(f"{path(job, 'results')}?{query}").json()["results"]

    url, seen = f"{path(job, 'results')}?{query}&limit={limit}", []
    while url:
        answer = client.get(url).json()
        assert len(answer["results"]) <= limit
        seen += answer["results"]
        url = answer["next"]

    assert seen == whole


def test_the_cursor_of_the_last_page_goes_on_where_the_job_goes_on(
    client: Client, job: Any, make_part: MakePart
) -> None:
    seen = client.get(path(job, "results")).json()
    make_part(job.slices.get(number=2), [SUCCESSFUL])

    more = client.get(f"{path(job, 'results')}?cursor={seen['cursor']}").json()

    assert [row["key"] for row in more["results"]] == ["d.jpg"]


def test_a_job_without_results_has_an_empty_list(client: Client, make_job: MakeJob) -> None:
    answer = client.get(path(make_job(status="Ready"), "results")).json()

    assert (answer["next"], answer["results"]) == (None, [])


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("error_code=Timeout", ["a.jpg"]),
        ("error_code=AccessDenied&status=failed", ["c.jpg"]),
        ("error_code=Timeout&status=succeeded", []),
        ("key_prefix=b%2520b", ["b%20b.jpg"]),
        ("key_prefix=b%20b", []),
        ("key_prefix=", ["b%20b.jpg", "c.jpg", "a.jpg"]),
    ],
)
def test_results_are_filtered_by_code_and_by_how_the_key_is_written(
    client: Client, job: Any, query: str, keys: list[str]
) -> None:
    answer = client.get(f"{path(job, 'results')}?{query}").json()

    assert [row["key"] for row in answer["results"]] == keys


def test_a_filter_stays_in_the_address_of_the_next_page(client: Client, job: Any) -> None:
    first = client.get(f"{path(job, 'results')}?status=failed&limit=1").json()

    assert "status=failed" in first["next"]
    assert [row["key"] for row in client.get(first["next"]).json()["results"]] == ["a.jpg"]


BAD_QUERIES = {
    "error_code=": "error_code",
    "cursor=garbage": "cursor",
    "cursor=1": "cursor",
    "cursor=1.x": "cursor",
    "cursor=-1.0": "cursor",
    "status=Succeeded": "status",
    "status=": "status",
    "limit=1001": "limit",
}


@pytest.mark.parametrize(("query", "field"), BAD_QUERIES.items())
def test_a_bad_query_for_results_is_told(client: Client, job: Any, query: str, field: str) -> None:
    response = client.get(f"{path(job, 'results')}?{query}")

    assert response.status_code == 400
    assert set(response.json()["fields"]) == {field}


def test_results_whose_file_is_lost_are_an_error_and_not_successes(
    client: Client, job: Any, spool_folder: Path
) -> None:
    for file in spool_folder.rglob("*.results"):
        file.unlink()

    response = client.get(path(job, "results"))

    assert response.status_code == 500
    assert response.json()["code"] == "SpoolDamaged"
    assert str(spool_folder) not in response.text
