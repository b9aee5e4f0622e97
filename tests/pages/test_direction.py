"""Text that turns round what follows it, in a real browser: nothing beside it is turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Job, Node, TaskResult
from jobs.services import pause_job, retry_tasks
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.scripted import FORBIDDEN
from tests.pages.conftest import OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TURNED = "x\u202ey"
READ = """place => {
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let last = null;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const turned = text.data.includes("\u202e");
    const size = turned ? text.length : 1;
    for (let at = 0; at + size <= text.length; at += size) {
      range.setStart(text, at);
      range.setEnd(text, at + size);
      const box = range.getBoundingClientRect();
      if (!box.width || text.parentElement.closest(".unseen")) continue;
      const same = last && box.top < last.bottom && last.top < box.bottom;
      if (same && box.left < last.right - 1) return text.data.trim().slice(at);
      last = box;
    }
  }
  return "";
}"""
"""The first text that stands to the left of what comes before it in its line."""


@pytest.fixture
def parent(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A cancelled job of which two tasks failed, with keys and a description that turn text."""
    job = make_job(
        status="Cancelled", total_tasks=2, description=TURNED, source_bucket="photos",
        status_update_reason=TURNED,
    )  # fmt: skip
    make_part(make_slice(job, [f"photos,1{TURNED}", f"photos,2{TURNED}"]), [FORBIDDEN, FORBIDDEN])
    failed = {"error_code": "AccessDenied", "http_status": 403}
    job.tallies.create(**failed, count=2)
    for key in (f"1{TURNED}", f"2{TURNED}"):
        TaskResult.objects.create(job=job, bucket="photos", key=key, **failed)
    return job


def misplaced(page: Page, place: str) -> list[str]:
    """What is not where it belongs, in each of these places; there are some."""
    found = page.locator(place).evaluate_all(f"places => places.map({READ})")
    assert found
    return [text for text in found if text]


def test_the_tasks_of_a_job_are_named_and_counted_in_their_order(
    open_page: OpenPage, parent: Job
) -> None:
    with open_page(f"/jobs/new/?tasks_of={parent.pk}&tasks=failed") as page:
        assert TURNED in page.locator(".from-tasks p").inner_text()
        assert misplaced(page, ".from-tasks p") == []


def test_a_job_and_its_failures_are_read_from_left_to_right(
    open_page: OpenPage, parent: Job, user: User
) -> None:
    child = retry_tasks(user, parent, {"tasks": "failed"})
    Job.objects.filter(pk=child.pk).update(description=TURNED)
    pause_job(child, user, reason=TURNED)

    with open_page(f"/jobs/{parent.pk}/") as page:
        assert page.locator(".samples code").count() == 2
        assert misplaced(page, ".samples, .children li, .headline p, .timeline li") == []
        page.goto(f"/jobs/{child.pk}/")
        assert misplaced(page, ".notice p, .facts dd, .timeline li") == []
        page.goto("/jobs/")
        assert misplaced(page, "td.job-name, .job-status") == []


def test_the_jobs_that_go_first_are_told_with_their_priority(
    open_page: OpenPage, make_job: MakeJob, settings: Any
) -> None:
    settings.LADING_ACTIVE_JOBS = 2
    Node.objects.create(name="box", host="h", pid=1, slots=4)
    for _ in range(2):
        make_job(status="Active", description=TURNED, total_tasks=9)
    waiting = make_job(status="Ready", total_tasks=9)

    with open_page(f"/jobs/{waiting.pk}/") as page:
        assert page.get_by_text("Running now").count() == 1
        assert misplaced(page, ".notice.hint p") == []
