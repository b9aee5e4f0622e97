"""The script in a real browser: it polls with care, tells local times, copies and keeps place."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobs.models import Job, Tally, Throughput
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.scripted import MISSING
from tests.pages.conftest import Example, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HIDDEN = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT = """() => {
  window.unanswered = 0;
  document.addEventListener("htmx:beforeSend", () => { window.unanswered += 1; });
  document.addEventListener("htmx:afterRequest", () => { window.unanswered -= 1; });
}"""
COPY = "clipboard-read", "clipboard-write"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
GONE = "This page is not there any more"


class Server:
    """Stands between page and server: counts what is asked, and answers as the test says."""

    def __init__(self, page: Page, path: str) -> None:
        self.asked = 0
        self.answer: int | None = 200
        self.headers: dict[str, str] = {}
        self.page = page
        page.route(re.compile(re.escape(path) + r"\?seen="), self._meet)

    def _meet(self, route: Route, request: Request) -> None:
        assert request.headers.get("hx-request") == "true"
        self.asked += 1
        if self.answer is None:
            route.abort()
        elif self.answer == 200:
            route.continue_()
        else:
            route.fulfill(status=self.answer, headers=self.headers, body="")

    def after(self, seconds: float) -> int:
        """How often the page asks in that time."""
        before = self.asked
        for _ in range(int(seconds)):
            self.page.clock.run_for(1_000)
            self.settle()
        return self.asked - before

    def settle(self) -> None:
        """Answers come in the server's time, however slow the machine is."""
        for _ in range(500):
            self.page.wait_for_timeout(20)
            if not self.page.evaluate("window.unanswered"):
                return
        raise AssertionError("the server has not answered")


def watched(page: Page, job: Job) -> Server:
    """The page of a job, with a clock that stands still."""
    server = Server(page, f"/jobs/{job.pk}/")
    page.goto("about:blank")
    page.clock.install(time=NOON)
    page.clock.pause_at(NOON + timedelta(hours=1))  # it goes on by itself until it is paused
    page.goto(f"/jobs/{job.pk}/")
    page.wait_for_selector("#live")
    page.evaluate(COUNT)
    return server


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    return make_job(status="Active", total_tasks=200, succeeded=10)


# ---- polling


def test_a_page_that_nobody_looks_at_asks_seldom_and_at_once_when_seen(
    open_page: OpenPage, job: Job
) -> None:
    with open_page("/jobs/") as page:
        server = watched(page, job)
        assert 8 <= server.after(20) <= 11
        page.evaluate(HIDDEN, True)
        assert server.after(28) == 0
        assert server.after(5) == 1
        page.evaluate(HIDDEN, False)
        server.settle()
        assert 8 <= server.after(20) <= 11


SILENT = r"No answer from the server since \d\d:\d\d:\d\d\."


@pytest.mark.parametrize(
    ("answer", "complaint", "why"),
    [
        (503, " 503", SILENT),
        (429, " 429", r"Too many requests came from here\."),
        (None, "ERR_FAILED|^htmx:", SILENT),
    ],
)
def test_a_lost_server_is_told_asked_less_often_and_found_again(
    open_page: OpenPage, job: Job, answer: int | None, complaint: str, why: str
) -> None:
    with open_page("/jobs/", expected=complaint) as page:
        server = watched(page, job)
        lost = page.locator("#lost")
        assert lost.is_hidden()

        server.answer = answer
        assert server.after(3) == 1
        assert lost.is_visible()
        said = lost.locator("p").inner_text()
        assert re.fullmatch(rf"{why} What you see may be old; next try in 4 s\.", said)
        assert server.after(60) <= 4, "after 4, 8, 16 and 32 seconds"
        assert "next try in 60 s" in lost.inner_text()

        server.answer = 200
        assert server.after(61) >= 1
        assert lost.is_hidden()
        assert server.after(10) >= 4


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(
    open_page: OpenPage, job: Job
) -> None:
    with open_page("/jobs/", expected=" 503") as page:
        server = watched(page, job)
        server.answer, server.headers = 503, {"Retry-After": "40"}
        assert server.after(3) == 1
        assert server.after(38) == 0
        assert server.after(5) == 1


def test_ask_now_asks_at_once(open_page: OpenPage, job: Job) -> None:
    with open_page("/jobs/", expected=" 503") as page:
        server = watched(page, job)
        server.answer = 503
        server.after(20)
        asked, server.answer = server.asked, 200
        page.get_by_role("button", name="Ask now").click()
        page.locator("#lost").wait_for(state="hidden", timeout=5_000)
        assert server.asked == asked + 1


def test_a_lost_session_is_told_and_found_again(open_page: OpenPage, job: Job) -> None:
    with open_page("/jobs/", expected=" 401") as page:
        server = watched(page, job)
        server.answer = 401
        assert server.after(3) == 1
        told = page.locator("#lost")
        assert "You are logged out." in told.inner_text()
        assert told.get_by_role("link", name="Log in").get_attribute("target") == "_blank"
        assert server.after(60) <= 4, "after 4, 8, 16 and 32 seconds"

        server.answer = 200
        page.evaluate(HIDDEN, False)
        server.settle()
        assert told.is_hidden()
        assert server.after(10) >= 4


