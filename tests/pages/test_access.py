"""Who gets in, and where strangers are sent."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.conftest import OTHER_ACCOUNT, PASSWORD, MakeJob
from tests.pages.conftest import HTMX

SOME_JOB = "00000000-0000-0000-0000-000000000000"
PAGES = [
    "/jobs/",
    "/jobs/new/",
    f"/jobs/{SOME_JOB}/",
    f"/jobs/{SOME_JOB}/results/",
    f"/jobs/{SOME_JOB}/report/",
    f"/jobs/{SOME_JOB}/report/1/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_strangers_are_sent_to_the_login(anonymous: Client, path: str) -> None:
    response = anonymous.get(path)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/jobs/?status=Active", f"/jobs/{SOME_JOB}/"])
def test_a_fragment_that_lost_its_session_is_told_so_and_the_page_stays(
    anonymous: Client, path: str
) -> None:
    response = anonymous.get(path, headers=HTMX)

    assert (response.status_code, response.content) == (401, b"You are logged out.")
    assert not {"HX-Redirect", "Location", "X-CSRFToken"} & set(response.headers)
    assert "no-store" in response["Cache-Control"]


def test_a_person_logs_in_and_lands_on_the_jobs(anonymous: Client, user: User) -> None:
    response = anonymous.post("/login/", {"username": "ada", "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/jobs/")


def test_after_the_login_a_person_is_where_they_wanted_to_be(anonymous: Client, user: User) -> None:
    page = anonymous.get("/login/?next=/jobs/new/").content.decode()
    response = anonymous.post(
        "/login/", {"username": "ada", "password": PASSWORD, "next": "/jobs/new/"}
    )

    assert 'name="next" value="/jobs/new/"' in page
    assert response["Location"] == "/jobs/new/"


def test_a_wrong_password_is_told_without_saying_which_half_was_wrong(
    anonymous: Client, user: User
) -> None:
    response = anonymous.post("/login/", {"username": "ada", "password": "guess"})

    assert "Please enter a correct username and password" in response.content.decode()


def test_a_failed_login_is_told_of_both_fields_and_keeps_the_name(
    anonymous: Client, user: User
) -> None:
    page = anonymous.post("/login/", {"username": "ada", "password": "guess"}).content.decode()

    fields = re.findall(r'<input type="(?:text|password)"[^>]*>', page)
    assert len(fields) == 2
    for field in fields:
        assert 'aria-invalid="true"' in field
        assert 'aria-describedby="login-fault"' in field
    assert 'value="ada"' in fields[0]
    (focused,) = re.findall(r"<[^>]+ autofocus[^>]*>", page)
    assert 'id="login-fault"' in focused


def test_a_login_begins_with_the_name(anonymous: Client, db: None) -> None:
    page = anonymous.get("/login/").content.decode()

    (focused,) = re.findall(r"<[^>]+ autofocus[^>]*>", page)
    assert 'name="username"' in focused
    assert "login-fault" not in page


@pytest.mark.parametrize(
    ("present", "repeated", "wrong"),
    [("guess", "a-longer-word-of-ada", "old_password"), (PASSWORD, "another", "new_password2")],
)
def test_what_is_wrong_with_a_new_password_has_the_focus(
    client: Client, present: str, repeated: str, wrong: str
) -> None:
    sent = {"old_password": present, "new_password1": "a-longer-word-of-ada"}

    page = client.post("/password/", {**sent, "new_password2": repeated}).content.decode()

    (focused,) = re.findall(r"<[^>]+ autofocus[^>]*>", page)
    assert f'name="{wrong}"' in focused
    assert f'id_{wrong}_error"' in focused


def test_logging_out_needs_a_post_and_ends_at_the_login(client: Client) -> None:
    assert client.get("/logout/").status_code == 405

    response = client.post("/logout/")

    assert response["Location"] == "/login/"
    assert client.get("/jobs/").status_code == 302


@pytest.mark.parametrize("name", ["job", "job_results", "job_report"])
def test_the_jobs_of_another_account_do_not_exist(
    client: Client, make_job: MakeJob, name: str
) -> None:
    job = make_job(account_id=OTHER_ACCOUNT)

    assert client.get(reverse(name, args=[job.pk])).status_code == 404


@pytest.mark.parametrize("name", ["job_confirm", "job_cancel", "job_priority"])
def test_the_jobs_of_another_account_cannot_be_changed(
    client: Client, make_job: MakeJob, name: str
) -> None:
    job = make_job(account_id=OTHER_ACCOUNT, status="Suspended")

    response = client.post(reverse(name, args=[job.pk]), {"priority": "3"})

    job.refresh_from_db()
    assert (response.status_code, job.status, job.priority) == (404, "Suspended", 10)


@pytest.mark.parametrize("name", ["job_confirm", "job_cancel", "job_priority"])
def test_decisions_need_a_post(client: Client, make_job: MakeJob, name: str) -> None:
    assert client.get(reverse(name, args=[make_job().pk])).status_code == 405


def test_page_and_fragment_are_kept_apart_by_caches(client: Client, make_job: MakeJob) -> None:
    path = reverse("job", args=[make_job(status="Active").pk])

    page, fragment = client.get(path), client.get(path, headers=HTMX)

    assert "HX-Request" in page["Vary"]
    assert "HX-Request" in fragment["Vary"]
    assert "no-store" in fragment["Cache-Control"]


def test_no_page_carries_inline_script_or_style(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Suspended", total_tasks=2)

    for path in (
        "/jobs/",
        "/jobs/new/",
        f"/jobs/{job.pk}/",
        "/keys/new/",
        "/members/",
        "/password/",
    ):
        response = client.get(path)
        html = response.content.decode()
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert " style=" not in html
        assert "<style" not in html
        assert "hx-on" not in html
        assert html.count("<script") == html.count("<script src=")


def test_a_browser_finds_the_icon_wherever_it_looks(anonymous: Client) -> None:
    response = anonymous.get("/favicon.ico")

    assert response.status_code == 302
    assert response["Location"].endswith(".svg")
