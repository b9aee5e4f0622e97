"""The pages in a real browser: they work, poll, end polling and can be used by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from jobs.models import AccessKey, ApiToken, Function, Job, Member, Rank, Role
from jobs.status import JobStatus
from operations import OPERATIONS
from tests.conftest import PASSWORD, MakeJob
from tests.pages.conftest import CSV, SIZES, Example, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCHEMES = ("light", "dark")


def inspect(page: Page, folder: Path, name: str) -> None:
    """Keep a picture, look for faults that axe can see, and for a page that scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    page.screenshot(path=folder / f"{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(sideways) <= 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_every_page_in_both_schemes_and_sizes(
    open_page: OpenPage, example: Example, screenshots: Path, size: str, scheme: str
) -> None:
    jobs = {status: example(status) for status in JobStatus.values}
    done = jobs["Complete"].pk
    paths = {
        "list": "/jobs/",
        "list-none": "/jobs/?q=nothing+of+the+kind",
        "new": "/jobs/new/",
        "results": f"/jobs/{done}/results/",
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
            page.goto(f"/jobs/new/?operation={operation.name}")
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
    open_page: OpenPage, role: Role, user: User, screenshots: Path, size: str, scheme: str
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
    }  # fmt: skip

    with open_page("/keys/", size, scheme) as page:
        page.context.set_default_timeout(10_000)
        for name, path in paths.items():
            page.goto(path)
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


def test_a_person_logs_in_uploads_a_list_and_sees_the_job(
    open_page: OpenPage, role: object, s3: object, screenshots: Path
) -> None:
    with open_page("/login/") as page:
        page.context.clear_cookies()
        page.goto("/jobs/new/")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()

        page.get_by_label("File", exact=True).set_input_files(
            {"name": "pictures.csv", "mimeType": "text/csv", "buffer": CSV}
        )
        page.get_by_label("What to do with each object").select_option("S3PutObjectTagging")
        page.get_by_label("Tags", exact=True).fill("season=summer")
        page.get_by_label("Description").fill("Summer pictures")
        page.get_by_label("Bucket", exact=True).fill("reports")
        page.get_by_role("button", name="Create the job").click()

        page.get_by_role("heading", name="Summer pictures").wait_for()
        page.screenshot(path=screenshots / "created.png", full_page=True)
        page.get_by_role("link", name="Jobs", exact=True).first.click()
        page.get_by_role("link", name="Summer pictures").wait_for()

    job = Job.objects.get()
    assert (job.description, job.parameters, job.manifest.filename) == (
        "Summer pictures",
        {"TagSet": [{"Key": "season", "Value": "summer"}]},
        "pictures.csv",
    )


def test_another_operation_brings_its_parameters_and_loses_nothing(
    open_page: OpenPage, role: object
) -> None:
    with open_page("/jobs/new/?operation=S3PutObjectTagging") as page:
        operations = page.get_by_label("What to do with each object")
        page.get_by_label("Description").fill("Kept")
        page.get_by_label("Tags", exact=True).fill("season=summer")
        operations.select_option("S3PutObjectCopy")
        page.get_by_label("Destination bucket").fill("arn:aws:s3:::archive")
        operations.select_option("S3PutObjectTagging")

        tags = page.get_by_label("Tags", exact=True)
        tags.wait_for()
        assert tags.input_value() == "season=summer"
        assert page.get_by_label("Description").input_value() == "Kept"
        operations.select_option("S3PutObjectCopy")
        page.get_by_label("Destination bucket").wait_for()
        assert page.get_by_label("Destination bucket").input_value() == "arn:aws:s3:::archive"


def test_a_faulty_form_says_what_is_wrong_beside_the_fields(
    open_page: OpenPage, role: object, screenshots: Path
) -> None:
    new = "/jobs/new/?operation=S3PutObjectTagging"

    with open_page(new, expected="status of 422") as page:
        page.get_by_label("Tags", exact=True).fill("no equals sign")
        page.get_by_role("button", name="Create the job").click()
        page.get_by_text("The job was not created.").wait_for()
        inspect(page, screenshots, "new-faulty-wide-light")
        page.get_by_role("link", name="File", exact=True).click()
        assert page.url.endswith("#id_upload")


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
        assert page.get_by_role("button", name="Cancel this job").count() == 0
        assert page.title().startswith("Completed 100%")
        seen = len(asked)
        page.wait_for_timeout(5_000)
        assert len(asked) == seen


def test_the_list_stops_polling_when_all_jobs_have_ended(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    job = make_job(status="Active", total_tasks=200, succeeded=10)
    asked: list[str] = []

    with open_page("/jobs/") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.locator(f"#job-{job.pk}").focus()
        Job.objects.filter(pk=job.pk).update(status="Complete", succeeded=200, active_since=None)
        page.locator(".status-complete").wait_for()
        assert page.evaluate("document.activeElement.id") == f"job-{job.pk}"
        seen = len(asked)
        page.wait_for_timeout(5_000)
        assert len(asked) == seen


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


def test_without_javascript_a_job_is_made_all_the_same(
    open_page: OpenPage, role: object, s3: object
) -> None:
    with open_page("/jobs/new/", java_script_enabled=False) as page:
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "pictures.csv", "mimeType": "text/csv", "buffer": CSV}
        )
        page.get_by_label("What to do with each object").select_option("S3PutObjectTagging")
        page.get_by_role("button", name="Show its parameters").click()
        page.get_by_text("pictures.csv is uploaded").wait_for()
        page.get_by_label("Tags", exact=True).fill("a=b")
        page.get_by_label("Bucket", exact=True).fill("reports")
        page.get_by_role("button", name="Create the job").click()
        page.get_by_text("Successfully created job").wait_for()

    assert Job.objects.get().operation == "S3PutObjectTagging"


def test_a_download_has_its_proper_name(open_page: OpenPage, example: Example) -> None:
    job = example("Complete")

    with open_page(f"/jobs/{job.pk}/") as page:
        with page.expect_download() as download:
            page.get_by_role("link", name="Failed tasks", exact=True).click()
        assert download.value.suggested_filename == f"job-{job.pk}-failed-1.csv"
