"""Forms that come too late: nothing is done, and what was typed into a new job is not lost."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Job, Manifest, Role
from tests.conftest import MakeJob, MakeUser
from tests.pages.conftest import CSV, HTMX, TAGS, Fill

AGAIN, NEW = "/jobs/new/again/", "/jobs/new/"
SITE = "http://testserver"

Fields = dict[str, list[str]]


@pytest.fixture
def late(user: User) -> Client:
    """Somebody who has logged in again since their pages were opened."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.get("/password/")
    return browser


@pytest.fixture
def typed(filled: Fill) -> dict[str, Any]:
    """The options of a new job, left for the review; a list was pasted before."""
    return filled(
        upload=None,
        at="options",
        step="review",
        source="paste",
        description='Nightly "run" & <b>',
        run_window_days=["mon", "fri"],
        tags="team=archive\nseason=summer",
        parameters_of="S3PutObjectTagging",
    )


def held_in(page: str) -> Fields:
    """What the page that holds a form would send."""
    form = page[page.index(f'action="{AGAIN}"') : page.index("</form>")]
    found: Fields = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(unescape(value))
    found.pop("csrfmiddlewaretoken")
    return found


def wizard(page: str) -> str:
    return page[page.index('id="new-job"') :]


# ---- the session is gone


def test_a_new_job_without_a_session_is_held_with_every_value_of_every_field(
    anonymous: Client, typed: dict[str, Any]
) -> None:
    answer = anonymous.post(NEW, typed)

    page = answer.content.decode()
    assert answer.status_code == 401
    assert "You are logged out" in page
    assert 'href="/login/" target="_blank"' in page
    assert held_in(page) == {
        name: value if isinstance(value, list) else [value] for name, value in typed.items()
    }


def test_what_was_held_is_filled_in_again_in_its_step_and_nothing_is_done(
    anonymous: Client, user: User, typed: dict[str, Any]
) -> None:
    held = held_in(anonymous.post(NEW, typed).content.decode())

    anonymous.force_login(user)
    answer = anonymous.post(AGAIN, held)

    page = unescape(wizard(answer.content.decode()))
    assert answer.status_code == 200
    assert "This is the form as you had sent it. Nothing is created yet." in unescape(
        answer.content.decode()
    )
    assert '<input type="hidden" name="at" value="options">' in page
    assert 'value="Nightly "run" & <b>"' in page
    assert "team=archive\nseason=summer" in page
    assert len(re.findall(r'name="run_window_days"[^>]* checked', page)) == 2
    assert not Job.objects.exists()
    assert not Manifest.objects.exists()


def test_who_goes_on_too_early_is_asked_again_and_loses_nothing(
    anonymous: Client, typed: dict[str, Any]
) -> None:
    held = held_in(anonymous.post(NEW, typed).content.decode())

    answer = anonymous.post(AGAIN, held)

    assert answer.status_code == 401
    assert held_in(answer.content.decode()) == held


def test_a_file_is_not_held_and_that_is_said_until_it_is_chosen_again(
    anonymous: Client, user: User, filled: Fill
) -> None:
    page = anonymous.post(NEW, filled(at="objects", step="operation")).content.decode()
    assert "you will have to choose pictures.csv again" in page
    held = held_in(anonymous.post(AGAIN, held_in(page)).content.decode())

    anonymous.force_login(user)
    answer = anonymous.post(AGAIN, held)

    assert "A file could not be held: choose pictures.csv again." in answer.content.decode()
    assert not Manifest.objects.exists()


def test_the_review_is_not_shown_of_what_was_held(client: Client, typed: dict[str, Any]) -> None:
    page = client.post(AGAIN, {**typed, "at": "review", "step": "create"}).content.decode()

    assert '<input type="hidden" name="at" value="options">' in page
    assert "Create the job" not in page
    assert not Job.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/jobs/00000000-0000-0000-0000-000000000000/cancel/", {"reason": "A typed reason"}),
        ("/jobs/bulk/", {"decision": "cancel", "everything": "1", "reason": "A typed reason"}),
        ("/members/new/", {"username": "eve", "password": "a typed reason"}),
        ("/roles/archive/edit/", {"secret_access_key": "A typed reason"}),
    ],
)
def test_of_other_forms_nothing_is_held_and_the_login_leads_back_to_their_page(
    anonymous: Client, path: str, fields: dict[str, str]
) -> None:
    answer = anonymous.post(path, fields, headers={"Referer": f"{SITE}/jobs/?q=nightly"})

    page = unescape(answer.content.decode())
    assert answer.status_code == 401
    assert "Nothing was done. Log in, and do it again." in page
    assert f'href="/login/?next={quote(f"{SITE}/jobs/?q=nightly", safe="")}"' in page
    assert "typed reason" not in page.lower()
    assert "<form" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("seen", ["https://evil.example/", "//evil.example", "javascript:1", ""])
