"""POST retry/: a job of tasks of an ended one, linked both ways."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Job
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakePart, MakeSlice
from tests.core.scripted import FORBIDDEN
from tests.rest.conftest import BrowserOf, Post

JOBS = "/api/v1/jobs/"


@pytest.fixture
def parent(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A job with one failure and one task that was never executed."""
    job = make_job(status="Cancelled", total_tasks=2, source_bucket="photos", description="Tag")
    make_part(make_slice(job), [FORBIDDEN])
    job.tallies.create(error_code="AccessDenied", http_status=403, count=1)
    return job


def path(job: Job) -> str:
    return f"{JOBS}{job.pk}/retry/"


def test_the_answer_is_the_new_job_with_whose_tasks_it_does(post: Post, parent: Job) -> None:
    group = {"error_code": "AccessDenied", "http_status": 403}

    response = post(path(parent), {"tasks": "failed", **group})

    assert response.status_code == 201
    made = response.json()
    assert response["Location"] == made["url"]
    assert made["parent"] == {
        "id": str(parent.pk),
        "url": f"http://testserver{JOBS}{parent.pk}/",
        "tasks": "failed",
        **group,
        "count": 1,
    }
    assert made["manifest"]["format"] == "JobTasks"
    assert made["manifest"]["location"] == (
        f"Failed tasks (AccessDenied, HTTP 403) of job {parent.pk}"
    )
    assert (made["description"], made["confirmation_required"]) == (
        "Retry of failed tasks (AccessDenied, HTTP 403) of Tag",
        True,
    )


def test_a_parent_links_to_its_children(client: Client, post: Post, parent: Job) -> None:
    made = [post(path(parent), {"tasks": tasks}).json() for tasks in ("failed", "not_executed")]

    link = client.get(f"{JOBS}{parent.pk}/").json()["links"]["children"]

    children = client.get(link).json()["results"]
    assert {child["id"] for child in children} == {child["id"] for child in made}
    assert client.get(f"{link}&status=Failed").json()["results"] == []
    assert client.get(made[0]["links"]["children"]).json()["results"] == []


def test_a_parent_that_is_removed_is_still_named(client: Client, post: Post, parent: Job) -> None:
    url = post(path(parent), {"tasks": "failed"}).json()["url"]
    parent_id = str(parent.pk)
    parent.delete()

    told = client.get(url).json()["parent"]

    assert (told["id"], told["url"]) == (parent_id, None)


@pytest.mark.parametrize("by", ["header", "member"])
def test_sent_again_it_makes_one_job(post: Post, parent: Job, by: str) -> None:
    header = {"Idempotency-Key": "once"} if by == "header" else {}
    member = {"client_request_token": "once"} if by == "member" else {}
    asked = {"tasks": "failed", **member}

    first, second = (post(path(parent), asked, **header) for _ in range(2))
    other = post(path(parent), {**asked, "tasks": "not_executed"}, **header)

    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "tasks"),
        ({"tasks": "in_doubt"}, "tasks"),
        ({"tasks": "failed", "error_code": "NoSuchKey", "http_status": 404}, "error_code"),
        ({"tasks": "failed", "error_code": ""}, "error_code"),
        ({"tasks": "failed", "error_code": "AccessDenied", "http_status": "403"}, "http_status"),
        ({"tasks": "failed", "client_request_token": "x" * 65}, "client_request_token"),
        ({"tasks": "failed", "reason": "why not"}, "reason"),
    ],
)
def test_a_fault_is_told_at_its_field(
    post: Post, parent: Job, asked: dict[str, Any], field: str
) -> None:
    response = post(path(parent), asked)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


def test_a_job_that_goes_on_has_no_child(post: Post, make_job: MakeJob) -> None:
    response = post(path(make_job(status="Active", total_tasks=2)), {"tasks": "failed"})

    assert response.status_code == 409
    assert response.json()["code"] == "JobStatusException"


def test_the_same_tasks_can_be_named_where_a_job_is_created(post: Post, parent: Job) -> None:
    asked = {
        "operation": "S3DeleteObjectTagging",
        "manifest": {"parent": {"id": str(parent.pk), "tasks": "not_executed"}},
        "role": parent.role.name,
    }

    made = post(JOBS, asked)

    assert made.status_code == 201
    assert (made.json()["parent"]["tasks"], made.json()["parent"]["count"]) == ("not_executed", 1)


@pytest.mark.parametrize(
    ("parent_of", "field"),
    [
        ({"id": "00000000-0000-4000-8000-000000000000", "tasks": "failed"}, "id"),
        ({"id": "x", "tasks": "failed"}, "id"),
        ({"tasks": "failed"}, "id"),
        ({"id": "00000000-0000-4000-8000-000000000000"}, "tasks"),
    ],
)
def test_there_a_fault_has_its_path(
    post: Post, parent: Job, parent_of: dict[str, Any], field: str
) -> None:
    asked = {
        "operation": "S3DeleteObjectTagging",
        "manifest": {"parent": parent_of},
        "role": parent.role.name,
    }

    response = post(JOBS, asked)

    assert list(response.json()["fields"]) == [f"manifest.parent.{field}"]


def test_a_parent_by_no_id_is_refused(client: Client) -> None:
    response = client.get(f"{JOBS}?parent=x")

    assert response.json()["fields"] == {"parent": ["Give the id of a job."]}


def test_children_of_others_are_not_there(browser_of: BrowserOf, post: Post, parent: Job) -> None:
    post(path(parent), {"tasks": "failed"})

    theirs = browser_of("operator", OTHER_ACCOUNT).get(f"{JOBS}?parent={parent.pk}")

    assert theirs.json()["results"] == []
