"""ETag and If-None-Match: who asks again and again is told in a few bytes that nothing changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Job
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakePart, MakeReportFile, MakeSlice
from tests.rest.conftest import Post

POLLED = (
    *("jobs/", "jobs/{pk}/", "jobs/{pk}/results/", "jobs/{pk}/report/", "jobs/{pk}/events/"),
    *("jobs/{pk}/tags/", "workers/", "roles/", "roles/archive/", "manifests/", "operations/"),
    *("me/", "members/", "tokens/", ""),
)


@pytest.fixture
def job(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    made = make_job(status="Suspended", total_tasks=2)
    make_part(make_slice(made), [SUCCESSFUL])
    return made


def asked_again(client: Client, url: str, etag: str) -> Any:
    return client.get(url, headers={"If-None-Match": etag})


@pytest.mark.parametrize("path", POLLED)
def test_what_did_not_change_is_told_without_its_body(client: Client, job: Job, path: str) -> None:
    url = f"/api/v1/{path.format(pk=job.pk)}"
    first = client.get(url)

    again = asked_again(client, url, first["ETag"])

    assert (again.status_code, again.content) == (304, b"")
    for answer in (first, again):
        assert answer["Cache-Control"] == "private, no-cache"
        assert answer["ETag"] == first["ETag"]
        assert "Cookie" in answer["Vary"]


def test_what_changed_is_told_in_full(client: Client, post: Post, job: Job) -> None:
    url = f"/api/v1/jobs/{job.pk}/"
    first = client.get(url)
    post(f"{url}priority/", {"priority": 77})

    again = asked_again(client, url, first["ETag"])

    assert (again.status_code, again.json()["priority"]) == (200, 77)
    assert again["ETag"] != first["ETag"]


def test_any_of_several_etags_will_do(client: Client, job: Job) -> None:
    etag = client.get("/api/v1/jobs/")["ETag"]

    assert asked_again(client, "/api/v1/jobs/", f'"other", W/{etag}').status_code == 304
    assert asked_again(client, "/api/v1/jobs/", '"other"').status_code == 200


def test_who_lost_their_rights_is_told_so_and_not_that_nothing_changed(
    client: Client, anonymous: Client, job: Job
) -> None:
    etag = client.get("/api/v1/jobs/")["ETag"]

    assert asked_again(anonymous, "/api/v1/jobs/", etag).status_code == 401


def test_an_error_is_told_each_time(client: Client, db: None) -> None:
    answer = client.get("/api/v1/roles/nobody/")
    again = asked_again(client, "/api/v1/roles/nobody/", answer.get("ETag", '"none"'))

    assert (answer.status_code, again.status_code) == (404, 404)
    assert again.json() == answer.json()
    assert again["Cache-Control"] == "private, no-cache"


def test_files_are_streamed_and_kept_by_nobody_else(
    client: Client, make_job: MakeJob, make_report_file: MakeReportFile
) -> None:
    file = make_report_file(make_job(status="Complete"), b"photos,a.jpg,,failed\n")

    answer = client.get(f"/api/v1/jobs/{file.job_id}/report/{file.pk}/")

    assert b"".join(answer.streaming_content) == b"photos,a.jpg,,failed\n"
    assert answer["Cache-Control"] == "private, no-cache"


def test_pages_go_their_own_way(client: Client, job: Job) -> None:
    assert not client.get("/jobs/").has_header("ETag")
