"""The pages in a real browser: they work, poll, end polling and can be used by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from jobs.models import AccessKey, ApiToken, Function, Job, JobEvent, Member, Rank, Role
from jobs.status import JobStatus
from operations import OPERATIONS
from operations.base import SUCCESSFUL
from tests import rows
from tests.conftest import MakeJob
from tests.core.scripted import MISSING
from tests.pages.conftest import SIZES, Example, OpenPage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCHEMES = ("light", "dark")
NARROWEST = 320
"""So wide is a screen on which everything is shown four times as large (WCAG 1.4.10)."""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def inspect(page: Page, folder: Path, name: str) -> None:
    """Keep a picture, look for faults that axe can see, and for a page that scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    page.screenshot(path=folder / f"{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(SIDEWAYS) <= 0
    size = page.viewport_size
    if size and size["width"] == SIZES["narrow"][0]:
        page.set_viewport_size({"width": NARROWEST, "height": size["height"]})
        assert page.evaluate(SIDEWAYS) <= 0
        page.set_viewport_size(size)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_every_page_in_both_schemes_and_sizes(
    open_page: OpenPage, example: Example, screenshots: Path, size: str, scheme: str
) -> None:
    jobs = {status: example(status) for status in JobStatus.values}
    done = jobs["Complete"].pk
    slice_ = rows.make_slice(jobs["Complete"], [f"photos,{'long/' * 40}a.jpg", "photos,b.jpg"])
    rows.make_part(slice_, [MISSING, SUCCESSFUL])
    report = jobs["Complete"].report_files.filter(kind="failed").get().pk
    paths = {
        "list": "/jobs/",
        "list-none": "/jobs/?q=nothing+of+the+kind",
        "new": "/jobs/new/",
        "results": f"/jobs/{done}/results/",
        "results-none": f"/jobs/{done}/results/?key=nothing",
        "preview": f"/jobs/{done}/report/{report}/preview/",
        **{f"job-{status.lower()}": f"/jobs/{job.pk}/" for status, job in jobs.items()},
    }

    with open_page("/jobs/", size, scheme) as page:
        page.context.set_default_timeout(10_000)
        for name, path in paths.items():
            page.goto(path)
            inspect(page, screenshots, f"{name}-{size}-{scheme}")


@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_give_the_parameters_of_every_operation(
    open_page: OpenPage, role: Role, screenshots: Path, size: str
) -> None:
    with open_page("/jobs/", size) as page:
        page.context.set_default_timeout(10_000)
        for operation in OPERATIONS:
            page.goto(f"/jobs/new/?operation={operation.name}&step=operation")
            for group in page.locator("#parameters summary").all():
                group.click()
            inspect(page, screenshots, f"new-{operation.name}-{size}")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_without_content_can_be_used_by_everybody(
    open_page: OpenPage, screenshots: Path, size: str, scheme: str
) -> None:
    with open_page("/jobs/", size, scheme) as page:
        inspect(page, screenshots, f"list-empty-{size}-{scheme}")
        page.goto("/jobs/new/")
        inspect(page, screenshots, f"new-without-role-{size}-{scheme}")
        page.context.clear_cookies()
        page.goto("/login/")
        inspect(page, screenshots, f"login-{size}-{scheme}")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_pages_of_an_administrator(
    open_page: OpenPage,
    s3: S3Client,
    role: Role,
    user: User,
    screenshots: Path,
    size: str,
    scheme: str,
) -> None:
    Member.objects.filter(user=user).update(rank=Rank.ADMINISTRATOR)
    Function.objects.create(account_id=role.account_id, name="thumbnails", url="http://box:9001")
    for kind in (AccessKey, ApiToken):
        kind.issue(user, label="The nightly job on the archive server")
    grace = User.objects.create_user("grace.hopper@example.org", is_active=False)
    Member.objects.create(user=grace, account_id=role.account_id, rank=Rank.SUBMITTER)
    paths = {
        "keys": "/keys/", "key-new": "/keys/new/", "members": "/members/",
        "member-new": "/members/new/", "roles": "/roles/", "role-new": "/new-role/",
        "role-edit": "/roles/archive/edit/", "function-new": "/new-function/",
        "function-edit": "/functions/thumbnails/edit/", "password": "/password/",
        "settings": "/settings/", "role": "/roles/archive/", "workers": "/workers/",
    }  # fmt: skip

    with open_page("/keys/", size, scheme) as page:
        page.context.set_default_timeout(10_000)
        for name, path in paths.items():
            page.goto(path)
            if name == "role":
                page.get_by_text("The store answers; it lists 3 buckets").wait_for()
            for summary in page.locator("main summary").all():
                summary.click()
            inspect(page, screenshots, f"{name}-{size}-{scheme}")


@pytest.mark.parametrize("size", SIZES)
def test_a_key_is_made_copied_and_revoked_without_javascript(
    open_page: OpenPage, user: User, screenshots: Path, size: str
) -> None:
    with open_page("/keys/", size, java_script_enabled=False) as page:
        page.get_by_role("link", name="Make the first one").click()
        page.get_by_label("Label").fill("laptop")
        page.get_by_role("button", name="Make it").click()
        assert len(page.locator("#secret").inner_text()) == 40
        page.screenshot(path=screenshots / f"key-made-{size}.png", full_page=True)
        page.get_by_role("link", name="I have copied it").click()
        page.get_by_text("Revoke laptop").click()
        page.get_by_role("button", name="Revoke it now").click()
        page.get_by_text("is revoked.").wait_for()

    assert AccessKey.objects.get().revoked_at


def test_polling_shows_progress_and_stops_when_the_job_ends(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    job = make_job(status="Active", total_tasks=200, succeeded=10)
    asked: list[str] = []

    with open_page(f"/jobs/{job.pk}/") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.locator("summary", has_text="Cancel").click()
        page.get_by_label("Reason (optional)").fill("half a reason")
        Job.objects.filter(pk=job.pk).update(succeeded=100)
        page.get_by_text("100 of 200 tasks").wait_for()
        assert page.title().startswith("Active 50%")
        assert page.get_by_label("Reason (optional)").input_value() == "half a reason"
        assert page.locator("#announcement").text_content() == "Active, 50 percent done."

        Job.objects.filter(pk=job.pk).update(status="Complete", succeeded=200, active_since=None)
        page.locator("#badge", has_text="Completed").wait_for()
        page.get_by_text("The job has changed meanwhile.").wait_for()
        assert page.get_by_label("Reason (optional)").input_value() == "half a reason"
        assert page.title().startswith("Completed 100%")
        seen = len(asked)
        page.wait_for_timeout(5_000)
        assert len(asked) == seen
        page.get_by_role("link", name="Show what can be decided now").click()
        page.locator("#moved").wait_for(state="hidden")
        assert page.get_by_role("button", name="Cancel this job").count() == 0


def test_what_a_colleague_changes_reaches_the_buttons_but_takes_nothing_away(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    job = make_job(status="Active", total_tasks=200, succeeded=10)

    def change(priority: int) -> None:
        Job.objects.filter(pk=job.pk).update(priority=priority)
        JobEvent.objects.create(job=job, actor="ada", reason=f"priority set to {priority}")

    with open_page(f"/jobs/{job.pk}/") as page:
        page.locator("summary", has_text="Priority").focus()
        change(99)
        page.locator("summary", has_text="Priority 99").wait_for()
        assert page.locator(":focus").inner_text() == "Priority 99"
        page.locator("#record", has_text="priority set to 99").wait_for()
        assert page.locator("#announcement").text_content() == ""
        assert page.locator("#moved").is_hidden()

        page.locator("summary", has_text="Speed: no limit").click()
        page.get_by_label("Most requests per second").fill("50")
        change(100)
        page.get_by_text("The job has changed meanwhile.").wait_for()
        assert page.get_by_label("Most requests per second").input_value() == "50"
        assert page.locator("summary", has_text="Priority 99").count() == 1

        page.get_by_label("Most requests per second").fill("")
        page.locator("h1").click()
        change(101)
        page.locator("summary", has_text="Priority 101").wait_for()
        assert page.locator("#moved").is_hidden()


def test_a_decision_that_is_open_stays_so_under_the_hand(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    job = make_job(status="Ready", total_tasks=200)

    with open_page(f"/jobs/{job.pk}/") as page:
        page.locator("summary", has_text="Cancel").click()
        Job.objects.filter(pk=job.pk).update(priority=99)
        page.get_by_text("The job has changed meanwhile.").wait_for()
        assert page.get_by_role("button", name="Cancel this job").is_visible()


def test_a_job_is_confirmed_and_cancelled_by_buttons(open_page: OpenPage, example: Example) -> None:
    job = example("Suspended")

    with open_page(f"/jobs/{job.pk}/") as page:
        page.get_by_role("button", name="Run job").click()
        page.get_by_text("Successfully received confirmation").wait_for()
        page.locator("summary", has_text="Cancel").click()
        page.get_by_label("Reason (optional)").fill("wrong list")
        page.get_by_role("button", name="Cancel this job").click()
        page.get_by_text("The job is cancelled.").wait_for()

    job.refresh_from_db()
    assert (job.status, job.status_update_reason) == ("Cancelled", "wrong list")


def test_a_download_has_its_proper_name(open_page: OpenPage, example: Example) -> None:
    job = example("Complete")

    with open_page(f"/jobs/{job.pk}/") as page:
        with page.expect_download() as download:
            page.get_by_role("link", name="Failed tasks", exact=True).click()
        assert download.value.suggested_filename == f"job-{job.pk}-failed-1.csv"