@pytest.mark.parametrize("answer", [404, 403])
def test_a_page_that_is_gone_says_so_and_asks_no_more(
    open_page: OpenPage, job: Job, answer: int
) -> None:
    with open_page("/jobs/", expected=f" {answer}") as page:
        server = watched(page, job)
        server.answer = answer
        assert server.after(3) == 1
        assert GONE in page.locator("#lost").inner_text()
        assert page.get_by_role("button", name="Ask now").is_hidden()
        for hidden in (True, False):
            page.evaluate(HIDDEN, hidden)
            assert server.after(70) == 0
        assert GONE in page.locator("#lost").inner_text()


# ---- times


def test_times_are_those_of_the_viewer_also_in_what_comes_later(
    open_page: OpenPage, example: Example
) -> None:
    job = example("Active")
    Throughput.objects.create(job=job, succeeded=[5], failed=[0])
    Job.objects.filter(pk=job.pk).update(created_at="2026-11-28T20:30:15Z")

    with open_page(f"/jobs/{job.pk}/", timezone_id="Asia/Tokyo") as page:
        made = page.locator('time[title*="(shown"][datetime^="2026-11-28T20:30:15"]').first
        assert made.inner_text().startswith("2026-11-29 05:30")
        assert made.get_attribute("title") == "2026-11-28 20:30:15 UTC (shown here in Asia/Tokyo)"

        Job.objects.filter(pk=job.pk).update(succeeded=11_000)
        page.get_by_text("11,214 of 12,345 tasks").wait_for()
        assert page.locator("time[data-time]").count() == 0
        began = page.locator("#live .chart-feet time").first
        assert "UTC" not in began.inner_text()
        assert "(shown here in Asia/Tokyo)" in str(began.get_attribute("title"))


def test_without_scripting_times_are_in_utc(open_page: OpenPage, example: Example) -> None:
    with open_page(f"/jobs/{example('Active').pk}/", java_script_enabled=False) as page:
        assert page.locator("time[data-time]").first.inner_text().endswith(" UTC")


# ---- copying


def missing_key(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    job = make_job(status="Active", total_tasks=1)
    make_part(make_slice(job, ['photos,"a%20""b"" & <c>"']), [MISSING])
    return job


def test_a_key_is_copied_whole_and_that_is_said(
    open_page: OpenPage, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart
) -> None:
    job = missing_key(make_job, make_slice, make_part)

    with open_page(f"/jobs/{job.pk}/results/", permissions=COPY) as page:
        button = page.get_by_role("button", name="Copy key 1")
        button.click()
        page.locator("#said", has_text="Copied").wait_for(state="attached")
        assert page.evaluate("navigator.clipboard.readText()") == 'a%20"b" & <c>'
        page.locator("#said:empty").wait_for(state="attached")
        assert button.inner_text() == "Copy"


def test_a_copy_that_fails_is_told(
    open_page: OpenPage, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart
) -> None:
    job = missing_key(make_job, make_slice, make_part)

    with open_page(f"/jobs/{job.pk}/results/") as page:
        page.evaluate("""() => {
            navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
            document.execCommand = () => false;
        }""")
        button = page.get_by_role("button", name="Copy key 1")
        button.click()
        page.locator("#said", has_text="Could not copy").wait_for(state="attached")
        assert button.evaluate("button => document.activeElement === button")


# ---- what a person did stays across swaps


def test_what_is_opened_stays_open_and_what_is_closed_stays_closed(
    open_page: OpenPage, job: Job
) -> None:
    Throughput.objects.create(job=job, succeeded=[10], failed=[0])

    with open_page(f"/jobs/{job.pk}/") as page:
        for succeeded, is_open in ((50, True), (100, False)):
            page.get_by_text("As a table").click()
            for more in (0, 10):
                Job.objects.filter(pk=job.pk).update(succeeded=succeeded + more)
                page.get_by_text(f"{succeeded + more} of 200 tasks").wait_for()
                table = page.locator("#chart-table")
                assert (table.get_attribute("open") is not None) == is_open


def test_the_keyboard_stays_where_it_was(open_page: OpenPage, job: Job) -> None:
    tally = Tally.objects.create(job=job, error_code="NoSuchKey", http_status=404, count=3)
    Job.objects.filter(pk=job.pk).update(failed=3)
    places = (f"tally-link-{tally.pk}", "all-results", "results-link")

    with open_page(f"/jobs/{job.pk}/") as page:
        for number, place in enumerate(places):
            page.locator(f"#{place}").focus()
            Job.objects.filter(pk=job.pk).update(succeeded=50 + number)
            page.get_by_text(f"{53 + number} of 200 tasks").wait_for()
            assert page.evaluate("document.activeElement.id") == place
