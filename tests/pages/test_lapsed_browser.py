"""Sessions that end under a page, and fragments that fail, in a real browser: nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.urls import reverse

from jobs.models import Job, Role
from tests.browser import go_on, log_in, settle
from tests.conftest import PASSWORD, MakeJob
from tests.pages.conftest import SIZES, OpenPage
from tests.pages.test_browser import SCHEMES, inspect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REFUSED = r"(status of|Status Error Code) (4|5)\d\d|Code (4|5)\d\d"
OPERATION = "/jobs/new/?operation=S3PutObjectTagging&step=operation"
TAGS = "Replace all object tags"


def leave(page: Page) -> None:
    """The session ends, as it does by itself."""
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


@contextmanager
def other_tab(page: Page) -> Iterator[Page]:
    """What happens beside the page that is looked at."""
    other = page.context.new_page()
    other.goto("/login/")
    yield other
    other.close()


def come_back(page: Page) -> None:
    """Log in in another tab."""
    with other_tab(page) as other:
        log_in(other, "ada", PASSWORD)
        other.get_by_role("heading", name="Jobs", exact=True).wait_for()


def begin(page: Page) -> None:
    """Type the first step of a new job, and be about to leave it."""
    page.get_by_label("Paste a list").check()
    page.get_by_label("List", exact=True).fill("photos,a.jpg\nphotos,b.jpg")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_a_new_job_outlives_its_session(
    open_page: OpenPage, role: Role, s3: object, screenshots: Path, size: str, scheme: str
) -> None:
    with open_page("/jobs/new/", size, scheme, expected=REFUSED) as page:
        page.context.set_default_timeout(10_000)
        begin(page)
        leave(page)
        page.get_by_role("button", name="Next", exact=True).last.click()
        page.get_by_role("heading", name="You are logged out").wait_for()
        inspect(page, screenshots, f"lapsed-held-{size}-{scheme}")

        with page.expect_popup() as opened:
            page.get_by_role("link", name="Log in (new tab)").click()
        log_in(opened.value, "ada", PASSWORD)
        opened.value.get_by_role("heading", name="Jobs", exact=True).wait_for()
        opened.value.close()
        page.get_by_role("button", name="Go on with the form").click()
        settle(page)

        listed = page.get_by_label("List", exact=True).input_value()
        assert listed == "photos,a.jpg\nphotos,b.jpg"
        inspect(page, screenshots, f"lapsed-again-{size}-{scheme}")
        go_on(page)
        page.get_by_role("heading", name="2. What to do with each object?").wait_for()


def test_a_new_job_outlives_a_login_elsewhere(open_page: OpenPage, role: Role, s3: object) -> None:
    with open_page("/jobs/new/", expected=REFUSED) as page:
        begin(page)
        go_on(page)
        page.get_by_label(TAGS).check()
        page.get_by_role("textbox", name="Tags", exact=True).fill("season=summer")
        leave(page)
        come_back(page)
        go_on(page)
        assert "The form had expired" in page.locator("main").inner_text()
        assert page.get_by_role("textbox", name="Tags", exact=True).input_value() == "season=summer"
        go_on(page)
        page.get_by_role("textbox", name="Bucket", exact=True).fill("reports")
        go_on(page)
        page.get_by_role("button", name="Create the job").click()
        page.get_by_text("Successfully created job").wait_for()

    assert Job.objects.get().parameters == {"TagSet": [{"Key": "season", "Value": "summer"}]}


def test_a_reason_that_was_typed_stays_while_the_session_is_lost_and_is_taken_afterwards(
    open_page: OpenPage, make_job: MakeJob, screenshots: Path
) -> None:
    job = make_job(status="Active", total_tasks=200)

    place = reverse("job", args=[job.pk])
    with open_page(place, "narrow", "dark", expected=REFUSED) as page:
        page.locator("summary", has_text="Pause").click()
        reason = page.get_by_label("Reason for the pause")
        reason.fill("The store is being moved")
        leave(page)
        told = page.locator("#lost")
        told.get_by_text("You are logged out.").wait_for()
        page.screenshot(path=screenshots / "lapsed-poll-narrow-dark.png")
        come_back(page)
        page.get_by_role("button", name="Ask now").click()
        told.wait_for(state="hidden")
        assert reason.input_value() == "The store is being moved"
        page.get_by_role("button", name="Pause this job").click()
        page.get_by_text("Pausing was asked for.").wait_for()

    job.refresh_from_db()
    assert job.held_reason == "The store is being moved"


def test_jobs_that_were_ticked_stay_so_while_the_session_is_lost(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    make_job(status="Active", total_tasks=200)

    with open_page("/jobs/", expected=REFUSED) as page:
        box = page.locator('[name="ids"]').first
        box.check()
        leave(page)
        told = page.locator("#lost")
        told.get_by_text("You are logged out.").wait_for()
        come_back(page)
        page.get_by_role("button", name="Ask now").click()
        told.wait_for(state="hidden")
        assert box.is_checked()
        page.get_by_role("heading", name="Jobs", exact=True).wait_for()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_hours_that_are_refused_stay_to_be_mended_while_the_page_goes_on(
    open_page: OpenPage, make_job: MakeJob, screenshots: Path, size: str, scheme: str
) -> None:
    job = make_job(status="Active", total_tasks=200, succeeded=10)
    place = reverse("job", args=[job.pk])

    with open_page(place, size, scheme, expected=REFUSED) as page:
        page.locator("summary", has_text="Hours").click()
        page.get_by_label("From", exact=True).fill("22:00")
        page.get_by_label("To", exact=True).fill("06:00")
        for day in page.locator('[name="run_window_days"]').all():
            day.uncheck()
        page.get_by_role("button", name="Change the hours").click()
        page.get_by_text("Days on which it begins: This may not be empty.").wait_for()
        inspect(page, screenshots, f"hours-refused-{size}-{scheme}")
        Job.objects.filter(pk=job.pk).update(succeeded=50, priority=11)
        page.get_by_text("The job has changed meanwhile.").wait_for()
        assert page.get_by_label("From", exact=True).input_value() == "22:00"
        page.get_by_label("Monday").check()
        page.get_by_role("button", name="Change the hours").click()
        page.get_by_text("The hours were set: from 22:00 to 06:00 UTC on Mon.").wait_for()


# ---- what was asked for in the form, and did not come


def fail(page: Page, status: int | None, **headers: str) -> None:
    """Let the server answer so to what the form asks for."""
    pattern = re.compile(r"/jobs/new/(browse/.*)?$")
    if status is None:
        page.route(pattern, lambda route: route.abort())
    else:
        page.route(pattern, lambda route: route.fulfill(status=status, headers=headers, body=""))


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (503, {}, "The server could not do that now (503). Try again."),
        (429, {"Retry-After": "7"}, "Too many requests came from here. Try again in 7 s."),
        (404, {}, "The server refused that (404). Load the page again to see why."),
        (None, {}, "The server did not answer. Try again."),
    ],
)
def test_an_operation_whose_parameters_do_not_come_is_not_ticked(
    open_page: OpenPage, role: Role, status: int | None, headers: dict[str, str], told: str
) -> None:
    with open_page(OPERATION, expected=rf"{REFUSED}|ERR_FAILED|^htmx:") as page:
        fail(page, status, **headers)
        page.get_by_label("Delete all object tags").check(force=True)
        page.locator("#lost").get_by_text(told).wait_for()
        assert page.get_by_label(TAGS).is_checked()
        assert page.get_by_role("button", name="Ask now").is_hidden()

        page.unroute_all()
        page.get_by_label("Delete all object tags").check()
        page.locator("#lost").wait_for(state="hidden")
        page.locator('[name="parameters_of"][value="S3DeleteObjectTagging"]').wait_for(
            state="attached"
        )


def test_a_store_that_cannot_be_looked_into_is_told(open_page: OpenPage, role: Role) -> None:
    with open_page("/jobs/new/", expected=REFUSED) as page:
        page.get_by_label("A list in S3").check()
        fail(page, 503)
        page.get_by_role("button", name="Browse the store").click()
        page.locator("#lost").get_by_text("could not do that now (503)").wait_for()


def test_an_operation_that_is_chosen_without_a_session_is_chosen_after_the_login(
    open_page: OpenPage, role: Role, screenshots: Path
) -> None:
    with open_page(OPERATION, "narrow", expected=REFUSED) as page:
        told = page.locator("#lost")
        page.get_by_role("textbox", name="Tags", exact=True).fill("season=summer")
        leave(page)
        page.get_by_label("Delete all object tags").click()
        told.get_by_role("link", name="Log in").wait_for()
        inspect(page, screenshots, "lapsed-banner-narrow-light")
        assert page.get_by_role("textbox", name="Tags", exact=True).input_value() == "season=summer"

        come_back(page)
        page.get_by_label("Delete all object tags").click()
        told.get_by_text("It is fresh now: try once more.").wait_for()
        page.get_by_label("Delete all object tags").click()
        told.wait_for(state="hidden")
        page.get_by_text("It has no parameters.").wait_for()


def test_going_back_shows_the_parameters_of_the_operation_that_is_ticked(
    open_page: OpenPage, role: Role
) -> None:
    with open_page(OPERATION) as page:
        page.get_by_label("Delete all object tags").check()
        page.get_by_text("It has no parameters.").wait_for()
        page.get_by_role("link", name="Workers").click()
        page.get_by_role("heading", name="Workers", exact=True).wait_for()
        page.go_back()
        page.wait_for_function("""() => {
          const ticked = document.querySelector('[name="operation"]:checked');
          return ticked?.value === document.querySelector('[name="parameters_of"]').value;
        }""")
        assert page.get_by_label("Delete all object tags").is_checked()
