"""What people do with jobs, from the list to the report, while workers work."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import go_on
from tests.processes.browser.conftest import CreateJob, Visit
from tests.processes.installation import Installation, until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.xdist_group("browser-processes"),
]


def status(page: Page, text: str) -> None:
    """Wait until the badge of the job says so."""
    page.locator("#badge", has_text=text).wait_for()


def test_a_job_is_confirmed_watched_to_its_end_and_its_report_downloaded(
    visit: Visit, create: CreateJob, every_key: list[str], tmp_path: Path
) -> None:
    job = create([*every_key[:40], "2026/gone.jpg"], description="Watched")

    with visit(f"/jobs/{job}/") as page:
        page.get_by_role("button", name="Run job").click()
        page.get_by_text("Successfully received confirmation").wait_for()
        status(page, "Completed")
        assert page.title().startswith("Completed 100%")
        page.get_by_text("41 of 41 tasks").wait_for()
        page.get_by_text("The object is not there").wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="All rows as one CSV").click()
        download.value.save_as(tmp_path / "report.csv")
        page.get_by_role("link", name="Preview").first.click()
        page.get_by_role("columnheader", name="HTTPStatusCode").wait_for()

    with (tmp_path / "report.csv").open() as report:
        rows = list(csv.reader(report))
    assert len(rows) == 41
    assert [row[1] for row in rows if row[3] == "failed"] == ["2026/gone.jpg"]


def test_what_failed_is_done_again_by_one_click(
    visit: Visit, create: CreateJob, store: S3Client, every_key: list[str]
) -> None:
    job = create(
        [*every_key[:5], "late/a.jpg", "late/b.jpg"],
        description="Some are late",
        confirmation_required=False,
    )

    with visit(f"/jobs/{job}/") as page:
        status(page, "Completed")
        store.put_object(Bucket="photos", Key="late/a.jpg", Body=b"now")
        store.put_object(Bucket="photos", Key="late/b.jpg", Body=b"now")
        page.get_by_role("button", name="Retry what failed with NoSuchKey, HTTP 404").click()
        page.get_by_text("This job is for doing 2 tasks again.").wait_for()
        page.get_by_role("button", name="Run job").click()
        status(page, "Completed")
        page.get_by_text("2 of 2 tasks").wait_for()
        page.get_by_role("link", name=f"job {job}").click()
        page.get_by_role("link", name="of Some are late").wait_for()

    tags = store.get_object_tagging(Bucket="photos", Key="late/b.jpg")["TagSet"]
    assert tags == [{"Key": "seen", "Value": "yes"}]


def test_what_failed_is_done_again_with_other_settings(
    visit: Visit, create: CreateJob, store: S3Client, every_key: list[str]
) -> None:
    job = create([every_key[7], "tardy.jpg"], description="Tardy", confirmation_required=False)

    with visit(f"/jobs/{job}/") as page:
        status(page, "Completed")
        store.put_object(Bucket="photos", Key="tardy.jpg", Body=b"now")
        page.get_by_role("link", name="Retry with other settings what failed with NoSuch").click()
        page.get_by_text("Failed tasks (NoSuchKey, HTTP 404) of Tardy").wait_for()
        go_on(page)
        page.get_by_role("textbox", name="Tags", exact=True).fill("seen=late")
        go_on(page)
        go_on(page)
        page.get_by_text("Replace all object tags by seen=late on 1 object").wait_for()
        page.get_by_role("button", name="Create the job").click()
        page.get_by_role("button", name="Run job").click()
        page.get_by_text("1 of 1 tasks").or_(page.get_by_text("1 of 1 task")).first.wait_for()
        status(page, "Completed")

    tags = store.get_object_tagging(Bucket="photos", Key="tardy.jpg")["TagSet"]
    assert tags == [{"Key": "seen", "Value": "late"}]


def test_a_running_job_is_paused_resumed_and_cancelled(
    visit: Visit, create: CreateJob, every_key: list[str], site: Installation
) -> None:
    job = create(every_key, description="Slow", requests_per_second=1, confirmation_required=False)

    with visit(f"/jobs/{job}/") as page:
        status(page, "Active")
        page.locator("summary", has_text="Pause").click()
        page.get_by_label("Reason for the pause").fill("lunch")
        page.get_by_role("button", name="Pause this job").click()
        status(page, "Paused")
        page.get_by_text("Reason given: lunch").wait_for()
        done = site.api("GET", f"jobs/{job}/")["progress"]["succeeded"]
        page.get_by_role("button", name="Resume").click()
        status(page, "Active")
        until(
            lambda: site.api("GET", f"jobs/{job}/")["progress"]["succeeded"] > done,
            30,
            "tasks after the pause",
        )
        page.get_by_text("reached its speed ceiling of 1 request").wait_for()
        page.get_by_role("img", name="Tasks per second").wait_for()
        page.locator("summary", has_text="Cancel").click()
        page.get_by_role("button", name="Cancel this job").click()
        status(page, "Cancelled")
        page.get_by_role("button", name="Tasks never executed").wait_for()

    told = site.api("GET", f"jobs/{job}/")
    assert told["status"] == "Cancelled"
    assert told["progress"]["succeeded"] < 60


def test_many_jobs_are_cancelled_at_once(
    visit: Visit, create: CreateJob, every_key: list[str], site: Installation
) -> None:
    jobs = [create(every_key[:2], description=f"Heap {number}") for number in range(4)]

    with visit("/jobs/?q=Heap") as page:
        page.get_by_role("link", name="Heap 3").wait_for()
        page.get_by_role("checkbox", name=re.compile("Heap 0")).check()
        page.get_by_role("checkbox", name=re.compile("Heap 1")).check()
        page.wait_for_timeout(4_000)  # the list is asked for again meanwhile
        assert page.get_by_role("checkbox", name=re.compile("Heap 1")).is_checked()
        page.get_by_role("button", name="Cancel", exact=False).first.click()
        page.get_by_role("button", name=re.compile("Cancel 2 jobs")).click()
        page.get_by_text("2 jobs were cancelled").wait_for()

    told = [site.api("GET", f"jobs/{job}/")["status"] for job in jobs]
    assert told[:2] == ["Cancelled", "Cancelled"]
    assert "Cancelled" not in told[2:]


def test_many_jobs_get_a_priority_and_are_run_at_once(
    visit: Visit, create: CreateJob, every_key: list[str], site: Installation
) -> None:
    jobs = [create(every_key[:2], description=f"Flock {number}") for number in range(3)]

    def told(member: str) -> list[object]:
        return [site.api("GET", f"jobs/{job}/")[member] for job in jobs]

    until(lambda: told("status") == ["Suspended"] * 3, 30, "their preparation")
    with visit("/jobs/?q=Flock") as page:
        page.get_by_role("checkbox", name=re.compile("Flock 0")).check()
        page.get_by_role("checkbox", name=re.compile("Flock 1")).check()
        page.get_by_role("button", name="Priority…").click()
        page.get_by_label("Priority", exact=True).fill("77")
        page.get_by_role("button", name="Change 2 jobs").click()
        page.get_by_text("2 jobs were given the priority 77").wait_for()
        assert told("priority") == [77, 77, 10]
        page.get_by_role("checkbox", name=re.compile("Flock 0")).check()
        page.get_by_role("checkbox", name=re.compile("all 3 that match")).check()
        page.get_by_role("button", name="Run…").click()
        page.get_by_text("Together they have 6 tasks").wait_for()
        page.get_by_role("button", name="Run 3 jobs").click()
        page.get_by_text("3 jobs were confirmed").wait_for()
        until(lambda: told("status") == ["Complete"] * 3, 30, "their end")
        page.get_by_role("row", name=re.compile("Flock 2.*Completed")).wait_for()


def test_a_viewer_sees_everything_and_decides_nothing(
    visit: Visit, create: CreateJob, every_key: list[str]
) -> None:
    job = create(every_key[:2], description="Not for viewers")

    with visit(f"/jobs/{job}/", who="val", expected="403") as page:
        status(page, "Awaiting your confirmation to run")
        for name in ("Run job", "Cancel this job", "Pause this job"):
            assert page.get_by_role("button", name=name).count() == 0
        page.get_by_role("link", name="Jobs", exact=True).first.click()
        page.get_by_role("link", name="Not for viewers").wait_for()
        assert page.get_by_role("checkbox").count() == 0
        assert page.get_by_role("link", name="New job").count() == 0
        page.goto("/jobs/new/")
        page.get_by_text("You may not do this").wait_for()


def test_without_javascript_a_job_is_run_and_seen_to_its_end(
    visit: Visit, create: CreateJob, every_key: list[str], site: Installation
) -> None:
    job = create(every_key[:5], description="Plain")
    until(lambda: site.api("GET", f"jobs/{job}/")["status"] == "Suspended", 30, "its preparation")

    with visit(f"/jobs/{job}/", java_script_enabled=False) as page:
        page.get_by_role("button", name="Run job").click()
        until(lambda: site.api("GET", f"jobs/{job}/")["status"] == "Complete", 30, "its end")
        page.reload()
        status(page, "Completed")
        page.get_by_text("5 of 5 tasks").wait_for()
        page.get_by_role("link", name="Jobs", exact=True).first.click()
        page.get_by_role("link", name="Plain").wait_for()
