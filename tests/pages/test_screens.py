"""What fits on a screen, measured in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobs.status import JobStatus
from tests.pages.conftest import Example, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINES = (
    "each => each.getBoundingClientRect().height / parseFloat(getComputedStyle(each).lineHeight)"
)


def lines(page: Page, selector: str) -> list[float]:
    """How many lines each of the elements takes, with its padding."""
    return [each.evaluate(LINES) for each in page.locator(selector).all()]


def test_failed_tasks_are_read_on_a_telephone_without_scrolling_sideways(
    open_page: OpenPage, example: Example
) -> None:
    job = example("Complete")
    sideways = "each => each.scrollWidth - each.clientWidth"

    with open_page(f"/jobs/{job.pk}/results/", "narrow") as page:
        assert page.locator("#results-table").evaluate(sideways) <= 0
        assert page.locator(".results td.message").first.bounding_box()["width"] > 250  # type: ignore[index]


def test_a_status_and_a_date_stand_in_one_line(open_page: OpenPage, example: Example) -> None:
    for status in JobStatus.values:
        example(status)

    with open_page("/jobs/") as page:
        assert len(lines(page, ".status")) == len(JobStatus)
        assert max(lines(page, ".status") + lines(page, "time")) < 2


@pytest.mark.parametrize("width", [360, 390, 870, 1100, 1241])
def test_the_list_fits_a_screen_of_any_width(
    open_page: OpenPage, example: Example, width: int
) -> None:
    example("Suspended")
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

    with open_page("/jobs/") as page:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(sideways) <= 0


def test_the_cards_of_the_record_stand_apart(open_page: OpenPage, example: Example) -> None:
    job = example("Complete")

    with open_page(f"/jobs/{job.pk}/") as page:
        report, timeline = (each.bounding_box() for each in page.locator("#record > .card").all())
        assert report is not None
        assert timeline is not None
        assert timeline["y"] - report["y"] - report["height"] > 10
