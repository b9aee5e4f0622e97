"""The list of jobs in a real browser: calm while it is live, and for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.models import Job, Lane, Member, Rank
from jobs.status import JobStatus
from tests.browser import boxes
from tests.conftest import MakeJob
from tests.pages.conftest import SIZES, Example, OpenPage
from tests.pages.test_browser import SCHEMES, inspect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOCUSED = "document.activeElement.id"


def asked(page: Page) -> list[str]:
    """What is asked for from now on."""
    found: list[str] = []
    page.on("request", lambda sent: found.append(sent.url))
    return found


def polled(page: Page) -> None:
    """Ask for the fragment now, and wait until it is there."""
    with page.expect_response(lambda answer: "seen=" in answer.url):
        page.evaluate("htmx.trigger('#jobs', 'poll')")
    page.wait_for_timeout(100)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_list_while_jobs_are_chosen(
    open_page: OpenPage, example: Example, screenshots: Path, size: str, scheme: str
) -> None:
    jobs = [example(status) for status in JobStatus.values]
    Lane.objects.create(owner="a", node="n", host="h", pid=1, process_start=1, job=jobs[4], rate=42)

    with open_page("/jobs/", size, scheme) as page:
        page.locator("[name=ids]").first.check()
        page.locator("[name=ids]").nth(3).check()
        assert page.locator("#chosen").is_visible()
        inspect(page, screenshots, f"list-chosen-{size}-{scheme}")
        page.locator("summary", has_text="Filters").click()
        inspect(page, screenshots, f"list-filters-{size}-{scheme}")
        page.goto("/jobs/?q=none+of+them&role=archive")
        inspect(page, screenshots, f"list-none-{size}-{scheme}")
        for kind in ("confirm", "cancel", "priority"):
            page.goto(f"/jobs/bulk/?decision={kind}&everything=1")
            inspect(page, screenshots, f"bulk-{kind}-{size}-{scheme}")


def test_what_is_chosen_and_focused_stays_so_while_the_list_changes(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    first = make_job(status="Active", total_tasks=200, succeeded=10)
    second = make_job(status="Active", total_tasks=200)

    with open_page("/jobs/") as page:
        box = page.locator(f"#choose-{first.pk}")
        box.check()
        Job.objects.filter(pk=first.pk).update(succeeded=100)
        make_job(status="Ready", description="Made elsewhere")
        polled(page)

        page.get_by_text("50% · 100 of 200").wait_for()
        page.get_by_role("link", name="Made elsewhere").wait_for()
        assert page.locator("#tab-all .count").inner_text() == "3"
        assert page.locator("#matching").inner_text() == "3"
        assert box.is_checked()
        assert not page.locator(f"#choose-{second.pk}").is_checked()
        assert page.evaluate(FOCUSED) == f"choose-{first.pk}"
        page.locator("#tab-running").focus()
        Job.objects.filter(pk=first.pk).update(succeeded=150)
        polled(page)
        page.get_by_text("75% · 150 of 200").wait_for()
        assert page.evaluate(FOCUSED) == "tab-running"


def test_the_tabs_stay_where_they_were_scrolled(open_page: OpenPage, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=200, succeeded=10)
    make_job(status="Failed")

    with open_page("/jobs/?status=failed", "narrow") as page:
        tabs = page.locator(".tabs")
        (place,) = boxes(page, "#tab-failed")
        assert 0 < place["x"] < SIZES["narrow"][0] - place["width"]
        tabs.evaluate("each => { each.scrollLeft = 40; each.dataset.old = 'yes'; }")
        Job.objects.filter(pk=job.pk).update(status="Failed")
        polled(page)
        page.locator("#tab-failed .count", has_text="2").wait_for()
        assert tabs.evaluate("each => [each.scrollLeft, each.dataset.old]") == [40, None]


def test_the_list_is_let_alone_where_nothing_changed(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    make_job(status="Complete", created_at="2026-01-01T00:00:00Z")

    with open_page("/jobs/") as page:
        page.evaluate("document.querySelector('#jobs').dataset.mark = 'the same'")
        polled(page)

        assert page.locator("#jobs").get_attribute("data-mark") == "the same"


def test_the_list_asks_seldom_when_all_jobs_have_ended(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    job = make_job(status="Active", total_tasks=200, succeeded=10)

    with open_page("/jobs/") as page:
        page.locator(f"#job-{job.pk}").focus()
        Job.objects.filter(pk=job.pk).update(status="Complete", succeeded=200, active_since=None)
        page.locator(".status-complete").wait_for()
        assert page.evaluate(FOCUSED) == f"job-{job.pk}"
        heard = page.locator("#announcement").text_content()
        assert heard == "0 to confirm, 1 completed, 0 failed."
        requests = asked(page)
        page.wait_for_timeout(5_000)
        assert requests == []
        assert page.locator("#jobs").get_attribute("data-poll") == "15"


def test_everything_that_matches_is_cancelled_by_keyboard(
    open_page: OpenPage, make_job: MakeJob
) -> None:
    for number in range(60):
        make_job(status="Ready", description=f"nightly {number}")
    other = make_job(status="Ready", description="weekly")

    with open_page("/jobs/") as page:
        page.get_by_label("Id or description").fill("nightly")
        page.keyboard.press("Enter")
        page.wait_for_url("**/jobs/?q=nightly")
        page.get_by_label("Choose all on this page").focus()
        page.keyboard.press("Space")
        assert page.locator("[name=ids]:checked").count() == 50
        page.get_by_label("all 60 that match").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Cancel…").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Cancel 60 jobs?").wait_for()
        page.get_by_label("Reason (optional)").fill("all of them")
        page.keyboard.press("Enter")
        page.get_by_text("60 jobs were cancelled.").wait_for()
        assert page.url.endswith("/jobs/?q=nightly")

    assert Job.objects.exclude(status="Cancelled").get() == other


def test_what_has_the_focus_is_not_under_the_bar(open_page: OpenPage, make_job: MakeJob) -> None:
    for _ in range(30):
        make_job(status="Ready")

    with open_page("/jobs/") as page:
        page.locator("[name=ids]").first.check()
        for _ in range(40):
            page.keyboard.press("Tab")
            focus, bar = boxes(page, "*:focus", "#chosen")
            assert focus["y"] + focus["height"] <= bar["y"]


def test_a_choice_is_cleared_with_one_button(open_page: OpenPage, make_job: MakeJob) -> None:
    make_job(status="Ready")
    make_job(status="Ready")

    with open_page("/jobs/") as page:
        page.get_by_label("Choose all on this page").check()
        polled(page)
        page.get_by_role("button", name="Clear").click()
        assert page.locator("input:checked").count() == 0
        assert page.locator("#chosen").is_hidden()


def test_who_listens_hears_how_many_are_chosen(open_page: OpenPage, make_job: MakeJob) -> None:
    jobs = [make_job(status="Ready") for _ in range(3)]

    with open_page("/jobs/") as page:
        said = page.locator("#said[role=status]")
        assert said.text_content() == ""
        page.locator(f"#choose-{jobs[0].pk}").check()
        assert said.text_content() == "1 job chosen."
        page.get_by_label("Choose all on this page").check()
        assert said.text_content() == "3 jobs chosen."
        Job.objects.filter(pk=jobs[0].pk).update(status="Complete")
        polled(page)
        assert said.text_content() == "2 jobs chosen."
        page.get_by_role("button", name="Clear").click()
        page.locator("#said", has_text="No jobs chosen.").wait_for(state="attached")


@pytest.mark.parametrize("size", SIZES)
def test_without_javascript_jobs_are_found_and_reprioritised(
    open_page: OpenPage, make_job: MakeJob, size: str
) -> None:
    wanted = make_job(status="Ready", description="this", priority=10)
    make_job(status="Ready", description="that", priority=10)

    with open_page("/jobs/", size, java_script_enabled=False) as page:
        page.locator("summary", has_text="Filters").click()
        page.get_by_label("Created by").select_option("ada")
        page.get_by_role("button", name="Apply").click()
        page.get_by_text("By ada").wait_for()
        assert page.locator("#choose-all").is_hidden()
        page.locator(f"#choose-{wanted.pk}").check()
        page.get_by_role("button", name="Priority…").click()
        page.get_by_label("Priority", exact=True).fill("70")
        page.get_by_role("button", name="Change 1 job").click()
        page.get_by_text("1 job was given the priority 70.").wait_for()

    wanted.refresh_from_db()
    assert wanted.priority == 70
    assert Job.objects.filter(priority=10).count() == 1
    assert "creator=ada" in page.url


def test_a_viewer_looks_and_chooses_nothing(open_page: OpenPage, make_job: MakeJob) -> None:
    make_job(status="Ready")
    Member.objects.update(rank=Rank.VIEWER)

    with open_page("/jobs/") as page:
        assert page.locator("#jobs input").count() == 0
        assert page.locator("#chosen").count() == 0
