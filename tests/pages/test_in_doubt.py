"""What is in doubt, on the page of a job that ended and as a download."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from jobs.pages.cloning import typed_again
from jobs.services import list_of_tasks, retry_tasks
from jobs.spool import spool
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeSlice, MakeUser


@pytest.fixture
def job(make_job: MakeJob, make_slice: MakeSlice) -> Job:
    """A cancelled job with two rows in doubt."""
    made = make_job(status="Cancelled", total_tasks=3, succeeded=1)
    make_slice(made, ["photos,a", "photos,b%20b", "photos,c"], next_index=1, started_upto=3)
    return made


def page_of(client: Client, job: Job) -> str:
    return client.get(reverse("job", args=[job.pk])).content.decode()


def test_the_page_says_what_in_doubt_means_and_has_the_list(client: Client, job: Job) -> None:
    page = page_of(client, job)

    shown = page.partition("<dt>In doubt</dt>")[2].partition("</dd>")[0]
    assert shown == '<dd>2 <span class="quiet">perhaps started, result unknown</span>'
    assert "nobody knows whether it was done" in page
    assert reverse("job_in_doubt", args=[job.pk]) in page


@pytest.mark.parametrize(("tasks", "cautioned"), [("in_doubt", True), ("not_executed", False)])
def test_who_decides_on_tasks_in_doubt_is_told_that_they_may_have_been_done(
    client: Client, user: User, make_job: MakeJob, make_slice: MakeSlice, s3: Any,
    tasks: str, *, cautioned: bool,
) -> None:  # fmt: skip
    parent = make_job(status="Cancelled", total_tasks=3, succeeded=1, source_bucket="photos")
    make_slice(parent, ["photos,a", "photos,b", "photos,c"], next_index=1, started_upto=2)
    typed = typed_again(parent, list_of_tasks(user, {"id": parent.pk, "tasks": tasks}))
    typed["step"] = "review"
    child = retry_tasks(user, parent, {"tasks": tasks})
    Job.objects.filter(pk=child.pk).update(status="Suspended", total_tasks=1)

    review = client.post("/jobs/new/", typed).content.decode()
    to_confirm = page_of(client, child)

    assert "This is what will happen" in review
    assert "Run this job?" in to_confirm
    twice = "do them again only if twice does no harm"
    assert [twice in review, twice in to_confirm] == [cautioned, cautioned]


@pytest.mark.parametrize("status", ["Active", "Complete"])
def test_the_page_of_a_job_without_doubts_does_not_speak_of_them(
    client: Client, make_job: MakeJob, make_slice: MakeSlice, status: str
) -> None:
    made = make_job(status=status, total_tasks=2)
    make_slice(made, started_upto=2 if status == "Active" else 0)

    page = page_of(client, made)

    assert "doubt" not in page


@pytest.mark.parametrize(("rank", "may"), [("viewer", False), ("submitter", True)])
def test_who_makes_no_jobs_is_not_sent_to_make_one(
    make_user: MakeUser, job: Job, rank: str, may: bool
) -> None:
    browser = Client()
    browser.force_login(make_user(rank))

    page = page_of(browser, job)

    assert "Look at these objects in the store" in page
    assert ("make a job of them below" in page) is may


def test_the_list_is_a_download(client: Client, job: Job) -> None:
    response = client.get(reverse("job_in_doubt", args=[job.pk]))

    content = response.getvalue()
    assert content == b"photos,b%20b\nphotos,c\n"
    assert int(response["Content-Length"]) == len(content)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="job-{job.pk}-in-doubt.csv"'


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("Cancelled", "No row of the job is in doubt."),
        ("Cancelling", "Rows in doubt are known when the job has ended."),
    ],
)
def test_where_there_is_no_list_the_page_says_why(
    client: Client, make_job: MakeJob, status: str, told: str
) -> None:
    response = client.get(reverse("job_in_doubt", args=[make_job(status=status).pk]))

    assert response.status_code == 404
    assert told in response.content.decode()


def test_the_list_of_another_account_is_not_found(
    client: Client, make_job: MakeJob, make_slice: MakeSlice
) -> None:
    theirs = make_job(status="Cancelled", account_id=OTHER_ACCOUNT)
    make_slice(theirs, started_upto=1)

    response = client.get(reverse("job_in_doubt", args=[theirs.pk]))

    assert response.status_code == 404
    assert "The specified job does not exist." in response.content.decode()


def test_a_visitor_is_sent_to_log_in(anonymous: Client, job: Job) -> None:
    response = anonymous.get(reverse("job_in_doubt", args=[job.pk]))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_a_file_that_the_spool_has_lost_is_an_error_and_not_a_shorter_list(
    client: Client, job: Job
) -> None:
    spool.delete(job.slices.get().task_file)

    response = client.get(reverse("job_in_doubt", args=[job.pk]))

    assert response.status_code == 500
    assert "The spool has lost the file" in response.content.decode()
