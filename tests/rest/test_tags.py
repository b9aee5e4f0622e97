"""jobs/ID/tags/: what people sort their jobs by."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.status import JobStatus
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeUser
from tests.rest.conftest import BrowserOf, Send


def path(job: Any) -> str:
    return f"/api/v1/jobs/{job.pk}/tags/"


@pytest.mark.parametrize("status", JobStatus)
def test_tags_take_the_place_of_all_others_in_any_status(
    client: Client, send: Send, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status, tags={"old": "1"})

    response = send(client, "put", path(job), {"tags": {"team": "web", "größe": ""}})

    assert response.json() == {"tags": {"team": "web", "größe": ""}}
    assert client.get(path(job)).json() == response.json()
    job.refresh_from_db()
    assert job.status == status
    assert (job.events.get().actor, job.events.get().reason) == ("ada", "tags set: größe, team")


def test_tags_are_removed(client: Client, send: Send, make_job: MakeJob) -> None:
    job = make_job(tags={"old": "1"})

    response = send(client, "delete", path(job))

    assert response.json() == {"tags": {}}
    assert client.get(path(job)).json() == {"tags": {}}
    assert job.events.get().reason == "tags removed"


@pytest.mark.parametrize(
    "tags",
    [
        None,
        [],
        {"": "empty"},
        {"k" * 129: "v"},
        {"k": "v" * 257},
        {"k": 7},
        {"semi;colon": "v"},
        {"k": "line\nbreak"},
        {f"k{number}": "" for number in range(51)},
    ],
    ids=lambda tags: str(tags)[:30],
)
def test_tags_that_aws_does_not_take_change_nothing(
    client: Client, send: Send, make_job: MakeJob, tags: Any
) -> None:
    job = make_job(tags={"old": "1"})

    response = send(client, "put", path(job), {"tags": tags})

    assert response.status_code == 400
    assert next(iter(response.json()["fields"])).startswith("tags")
    job.refresh_from_db()
    assert (job.tags, job.events.count()) == ({"old": "1"}, 0)


def test_a_body_without_tags_is_no_order_to_remove_them(
    client: Client, send: Send, make_job: MakeJob
) -> None:
    job = make_job(tags={"old": "1"})

    assert send(client, "put", path(job), {}).status_code == 400
    assert send(client, "put", path(job), {"tags": {}, "tag": {}}).status_code == 400
    job.refresh_from_db()
    assert job.tags == {"old": "1"}


def test_as_many_and_as_long_as_aws_takes(client: Client, send: Send, make_job: MakeJob) -> None:
    tags = {f"{number:0128}": "v" * 256 for number in range(50)}

    assert send(client, "put", path(make_job()), {"tags": tags}).json() == {"tags": tags}


@pytest.mark.parametrize(
    ("rank", "status"), [("viewer", 403), ("submitter", 403), ("operator", 200)]
)
def test_jobs_of_others_are_tagged_by_operators(
    browser_of: BrowserOf, send: Send, make_job: MakeJob, rank: str, status: int
) -> None:
    job = make_job(tags={"old": "1"})
    browser = browser_of(rank)

    assert send(browser, "put", path(job), {"tags": {}}).status_code == status
    assert send(browser, "delete", path(job)).status_code == status


def test_a_submitter_tags_a_job_of_their_own(
    anonymous: Client, send: Send, make_job: MakeJob, make_user: MakeUser
) -> None:
    submitter = make_user("submitter")
    anonymous.force_login(submitter)
    job = make_job(created_by=submitter)

    assert send(anonymous, "put", path(job), {"tags": {"a": "b"}}).status_code == 200


def test_tags_of_another_account_are_not_there(
    client: Client, send: Send, make_job: MakeJob, user: User
) -> None:
    job = make_job(account_id=OTHER_ACCOUNT)

    for method in ("get", "put", "delete"):
        assert send(client, method, path(job), {"tags": {}}).status_code == 404