def test_the_way_back_leads_to_no_other_site(anonymous: Client, seen: str) -> None:
    page = anonymous.post("/members/new/", headers={"Referer": seen}).content.decode()

    assert 'href="/login/?next=%2Fjobs%2F"' in page
    assert "evil" not in page


# ---- the token is that of an earlier login


def test_a_new_job_with_an_old_token_is_shown_again_as_it_was_sent(
    late: Client, role: Role, typed: dict[str, Any]
) -> None:
    answer = late.post(NEW, {**typed, "csrfmiddlewaretoken": "a" * 64})

    page = unescape(answer.content.decode())
    assert answer.status_code == 403
    assert "The form had expired" in page
    assert '<input type="hidden" name="at" value="options">' in page
    assert 'value="Nightly "run" & <b>"' in page
    assert not Manifest.objects.exists()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', wizard(page))[0]
    assert late.post(NEW, {**typed, "csrfmiddlewaretoken": token}).status_code == 422


def test_the_login_in_between_makes_the_token_of_the_held_form_an_old_one_which_is_expected(
    late: Client, typed: dict[str, Any]
) -> None:
    page = late.post(AGAIN, {**typed, "csrfmiddlewaretoken": "a" * 64}).content.decode()

    assert "This is the form as you had sent it. Nothing is created yet." in page
    assert 'name="at" value="options"' in page


def test_a_list_with_an_old_token_is_not_kept(late: Client, filled: Fill) -> None:
    late.post(NEW, filled(at="objects", step="operation"))
    late.post(NEW, filled(upload=None, source="paste", pasted="photos,a.jpg", at="objects"))

    assert not Manifest.objects.exists()


def test_what_another_site_sent_is_neither_held_nor_filled_in(
    late: Client, anonymous: Client, typed: dict[str, Any]
) -> None:
    strict = Client(enforce_csrf_checks=True)

    for browser in (late, strict):
        for path in (NEW, AGAIN):
            answer = browser.post(path, typed, headers={"Origin": "https://evil.example"})
            page = unescape(answer.content.decode())
            assert answer.status_code == 403
            assert "The form has expired" in page
            assert "Nightly" not in page


def test_an_old_token_decides_on_nothing_and_the_page_leads_back(
    late: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Ready")
    place = f"{SITE}/jobs/{job.pk}/"

    answer = late.post(
        f"/jobs/{job.pk}/cancel/", {"reason": "late"}, headers={"Referer": place, "Origin": SITE}
    )

    job.refresh_from_db()
    assert (answer.status_code, job.status) == (403, "Ready")
    assert f'href="{place}"' in answer.content.decode()


def test_whoever_may_make_no_job_is_shown_no_form(make_user: MakeUser) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user("viewer"))

    page = browser.post(NEW, {"description": "Nightly"}).content.decode()

    assert "The form has expired" in page
    assert "Nightly" not in page


# ---- the script


def test_the_script_is_given_the_token_that_is_right_now(late: Client, role: Role) -> None:
    refused = late.post(NEW, {"choose": "parameters"}, headers=HTMX)
    assert refused.status_code == 403

    token = refused["X-CSRFToken"]
    fields = {"choose": "parameters", "csrfmiddlewaretoken": token}

    assert late.post(NEW, fields, headers=HTMX).status_code == 200
    assert late.get("/jobs/", headers=HTMX)["X-CSRFToken"]
    assert "X-CSRFToken" not in late.get("/jobs/")


def test_a_script_of_nobody_is_told_so_and_given_no_token(user: User) -> None:
    answer = Client(enforce_csrf_checks=True).post(NEW, {"choose": "parameters"}, headers=HTMX)

    assert answer.status_code == 401
    assert "X-CSRFToken" not in answer


def test_a_file_that_was_sent_is_not_read(anonymous: Client, role: Role) -> None:
    name = 'a"><script>.csv'

    page = anonymous.post(NEW, {"upload": SimpleUploadedFile(name, CSV), TAGS: "a=b"})

    assert "photos,a.jpg" not in page.content.decode()
    assert "<script>." not in page.content.decode()
